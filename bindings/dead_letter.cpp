// Dead letters and the look at waiting messages: pages of values, moves by filter.
#include "ackwire/limits.hpp"
#include "connection.hpp"
#include "convert.hpp"

namespace ackwire::python {
namespace {

DeadFilter filter_of(const std::optional<std::string>& reason, std::vector<std::uint64_t> sequences) {
  DeadFilter made;
  made.sequences = std::move(sequences);
  if (!reason) return made;
  for (const DeadReason known : {DeadReason::max_attempts, DeadReason::rejected, DeadReason::expired, DeadReason::damaged}) {
    if (*reason == name(known)) made.reason = known;
  }
  if (!made.reason) throw py::value_error("reason must be max_attempts, rejected, expired or damaged, not " + *reason);
  return made;
}

py::dict describe(const DeadLetter& letter) {
  py::dict made;
  made["sequence"] = letter.sequence;
  made["reason"] = std::string(name(letter.reason));
  made["detail"] = text(letter.detail);
  made["deliveries"] = letter.deliveries;
  made["attempts"] = letter.attempts;
  made["redrives"] = letter.redrives;
  made["publish_time"] = milliseconds(letter.publish_time);
  made["dead_time"] = milliseconds(letter.dead_time);
  made["errors"] = list_of(letter.errors, [](const AttemptError& error) {
    py::dict one;
    one["time"] = milliseconds(error.time);
    one["delivery"] = error.delivery;
    one["text"] = text(error.text);
    return one;
  });
  made["idempotency_key"] = text_or_none(letter.idempotency_key);
  made["ordering_key"] = text_or_none(letter.ordering_key);
  made["headers"] = header_dict(letter.headers);
  made["body"] = py::bytes(letter.body);
  made["body_bytes"] = letter.body_bytes;
  return made;
}

py::dict describe(const PeekedMessage& message) {
  py::dict made;
  made["sequence"] = message.sequence;
  made["state"] = text(message.state);
  made["deliveries"] = message.deliveries;
  made["attempts"] = message.attempts;
  made["publish_time"] = milliseconds(message.publish_time);
  made["due"] = milliseconds(message.due);
  made["idempotency_key"] = text_or_none(message.idempotency_key);
  made["ordering_key"] = text_or_none(message.ordering_key);
  made["headers"] = header_dict(message.headers);
  made["body"] = py::bytes(message.body);
  made["body_bytes"] = message.body_bytes;
  return made;
}

}  // namespace

void bind_dead_letter(ConnectionClass& connection) {
  using Reason = std::optional<std::string>;
  using Sequences = std::vector<std::uint64_t>;
  connection
      .def(
          "dead_letters",
          [](ConnectionHandle& self, const std::string& queue, const std::string& group, std::uint64_t from, std::uint32_t count,
             const Reason& reason, Sequences sequences, std::uint64_t body_bytes) {
            auto call = [live = self.live(), queue, group, from, count, filter = filter_of(reason, std::move(sequences)),
                         body_bytes] { return live->dead_letters(queue, group, from, count, filter, body_bytes); };
            const DeadPage page = take(interruptible(std::move(call)));
            const py::list letters = list_of(page.letters, [](const DeadLetter& letter) { return describe(letter); });
            return py::make_tuple(letters, page.next, page.total);
          },
          py::arg("queue"), py::arg("group"), py::arg("start"), py::arg("count"), py::arg("reason"), py::arg("sequences"),
          py::arg("body_bytes"))
      .def(
          "redrive",
          [](ConnectionHandle& self, const std::string& queue, const std::string& group, const Reason& reason,
             Sequences sequences) {
            const auto moved =
                take(interruptible([live = self.live(), queue, group, filter = filter_of(reason, std::move(sequences))] {
                  return live->redrive(queue, group, filter);
                }));
            return py::make_tuple(moved.moved, moved.not_found);
          },
          py::arg("queue"), py::arg("group"), py::arg("reason"), py::arg("sequences"))
      .def(
          "discard",
          [](ConnectionHandle& self, const std::string& queue, const std::string& group, const Reason& reason,
             Sequences sequences) {
            const auto moved =
                take(interruptible([live = self.live(), queue, group, filter = filter_of(reason, std::move(sequences))] {
                  return live->discard(queue, group, filter);
                }));
            return py::make_tuple(moved.moved, moved.not_found);
          },
          py::arg("queue"), py::arg("group"), py::arg("reason"), py::arg("sequences"))
      .def(
          "peek",
          [](ConnectionHandle& self, const std::string& queue, const std::string& group, std::uint64_t from, std::uint32_t count,
             std::uint64_t body_bytes) {
            const PeekPage page = take(interruptible([live = self.live(), queue, group, from, count, body_bytes] {
              return live->peek(queue, group, from, count, body_bytes);
            }));
            return py::make_tuple(list_of(page.messages, [](const PeekedMessage& message) { return describe(message); }),
                                  page.next);
          },
          py::arg("queue"), py::arg("group"), py::arg("start"), py::arg("count"), py::arg("body_bytes"));
}

}  // namespace ackwire::python
