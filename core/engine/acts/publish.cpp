// Publish: admission -> producer sequence -> dedupe -> block append, each application batch atomically.
#include <algorithm>
#include <bit>

#include "ackwire/limits.hpp"
#include "engine/acts/numbers.hpp"
#include "engine/admin/missing.hpp"
#include "engine/state.hpp"
#include "format/confirm.hpp"
#include "rules/quote.hpp"

namespace ackwire::engine {
namespace {

using model::Publish;
using model::PublishBatch;

/// What is to become of one message of a batch.
struct Planned {
  format::Record record;
  dedupe::KeyHash key;
  std::uint64_t body = 0;
  std::uint64_t sequence = 0;  // of the original when duplicate, else assigned when stored
  std::uint32_t twin = none;   // index of an earlier message of this batch with the same key
  bool duplicate = false, differs = false;
  static constexpr std::uint32_t none = 0xffff'ffff;
};

Error at(Error error, std::size_t index, std::uint32_t count) {
  error.index = index;
  if (count > 1)
    error.message = "Message " + std::to_string(index + 1) + " of " + std::to_string(count) + " in the batch (index " +
                    std::to_string(index) + "): " + error.message + " Nothing of the batch was stored.";
  return error;
}

/// One batch on its way into the queue.
class Admission {
 public:
  Admission(Engine::State& state, Queue& queue) : s_(state), queue_(queue) {}

  /// Checks everything; nothing is changed. Code ok when the batch may be stored.
  Error plan(const PublishBatch& batch) {
    plan_.clear();
    if (batch.count == 0) return {Errc::invalid_batch, "The batch is empty. Nothing was stored.", {}, {}};
    if (batch.count > limits::batch_messages || batch.records.size() > limits::batch_bytes + limits::message_bytes) {
      return {Errc::too_large,
              "The batch has " + std::to_string(batch.count) + " messages and " + std::to_string(batch.records.size()) +
                  " bytes; at most " + std::to_string(limits::batch_messages) + " and " +
                  std::to_string(limits::batch_bytes + limits::message_bytes) + " are allowed. Nothing was stored. Split it.",
              {},
              {}};
    }
    if (Error error = split(batch); error.code != Errc::ok) return error;
    if (with_keys_ && queue_.row.policy.dedupe_window.count() > 0) {
      if (!queue_.keys_damaged.empty()) return keys_lost();
      if (Error error = find_duplicates(batch.count); error.code != Errc::ok) return error;
    }
    return admit();
  }

  void store(std::string_view records, format::ConfirmWriter& confirm) {
    if (plain_) {
      const std::uint64_t first = queue_.state.next_sequence;
      if (with_keys_) {
        for (std::size_t i = 0; i < plan_.size(); ++i) remember(plan_[i], first + i);
      }
      s_.append_records(queue_, records, static_cast<std::uint32_t>(plan_.size()));
      count(rules::Input::publish, plan_.size(), records.size());
      confirm.stored(first, static_cast<std::uint32_t>(plan_.size()));
      return;
    }
    // Messages that are delivered at once get their sequences first, so that delayed ones leave no holes inside a block.
    for (Planned& p : plan_) {
      if (!stored(p) || delayed(p)) continue;
      p.sequence = queue_.state.next_sequence;
      s_.append_records(queue_, p.record.bytes, 1);
      finish(p);
    }
    for (Planned& p : plan_) {
      if (!stored(p) || !delayed(p)) continue;
      p.sequence = queue_.state.next_sequence++;
      store_delayed(p);
      finish(p);
    }
    std::vector<Receipt> receipts;
    for (Planned& p : plan_) {
      if (p.twin != Planned::none) p.sequence = plan_[p.twin].sequence;
      if (p.duplicate) {
        ++queue_.state.suppressed;
        ++queue_.sample.suppressed;
      }
      receipts.push_back({p.sequence, p.duplicate, p.differs});
    }
    queue_.dirty = true;
    confirm.receipts(receipts);
  }

 private:
  Error split(const PublishBatch& batch) {
    std::string_view rest = batch.records;
    with_keys_ = false;
    plain_ = true;
    plan_.resize(batch.count);
    for (std::uint32_t i = 0; i < batch.count; ++i) {
      Planned& p = plan_[i];
      p = Planned{};
      if (!format::split(rest, p.record)) return at(format::fault(rest), i, batch.count);
      if (!format::checksum_ok(p.record)) return at(format::damaged_on_the_way(), i, batch.count);
      if (Status good = format::check(p.record, queue_.row.policy.max_message_bytes); !good)
        return at(good.error(), i, batch.count);
      if (p.record.expires_at != 0 && p.record.expires_at <= epoch_ms(s_.turn.now.wall)) {
        return at({Errc::out_of_range,
                   "The message has expired already (expires_at is past in broker time). It was not stored. Publish it with a "
                   "longer ttl.",
                   {},
                   {}},
                  i, batch.count);
      }
      if (delayed(p)) plain_ = false;
      if (!p.record.key.empty()) with_keys_ = true;
    }
    if (!rest.empty()) {
      return {Errc::trailing_bytes,
              "The batch has " + std::to_string(rest.size()) + " bytes behind the last of its records (" +
                  std::to_string(batch.count) + "). Nothing of it was stored. Mend its count or its bytes.",
              {},
              {}};
    }
    return {Errc::ok, {}, {}, {}};
  }

