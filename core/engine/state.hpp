// The engine's memory. Everything here can be rebuilt from the store, except leases and subscriptions, which end with the process.
#pragma once

#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ackwire/limits.hpp"
#include "dedupe/dedupe.hpp"
#include "engine/admin/latency.hpp"
#include "engine/admin/missing.hpp"
#include "engine/agenda.hpp"
#include "engine/engine.hpp"
#include "engine/log/room.hpp"
#include "engine/rows/row.hpp"
#include "format/record.hpp"
#include "format/run.hpp"
#include "rules/backoff.hpp"

namespace ackwire::engine {

using model::Now;
using model::SessionId;
using model::SubscriptionId;
using store::Table;

/// One peer that consumes.
struct Listener {
  Duration heard{0};    // when its last frame came
  bool silent = false;  // a lease of it ended and no frame came since: it is given nothing
  bool held = false;    // it does not take what is sent to it
};

/// Messages that were settled one way, so that a repeat of that settle is answered as it was.
struct AppliedSettle {
  model::SettleKind kind{};
  model::SettleRange range;
};

/// One consumer of one group. `index` names it in slots; never 0, never reused within a boot epoch.
struct Subscription {
  std::uint32_t index = 0;
  SessionId session{};
  SubscriptionId id{};
  std::uint32_t queue = 0, group = 0;
  std::uint32_t credit = 0;
  std::uint32_t concurrency = 0;  // 0: it does not say what it has begun, so everything it holds counts as begun
  std::uint32_t in_flight = 0;
  std::uint32_t begun = 0;  // of in_flight
  Listener* listener = nullptr;
  Duration handed_out{0};                      // the last time
  Duration recalled{0};                        // no recall before it
  Duration renewed_until{0};                   // no lease of this consumer ends before it
  std::deque<AppliedSettle> recently_settled;  // the latest, at most recent_settles
  std::size_t effect = npos;                   // index of this turn's open delivery
  /// How many messages of it may have been begun when the broker dies without a word of it.
  std::uint32_t presumed() const { return concurrency == 0 ? limits::credit : concurrency; }
  std::uint32_t free() const { return credit > in_flight && !listener->held && !listener->silent ? credit - in_flight : 0; }
  /// It could work on another message at once.
  bool idle() const { return free() > 0 && in_flight < std::max(concurrency, 1u); }
  static constexpr std::size_t npos = std::numeric_limits<std::size_t>::max();
};

/// Who holds one record of a block in one group.
struct Slot {
  static constexpr std::uint32_t waiting = 0;            // not handed out in this boot epoch
  static constexpr std::uint32_t settled = 0xffff'ffff;  // final, dead or taken out
  std::uint32_t holder = waiting;                        // else a subscription's index
  std::uint32_t bytes : 31 = 0;                          // of the record
  std::uint32_t begun : 1 = 0;                           // its holder, or the holder before a restart, began to process it
};

/// Consecutive records of a block handed out together.
struct Lease {
  std::uint32_t first = 0, count = 0;
  std::uint32_t holder = 0;
  Duration started{0}, deadline{0};
};

/// A block that a group has begun to hand out and not finished.
struct WindowBlock {
  std::uint64_t base = 0;
  std::uint64_t publish_ms = 0;
  std::uint32_t open = 0;    // slots not settled
  std::uint32_t begun = 0;   // slots begun and not settled
  std::uint32_t prefix = 0;  // slots settled without a gap from the front
  bool has_marks = false;    // a marks row exists
  bool touched = false;      // in Group::touched
  std::vector<Slot> slots;
  std::vector<Lease> leases;
  Reserved reserved;  // room for what may come back of it
  std::uint32_t count() const { return static_cast<std::uint32_t>(slots.size()); }
  std::uint64_t end() const { return base + slots.size(); }
};

/// A lease of a message that has a retry row.
struct RetryLease {
  std::uint32_t holder = 0;
  std::uint32_t delivery = 0;
  Duration started{0}, deadline{0};
  bool begun = false;
};

/// Why messages come back; decides whether what was begun is charged.
enum class Return : std::uint8_t { lease_end, release };

/// A consumer whose messages are being taken back, a bounded number each turn.
struct Returning {
  std::uint32_t holder = 0;
  Return why = Return::lease_end;
  const char* text = "";
};

/// A place in the order in which retry rows become ready.
struct Due {
  std::uint64_t ms = 0, sequence = 0;
  friend auto operator<=>(const Due&, const Due&) = default;
};

struct Group {
  std::uint32_t id = 0;
  GroupRow row;
  bool dirty = false;
  std::map<std::uint64_t, WindowBlock> window;  // by base
  std::vector<std::uint64_t> touched;           // bases whose slots changed in this turn
  std::vector<Subscription*> consumers;
  std::size_t next_consumer = 0;
  std::uint64_t leased = 0;       // messages handed out and not settled
  std::uint64_t concurrency = 0;  // of the consumers; kept in the store for the time after a crash
  bool concurrency_dirty = false;
  Duration next_recall = Duration::max();  // when somebody who waits may be helped
  std::unordered_map<std::uint64_t, RetryLease> retry_leases;
  std::unordered_map<std::uint64_t, Duration> extended;  // own deadlines, by sequence
  std::deque<Returning> returning;
  std::uint64_t recovered_until = 0;                           // the cursor when the broker started
  Duration next_head_check{0};                                 // when the message at the cursor is looked at for its time to live
  std::uint64_t head_expiry_ms = 0;                            // when it expires; 0 = never, or not known yet
  std::uint64_t head_looked_at = 0;                            // the cursor at the last look
  std::deque<std::uint64_t> recovered_blocks;                  // bases with messages that a broker before this one handed out
  std::deque<std::pair<std::uint64_t, bool>> recovered_retry;  // sequence and whether it was begun; the same for retry rows
  Due matured;  // retry rows at or before it in the order of `due` are counted in ready_retry
  std::uint64_t ready_retry = 0;
  std::uint64_t next_due_ms = 0;  // no retry row that is not counted yet is due before it
  Duration next_lease_check = Duration::max();
  std::uint64_t stale_settles = 0;
  bool recount = false;  // what damage did to the counters is not known
  // Never below 0, whatever a counter says: those of a damaged store may be off until `verify --repair` counts anew.
  std::uint64_t outstanding() const { return less(row.published, row.acked + row.expired + row.discarded + row.dead); }
  std::uint64_t outstanding_bytes() const { return less(row.published_bytes, row.settled_bytes + row.dead_bytes); }
  static std::uint64_t less(std::uint64_t all, std::uint64_t part) { return all > part ? all - part : 0; }
  WindowBlock* block_of(std::uint64_t sequence);
};

/// What a producer was answered, until it says that it has the answer.
struct Producer {
  std::uint64_t floor = 0;  // everything below was answered and acknowledged
  std::map<std::uint64_t, std::string> answers;
  std::uint64_t answer_bytes = 0;
  Reserved counted;  // the same, in State::answer_bytes
  std::int64_t last_used_ms = 0;
};

struct ProducerHash {
  std::size_t operator()(const model::ProducerId& id) const {
    std::size_t value;
    std::memcpy(&value, id.data(), sizeof value);
    return value;
  }
};

/// A block written in this turn.
struct TurnBlock {
  std::uint64_t base = 0;
  std::uint32_t count = 0;
  std::string bytes;  // header and records
};

/// Buffers of blocks, used again from turn to turn.
class BlockBuffers {
 public:
  std::string take();
  void give_back(std::string buffer);
  static constexpr std::size_t kept = 128;  // of 64 KiB each

