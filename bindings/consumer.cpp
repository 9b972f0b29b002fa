#include "consumer.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include "delivery.hpp"

namespace ackwire::python {
namespace {

constexpr Duration on_its_way{100};  ///< for deliveries sent before the broker heard that the credit had ended
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

std::string_view name(Settle settle) noexcept {
  constexpr std::array<std::string_view, 5> names{"", "ack", "nack", "reject", "release"};
  return names[static_cast<std::size_t>(settle)];
}

std::shared_ptr<ConsumerHandle> ConsumerHandle::make(std::shared_ptr<ConnectionHandle> connection, const std::string& queue,
                                                     const ConsumerOptions& options, BlockPolicy policy) {
  auto consumer = take(interruptible([live = connection->live(), queue, options] { return live->consume(queue, options); }));
  return std::make_shared<ConsumerHandle>(std::move(connection), std::move(consumer), options.credit, policy);
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
  if (over() || parked_.load()) return std::nullopt;
  auto result = consumer_->receive(1, Duration{0});
  if (!result || result->empty()) return std::nullopt;  // an error comes again to whoever waits
  return std::move(result->front());
}

std::optional<Delivery> ConsumerHandle::next(std::optional<Duration> wait) {
  if (connection_->forked()) connection_->live();
  if (auto here = take_one()) return here;
  std::vector<Delivery> received = wait_for(1, wait);
  if (received.empty()) return std::nullopt;
  return std::move(received.front());
}

std::vector<Delivery> ConsumerHandle::receive(std::size_t max, std::optional<Duration> wait) {
  connection_->live();  // not kept: a wait for ever may not hold the connection, a close on another thread ends it
  return wait_for(max, wait);
}

std::vector<Delivery> ConsumerHandle::wait_for(std::size_t max, std::optional<Duration> wait) {
  if (!over() && parked_.exchange(false)) {
    auto status = unlocked([&] { return consumer_->set_credit(credit_); });
    if (!status && status.error().code != Errc::closed) raise(status.error());
  }
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    const auto gone = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start);
    const Duration slice = wait ? std::clamp<Duration>(*wait - gone, Duration{0}, wait_slice) : wait_slice;
    if (over()) return {};
    auto result = unlocked([&] { return consumer_->receive(max, slice); });
    if (!result) {
      if (result.error().code == Errc::closed) return {};
      raise(result.error());
    }
    if (!result->empty()) return *std::move(result);
    check_signals();
    if (wait && gone + slice >= *wait) return {};
  }
}

Settled ConsumerHandle::settle(Settle act, std::vector<Delivery> deliveries, const SettleWords& words) {
  connection_->live();
  auto call = [self = shared_from_this(), act, deliveries = std::move(deliveries), words]() -> Result<Settled> {
    Consumer& consumer = *self->consumer_;
    switch (act) {
      case Settle::ack: return consumer.ack(deliveries);
      case Settle::nack: return consumer.nack(deliveries, NackOptions{words.delay, words.text});
      case Settle::reject: return consumer.reject(deliveries, words.text);
      case Settle::release: return consumer.release(deliveries);
      case Settle::none: break;
    }
    return Settled{};
  };
  return take(interruptible(std::move(call)));
}

void ConsumerHandle::ack_later(const Delivery& delivery) {
  connection_->live();
  consumer_->ack_async(delivery);
}

Settled ConsumerHandle::extend(std::vector<Delivery> deliveries, Duration duration) {
  connection_->live();
  return take(interruptible([self = shared_from_this(), deliveries = std::move(deliveries), duration] {
    return self->consumer_->extend(deliveries, duration);
  }));
}

void ConsumerHandle::retire() {
  if (retired_.exchange(true) || ended()) return;
  interruptible([self = shared_from_this()] {
    if (self->unsettled_.load() == 0) {
      self->end();
    } else {
      self->give_back();  // something is still being worked on: the subscription stays for its settle
    }
    return true;
  });
}