  Error keys_lost() const {
    return {
        Errc::store_damaged,
        "The idempotency keys of queue " + queue_.row.name +
            " cannot be read, so whether this was published before is not known. Nothing was stored; messages without a key are. "
            "Stop the broker and run `ackwire verify --repair`.",
        {},
        {}};
  }

  Error find_duplicates(std::uint32_t count) {
    keys_.clear();
    for (Planned& p : plan_) {
      if (p.record.key.empty()) continue;
      p.key = dedupe::hash_key(s_.store.secret(), p.record.key);
      p.body = dedupe::fingerprint(p.record);
      keys_.push_back(p.key);
    }
    queue_.dedupe->prefetch(keys_);
    for (std::uint32_t i = 0; i < plan_.size(); ++i) {
      Planned& p = plan_[i];
      if (p.record.key.empty()) continue;
      if (const auto known = queue_.dedupe->find(*s_.turn.tx, p.key)) {
        const dedupe::Likeness like = dedupe::compare(known->body, p.body, dedupe::hash_body(p.record.body));
        if (like == dedupe::Likeness::other_body) return at(conflict(known->sequence), i, count);
        p.differs = like == dedupe::Likeness::other_extras;
        p.sequence = known->sequence;
        p.duplicate = true;
        plain_ = false;
      }
    }
    if (const Status readable = queue_.dedupe->status(); !readable) {
      s_.lose_keys(queue_, readable.error().message);
      return keys_lost();
    }
    return find_twins(count);
  }

  // The same key twice in one batch: the second is a duplicate of the first. A table of indices by hash, at most half full.
  Error find_twins(std::uint32_t count) {
    if (keys_.size() < 2) return {Errc::ok, {}, {}, {}};
    const std::size_t mask = std::bit_ceil(2 * keys_.size()) - 1;
    firsts_.assign(mask + 1, Planned::none);
    for (std::uint32_t i = 0; i < plan_.size(); ++i) {
      Planned& p = plan_[i];
      if (p.record.key.empty() || p.duplicate) continue;
      std::size_t slot = p.key.low & mask;
      while (firsts_[slot] != Planned::none && plan_[firsts_[slot]].key != p.key) slot = (slot + 1) & mask;
      const std::uint32_t original = firsts_[slot];
      if (original == Planned::none) {
        firsts_[slot] = i;
        continue;
      }
      const dedupe::Likeness like = dedupe::compare(plan_[original].body, p.body, p.body);
      if (like == dedupe::Likeness::other_body) return at(conflict(0), i, count);
      p.differs = like == dedupe::Likeness::other_extras;
      p.twin = original;
      p.duplicate = true;
      plain_ = false;
    }
    return {Errc::ok, {}, {}, {}};
  }

  static Error conflict(std::uint64_t sequence) {
    const std::string where = sequence ? "message " + std::to_string(sequence) : std::string("an earlier message of the batch");
    return {Errc::key_conflict,
            "The idempotency key belongs to " + where + ", which has another body. The message was not stored, " +
                "the earlier one is safe. Use a new key for new content.",
            {},
            {}};
  }

  Error admit() {
    std::uint64_t depth = 0, bytes = 0;
    for (const auto& [id, group] : queue_.groups) {
      depth = std::max(depth, group.outstanding());
      bytes = std::max(bytes, group.outstanding_bytes());
    }
    std::uint64_t more = 0, more_bytes = 0, rows_bytes = 0;
    for (const Planned& p : plan_) {
      if (!stored(p)) continue;
      ++more;
      more_bytes += p.record.bytes.size();
      if (delayed(p)) rows_bytes += queue_.groups.size() * rows_room(1, p.record.bytes.size());
    }
    if (more > 0) {
      if (auto full = s_.room.over_limit(std::max(more_bytes, rows_bytes))) {
        s_.room.note_no_room(*full);
        return *std::move(full);
      }
    }
    const QueuePolicy& policy = queue_.row.policy;
    if (more == 0 || (depth + more <= policy.max_depth && bytes + more_bytes <= policy.max_depth_bytes))
      return {Errc::ok, {}, {}, {}};
    const bool by_count = depth + more > policy.max_depth;
    const bool never = more > policy.max_depth || more_bytes > policy.max_depth_bytes;
    return {Errc::overloaded,
            "Queue " + rules::quote(queue_.row.name) + " holds " + std::to_string(depth) + " messages, " + std::to_string(bytes) +
                " bytes; its limit is " +
                (by_count ? "max_depth = " + std::to_string(policy.max_depth)
                          : "max_depth_bytes = " + std::to_string(policy.max_depth_bytes)) +
                (never ? ". Nothing was stored. The batch alone is larger than that: publish smaller batches, or raise the limit."
                       : ". Nothing was stored. Wait for consumers, or raise the limit."),
            depth_retry_after,
            {}};
  }