 private:
  std::vector<std::string> spare_;
};

/// How full a queue is: sums over its groups, but the depth of the fullest.
struct Gauges {
  std::uint64_t depth = 0, leased = 0, delayed = 0, dead = 0;
};

struct Queue {
  std::uint32_t id = 0;
  QueueRow row;
  QueueState state;
  bool row_dirty = false, dirty = false;
  std::map<std::uint32_t, Group> groups;
  std::vector<std::uint32_t> removed_groups;  // whose rows are being erased
  bool reclaim = false;                       // blocks that no group needs may be left
  std::unordered_map<model::ProducerId, Producer, ProducerHash> producers;
  std::unique_ptr<dedupe::Dedupe> dedupe;
  bool dedupe_changed = false;
  Duration next_dedupe_write{0};
  bool dedupe_late = false;  // planted bug
  Duration next_prune{0};
  std::int64_t next_eviction_ms = 0;  // no producer may be forgotten before, unless it says goodbye
  std::vector<TurnBlock> turn_blocks;
  std::size_t turn_blocks_written = 0;
  std::uint32_t first_group = 0;  // as State::first_queue
  std::uint64_t refused = 0;
  std::uint64_t damaged = 0;  // rows found damaged since the broker started
  std::string keys_damaged;   // not empty: what was published before cannot be told, this says why
  Sample sample;              // counts of the slot under way
  Latency latency;
  bool active = false;          // its samples are kept: something happened in it lately
  bool touched = false;         // in State::touched
  bool changed = false;         // in State::changed
  bool unfinished = false;      // the turn's budget ended before its work
  bool waits_for_room = false;  // in the store: it is tried again in the next turn
  Gauges gauges;                // as State::gauges counts them
  Group* find_group(std::string_view name);
};

/// Whether the record in it splits and passes its checksum.
bool is_whole(const TakenOut& row);

struct SubscriptionKey {
  SessionId session;
  SubscriptionId id;
  friend auto operator<=>(const SubscriptionKey&, const SubscriptionKey&) = default;
};

Error damaged_row(const std::string& place);

struct Engine::State {
  State(store::Store& s, const EngineOptions& o);

