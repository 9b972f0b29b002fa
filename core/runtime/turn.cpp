#include "runtime/turn.hpp"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "ackwire/limits.hpp"
#include "ackwire/version.hpp"
#include "wire/consume.hpp"
#include "wire/json.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace ackwire::runtime {
namespace {

constexpr Duration commit_window{30'000};
constexpr Duration full_pause{5'000};  // of publishes
constexpr Duration full_rest{500};     // of hand-overs, so that what makes room comes first; and between tries to open again
constexpr Duration full_retry_after{1'000};
constexpr Duration next_call{2};  // since an answer, within which whoever waited for it is likely to send the next frame

std::uint64_t micros() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_nsec) / 1'000;
}

/// A subscribe is not among them: the engine that resumes answers it.
bool wants_answer(wire::Operation operation) {
  using wire::Operation;
  return operation == Operation::publish || operation == Operation::settle || operation == Operation::request;
}

Error no_session() {
  return {Errc::no_session,
          "The broker has no session for this connection: it was not begun, or is over. Nothing of the frame was done. Say hello, "
          "subscribe again, then repeat what has no answer.",
          {},
          {}};
}

Error other_life(const wire::Life& life, std::uint64_t boot_epoch) {
  return {
      Errc::store_rollback,
      "This client last spoke to boot epoch " + std::to_string(life.boot_epoch) + " of a store, and this broker (boot epoch " +
          std::to_string(boot_epoch) +
          ") never was that: an older copy was put back, or another store is served here. Of what has no answer it is not known "
          "whether it was stored there; it is not stored here. Say hello without a last life to go on.",
      {},
      {}};
}

}  // namespace

Turn::Turn(store::Store& store, const BrokerOptions& options) : store_(store), options_(options), log_(options.log) {}

std::uint64_t Turn::random_seed() const {
  if (options_.seed != 0) return options_.seed;
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

Status Turn::open() {
  const auto kept = engine::kept_time(store_);
  if (!kept) return kept.error();
  const ClockReading reading = read_clocks();
  machine_boot_ = reading.machine_boot;
  clock_.emplace(reading, *kept, options_.accept_clock);
  return open_engine();
}

engine::EngineOptions Turn::engine_options() const {
  engine::EngineOptions options;
  options.seed = random_seed();
  options.store_soft_limit = options_.store_soft_limit;
  options.disk_floor_bytes = options_.disk_floor_bytes;
  options.machine_boot = machine_boot_;
  return options;
}

Status Turn::open_engine() {
  engine_ = std::make_unique<engine::Engine>(store_, engine_options());
  now_ = clock_->at(Clock::read_mono(), Clock::read_system());
  Status opened = engine_->open(now_);
  if (opened.ok()) {
    tell_opened();
    tell_damage();
  }
  return opened;
}

std::optional<Duration> Turn::wait() const {
  if (!failed_.ok()) return std::nullopt;
  if (!full_.ok()) return std::max(next_open_ - Clock::read_mono(), Duration{0});
  if (!lost_.empty() || !gone_.empty() || released_ || reads_left_) return Duration{0};
  std::optional<Duration> wait;
  if (const auto next = engine_->next_wakeup()) wait = std::max(*next - Clock::read_mono(), Duration{0});
  if (sessions_.size() > 0) {
    const Duration probe = std::max(next_probe_ - Clock::read_mono(), Duration{0});
    wait = std::min(wait.value_or(probe), probe);
  }
  return wait;
}

bool Turn::due() const {
  const auto left = wait();
  return left && left->count() == 0;
}

void Turn::end(const Peer& peer) {
  if (Session* session = sessions_.of(peer)) gone_.push_back(session->id);
}

void Turn::end_session(model::SessionId id, std::string_view why, bool in_order) {
  if (const Session* session = sessions_.find(id)) tell_session_end(*session, why, in_order);
  engine_->end_session(id);
  sessions_.remove(id);
}

void Turn::begin(const Send& send) {
  now_ = clock_->at(Clock::read_mono(), Clock::read_system());
  asked_.clear();
  if (!full_.ok() && now_.mono >= next_open_) open_again();
  if (working()) {
    if (Status begun = engine_->begin(now_); !begun) after_failure(begun, send);
  }
  if (working()) {
    for (const Lost& lost : lost_) engine_->undeliverable(lost.session, lost.deliver);
    for (const model::SessionId id : gone_) end_session(id, "the connection was lost");
  }
  lost_.clear();
  gone_.clear();
  released_ = false;
  frames_ = 0;
  to_confirm_ = awaited_ = false;
  hurry_.begin();
}

void Turn::await_commit(const Session& session) {
  to_confirm_ = awaited_ = true;
  hurry_.awaits(session);
}

bool Turn::can_wait() const { return to_confirm_ && !awaited_ && now_.mono - last_answer_ <= next_call; }

void Turn::take(const std::vector<Received>& frames) {
  frames_ += frames.size();
  for (const Received& frame : frames) handle(frame);
}

void Turn::finish(const Send& send) {
  bool committed = false;
  if (working()) run_reads();
  if (working()) {
    // After the frames: a turn may have taken longer than the timeout, and what the client said meanwhile was waiting.
    for (const model::SessionId id : sessions_.silent(now_.mono, options_.session_timeout)) {
      silent_.push_back(sessions_.find(id)->peer);
      end_session(id, "nothing was heard of it for the session_timeout");
    }
    const std::uint64_t before = micros();
    const Status finished = engine_->finish();
    committed = finished.ok();
    if (committed) {
      if (now_.mono >= commit_window_) {
        commit_window_ = now_.mono + commit_window;
        last_commit_us_ = std::exchange(commit_us_, {});
      }
      const std::uint64_t taken = micros() - before;
      commit_us_.add(taken);
      tell_commit(taken, frames_);
      if (log_.on()) tell_notes();
      ++commits_;
      tell_damage();
    } else {
      after_failure(finished, send);
    }
  }
  send_replies(send);
  if (committed) send_effects(send);
  if (awaited_) last_answer_ = Clock::read_mono();
  if (now_.mono >= next_probe_) probe(send);
}

// Nothing of the turn is true. In a full store an engine goes on from before it, with the same sessions; anything else ends the
// confirming. Whoever waits for an answer hears the store's error: nothing of his frame was done.
void Turn::after_failure(const Status& failure, const Send& send) {
  Error error = failure.error();
  const bool full = error.code == Errc::store_full;
  if (full) {
    error.retry_after = full_retry_after;
    for (const Asked& asked : asked_) refuse(asked.peer, asked.request, error);
    send_replies(send);
  } else {
    stop_confirming(failure);
  }
  tell_failure(failure.error(), full);
  if (full && resume(error)) return;
  close(send, error.code, error.message);
  for (const model::SessionId id : sessions_.all()) sessions_.remove(id);
  if (!full) return;
  full_ = error;
  open_again();
}

// Writes nothing, so it succeeds on a disk without any room.
bool Turn::resume(const Error& full) {
  auto resumed = std::make_unique<engine::Engine>(store_, engine_options());
  if (!resumed->resume(now_, *engine_)) return false;
  engine_ = std::move(resumed);
  make_way(full);
  tell_damage();
  return true;
}

// For what frees room: publishes wait, and so do hand-overs for a little while.
void Turn::make_way(const Error& full) {
  engine_->refuse_publishes(now_.mono + full_pause, full);
  engine_->rest(now_.mono + full_rest);
}

// A start is a commit too. On a disk without any room it is tried until it succeeds: what frees room may come from outside.
void Turn::open_again() {
  const Status opened = open_engine();
  if (opened.ok()) {
    make_way(full_.error());
    full_ = {};
  } else if (opened.error().code == Errc::store_full) {
    next_open_ = now_.mono + full_rest;
  } else {
    tell_failure(opened.error(), false);
    stop_confirming(opened);
  }
}

void Turn::stop_confirming(const Status& failure) {
  failed_ = Error{Errc::failed,
                  "The broker stopped confirming: " + failure.error().message +
                      " Everything confirmed before is safe. Fix the cause and open the broker again.",
                  {},
                  {}};
}

void Turn::close(const Send& send, Errc code, std::string_view text) {
  for (const model::SessionId id : sessions_.all()) {
    head_.clear();
    wire::encode_goodbye(head_, code, text);
    send(sessions_.find(id)->peer, head_, {});
  }
}

void Turn::refuse(const Peer& peer, std::uint32_t request, const Error& error) {
  tell_refusal(peer, error);
  Reply& reply = replies_.emplace_back(Reply{peer, {}});
  wire::encode_error(reply.frame, request, error);
}

void Turn::handle(const Received& received) {
  wire::Frame frame;
  const Status whole = wire::split_frame(received.bytes, frame);
  if (!failed_.ok()) return refuse(received.peer, frame.request, failed_.error());
  if (!full_.ok()) return refuse(received.peer, frame.request, full_.error());
  Session* session = sessions_.of(received.peer);
  if (received.extra_frames > 0) {
    return refuse(
        received.peer, frame.request,
        {Errc::too_many_frames,
         "A message had " + std::to_string(received.extra_frames) +
             " parts behind its first. Nothing of it was done; the session goes on. Send each frame as a message of one part.",
         {},
         {}});
  }
  if (!whole.ok()) {
    refuse(received.peer, frame.request, whole.error());
    if (session && wire::ends_session(whole.error().code)) end_session(session->id, "its frame could not be understood");
    return;
  }
  if (frame.operation == wire::Operation::hello) return hello(received.peer, frame);
  if (!session) return refuse(received.peer, frame.request, no_session());
  session->last_heard = now_.mono;
  hurry_.heard(*session, received.bytes.size());
  if (wants_answer(frame.operation)) asked_.push_back({received.peer, frame.request});
  handle_session_frame(*session, frame);
}

void Turn::hello(const Peer& peer, const wire::Frame& frame) {
  const auto hello = wire::decode_hello(frame.payload);
  if (!hello) return refuse(peer, frame.request, hello.error());
  if (Session* old = sessions_.of(peer)) end_session(old->id, "it said hello again");
  if (hello->life && !was_life(*hello->life)) return refuse(peer, frame.request, other_life(*hello->life, engine_->boot_epoch()));
  if (sessions_.size() >= options_.max_sessions) {
    return refuse(peer, frame.request,
                  {Errc::overloaded,
                   "The broker has " + std::to_string(sessions_.size()) +
                       " sessions, which is its limit (max_sessions). No session was begun, and nothing was lost. Try again later.",
                   Duration{5'000},
                   {}});
  }
  Session& session = sessions_.add(peer, now_.mono);
  session.producer = hello->producer;
  session.name = hello->client_name;
  session.capabilities = hello->capabilities.value_or(wire::Capabilities::unnamed());
  tell_session(session);
  wire::Welcome welcome;
  welcome.session_timeout_ms = static_cast<std::uint32_t>(options_.session_timeout.count());
  welcome.boot_epoch = engine_->boot_epoch();
  welcome.session = static_cast<std::uint64_t>(session.id);
  welcome.now = static_cast<std::uint64_t>(now_.wall.time_since_epoch().count());
  if (sessions_.size() == 1) told_pace_ = now_.wall.time_since_epoch() - now_.mono;
  std::copy_n(store_.id().data(), std::min<std::size_t>(store_.id().size(), 16), welcome.store_id.begin());
  welcome.max_frame_bytes = static_cast<std::uint32_t>(limits::frame_bytes);
  const std::string software = "ackwire " + std::string(version());
  welcome.software = software;
  if (hello->capabilities) welcome.capabilities = wire::Capabilities::all();
  Reply& reply = replies_.emplace_back(Reply{peer, {}});
  wire::encode(reply.frame, welcome);
}

bool Turn::was_life(const wire::Life& life) const {
  return store_.id() == std::string_view(life.store_id.data(), life.store_id.size()) && engine_->knows_life(life.boot_epoch);
}

void Turn::handle_session_frame(Session& session, const wire::Frame& frame) {
  using wire::Operation;
  const auto refused = [&](const Error& error) {
    refuse(session.peer, frame.request, error);
    if (wire::ends_session(error.code)) end_session(session.id, "its frame could not be understood");
  };
  engine_->heard(session.id);
  switch (frame.operation) {
    case Operation::publish: await_commit(session); return publish(session, frame);
    case Operation::settle: to_confirm_ = true; return settle(session, frame);
    case Operation::request: return request(session, frame);
    case Operation::subscribe: {
      auto subscribe = wire::decode_subscribe(frame.payload);
      if (!subscribe) return refused(subscribe.error());
      if (!session.capabilities.has(wire::Capability::begun)) subscribe->concurrency = 0;  // it would not understand a RECALL
      engine_->subscribe(session.id, *subscribe);
      if (std::find(slow_.begin(), slow_.end(), session.peer) != slow_.end()) engine_->hold(session.id, true);
      return;
    }
    case Operation::unsubscribe: {
      const auto subscription = wire::decode_unsubscribe(frame.payload);
      if (!subscription) return refused(subscription.error());
      return engine_->unsubscribe(session.id, *subscription);
    }
    case Operation::credit: {
      const auto credit = wire::decode_credit(frame.payload);
      if (!credit) return refused(credit.error());
      if (credit->credit > limits::credit) {
        return refused({Errc::out_of_range,
                        "Credit " + std::to_string(credit->credit) + " of subscription " +
                            std::to_string(static_cast<std::uint32_t>(credit->subscription)) + " is outside 0 to " +
                            std::to_string(limits::credit) + " messages. Nothing was changed; it has the credit it had.",
                        {},
                        {}});
      }
      return engine_->set_credit(session.id, credit->subscription, credit->credit);
    }
    case Operation::renew: {
      const auto subscription = wire::decode_renew(frame.payload);
      if (!subscription) return refused(subscription.error());
      return engine_->renew(session.id, *subscription);
    }
    case Operation::begun: {
      if (const Status good = wire::decode_begun(frame.payload, begun_); !good) return refused(good.error());
      return engine_->begun(session.id, begun_);
    }
    case Operation::ping: {
      if (const Status good = wire::decode_ping(frame.payload); !good) return refused(good.error());
      Reply& reply = replies_.emplace_back(Reply{session.peer, {}});
      return wire::encode_pong(reply.frame, static_cast<std::uint64_t>(now_.wall.time_since_epoch().count()), frame.request);
    }
    case Operation::goodbye: {
      // Whoever says goodbye is gone, however badly it is said.
      Error reason;
      if (const Status good = wire::decode_goodbye(frame.payload, reason); !good) {
        refused(good.error());
      } else if (reason.code == Errc::ok) {
        engine_->forget_producer(session.producer);
      }
      return end_session(session.id, "it said goodbye", true);
    }
    default:
      return refused({Errc::unknown_operation,
                      "A client does not send operation " + std::to_string(static_cast<unsigned>(frame.operation)) + " (" +
                          std::string(wire::name(frame.operation)) + "). Nothing was done; the session goes on.",
                      {},
                      {}});
  }
}

void Turn::publish(Session& session, const wire::Frame& frame) {
  if (const Status good = wire::decode_publish(frame.payload, publish_); !good)
    return refuse(session.peer, frame.request, good.error());
  publish_.producer = session.producer;
  engine_->publish(session.id, publish_);
}

void Turn::settle(Session& session, const wire::Frame& frame) {
  if (const Status good = wire::decode_settle(frame.payload, settle_); !good)
    return refuse(session.peer, frame.request, good.error());
  settle_.request = frame.request;
  engine_->settle(session.id, settle_);
}

}  // namespace ackwire::runtime
