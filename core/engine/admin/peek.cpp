// Peek: messages that are not settled, looked at without any effect on them.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/admin/handlers.hpp"
#include "engine/admin/inspect.hpp"
#include "engine/admin/missing.hpp"
#include "engine/repair/salvage.hpp"
#include "engine/state.hpp"

namespace ackwire::engine {
namespace {

/// Collects one page from the retry rows and the blocks, merged by sequence.
class PeekWalk {
 public:
  PeekWalk(Engine::State& state, Queue& queue, Group& group, const model::Peek& request)
      : s_(state), queue_(queue), group_(group), request_(request) {}

  PeekPage page() {
    std::uint64_t from = std::max<std::uint64_t>(request_.from, 1);
    while (page_.messages.size() < request_.count && read_ < limits::page_bytes && shown_ < limits::page_shown_bytes &&
           steps_-- > 0) {
      const std::uint64_t in_retry = next_retry(from);
      const std::uint64_t in_block = next_block(std::max(from, group_.row.floor));
      const std::uint64_t next = std::min(in_retry, in_block);
      if (next == none) return std::move(page_);
      if (next == in_retry) {
        add_retry(next);
      } else {
        add_block(next);
      }
      from = next + 1;
    }
    page_.next = from;
    return std::move(page_);
  }

 private:
  static constexpr std::uint64_t none = ~std::uint64_t{0};

  std::uint64_t next_retry(std::uint64_t from) {
    store::Row row;
    if (!s_.turn.tx->seek(Table::retry, key::at(queue_.id, group_.id, from), row) || row.key.size() != 16 ||
        be32(row.key, 0) != queue_.id || be32(row.key, 4) != group_.id) {
      return none;
    }
    return be64(row.key, 8);
  }

  // The next record at or behind `from` that this group has not settled; at_ is there.
  std::uint64_t next_block(std::uint64_t from) {
    while (go_to(from)) {
      const std::uint64_t end = run_.first_sequence + run_.count;
      const auto it = group_.window.find(run_.first_sequence);
      for (from = std::max(from, run_.first_sequence); from < end; ++from) {
        if (it == group_.window.end() || it->second.slots[from - run_.first_sequence].holder != Slot::settled) return from;
      }
    }
    return none;
  }

  // run_ becomes the block that holds `sequence`, or the next one behind it. A block is looked up and walked once.
  bool go_to(std::uint64_t sequence) {
    if (run_.count > 0 && sequence >= at_ && sequence < run_.first_sequence + run_.count) return true;
    bool fresh = false;
    if (!s_.read_block(queue_, sequence, run_, fresh)) return false;
    sizes_ = record_sizes(run_.records, run_.count);
    at_ = run_.first_sequence;
    offset_ = 0;
    return true;
  }

  // The bytes of a record of run_, which was not passed yet.
  std::string_view walk_to(std::uint64_t sequence) {
    for (; at_ < sequence; ++at_) offset_ += sizes_[at_ - run_.first_sequence];
    return run_.records.substr(offset_, sizes_[sequence - run_.first_sequence]);
  }

  void add(PeekedMessage message, std::string_view record) {
    show_record(record, request_.body_bytes, message);
    read_ += record.size();
    shown_ += shown_bytes(message);
    page_.messages.push_back(std::move(message));
  }

  void add_retry(std::uint64_t sequence) {
    TakenOut row;
    if (!s_.read_retry(queue_, group_, sequence, row)) return;
    PeekedMessage message;
    message.sequence = sequence;
    const auto lease = group_.retry_leases.find(sequence);
    const bool leased = lease != group_.retry_leases.end();
    message.state = leased ? "leased" : Due{row.time_ms, sequence} <= group_.matured ? "ready" : "delayed";
    message.deliveries = row.deliveries;
    message.attempts = row.attempts + (leased && lease->second.begun ? 1 : 0);
    message.publish_time = Timestamp{Duration{row.publish_ms}};
    if (message.state == "delayed") message.due = Timestamp{Duration{static_cast<std::int64_t>(row.time_ms)}};
    add(std::move(message), row.record);
  }

  void add_block(std::uint64_t sequence) {
    PeekedMessage message;
    message.sequence = sequence;
    message.state = sequence < group_.row.cursor ? "leased" : "ready";
    message.deliveries = sequence < group_.row.cursor ? 1 : 0;
    const WindowBlock* block = group_.block_of(sequence);
    message.attempts = block ? block->slots[sequence - block->base].begun : 0;
    message.publish_time = Timestamp{Duration{static_cast<std::int64_t>(run_.publish_time)}};
    add(std::move(message), walk_to(sequence));
  }

  Engine::State& s_;
  Queue& queue_;
  Group& group_;
  const model::Peek& request_;
  format::Run run_;                   // the block under way
  std::vector<std::uint32_t> sizes_;  // of its records
  std::uint64_t at_ = 0;              // one of them
  std::size_t offset_ = 0;            // where it begins
  PeekPage page_;
  std::size_t read_ = 0, shown_ = 0;
  std::uint32_t steps_ = 2 * limits::page_messages;
};

}  // namespace

namespace {

Result<PeekPage> peek(Engine::State& s, const model::Peek& r) {
  Queue* queue = s.find_queue(r.queue);
  if (!queue) return no_queue(r.queue);
  Group* group = queue->find_group(r.group);
  if (!group) return no_group(r.queue, r.group);
  if (r.count == 0 || r.count > limits::page_messages) {
    return Error{Errc::out_of_range,
                 "A page was asked for with count " + std::to_string(r.count) + "; it has 1 to " +
                     std::to_string(limits::page_messages) + " messages. Nothing was changed. Ask page by page.",
                 {},
                 {}};
  }
  s.write_turn_blocks(*queue);
  return PeekWalk(s, *queue, *group, r).page();
}

}  // namespace

constinit const Handlers<model::MessageVerbs> message_handlers{&peek};

}  // namespace ackwire::engine
