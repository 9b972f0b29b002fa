#include "delivery.hpp"

#include <algorithm>
#include <map>

#include "convert.hpp"

namespace ackwire::python {
namespace {

using Class = py::class_<ReceivedMessage>;

struct Outcome {
  std::size_t applied = 0;
  std::vector<std::uint64_t> stale;
};

/// Why a settle of this message changed nothing.
Error refusal(const ReceivedMessage& message) {
  const std::string which = "message " + std::to_string(message.delivery().sequence());
  if (message.in_doubt() && message.stale()) {
    return {Errc::indeterminate,
            "An earlier settle of " + which +
                " had no answer, and its lease has ended since: that settle may or may not have been applied. If it was not, the "
                "message is delivered again.",
            {},
            {}};
  }
  if (message.stale() || message.open()) {
    return {Errc::stale_lease,
            "The lease of " + which +
                " had ended, so nothing changed for it. It is delivered again, or was settled by whoever has it now.",
            {},
            {}};
  }
  return {
      Errc::stale_lease,
      "The " + which + " was settled before, by " + std::string(name(*message.settled())) + ", and that stands: nothing changed.",
      {},
      {}};
}

/// Whether a settle that ended so may have been applied all the same.
bool doubtful(const py::error_already_set& error) {
  if (!py::hasattr(error.value(), "code")) return true;  // KeyboardInterrupt: the call went on alone
  const auto code = py::str(error.value().attr("code")).cast<std::string>();
  return code == name(Errc::indeterminate) || code == name(Errc::timeout) || code == name(Errc::disconnected);
}

/// Settles messages of any number of consumers. What is known of one is not asked for again.
Outcome settle(const std::vector<ReceivedMessage*>& messages, SettleKind act, const SettleWords& words) {
  std::map<std::shared_ptr<ConsumerHandle>, std::vector<ReceivedMessage*>> by_consumer;
  Outcome outcome;
  for (ReceivedMessage* message : messages) {
    if (!message->known()) {
      by_consumer[message->consumer()].push_back(message);
    } else if (message->settled() == act) {
      ++outcome.applied;
    } else {
      outcome.stale.push_back(message->delivery().sequence());
    }
  }
  for (auto& [consumer, group] : by_consumer) {
    std::vector<Delivery> deliveries;
    deliveries.reserve(group.size());
    for (ReceivedMessage* message : group) deliveries.push_back(message->delivery());
    Settled settled;
    try {
      settled = consumer->settle(act, std::move(deliveries), words);
    } catch (const py::error_already_set& error) {
      if (doubtful(error)) {
        for (ReceivedMessage* message : group) message->doubt();
      }
      throw;
    }
    outcome.applied += settled.applied;
    outcome.stale.insert(outcome.stale.end(), settled.stale.begin(), settled.stale.end());
    std::sort(settled.stale.begin(), settled.stale.end());
    for (ReceivedMessage* message : group) {
      message->answered(act, std::binary_search(settled.stale.begin(), settled.stale.end(), message->delivery().sequence()));
    }
  }
  return outcome;
}

void settle_one(ReceivedMessage& message, SettleKind act, const SettleWords& words) {
  if (!settle({&message}, act, words).stale.empty()) raise(refusal(message));
}

std::vector<ReceivedMessage*> pointers(const py::tuple& messages) {
  std::vector<ReceivedMessage*> made;
  made.reserve(messages.size());
  for (const py::handle item : messages) {
    if (!py::isinstance<ReceivedMessage>(item)) {
      throw py::type_error("messages[" + std::to_string(made.size()) + "] must be an ackwire.Message, not " +
                           Py_TYPE(item.ptr())->tp_name);
    }
    made.push_back(item.cast<ReceivedMessage*>());
  }
  return made;
}

/// Read by the one reader of durations, which is Python.
std::optional<std::int64_t> optional_milliseconds(const py::object& value, const char* argument) {
  const py::handle read = python_function("ackwire._durations", "optional_milliseconds");
  return read(value, argument).cast<std::optional<std::int64_t>>();
}

std::string checked_text(const py::object& value, const char* argument) {
  return python_function("ackwire._checks", "text")(value, argument).cast<std::string>();
}

SettleWords words_of(std::optional<std::int64_t> delay_ms, std::string words) {
  SettleWords made;
  if (delay_ms) made.delay = Duration{*delay_ms};
  made.text = std::move(words);
  return made;
}

/// Leaving `with message`: an ack, or whatever ackwire._settling makes of the exception.
bool leave(const py::object& self, const py::object& kind, const py::object& exception) {
  auto& message = self.cast<ReceivedMessage&>();
  if (kind.is_none() && !message.open()) return false;
  if (kind.is_none()) {
    try {
      if (message.consumer()->policy().ack_async) {
        message.consumer()->ack_later(message.delivery());
        message.asked_for_ack();
      } else {
        settle_one(message, SettleKind::ack, {});
      }
      return false;
    } catch (py::error_already_set& error) {
      return python_function("ackwire._settling", "after_failed_ack")(self, error.value()).cast<bool>();
    }
  }
  // Parked before the settle, or a released message would come straight back to a loop that nobody is in any more.
  const bool held =
      python_function("ackwire._settling", "contained")(exception, message.consumer()->policy().propagate).cast<bool>();
  if (!held) message.consumer()->park();
  python_function("ackwire._settling", "after_exception")(self, exception, held);
  return held;
}

void bind_attributes(Class& message) {
  message.def_property_readonly("body", &ReceivedMessage::body, "The body, copied out of the received frame at the first use.")
      .def_property_readonly(
          "body_view",
          [](const py::object& self) { return py::reinterpret_steal<py::memoryview>(PyMemoryView_FromObject(self.ptr())); },
          "The body without a copy. The view keeps the received frame alive.")
      .def_buffer([](ReceivedMessage& self) {
        self.begin();
        const std::string_view body = self.delivery().body();
        return py::buffer_info(reinterpret_cast<const std::uint8_t*>(body.data()), static_cast<py::ssize_t>(body.size()), true);
      })
      .def_property_readonly(
          "sequence", [](const ReceivedMessage& self) { return self.delivery().sequence(); },
          "Position in the queue; never used twice.")
      .def_property_readonly(
          "attempts", [](const ReceivedMessage& self) { return self.delivery().attempts(); },
          "How many hand-overs were charged against ``max_attempts``, this one included.")
      .def_property_readonly(
          "deliveries", [](const ReceivedMessage& self) { return self.delivery().deliveries(); },
          "How often it was handed out, this time included.")
      .def_property_readonly(
          "idempotency_key", [](const ReceivedMessage& self) { return text_or_none(self.delivery().idempotency_key()); },
          "The producer's key, or None. Record the effect under it: the message may come again.")
      .def_property_readonly(
          "ordering_key", [](const ReceivedMessage& self) { return text_or_none(self.delivery().ordering_key()); },
          "The producer's ordering key, or None. It is carried, not obeyed.")
      .def_property_readonly(
          "headers",
          [](const ReceivedMessage& self) {
            py::dict made;
            for (const Header& header : self.delivery().headers()) made[text(header.name)] = text(header.value);
            return made;
          },
          "The producer's headers, a new dictionary at each use.")
      .def_property_readonly(
          "publish_time",
          [](const ReceivedMessage& self) {
            const py::handle read = python_function("ackwire._durations", "utc");
            return read(milliseconds(self.delivery().publish_time()));
          },
          "Aware, in UTC, by the broker's clock.")
      .def_property_readonly(
          "lease_token", [](const ReceivedMessage& self) { return self.delivery().lease_token(); },
          "Names this delivery; rises, so that a store downstream can refuse writes of an older one.")
      .def_property_readonly(
          "settled",
          [](const ReceivedMessage& self) -> py::object {
            if (self.open()) return py::none();
            return py::str(std::string(self.stale() ? "stale" : name(*self.settled())));
          },
          "None, or what became of it: \"ack\", \"nack\", \"reject\", \"release\", or \"stale\": the lease had ended "
          "first.\n\nAfter a block with ``ack_async`` it is \"ack\" as asked for; the end of the iteration waits for the outcome.")
      .def_property_readonly(
          "propagate", [](const ReceivedMessage& self) { return self.consumer()->policy().propagate; },
          "Whether an exception in its block goes on after the settle.")
      .def("__repr__", [](const ReceivedMessage& self) {
        return "<ackwire.Message sequence=" + std::to_string(self.delivery().sequence()) +
               " attempts=" + std::to_string(self.delivery().attempts()) +
               " bytes=" + std::to_string(self.delivery().body().size()) + ">";
      });
}

void bind_token(py::module_& module) {
  py::class_<LeaseToken> token(module, "LeaseToken", "Names one delivery of one message; rises, so it can fence writes elsewhere.");
  token.attr("__module__") = "ackwire";
  token.def_readonly("boot_epoch", &LeaseToken::boot_epoch, "Rises with each start of the broker.")
      .def_readonly("sequence", &LeaseToken::sequence, "The message's position in its queue.")
      .def_readonly("delivery", &LeaseToken::delivery, "Rises with each hand-over of the message.")
      .def("__eq__", [](const LeaseToken& a,
                        const py::object& b) { return py::isinstance<LeaseToken>(b) && a == b.cast<const LeaseToken&>(); })
      .def("__hash__",
           [](const LeaseToken& self) { return py::hash(py::make_tuple(self.boot_epoch, self.sequence, self.delivery)); })
      .def("__repr__", [](const LeaseToken& self) {
        return "LeaseToken(boot_epoch=" + std::to_string(self.boot_epoch) + ", sequence=" + std::to_string(self.sequence) +
               ", delivery=" + std::to_string(self.delivery) + ")";
      });
}

}  // namespace

ReceivedMessage::ReceivedMessage(std::shared_ptr<ConsumerHandle> consumer, Delivery delivery)
    : consumer_(std::move(consumer)), delivery_(std::move(delivery)) {
  consumer_->handed_out(*this);
}

ReceivedMessage::~ReceivedMessage() {
  if (open()) consumer_->dropped(*this);
}

py::bytes ReceivedMessage::body() {
  begin();
  if (!body_) body_ = py::bytes(delivery_.body().data(), delivery_.body().size());
  return py::reinterpret_borrow<py::bytes>(body_);
}

void ReceivedMessage::answered(std::optional<SettleKind> act, bool stale) {
  const bool first = open();
  if (!stale) {
    settled_ = act;
    stale_ = asked_ = in_doubt_ = false;
  } else if (first || (asked_ && settled_ == act)) {
    settled_.reset();
    stale_ = true;
    asked_ = false;
  }
  if (first) consumer_->settled(*this);
}

void ReceivedMessage::asked_for_ack() {
  if (!open()) return;
  settled_ = SettleKind::ack;
  asked_ = true;
  consumer_->settled(*this);
}

void bind_delivery(py::module_& module) {
  bind_token(module);
  Class message(module, "Message", py::buffer_protocol(),
                "A received message, under a lease until it is settled.\n\nUse it as a context manager: leaving the block acks, an "
                "exception nacks, Reject goes to the dead letters. Or settle it\nby a method: the outcome of the first settle is "
                "the outcome of every repeat.");
  message.attr("__module__") = "ackwire";
  bind_attributes(message);
  message
      .def(
          "ack", [](ReceivedMessage& self) { settle_one(self, SettleKind::ack, {}); },
          "Processed: never delivered again to this group. Returns after the synced commit.\n\nRaises StaleLeaseError when the "
          "lease had ended (it may be delivered again), IndeterminateError when no answer came.")
      .def(
          "nack",
          [](ReceivedMessage& self, const py::object& delay, const py::object& error) {
            const std::string words = error.is_none() ? std::string() : checked_text(error, "error");
            settle_one(self, SettleKind::nack, words_of(optional_milliseconds(delay, "delay"), words));
          },
          py::arg("delay") = py::none(), py::arg("error") = py::none(),
          "Failed: an attempt is charged, it comes back after the backoff, or after ``delay``. ``error`` is kept in its "
          "history.\n\nRaises as ack does.")
      .def(
          "reject",
          [](ReceivedMessage& self, const py::object& reason) {
            settle_one(self, SettleKind::reject, words_of({}, checked_text(reason, "reason")));
          },
          py::arg("reason"), "Can never be processed: straight to the dead-letter queue. Raises as ack does.")
      .def(
          "release", [](ReceivedMessage& self) { settle_one(self, SettleKind::release, {}); },
          "Not tried: ready again at once, no attempt charged. Raises as ack does.")
      .def(
          "extend",
          [](ReceivedMessage& self, const py::object& duration) {
            const auto duration_ms = optional_milliseconds(duration, "duration");
            if (!duration_ms) throw py::type_error("duration must be given");
            const Settled settled = self.consumer()->extend({self.delivery()}, Duration{*duration_ms});
            if (settled.stale.empty()) return;
            if (self.open()) self.answered(std::nullopt, true);  // it can never be settled any more
            raise(refusal(self));
          },
          py::arg("duration"), "The lease ends ``duration`` from now instead. Raises as ack does.")
      .def(
          "__enter__",
          [](const py::object& self) {
            self.cast<ReceivedMessage&>().begin();
            return self;
          },
          "From here on the message counts as begun.")
      .def("__exit__", [](const py::object& self, const py::object& kind, const py::object& exception, const py::object&) {
        return leave(self, kind, exception);
      });

  module.def(
      "refusal", [](const ReceivedMessage& of) { return exception_for(refusal(of)); }, py::arg("message"));
  module.def(
      "settle",
      [](const py::iterable& iterable, const std::string& act, std::optional<std::int64_t> delay_ms, std::string words) {
        const py::tuple messages(iterable);  // owned: the caller's list may change while the GIL is released
        const auto kind = settle_kind(act);
        if (kind && kind != SettleKind::extend) {
          const Outcome outcome = settle(pointers(messages), *kind, words_of(delay_ms, std::move(words)));
          return py::make_tuple(outcome.applied, outcome.stale);
        }
        throw py::value_error("act must be ack, nack, reject or release, not " + act);
      },
      py::arg("messages"), py::arg("act"), py::arg("delay_ms"), py::arg("words"));
}

}  // namespace ackwire::python
