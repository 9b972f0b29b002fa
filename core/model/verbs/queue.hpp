// What can be asked about queues.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/verbs/verb.hpp"

namespace ackwire::model {

struct CreateQueue {
  using Reply = QueueInfo;
  static constexpr Verb verb{
      .name = "create_queue",
      .meaning = "makes a queue, or shows it when it is there with the same policy; with another: `queue_exists`",
      .repeat = Repeat::safe};
  std::string queue;
  QueuePolicy policy;
  static constexpr auto fields = Fields{
      field("queue", &CreateQueue::queue, "its name").must(),
      field("policy", &CreateQueue::policy, "how it behaves"),
  };
};

struct EnsureQueue {
  using Reply = QueueInfo;
  static constexpr Verb verb{.name = "ensure_queue",
                             .meaning = "makes a queue with a change of the default policy, or changes the one that is there",
                             .repeat = Repeat::safe};
  std::string queue;
  QueueChange change;
  static constexpr auto fields = Fields{
      field("queue", &EnsureQueue::queue, "its name").must(),
      field("change", &EnsureQueue::change, "of its policy"),
  };
};

struct SetQueue {
  using Reply = QueueInfo;
  static constexpr Verb verb{.name = "set_queue", .meaning = "changes the policy of a queue", .repeat = Repeat::safe};
  std::string queue;
  QueueChange change;
  static constexpr auto fields = Fields{
      field("queue", &SetQueue::queue, "its name").must(),
      field("change", &SetQueue::change, "of its policy"),
  };
};

struct GetQueue {
  using Reply = QueueInfo;
  static constexpr Verb verb{.name = "get_queue",
                             .meaning = "shows a queue and its groups",
                             .permission = Permission::observe,
                             .access = Access::reads,
                             .repeat = Repeat::safe};
  std::string queue;
  static constexpr auto fields = Fields{field("queue", &GetQueue::queue, "its name").must()};
};

struct QueuePage {
  std::vector<QueueInfo> queues;
  std::string next;
  static constexpr auto fields = Fields{
      field("queues", &QueuePage::queues, "by name").must(),
      field("next", &QueuePage::next, "pass as `from` for the next page; empty: no more"),
  };
};

struct ListQueues {
  using Reply = QueuePage;
  static constexpr Verb verb{.name = "list_queues",
                             .meaning = "shows queues, by name",
                             .permission = Permission::observe,
                             .access = Access::reads_much,
                             .repeat = Repeat::safe};
  std::string from;
  std::uint32_t count = 0;
  static constexpr auto fields = Fields{
      field("from", &ListQueues::from, "first name to show"),
      field("count", &ListQueues::count, "how many at most, fewer when they are large; 0: all in one reply"),
  };
};

/// What the queue held is erased in parts after the answer.
struct RemoveQueue {
  using Reply = Done;
  static constexpr Verb verb{.name = "remove_queue",
                             .meaning = "removes a queue; one that holds messages or dead letters only by force, else `not_empty`"};
  std::string queue;
  bool force = false;
  static constexpr auto fields = Fields{
      field("queue", &RemoveQueue::queue, "its name").must(),
      field("force", &RemoveQueue::force, "discard what it holds"),
  };
};

struct Purged {
  std::uint64_t count = 0, below_sequence = 0;
  bool more = false;
  static constexpr auto fields = Fields{
      field("count", &Purged::count, "messages that were discarded").must(),
      field("below_sequence", &Purged::below_sequence, "pass it with the next request"),
      field("more", &Purged::more, "ask again: it is not done"),
  };
};

struct Purge {
  using Reply = Purged;
  static constexpr Verb verb{.name = "purge",
                             .meaning = "discards a part of what is ready or delayed; leased messages and dead letters stay",
                             .permission = Permission::purge};
  std::string queue;
  std::uint64_t below_sequence = 0;
  static constexpr auto fields = Fields{
      field("queue", &Purge::queue, "its name").must(),
      field("below_sequence", &Purge::below_sequence, "only older messages; 0: everything so far, and the reply says the bound"),
  };
};

using QueueVerbs = Verbs<CreateQueue, EnsureQueue, SetQueue, GetQueue, ListQueues, RemoveQueue, Purge>;

template <>
inline constexpr ReplyForm reply_form<QueueInfo>{"queue", "queue"};
template <>
inline constexpr ReplyForm reply_form<QueuePage>{"queues"};
template <>
inline constexpr ReplyForm reply_form<Purged>{"purged"};

}  // namespace ackwire::model