  static bool stored(const Planned& p) { return !p.duplicate; }
  bool delayed(const Planned& p) const { return p.record.deliver_at > epoch_ms(s_.turn.now.wall); }

  void remember(const Planned& p, std::uint64_t sequence) {
    if (p.record.key.empty() || queue_.row.policy.dedupe_window.count() == 0) return;
    queue_.dedupe->add({p.key, sequence, p.body});
    queue_.dedupe_changed = true;
  }

  void finish(const Planned& p) {
    remember(p, p.sequence);
    count(delayed(p) ? rules::Input::publish_delayed : rules::Input::publish, 1, p.record.bytes.size());
  }

  void count(rules::Input input, std::uint64_t messages, std::uint64_t bytes) {
    queue_.dirty = true;
    queue_.state.published += messages;
    queue_.state.published_bytes += bytes;
    queue_.sample.published += messages;
    queue_.sample.published_bytes += bytes;
    for (auto& [id, group] : queue_.groups) s_.transition(queue_, group, rules::State::none, input, messages, bytes);
  }

  void store_delayed(const Planned& p) {
    for (auto& [id, group] : queue_.groups) {
      TakenOut row;
      row.publish_ms = static_cast<std::int64_t>(epoch_ms(s_.turn.now.wall));
      row.record.assign(p.record.bytes);
      s_.put_retry(queue_, group, p.sequence, row, p.record.deliver_at);
    }
  }

  Engine::State& s_;
  Queue& queue_;
  bool with_keys_ = false;
  bool plain_ = true;  // all are stored now, in order
  std::vector<Planned> plan_;
  std::vector<dedupe::KeyHash> keys_;
  std::vector<std::uint32_t> firsts_;
};

Error answer_lost() {
  return {
      Errc::indeterminate,
      "The answer to this publish was damaged in the store, so whether it was stored is not known. It was not stored again. Look "
      "for its messages; what is not there may be published under a new number.",
      {},
      {}};
}

}  // namespace

void Engine::State::publish(SessionId session, const Publish& publish) {
  const auto reply = [&](std::string entries) {
    turn.effect(session, model::Confirm{publish.producer_sequence, std::string(publish.queue), std::move(entries)});
  };
  const auto refuse_all = [&](const Error& error) {
    format::ConfirmWriter refused;
    for (std::size_t i = 0; i < publish.batches.size(); ++i) refused.refused(error);
    reply(refused.take());
  };
  Queue* queue = find_queue(publish.queue);
  if (!queue) {
    return refuse_all(no_queue(publish.queue, "Nothing was stored."));
  }
  Producer* producer = producer_of(*queue, publish);
  if (!producer) {
    return refuse_all(no_place_for_producer(*queue));
  }
  const auto known = producer->answers.find(publish.producer_sequence);
  if (known != producer->answers.end() && known->second.empty()) return refuse_all(answer_lost());
  if (known != producer->answers.end() && format::count_batches(known->second) == publish.batches.size())
    return reply(known->second);
  if (const auto refused = refused_number(*producer, publish)) return refuse_all(*refused);
  if (const auto refused = too_many_answers(*queue, *producer)) return refuse_all(*refused);
  Admission admission(*this, *queue);
  format::ConfirmWriter confirm;
  const std::uint64_t before = queue->state.next_sequence;
  for (const PublishBatch& batch : publish.batches) {
    const Error error = admission.plan(batch);
    if (error.code == Errc::ok) {
      admission.store(batch.records, confirm);
    } else {
      queue->state.refused += batch.count;
      queue->sample.refused += batch.count;
      turn.note({model::NoteKind::publish_refused,
                 session,
                 queue->row.name,
                 {},
                 std::string(name(error.code)),
                 error.message,
                 batch.count});
      confirm.refused(error);
    }
  }
  std::string entries = confirm.take();
  remember_answer(*queue, *producer, publish, entries, queue->state.next_sequence != before);
  reply(std::move(entries));
}

}  // namespace ackwire::engine
