// Live figures and history.
#include "ackwire/stats.hpp"

#include "connection.hpp"
#include "convert.hpp"
#include "describe.hpp"

namespace ackwire::python {
namespace {

Resolution resolution_of(const std::string& text) {
  if (text == "1s") return Resolution::second;
  if (text == "10s") return Resolution::ten_seconds;
  if (text == "5m") return Resolution::five_minutes;
  throw py::value_error("resolution must be 1s, 10s or 5m, not " + text);
}

}  // namespace

void bind_stats(ConnectionClass& connection) {
  connection
      .def("stats",
           [](ConnectionHandle& self) { return describe(take(interruptible([live = self.live()] { return live->stats(); }))); })
      .def(
          "history",
          [](ConnectionHandle& self, const std::string& queue, const std::string& resolution, std::int64_t from_ms) {
            const HistoryQuery query{queue, resolution_of(resolution), Timestamp{Duration{from_ms}}};
            const auto samples = take(interruptible([live = self.live(), query] { return live->history(query); }));
            return list_of(samples, [](const Sample& sample) { return describe(sample); });
          },
          py::arg("queue"), py::arg("resolution"), py::arg("start_ms"));
}

}  // namespace ackwire::python
