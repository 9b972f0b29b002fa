#include "consumer.hpp"

#include <algorithm>

#include "delivery.hpp"

namespace ackwire::python {
namespace {

constexpr Duration leaving_grace{500};  ///< between a message thrown away by a cancelled task and the end of the loop that gave it
constexpr std::string_view dropped_text = "The message was thrown away without being settled.";

py::list messages_of(const std::shared_ptr<ConsumerHandle>& consumer, std::vector<Delivery>&& deliveries) {
  py::list made(deliveries.size());
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    made[i] = py::cast(std::make_unique<ReceivedMessage>(consumer, std::move(deliveries[i])));
  }
  return made;
}

py::object message_or_none(ConsumerHandle& consumer, std::optional<Delivery>&& delivery) {
  if (!delivery) return py::none();
  return py::cast(std::make_unique<ReceivedMessage>(consumer.shared_from_this(), *std::move(delivery)));
}

}  // namespace

std::shared_ptr<ConsumerHandle> ConsumerHandle::make(std::shared_ptr<ConnectionHandle> connection, const std::string& queue,
                                                     const ConsumerOptions& options, BlockPolicy policy) {
  auto consumer = take(interruptible([live = connection->live(), queue, options] { return live->consume(queue, options); }));
  auto made = std::make_shared<ConsumerHandle>(connection, std::move(consumer), options.credit, policy);
  connection->add_consumer(made);
  return made;
}

ConsumerHandle::ConsumerHandle(std::shared_ptr<ConnectionHandle> connection, Consumer consumer, std::uint32_t credit,
                               BlockPolicy policy)
    : connection_(std::move(connection)),
      credit_(credit),
      policy_(policy),
      consumer_(std::make_unique<Consumer>(std::move(consumer))) {}

ConsumerHandle::~ConsumerHandle() {
  if (connection_->forked()) {
    (void)consumer_.release();  // the parent's
    return;
  }
  auto end_here = [this] {
    end();
    consumer_.reset();
    return true;
  };
  if (PyGILState_Check() != 0) {
    unlocked(end_here);
  } else {
    end_here();
  }
}

std::optional<Delivery> ConsumerHandle::take_one() {
  if (over()) return std::nullopt;
  parked_ = false;
  auto result = consumer_->receive(1, Duration{0});
  if (!result || result->empty()) return std::nullopt;  // an error comes again to whoever waits
  return std::move(result->front());
}

std::optional<Delivery> ConsumerHandle::next(std::optional<Duration> wait) {
  if (connection_->forked()) connection_->live();
  if (auto here = take_one()) return here;
  std::vector<Delivery> received = wait_for(1, wait, 0);
  if (received.empty()) return std::nullopt;
  return std::move(received.front());
}

std::vector<Delivery> ConsumerHandle::receive(std::size_t max, std::optional<Duration> wait, std::uint64_t ticket) {
  connection_->live();  // not kept: a wait for ever may not hold the connection, a close on another thread ends it
  return wait_for(max, wait, ticket);
}

std::vector<Delivery> ConsumerHandle::wait_for(std::size_t max, std::optional<Duration> wait, std::uint64_t ticket) {
  parked_ = false;  // the library goes on by itself
  const Wait limit{wait.value_or(Duration::max())};
  const auto wanted = [this, ticket] { return !over() && (ticket == 0 || called_off_.load() < ticket); };
  while (wanted()) {
    const auto left = std::chrono::ceil<Duration>(limit.deadline() - Wait::Clock::now());
    auto result = wait_once(max, std::max(left, Duration{0}), wanted);
    if (!result) {
      if (result.error().code == Errc::closed) return {};
      raise(result.error());
    }
    if (!result->empty()) return *std::move(result);
    if (Wait::Clock::now() >= limit.deadline()) return {};
    // Interrupted for the sake of another call.
  }
  return {};
}

