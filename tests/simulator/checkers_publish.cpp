// I2 no phantom, I11 sequences, I12 dedupe, I14 keys stay, I17 backpressure.
#include <algorithm>

#include "checker.hpp"

namespace ackwire::simulator {
namespace {

/// I2: whatever is stored or delivered was published with exactly that body, and one publish is one message.
class NoPhantom : public Checker {
 public:
  using Checker::Checker;
  void on_confirmed(const ConfirmedEvent& event) override { one_content(event.queue, event.sequence, event.content); }
  void on_delivered(const DeliveredEvent& event) override {
    const auto content = facts_.by_body.find(std::string(event.body));
    if (content == facts_.by_body.end()) {
      return violated(message_name(event.queue, event.sequence) + " was delivered with a body that nobody published");
    }
    const Content& said = facts_.contents[content->second];
    if (said.queue != event.queue || said.first_attempt < Duration{0}) {
      return violated(message_name(event.queue, event.sequence) + " was delivered, but published nowhere or to another queue");
    }
    one_content(event.queue, event.sequence, content->second);
    if (said.key.empty()) once(event.queue, event.sequence, content->second);
  }

 private:
  void one_content(const std::string& queue, std::uint64_t sequence, ContentId content) {
    const MessageFacts* known = message_facts(queue, sequence);
    if (known != nullptr && known->content && *known->content != content) {
      violated(message_name(queue, sequence) + " is content " + std::to_string(*known->content) + " and content " +
               std::to_string(content));
    }
  }
  void once(const std::string& queue, std::uint64_t sequence, ContentId content) {
    const auto [first, made] = sequences_.try_emplace(content, sequence);
    if (!made && first->second != sequence) {
      violated("content " + std::to_string(content) + " without a key is message " + std::to_string(first->second) + " and " +
               message_name(queue, sequence));
    }
  }
  std::map<ContentId, std::uint64_t> sequences_;
};

/// I11: sequences rise and are never used again, whatever crashes.
class SequencesRise : public Checker {
 public:
  using Checker::Checker;
  void on_confirmed(const ConfirmedEvent& event) override {
    const MessageFacts* known = message_facts(event.queue, event.sequence);
    if (!event.duplicate && known != nullptr && known->content && *known->content != event.content) {
      violated(message_name(event.queue, event.sequence) + " was given to a second message");
    }
  }
  void on_recount(const Recount& counted, RecountReason) override {
    for (const auto& [name, queue] : counted.queues) {
      const auto facts = facts_.queues.find(name);
      if (facts != facts_.queues.end() && queue.state.next_sequence <= facts->second.highest) {
        violated("the next sequence of " + name + " is " + std::to_string(queue.state.next_sequence) + ", but " +
                 std::to_string(facts->second.highest) + " was given already");
      }
    }
  }
};

/// I12: within the window one key is one message.
class OneKeyOneMessage : public Checker {
 public:
  using Checker::Checker;
  void on_confirmed(const ConfirmedEvent& event) override {
    const Content& content = facts_.contents[event.content];
    if (content.key.empty()) return;
    const auto queue = facts_.queues.find(event.queue);
    if (queue == facts_.queues.end()) return;
    const auto key = queue->second.keys.find(content.key);
    if (key == queue->second.keys.end()) return;
    const Duration window = queue->second.policy.dedupe_window;
    for (const KeyFacts& known : key->second) {
      if (known.sequence == event.sequence) return;
    }
    for (const KeyFacts& known : key->second) {
      const Duration apart = std::max(event.now - known.earliest, known.latest - event.sent);
      if (apart < window) {
        violated("key " + content.key + " is " + message_name(event.queue, known.sequence) + " and message " +
                 std::to_string(event.sequence) + ", less than " + std::to_string(apart.count()) + " ms apart");
      }
    }
  }
};

/// I14: a key is not forgotten while its message is not final.
class KeysStay : public Checker {
 public:
  KeysStay(const char* invariant, const Facts& facts, const Report& report, const std::function<Recount()>& recount_now)
      : Checker(invariant, facts, report), recount_now_(recount_now) {}
  void on_confirmed(const ConfirmedEvent& event) override {
    const Content& content = facts_.contents[event.content];
    if (content.key.empty() || event.duplicate) return;
    const auto queue = facts_.queues.find(event.queue);
    if (queue == facts_.queues.end()) return;
    const auto key = queue->second.keys.find(content.key);
    if (key == queue->second.keys.end()) return;
    const bool anew =
        std::none_of(key->second.begin(), key->second.end(), [&](const KeyFacts& k) { return k.sequence == event.sequence; });
    if (!anew) return;
    const Recount counted = recount_now_();
    for (const KeyFacts& known : key->second) {
      if (known.sequence > event.sequence) continue;  // an older answer that was lost and is repeated now
      for (const std::string& group : queue->second.groups) {
        const GroupCount* places = counted.group(event.queue, group);
        if (places != nullptr && places->places.contains(known.sequence)) {
          violated("key " + content.key + " was stored anew as message " + std::to_string(event.sequence) + " while " +
                   message_name(event.queue, known.sequence) + " is not final in group " + group);
        }
      }
    }
  }

 private:
  const std::function<Recount()> recount_now_;
};

/// I17: over a limit the producer is told, and what is refused says when to come back.
class Backpressure : public Checker {
 public:
  using Checker::Checker;
  void on_refused(const RefusedEvent& event) override {
    switch (event.error.code) {
      case Errc::overloaded:
        if (event.error.retry_after <= Duration{0}) violated("an overloaded answer does not say when to come back");
        return;
      case Errc::key_conflict: return conflict(event);
      case Errc::out_of_range:      // it expired on the way
      case Errc::invalid_argument:  // a repeated frame whose answer the producer had
        return;
      default: violated("a publish was refused with " + std::string(name(event.error.code)) + ": " + event.error.message);
    }
  }
  void on_queue_info(const QueueInfo& info) override {
    const auto queue = facts_.queues.find(info.name);
    if (queue == facts_.queues.end()) return;
    if (info.depth > queue->second.policy.max_depth) {
      violated("queue " + info.name + " holds " + std::to_string(info.depth) + " messages, over its max_depth of " +
               std::to_string(queue->second.policy.max_depth));
    }
  }

 private:
  // A conflict needs another body under the same key.
  void conflict(const RefusedEvent& event) {
    for (const ContentId id : event.contents) {
      const Content& mine = facts_.contents[id];
      for (const Content& other : facts_.contents) {
        if (!mine.key.empty() && other.key == mine.key && other.queue == mine.queue && other.body != mine.body) return;
      }
    }
    violated("a key conflict was reported where no key has two bodies");
  }
};

}  // namespace

void add_publish_checkers(std::vector<std::unique_ptr<Checker>>& checkers, const Facts& facts, const Checker::Report& report,
                          const std::function<Recount()>& recount_now) {
  checkers.push_back(std::make_unique<NoPhantom>("I2", facts, report));
  checkers.push_back(std::make_unique<SequencesRise>("I11", facts, report));
  checkers.push_back(std::make_unique<OneKeyOneMessage>("I12", facts, report));
  checkers.push_back(std::make_unique<KeysStay>("I14", facts, report, recount_now));
  checkers.push_back(std::make_unique<Backpressure>("I17", facts, report));
}

}  // namespace ackwire::simulator