  store::Store& store;
  EngineOptions options;
  rules::Random random;
  PlantedBugs bugs;
  BootRow boot;
  LivesRow lives;
  Now now;
  Duration started{0};
  std::unique_ptr<store::Transaction> tx;
  std::uint64_t reserved_bytes = 0;  // of all blocks that were handed out
  std::uint64_t answer_bytes = 0;    // of all answers to producers
  std::map<std::uint32_t, Queue> queues;
  std::vector<Queue*> touched;            // what the turn has to do with: named by a command, or due, or left over
  std::vector<Queue*> changed;            // touched since the last sample
  std::vector<Queue*> sealing;            // whose tables of keys are being sealed
  std::vector<std::uint32_t> delivering;  // indices of subscriptions with an open delivery
  std::vector<std::uint32_t> due;         // scratch
  Agenda agenda;
  Gauges gauges;                  // of all queues
  std::size_t active = 0;         // queues whose samples are kept
  std::uint32_t first_queue = 0;  // the turn begins behind it, so that no queue takes the whole budget in every turn
  std::unordered_map<std::string_view, Queue*> queue_names;  // views of Queue::row.name
  std::map<SubscriptionKey, std::unique_ptr<Subscription>> subscriptions;
  std::unordered_map<std::uint32_t, Subscription*> by_index;
  std::unordered_map<SessionId, std::unique_ptr<Listener>> listeners;  // sessions that have subscribed
  std::uint32_t next_index = 1;
  std::vector<std::uint32_t> unanswered;  // indices of subscriptions made in this turn
  bool resumes = false;                   // goes on for an engine that had the same sessions
  std::vector<model::Effect> effects;
  std::vector<model::Note> notes;
  SessionId asking{};  // whose request is answered
  BlockBuffers buffers;
  std::uint32_t budget = 0;    // messages that may still be swept in this turn
  bool more = false;           // work was left for the next turn
  Duration refusing_until{0};  // publishes; after a full store
  Duration resting_until{0};   // no sweeps and no hand-overs; after a full store
  store::Usage usage;          // when the turn began
  RoomLimits room_limits;      // the same
  Status no_room;              // why a publish found no room a moment ago
  Duration no_room_until{0};
  std::uint64_t appended_bytes = 0;  // of records stored in this turn
  std::uint64_t moved_bytes = 0;     // of rows written in this turn for messages that leave their block
  std::uint64_t movable_bytes = 0;   // of rows that may still be written in this turn for messages that leave their block
  std::uint64_t next_sample_ms = 0;
  std::uint64_t kept_wall_ms = 0;         // broker time as the store has it
  Status broken;                          // a row could not be read: the turn must fail
  std::vector<std::string> damage_found;  // in this turn, a line each

  // -- shared by the acts, each defined in the file named after it -------------------------------------------------------
  /// For commands: what is found is touched.
  Queue* find_queue(std::string_view name);
  Queue& queue_of(const Subscription& subscription);
  Subscription* find_subscription(SessionId session, SubscriptionId id);
  void effect(SessionId session, decltype(model::Effect::what) what);
  void damage(const std::string& place);
  void note(model::Note note);  // note.cpp

  // block.cpp
  void append_records(Queue& queue, std::string_view records, std::uint32_t count);
  void write_turn_blocks(Queue& queue);
  /// The block that holds `sequence`, or the next one behind it. The view is valid until the next write.
  bool read_block(Queue& queue, std::uint64_t sequence, format::Run& run, bool& fresh);
  WindowBlock& open_window(Group& group, const format::Run& run);
  void touch(Group& group, WindowBlock& block);
  void settle_slot(Group& group, WindowBlock& block, std::uint32_t slot);
  void close_blocks(Queue& queue);
  void write_marks(Queue& queue, Group& group);
  void load_window(Queue& queue, Group& group);

