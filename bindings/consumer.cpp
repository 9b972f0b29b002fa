#include "consumer.hpp"

#include <algorithm>
#include <array>

#include "delivery.hpp"

namespace ackwire::python {
namespace {

constexpr std::string_view dropped_text = "The message was thrown away without being settled.";

py::list messages_of(const std::shared_ptr<ConsumerHandle>& consumer, std::vector<Delivery>&& deliveries, bool propagate) {
  py::list made(deliveries.size());
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    made[i] = py::cast(std::make_unique<ReceivedMessage>(consumer, std::move(deliveries[i]), propagate));
  }
  return made;
}

}  // namespace

std::string_view name(Settle settle) noexcept {
  constexpr std::array<std::string_view, 5> names{"", "ack", "nack", "reject", "release"};
  return names[static_cast<std::size_t>(settle)];
}

std::shared_ptr<ConsumerHandle> ConsumerHandle::make(std::shared_ptr<ConnectionHandle> connection, const std::string& queue,
                                                     const ConsumerOptions& options) {
  auto consumer = take(interruptible([live = connection->live(), queue, options] { return live->consume(queue, options); }));
  return std::make_shared<ConsumerHandle>(std::move(connection), std::move(consumer), options.credit);
}

ConsumerHandle::ConsumerHandle(std::shared_ptr<ConnectionHandle> connection, Consumer consumer, std::uint32_t credit)
    : connection_(std::move(connection)), credit_(credit), consumer_(std::make_unique<Consumer>(std::move(consumer))) {}

ConsumerHandle::~ConsumerHandle() {
  if (connection_->forked()) {
    (void)consumer_.release();  // the parent's
    return;
  }
  auto end_here = [this] {
    consumer_->close();
    consumer_.reset();
    return true;
  };
  if (PyGILState_Check() != 0) {
    unlocked(end_here);
  } else {
    end_here();
  }
}

std::vector<Delivery> ConsumerHandle::receive(std::size_t max, std::optional<Duration> wait) {
  auto live = connection_->live();
  live.reset();  // a wait for ever may not hold the connection: a close on another thread ends the wait
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    Duration slice = wait_slice;
    if (wait) {
      const auto gone = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start);
      slice = std::clamp<Duration>(*wait - gone, Duration{0}, wait_slice);
    }
    if (ended()) return {};
    auto result = unlocked([&] { return consumer_->receive(max, slice); });
    if (!result) {
      if (result.error().code == Errc::closed) return {};
      raise(result.error());
    }
    if (!result->empty()) return *std::move(result);
    check_signals();
    if (wait && std::chrono::steady_clock::now() - start >= *wait) return {};
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

Settled ConsumerHandle::extend(std::vector<Delivery> deliveries, Duration duration) {
  connection_->live();
  return take(interruptible([self = shared_from_this(), deliveries = std::move(deliveries), duration] {
    return self->consumer_->extend(deliveries, duration);
  }));
}

void ConsumerHandle::retire() {
  if (retired_.exchange(true) || closed() || connection_->closed()) return;
  interruptible([self = shared_from_this()] {
    if (self->unsettled_.load() == 0) {
      self->end();
      return true;
    }
    // Something is still being worked on, so the subscription stays for its settles, without credit.
    (void)self->consumer_->set_credit(0);
    auto waiting = self->consumer_->receive(self->credit_, Duration{0});
    if (waiting && !waiting->empty()) (void)self->consumer_->release(*waiting);
    return true;
  });
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
  if (!closed_.exchange(true)) consumer_->close();
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
          [](ConsumerHandle& self, std::size_t max, std::optional<std::int64_t> wait_ms, bool propagate) {
            std::optional<Duration> wait;
            if (wait_ms) wait = Duration{*wait_ms};
            return messages_of(self.shared_from_this(), self.receive(max, wait), propagate);
          },
          py::arg("max"), py::arg("wait_ms"), py::arg("propagate"))
      .def("retire", &ConsumerHandle::retire)
      .def("close", &ConsumerHandle::close)
      .def_property_readonly("closed", [](const ConsumerHandle& self) { return self.ended(); })
      .def_property_readonly("unsettled", &ConsumerHandle::unsettled)
      .def_property_readonly("credit", &ConsumerHandle::credit);

  connection.def(
      "consume",
      [](ConnectionHandle& self, const std::string& queue, const std::string& group, std::uint32_t credit, bool renew_leases) {
        return ConsumerHandle::make(self.shared_from_this(), queue, ConsumerOptions{group, credit, renew_leases});
      },
      py::arg("queue"), py::arg("group"), py::arg("credit"), py::arg("renew_leases"));
}

}  // namespace ackwire::python