Result<std::vector<Delivery>> ConsumerHandle::wait_once(std::size_t max, Duration wait, const std::function<bool()>& wanted) {
  // Whatever makes it unwanted interrupts, so it is asked once before the sleep; only signals have to be looked for.
  if (!on_main_thread()) {
    return unlocked([&] {
      const WaitingScope scope(wanted, Duration::max(), true);
      return consumer_->receive(max, wait);
    });
  }
  SignalWatch signals;
  auto result = unlocked([&] {
    const WaitingScope scope([&] { return wanted() && signals.keep_waiting(); }, WaitingScope::default_every, true);
    return consumer_->receive(max, wait);
  });
  if (signals.raised() && result && !result->empty()) {
    run_apart([self = shared_from_this(), unseen = *std::move(result)] { self->release(unseen); });
  }
  signals.raise_if_asked();
  return result;
}

void ConsumerHandle::call_off(std::uint64_t ticket) {
  called_off_.store(ticket);
  interrupt();
}

void ConsumerHandle::interrupt() {
  if (connection_->forked()) return;
  consumer_->interrupt();
  const std::lock_guard lock(mutex_);
  left_.notify_all();
}

Settled ConsumerHandle::settle(SettleKind act, std::vector<Delivery> deliveries, const SettleWords& words) {
  connection_->live();
  return take(interruptible([&] { return consumer_->settle(deliveries, {act, words.delay, words.text}); }));
}

void ConsumerHandle::ack_later(const Delivery& delivery) {
  connection_->live();
  consumer_->ack_async(delivery);
}

Settled ConsumerHandle::extend(std::vector<Delivery> deliveries, Duration duration) {
  connection_->live();
  return take(interruptible([&] { return consumer_->extend(deliveries, duration); }));
}

void ConsumerHandle::retire() {
  if (retired_.exchange(true) || ended()) return;
  interrupt();
  interruptible([this] {
    give_back_or_end();
    return true;
  });
}

void ConsumerHandle::retire_apart() {
  if (retired_.exchange(true) || ended()) return;
  interrupt();
  run_apart([self = shared_from_this()] { self->give_back_or_end(); });
}

void ConsumerHandle::park() {
  if (ended() || retired_.load() || parked_.exchange(true)) return;
  interrupt();
  interruptible([this] {
    give_back();
    return true;
  });
}

void ConsumerHandle::give_back_or_end() {
  if (unsettled_.load() == 0) {
    end();
  } else {
    give_back();  // something is still being worked on: the subscription stays for its settle
  }
}

void ConsumerHandle::give_back() {
  // An error means that the connection is gone and the leases with it: the broker gives them to others by itself.
  (void)consumer_->give_back();
  if (policy_.ack_async) (void)consumer_->flush(connection_->call_timeout());
}

void ConsumerHandle::close() {
  retired_.store(true);
  if (connection_->forked()) return;
  interrupt();
  interruptible([this, untouched = untouched()] {
    end(untouched);
    return true;
  });
}

void ConsumerHandle::end(const std::vector<Delivery>& untouched) {
  if (closed_.exchange(true)) return;
  if (policy_.ack_async) (void)consumer_->flush(connection_->call_timeout());
  release(untouched);
  consumer_->close();
}

std::vector<Delivery> ConsumerHandle::untouched() const {
  std::vector<Delivery> made;
  for (const ReceivedMessage* message : out_) {
    if (!message->begun()) made.push_back(message->delivery());
  }
  const std::lock_guard lock(mutex_);
  made.insert(made.end(), dropped_untouched_.begin(), dropped_untouched_.end());
  return made;
}

void ConsumerHandle::release(const std::vector<Delivery>& deliveries) {
  if (!deliveries.empty()) (void)consumer_->release(deliveries);
}

void ConsumerHandle::handed_out(ReceivedMessage& message) {
  unsettled_.fetch_add(1);
  message.place_ = out_.size();
  out_.push_back(&message);
}

void ConsumerHandle::forget(ReceivedMessage& message) {
  out_[message.place_] = out_.back();
  out_[message.place_]->place_ = message.place_;
  out_.pop_back();
}

void ConsumerHandle::settled(ReceivedMessage& message) {
  forget(message);
  if (unsettled_.fetch_sub(1) != 1 || !retired_.load() || connection_->forked()) return;
  run_apart([self = shared_from_this()] { self->end(); });
}