  // takeout.cpp
  bool find_record(Queue& queue, std::uint64_t sequence, format::Record& record, std::int64_t& publish_ms);
  /// Copies the message of a block slot into a TakenOut and settles the slot.
  bool take_out(Queue& queue, Group& group, WindowBlock& block, std::uint32_t slot, TakenOut& out);
  void put_retry(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, std::uint64_t due_ms);
  void replace_retry(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, std::uint64_t due_ms);
  void erase_retry(Queue& queue, Group& group, std::uint64_t sequence, const TakenOut& row);
  void put_dead(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, DeadReason reason, std::string_view detail);
  void expire_message(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row);
  void remember_key(Queue& queue, std::uint64_t sequence, std::string_view record);
  void note_error(TakenOut& row, std::string_view text);

  // quarantine.cpp
  void note_damage(Queue& queue, std::string what);
  /// False: there is none, or it was damaged and the message is a dead letter now; `row` is what was put there.
  bool read_retry(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row);
  std::optional<std::uint64_t> find_due(const Queue& queue, const Group& group, std::uint64_t sequence);
  void erase_due(const Queue& queue, Group& group, std::uint64_t due_ms, std::uint64_t sequence);
  bool unbury(Queue& queue, Group& group, std::uint64_t sequence, const TakenOut& row);
  void read_dead(Queue& queue, Group& group, std::uint64_t sequence, std::string_view value, TakenOut& row);
  void bury_damaged(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row);
  void mend_block(Queue& queue, std::uint64_t base, std::string_view value);
  bool mend_marks(Queue& queue, Group& group, const WindowBlock& block, std::string_view value);
  void bury_unmarked(Queue& queue, Group& group, WindowBlock& block);
  void recount_damaged(Queue& queue);
  void lose_keys(Queue& queue, const std::string& why);
  std::optional<std::string> mend_state(std::string_view at, std::string_view value, Queue* queue, const std::string& what);
  /// decode(), and once more with a bit put right.
  template <class R>
  bool read_state(const std::string& at, std::string_view value, R& row, Queue* queue, const std::string& what) {
    if (decode(value, row)) return true;
    const auto mended = mend_state(at, value, queue, what);
    return mended && decode(*mended, row);
  }

  // settle.cpp
  void end_lease_of_slot(Queue& queue, Group& group, WindowBlock& block, std::uint32_t slot, Return why, std::string_view text);
  void end_lease_of_retry(Queue& queue, Group& group, std::uint64_t sequence, Return why, std::string_view text);
  void return_retry(Queue& queue, Group& group, std::uint64_t sequence, Return why, bool begun, std::string_view text);
  void drop_lease(Group& group, std::uint64_t sequence, std::uint32_t holder, bool begun);

  // begun.cpp
  void begin_slot(Group& group, WindowBlock& block, std::uint32_t slot, Subscription* holder);
  void begin_retry(const Queue& queue, const Group& group, std::uint64_t sequence, RetryLease& lease, Subscription* holder);
  void begin_in_blocks(Group& group, const model::SettleRange& range, Subscription& holder);
  void begin_in_retry(const Queue& queue, Group& group, const model::SettleRange& range, Subscription& holder);
  void presume_begun(Subscription& subscription);
  void presume_after_crash(Queue& queue, Group& group);
  void lease_ran_out(const Queue& queue, std::uint32_t holder);
  void heard(SessionId session);
  void recall(Group& group);

  // sweep.cpp, dispatch.cpp
  void sweep(Queue& queue, Group& group);
  void check_leases(Queue& queue, Group& group);
  void check_block_leases(Queue& queue, Group& group, WindowBlock& block, Duration& next);
  void take_back(Queue& queue, Group& group);
  void mature(Queue& queue, Group& group);
  void expire_matured(Queue& queue, Group& group, std::uint64_t sequence);
  void expire_head(Queue& queue, Group& group);
  void dispatch(Queue& queue, Group& group);
  void dispatch_retry(Queue& queue, Group& group);
  void dispatch_blocks(Queue& queue, Group& group);
  std::uint32_t hand_out(Queue& queue, Group& group, Subscription& subscription, const format::Run& run, bool fresh,
                         std::uint32_t limit);
  void deliver(Subscription& subscription, const format::Run& run);
  Subscription* next_consumer(Group& group);
  void count_hand_out(Queue& queue, Group& group, Subscription& subscription, std::uint32_t messages);
  bool expired(const Queue& queue, const format::Record& record, std::uint64_t publish_ms) const;
  bool row_expired(const Queue& queue, const TakenOut& row, const format::Record& record) const;

