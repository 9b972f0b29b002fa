// The engine's memory, in parts. Everything here can be rebuilt from the store, except leases and subscriptions, which end with the
// process. Each act is a file of its own.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/admin/sampler.hpp"
#include "engine/agenda.hpp"
#include "engine/consumers.hpp"
#include "engine/engine.hpp"
#include "engine/log/room.hpp"
#include "engine/queue.hpp"
#include "engine/rows/row.hpp"
#include "engine/turn.hpp"
#include "format/record.hpp"
#include "format/run.hpp"
#include "rules/backoff.hpp"
#include "rules/lifecycle.hpp"

namespace ackwire::engine {

using store::Table;

/// Whether the record in it splits and passes its checksum.
bool is_whole(const TakenOut& row);

struct Engine::State {
  State(store::Store& s, const EngineOptions& o);

  store::Store& store;
  const EngineOptions options;
  rules::Random random;
  BootRow boot;
  LivesRow lives;
  TimeRow time;
  Duration started{0};
  bool resumes = false;            // goes on for an engine that had the same sessions
  std::uint64_t kept_wall_ms = 0;  // broker time as the store has it

  Turn turn;
  Room room;
  Consumers consumers;
  Sampler sampler;
  BlockBuffers buffers;
  std::uint64_t answer_bytes = 0;  // of all answers to producers

  std::map<std::uint64_t, JobRow> jobs;  // that run, and the latest that have ended
  std::set<std::uint64_t> running_jobs;
  std::uint64_t last_job = 0;  // the next turn begins behind it

  std::map<std::uint32_t, Queue> queues;
  std::unordered_map<std::string_view, Queue*> queue_names;  // views of Queue::row.name
  std::vector<Queue*> touched;            // what the turn has to do with: named by a command, or due, or left over
  std::vector<Queue*> sealing;            // whose tables of keys are being sealed
  Agenda agenda;                          // when the others are looked at
  std::vector<std::uint32_t> due_queues;  // scratch
  std::uint32_t first_queue = 0;          // the turn begins behind it, so that no queue takes the whole budget in every turn

  // -- shared by the acts, each defined in the file named after it -------------------------------------------------------
  /// For commands: what is found is touched.
  Queue* find_queue(std::string_view name);
  Queue& queue_of(const Subscription& subscription);

  /// Ends the turn when something that must hold does not.
  template <class Act>
  void guard(Act act);

  // -- the verbs of the engine, each in the file named after it ------------------------------------------------------------
  void publish(SessionId session, const model::Publish& publish);
  void subscribe(SessionId session, const model::Subscribe& subscribe);
  void unsubscribe(SessionId session, SubscriptionId subscription);
  void set_credit(SessionId session, SubscriptionId subscription, std::uint32_t credit);
  void settle(SessionId session, const model::Settle& settle);
  void begun(SessionId session, const model::Begun& begun);
  void renew(SessionId session, SubscriptionId subscription);
  void forget_producer(const model::ProducerId& producer);
  std::size_t request(SessionId session, std::uint32_t request, const model::Request& what);
  void hold(SessionId session, bool held);
  void end_session(SessionId session);
  void undeliverable(SessionId session, const model::Deliver& deliver);

  // transition.cpp
  void transition(Queue& queue, Group& group, rules::State from, rules::Input input, std::uint64_t count = 1,
                  std::uint64_t bytes = 0);

  // log/block.cpp
  void append_records(Queue& queue, std::string_view records, std::uint32_t count);
  void write_turn_blocks(Queue& queue);
  /// The block that holds `sequence`, or the next one behind it. The view is valid until the next write.
  bool read_block(Queue& queue, std::uint64_t sequence, format::Run& run, bool& fresh);
  WindowBlock& open_window(Group& group, const format::Run& run);
  void touch(Group& group, WindowBlock& block);
  void settle_slot(Group& group, WindowBlock& block, std::uint32_t slot);
  void close_blocks(Queue& queue);
  void erase_block(Queue& queue, std::uint64_t base, std::uint64_t count, std::uint64_t bytes);
  void write_marks(Queue& queue, Group& group);
  void load_window(Queue& queue, Group& group);

  // takeout.cpp
  bool find_record(Queue& queue, std::uint64_t sequence, format::Record& record, std::int64_t& publish_ms);
  /// Copies the message of a block slot into a TakenOut and settles the slot.
  bool take_out(Queue& queue, Group& group, WindowBlock& block, std::uint32_t slot, TakenOut& out);
  void put_retry(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, std::uint64_t due_ms);
  void replace_retry(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, std::uint64_t due_ms);
  /// The body stays: drop_body() when the message is final.
  void erase_retry(Queue& queue, Group& group, std::uint64_t sequence, const TakenOut& row);
  /// Gives a large record its row in `bodies`, if it has none.
  void put_body(const Queue& queue, const Group& group, std::uint64_t sequence, TakenOut& row);
  void drop_body(const Queue& queue, const Group& group, std::uint64_t sequence, const TakenOut& row);
  void put_dead(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, rules::State from, rules::Input input,
                std::string_view detail);
  void expire_message(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, rules::State from);
  void remember_key(Queue& queue, std::uint64_t sequence, std::string_view record);
  void note_error(TakenOut& row, std::string_view text);

