// Dead letters, jobs and the look at waiting messages: pages of values, moves by filter.
#include "ackwire/limits.hpp"
#include "connection.hpp"
#include "convert.hpp"
#include "describe.hpp"

namespace ackwire::python {
namespace {

DeadFilter filter_of(const std::optional<std::string>& reason, std::vector<std::uint64_t> sequences) {
  DeadFilter made;
  made.sequences = std::move(sequences);
  if (!reason) return made;
  made.reason = value_of<DeadReason>(*reason);
  if (!made.reason) throw py::value_error("reason must be one of " + all_words<DeadReason>() + ", not " + *reason);
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
      .def("jobs",
           [](ConnectionHandle& self) {
             const auto jobs = take(interruptible([live = self.live()] { return live->jobs(); }));
             return list_of(jobs, [](const Job& job) { return describe(job); });
           })
      .def(
          "cancel_job",
          [](ConnectionHandle& self, std::uint64_t id) {
            return describe(take(interruptible([live = self.live(), id] { return live->cancel_job(id); })));
          },
          py::arg("id"))
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