  // consumer.cpp
  std::size_t subscriptions_of(SessionId session) const;
  void answer_subscribe(const Subscription& subscription);
  void end_subscription(Subscription& subscription, Return why, const char* text);

  // publish.cpp, producer.cpp
  Producer* producer(Queue& queue, const model::Publish& publish);
  bool forget_old_producers(Queue& queue, const model::ProducerId& keep);
  void keep_answer(Producer& producer, std::uint64_t sequence, std::string_view entries);
  void forget_answer(Queue& queue, const model::ProducerId& id, Producer& producer);
  Error no_place_for_producer(const Queue& queue) const;
  std::optional<Error> too_many_answers(const Queue& queue, const Producer& producer) const;
  void remember_answer(Queue& queue, Producer& producer, const model::Publish& publish, const std::string& entries, bool durable);
  void load_producers(Queue& queue);
  void prune_producers(Queue& queue);

  // room.cpp
  void measure_room();
  /// Why a batch of that many bytes may not be stored now.
  std::optional<Error> over_limit(std::uint64_t bytes) const;
  void note_no_room(const Error& why);
  void spend_room(TakenOut& row);
  bool room_to_expire(const Queue& queue, std::uint64_t record_bytes) const;
  bool room_for(std::uint64_t bytes, double part) const;
  bool room_for_return(const Group& group, const format::Run& run) const;

  // request.cpp and the files of its nouns
  model::Reply answer(const model::Request& what);
  model::Reply handle(const model::CreateQueue& request);
  model::Reply handle(const model::EnsureQueue& request);
  model::Reply handle(const model::SetQueue& request);
  model::Reply handle(const model::GetQueue& request);
  model::Reply handle(const model::ListQueues& request);
  model::Reply handle(const model::RemoveQueue& request);
  model::Reply handle(const model::CreateGroup& request);
  model::Reply handle(const model::RemoveGroup& request);
  model::Reply handle(const model::GetStats& request);
  model::Reply handle(const model::Purge& request);           // purge.cpp
  model::Reply handle(const model::Peek& request);            // peek.cpp
  model::Reply handle(const model::GetDeadLetters& request);  // dead.cpp
  model::Reply handle(const model::MoveDead& request);        // dead.cpp
  model::Reply handle(const HistoryQuery& request);           // history.cpp
  Queue& make_queue(std::string_view name, const QueuePolicy& policy);
  Group& make_group(Queue& queue, std::string_view name, bool from_oldest);
  void count_kept(Queue& queue, Group& group);
  QueueInfo info(const Queue& queue);
  Duration oldest_age(const Queue& queue, const Group& group);

  // purge.cpp
  void discard_message(Queue& queue, Group& group, std::uint64_t sequence, std::string_view record);
  bool purge_retry(Queue& queue, Group& group, std::uint64_t bound, std::uint64_t& count);
  bool purge_blocks(Queue& queue, Group& group, std::uint64_t bound, std::uint64_t& count);

  // remove.cpp
  void drop_consumers(Group& group, const Error& why);
  bool erase_rows(Table table, std::string_view prefix);
  void remove_queue(Queue& queue);
  void remove_group(Queue& queue, Group& group);
  bool continue_removal(Queue& queue);
  void reclaim_blocks(Queue& queue);

  // history.cpp
  void take_samples();
  void take_sample(Queue& queue, Sample& total, Latency& latency);
  void set_active(Queue& queue, bool is);
  void add_gauges(Queue& queue, const Gauges& is);
  void put_sample(Resolution resolution, std::uint32_t queue, const Sample& sample);
  void trim_history();

  // kept_time.cpp
  void keep_time();
  void keep_time_if_due();
  Duration next_keep() const;  // monotonic

  void begin_life();
  void load();
  bool lacks_rows();
  void load_leased_retry(Queue& queue, Group& group);

  // turn.cpp
  void touch(Queue& queue);
  void touch_queues_of(SessionId session);
  void touch_due();
  void serve_queues();
  void serve_groups(Queue& queue);
  void tidy_queues();
  void forget_queue(Queue& queue);
  void close_deliveries();
  void settle_touched(bool rests);
  Wake wake_of(const Queue& queue) const;
  std::optional<std::string> lists_fault() const;
  void write_rows();
  void write_groups(Queue& queue);
  void write_dedupe(Queue& queue);
  std::vector<dedupe::DedupeEntry> pinned_keys(Queue& queue, std::uint64_t low, std::uint64_t high);
};

}  // namespace ackwire::engine