void ConsumerHandle::park() {
  if (ended() || retired_.load() || parked_.exchange(true)) return;
  interruptible([self = shared_from_this()] {
    self->give_back();
    return true;
  });
}

void ConsumerHandle::give_back() {
  (void)consumer_->set_credit(0);
  release_waiting();
  if (policy_.ack_async) (void)consumer_->flush(connection_->call_timeout());
  // What was on its way when the credit ended arrives now.
  run_apart([weak = weak_from_this()] {
    std::this_thread::sleep_for(on_its_way);
    auto self = weak.lock();
    if (self && (self->parked_.load() || self->retired_.load()) && !self->closed()) self->release_waiting();
  });
}

void ConsumerHandle::release_waiting() {
  const auto waiting = consumer_->receive(credit_, Duration{0});
  // An error means that the connection is gone and the leases with it: the broker gives them to others by itself.
  if (waiting && !waiting->empty()) (void)consumer_->release(*waiting);
}

void ConsumerHandle::close() {
  retired_.store(true);
  if (connection_->forked()) return;
  interruptible([self = shared_from_this()] {
    self->end();
    return true;
  });
}

void ConsumerHandle::end() {
  if (closed_.exchange(true)) return;
  if (policy_.ack_async) (void)consumer_->flush(connection_->call_timeout());
  consumer_->close();
}

void ConsumerHandle::settled() {
  if (unsettled_.fetch_sub(1) != 1 || !retired_.load() || connection_->forked()) return;
  run_apart([self = shared_from_this()] { self->end(); });
}

void ConsumerHandle::dropped(Delivery delivery) {
  if (connection_->closed() || closed()) {  // its lease has ended with the consumer
    unsettled_.fetch_sub(1);
    return;
  }
  std::lock_guard lock(mutex_);
  dropped_.push_back(std::move(delivery));
  if (nacking_) return;
  nacking_ = true;
  run_apart([self = shared_from_this()] { self->nack_dropped(); });
}

void ConsumerHandle::nack_dropped() {
  for (;;) {
    std::vector<Delivery> deliveries;
    {
      std::lock_guard lock(mutex_);
      deliveries.swap(dropped_);
      if (deliveries.empty()) {
        nacking_ = false;
        return;
      }
    }
    // An error means that the connection or the lease is gone: then the broker gives the messages back by itself.
    (void)consumer_->nack(deliveries, NackOptions{std::nullopt, dropped_text});
    const bool last = unsettled_.fetch_sub(deliveries.size()) == deliveries.size();
    if (last && retired_.load()) end();
  }
}

void bind_consumer(py::module_& module, ConnectionClass& connection) {
  py::class_<ConsumerHandle, std::shared_ptr<ConsumerHandle>>(module, "Consumer")
      .def(
          "receive",
          [](ConsumerHandle& self, std::size_t max, std::optional<std::int64_t> wait_ms) {
            std::optional<Duration> wait;
            if (wait_ms) wait = Duration{*wait_ms};
            return messages_of(self.shared_from_this(), self.receive(max, wait));
          },
          py::arg("max"), py::arg("wait_ms"))
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
      .def("park", &ConsumerHandle::park)
      .def("close", &ConsumerHandle::close)
      .def_property_readonly("closed", [](const ConsumerHandle& self) { return self.over(); })
      .def_property_readonly("unsettled", &ConsumerHandle::unsettled)
      .def_property_readonly("stale_acks", &ConsumerHandle::stale_acks)
      .def_property_readonly("credit", &ConsumerHandle::credit);

  connection.def(
      "consume",
      [](ConnectionHandle& self, const std::string& queue, const std::string& group, std::uint32_t credit, bool renew_leases,
         bool propagate, bool ack_async) {
        return ConsumerHandle::make(self.shared_from_this(), queue, ConsumerOptions{group, credit, renew_leases},
                                    BlockPolicy{propagate, ack_async});
      },
      py::arg("queue"), py::arg("group"), py::arg("credit"), py::arg("renew_leases"), py::arg("propagate"), py::arg("ack_async"));
}

}  // namespace ackwire::python
