// Queues and groups: make, look at, change, remove.
#include "connection.hpp"
#include "convert.hpp"
#include "describe.hpp"
#include "options.hpp"

namespace ackwire::python {
namespace {

py::dict describe(const QueuePolicy& policy) {
  py::dict made;
  made["visibility_timeout"] = milliseconds(policy.visibility_timeout);
  made["max_attempts"] = policy.max_attempts;
  made["backoff_initial"] = milliseconds(policy.backoff.initial);
  made["backoff_multiplier"] = policy.backoff.multiplier;
  made["backoff_max"] = milliseconds(policy.backoff.max);
  made["backoff_jitter"] = policy.backoff.jitter;
  made["ttl"] = milliseconds(policy.ttl);
  made["on_expiry"] = policy.on_expiry == OnExpiry::discard ? "discard" : "dead_letter";
  made["dedupe_window"] = milliseconds(policy.dedupe_window);
  made["max_depth"] = policy.max_depth;
  made["max_depth_bytes"] = policy.max_depth_bytes;
  made["max_in_flight"] = policy.max_in_flight;
  made["max_message_bytes"] = policy.max_message_bytes;
  made["paused"] = policy.paused;
  return made;
}

py::dict describe(const GroupInfo& group) {
  py::dict made;
  made["name"] = text(group.name);
  made["ready"] = group.ready;
  made["delayed"] = group.delayed;
  made["leased"] = group.leased;
  made["dead"] = group.dead;
  made["published"] = group.published;
  made["acked"] = group.acked;
  made["expired"] = group.expired;
  made["discarded"] = group.discarded;
  made["delivered"] = group.delivered;
  made["redelivered"] = group.redelivered;
  made["nacked"] = group.nacked;
  made["rejected"] = group.rejected;
  made["released"] = group.released;
  made["lease_expired"] = group.lease_expired;
  made["stale_settles"] = group.stale_settles;
  made["dead_lettered"] = group.dead_lettered;
  made["redriven"] = group.redriven;
  made["consumers"] = group.consumers;
  made["oldest_age"] = milliseconds(group.oldest_age);
  return made;
}

}  // namespace

py::dict describe(const QueueInfo& info) {
  py::dict made;
  made["name"] = text(info.name);
  made["created"] = milliseconds(info.created);
  made["policy"] = describe(info.policy);
  made["next_sequence"] = info.next_sequence;
  made["published"] = info.published;
  made["published_bytes"] = info.published_bytes;
  made["duplicates_suppressed"] = info.duplicates_suppressed;
  made["refused"] = info.refused;
  made["damaged"] = info.damaged;
  made["depth"] = info.depth;
  made["depth_bytes"] = info.depth_bytes;
  made["dedupe_keys"] = info.dedupe_keys;
  made["groups"] = list_of(info.groups, [](const GroupInfo& group) { return describe(group); });
  return made;
}

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
          "remove_group",
          [](ConnectionHandle& self, const std::string& queue, const std::string& group) {
            take(interruptible([live = self.live(), queue, group] { return live->remove_group(queue, group); }));
          },
          py::arg("queue"), py::arg("group"));
}

}  // namespace ackwire::python
