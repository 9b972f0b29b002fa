// Queues and groups: make, look at, change, remove.
#include "connection.hpp"
#include "convert.hpp"
#include "describe.hpp"
#include "options.hpp"

namespace ackwire::python {

void bind_queue(ConnectionClass& connection) {
  connection
      .def(
          "ensure_queue",
          [](ConnectionHandle& self, const std::string& queue, const py::dict& settings) {
            auto call = [live = self.live(), queue, change = queue_change(settings)] { return live->ensure_queue(queue, change); };
            return describe(take(interruptible(std::move(call))));
          },
          py::arg("queue"), py::arg("settings"))
      .def(
          "set_queue",
          [](ConnectionHandle& self, const std::string& queue, const py::dict& settings) {
            auto call = [live = self.live(), queue, change = queue_change(settings)] { return live->set_queue(queue, change); };
            return describe(take(interruptible(std::move(call))));
          },
          py::arg("queue"), py::arg("settings"))
      .def(
          "queue_info",
          [](ConnectionHandle& self, const std::string& queue) {
            return describe(take(interruptible([live = self.live(), queue] { return live->queue_info(queue); })));
          },
          py::arg("queue"))
      .def("list_queues",
           [](ConnectionHandle& self) {
             const auto queues = take(interruptible([live = self.live()] { return live->list_queues(); }));
             return list_of(queues, [](const QueueInfo& info) { return describe(info); });
           })
      .def(
          "remove_queue",
          [](ConnectionHandle& self, const std::string& queue, bool force) {
            take(interruptible([live = self.live(), queue, force] { return live->remove_queue(queue, force); }));
          },
          py::arg("queue"), py::arg("force"))
      .def(
          "purge",
          [](ConnectionHandle& self, const std::string& queue) {
            return take(interruptible([live = self.live(), queue] { return live->purge(queue); }));
          },
          py::arg("queue"))
      .def(
          "create_group",
          [](ConnectionHandle& self, const std::string& queue, const std::string& group, bool from_oldest) {
            take(interruptible(
                [live = self.live(), queue, group, from_oldest] { return live->create_group(queue, group, from_oldest); }));
          },
          py::arg("queue"), py::arg("group"), py::arg("from_oldest"))
      .def(
          "request",
          [](ConnectionHandle& self, const std::string& verb, const std::string& members) {
            return text(take(interruptible([live = self.live(), verb, members] { return live->request(verb, members); })));
          },
          py::arg("verb"), py::arg("members"))
      .def(
          "remove_group",
          [](ConnectionHandle& self, const std::string& queue, const std::string& group) {
            take(interruptible([live = self.live(), queue, group] { return live->remove_group(queue, group); }));
          },
          py::arg("queue"), py::arg("group"));
}

}  // namespace ackwire::python