  // quarantine.cpp
  void note_damage(Queue& queue, std::string what);
  /// False: there is none, or it was damaged and the message is a dead letter now; `row` is what was put there.
  bool read_retry(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row);
  /// The same, without a record that lies in `bodies`.
  bool read_retry_state(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row);
  std::optional<std::uint64_t> find_due(const Queue& queue, const Group& group, std::uint64_t sequence);
  void erase_due(const Queue& queue, Group& group, std::uint64_t due_ms, std::uint64_t sequence);
  bool unbury(Queue& queue, Group& group, std::uint64_t sequence, const TakenOut& row);
  void read_dead(Queue& queue, Group& group, std::uint64_t sequence, std::string_view value, TakenOut& row);
  void mark_damaged(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row);
  void bury_damaged(Queue& queue, Group& group, std::uint64_t sequence, TakenOut& row, rules::State from);
  void mend_block(Queue& queue, std::uint64_t base, std::string_view value);
  bool mend_marks(Queue& queue, Group& group, const WindowBlock& block, std::string_view value);
  void bury_unmarked(Queue& queue, Group& group, WindowBlock& block);
  void recount_damaged(Queue& queue);
  void lose_keys(Queue& queue, const std::string& why);
  std::optional<std::string> mend_state(std::string_view at, std::string_view value, Queue* queue, const std::string& what);
  /// decode(), and once more with a bit put right.
  template <class R>
  bool read_state(const std::string& at, std::string_view value, R& row, Queue* queue, const std::string& what) {
    if (const Decoded read = decode(value, row)) {
      return true;
    } else if (read.is_newer()) {
      turn.refuse_newer(what);
      return false;
    }
    const auto mended = mend_state(at, value, queue, what);
    return mended && static_cast<bool>(decode(*mended, row));
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
  void lease_ran_out(Queue& queue, Group& group, std::uint32_t holder);
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
  void answer_subscribe(const Subscription& subscription);
  void attach(Group& group, std::unique_ptr<Subscription> subscription);
  void end_subscription(Subscription& subscription, Return why, const char* text);

  // publish.cpp, producer.cpp
  Producer* producer_of(Queue& queue, const model::Publish& publish);
  bool forget_old_producers(Queue& queue, const model::ProducerId& keep);
  void keep_answer(Producer& producer, std::uint64_t sequence, std::string_view entries);
  void forget_answer(Queue& queue, const model::ProducerId& id, Producer& producer);
  Error no_place_for_producer(const Queue& queue) const;
  std::optional<Error> too_many_answers(const Queue& queue, const Producer& producer) const;
  void remember_answer(Queue& queue, Producer& producer, const model::Publish& publish, const std::string& entries, bool durable);
  void load_producers(Queue& queue);
  void prune_producers(Queue& queue);

  // queues.cpp, groups.cpp; who answers which verb is in admin/handlers.hpp
  Queue& make_queue(std::string_view name, const QueuePolicy& policy);
  Group& make_group(Queue& queue, std::string_view name, bool from_oldest);
  void count_kept(Queue& queue, Group& group);
  void count_blocks(Queue& queue);
  QueueInfo info(const Queue& queue);
  Duration oldest_age(const Queue& queue, const Group& group);

  // purge.cpp
  void discard_message(Queue& queue, Group& group, std::uint64_t sequence, const TakenOut& row, rules::State from);
  bool purge_retry(Queue& queue, Group& group, std::uint64_t bound, std::uint64_t& count);
  bool purge_blocks(Queue& queue, Group& group, std::uint64_t bound, std::uint64_t& count);

  // remove.cpp
  void drop_consumers(Group& group, const Error& why);
  bool erase_rows(Table table, std::string_view prefix);
  void remove_queue(Queue& queue);
  void remove_group(Queue& queue, Group& group);
  bool continue_removal(Queue& queue);
  void reclaim_blocks(Queue& queue);

  // jobs/
  void load_jobs();
  void run_jobs();
  void advance_job(std::uint64_t id, JobRow& row);
  Result<bool> job_part(JobRow& row);
  void end_job(std::uint64_t id, JobRow& row, JobState state);

  // history.cpp
  void take_samples();
  void take_sample(Queue& queue, Sample& total, Latency& latency);
  void put_sample(Resolution resolution, std::uint32_t queue, const Sample& sample);
  void trim_history();

  // kept_time.cpp
  void keep_time();
  void keep_time_if_due();
  Duration next_keep() const;  // monotonic

  Status read_store();
  Status commit_start();
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
  void finish_turn();
  Status end_turn();
  void settle_touched();
  Wake wake_of(const Queue& queue) const;
  std::optional<std::string> lists_fault() const;
  void write_rows();
  void write_groups(Queue& queue);
  void write_dedupe(Queue& queue);
  std::vector<dedupe::DedupeEntry> pinned_keys(Queue& queue, std::uint64_t low, std::uint64_t high);
};

}  // namespace ackwire::engine