void ConsumerHandle::dropped(ReceivedMessage& message) {
  forget(message);
  if (connection_->closed() || closed()) {  // its lease has ended with the consumer
    unsettled_.fetch_sub(1);
    return;
  }
  std::lock_guard lock(mutex_);
  (message.begun() ? dropped_ : dropped_untouched_).push_back(message.delivery());
  if (settling_dropped_) return;
  settling_dropped_ = true;
  run_apart([self = shared_from_this()] { self->settle_dropped(); });
}

void ConsumerHandle::settle_dropped() {
  for (;;) {
    std::vector<Delivery> begun, untouched;
    {
      std::lock_guard lock(mutex_);
      begun.swap(dropped_);
      untouched = dropped_untouched_;  // they stay there, for whoever closes meanwhile
      if (begun.empty() && untouched.empty()) {
        settling_dropped_ = false;
        return;
      }
    }
    nack_dropped(begun);
    if (!untouched.empty()) {
      std::unique_lock lock(mutex_);
      Wait{leaving_grace}.on(left_, lock, [this] { return left(); });
    }
    if (left()) {
      release(untouched);
    } else {
      nack_dropped(untouched);  // it would come back at once, to a loop that throws it away again
    }
    const std::size_t count = begun.size() + untouched.size();
    {
      const std::lock_guard lock(mutex_);
      dropped_untouched_.erase(dropped_untouched_.begin(),
                               dropped_untouched_.begin() + static_cast<std::ptrdiff_t>(untouched.size()));
    }
    if (unsettled_.fetch_sub(count) == count && retired_.load()) end();
  }
}

void ConsumerHandle::nack_dropped(const std::vector<Delivery>& deliveries) {
  // An error means that the connection or the lease is gone: then the broker gives the messages back by itself.
  if (!deliveries.empty()) (void)consumer_->nack(deliveries, NackOptions{std::nullopt, dropped_text});
}

void bind_consumer(py::module_& module, ConnectionClass& connection) {
  py::class_<ConsumerHandle, std::shared_ptr<ConsumerHandle>>(module, "Consumer")
      .def(
          "receive",
          [](ConsumerHandle& self, std::size_t max, std::optional<std::int64_t> wait_ms, std::uint64_t ticket) {
            std::optional<Duration> wait;
            if (wait_ms) wait = Duration{*wait_ms};
            return messages_of(self.shared_from_this(), self.receive(max, wait, ticket));
          },
          py::arg("max"), py::arg("wait_ms"), py::arg("ticket") = 0)
      .def("call_off", &ConsumerHandle::call_off, py::arg("ticket"))
      .def("take", [](ConsumerHandle& self) { return message_or_none(self, self.take_one()); })
      .def(
          "next",
          [](ConsumerHandle& self, std::optional<std::int64_t> wait_ms) {
            std::optional<Duration> wait;
            if (wait_ms) wait = Duration{*wait_ms};
            return message_or_none(self, self.next(wait));
          },
          py::arg("wait_ms"))
      .def("retire", &ConsumerHandle::retire)
      .def("retire_apart", &ConsumerHandle::retire_apart)
      .def("park", &ConsumerHandle::park)
      .def("close", &ConsumerHandle::close)
      .def_property_readonly("closed", [](const ConsumerHandle& self) { return self.over(); })
      .def_property_readonly("unsettled", &ConsumerHandle::unsettled)
      .def_property_readonly("stale_acks", &ConsumerHandle::stale_acks)
      .def_property_readonly("credit", &ConsumerHandle::credit);

  connection.def(
      "consume",
      [](ConnectionHandle& self, const std::string& queue, const std::string& group, std::uint32_t credit, bool renew_leases,
         bool propagate, bool ack_async, std::uint32_t concurrency) {
        return ConsumerHandle::make(self.shared_from_this(), queue, ConsumerOptions{group, credit, renew_leases, concurrency},
                                    BlockPolicy{propagate, ack_async});
      },
      py::arg("queue"), py::arg("group"), py::arg("credit"), py::arg("renew_leases"), py::arg("propagate"), py::arg("ack_async"),
      py::arg("concurrency") = 1);
}

}  // namespace ackwire::python
