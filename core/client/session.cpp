#include "client/session.hpp"

#include <time.h>

#include <algorithm>
#include <utility>

namespace ackwire::client {
namespace {

constexpr int silent_heartbeats = 3;  // without a word from the broker, after which the connection is given up

// Both clocks and the broker's are read in whole milliseconds.
constexpr std::int64_t rounding_ms = 3;
// Broker time may be so much earlier than it is taken for, before it is asked for anew.
constexpr std::int64_t lateness_ms = 250;

/// Goes on while the machine sleeps, as the broker's does.
std::int64_t steady_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::int64_t{time.tv_sec} * 1'000 + time.tv_nsec / 1'000'000;
}

Timestamp system_time() { return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

std::mt19937_64 seeded() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device()};
  return std::mt19937_64(seed);
}

}  // namespace

Session::Session(const CoreOptions& options) : options_(options), random_(seeded()) {
  std::random_device device;
  for (char& byte : producer_) byte = static_cast<char>(device());
}

void Session::connected(Clock::time_point now) {
  phase_ = Phase::greeting;
  hello_due_ = true;
  ping_due_ = reconnect_ = false;
  pings_ = pongs_ = 0;
  since_ = heard_ = said_ = now;
}

Duration Session::welcomed(const wire::Welcome& welcome, Clock::time_point now) {
  phase_ = Phase::ready;
  heard_ = now;
  failures_ = 0;
  boot_epoch_ = welcome.boot_epoch;
  life_ = wire::Life{welcome.store_id, welcome.boot_epoch};
  capabilities_ = welcome.capabilities.value_or(wire::Capabilities::unnamed());
  session_timeout_ = Duration{welcome.session_timeout_ms};
  const bool knew = knows_time();
  learn_time(welcome.now, hello_ms_);
  return knew ? Duration{0} : broker_time() - system_time();
}

bool Session::other_life(const wire::Welcome& welcome) const {
  return life_ && (life_->store_id != welcome.store_id || welcome.boot_epoch < life_->boot_epoch);
}

void Session::forget_life(bool for_good) {
  if (for_good) {
    names_life_ = false;
  } else {
    life_.reset();
  }
}

bool Session::lost() {
  hello_due_ = ping_due_ = false;
  names_capabilities_ = true;  // the next broker may be another one
  return std::exchange(phase_, Phase::down) != Phase::down;
}

bool Session::next_hello(std::string& out, Clock::time_point now) {
  if (!std::exchange(hello_due_, false)) return false;
  out.clear();
  wire::Hello hello;
  hello.producer = producer_;
  hello.client_name = options_.name;
  if (names_life_) hello.life = life_;
  named_life_ = hello.life.has_value();
  if (names_capabilities_) hello.capabilities = wire::Capabilities::all();
  named_capabilities_ = hello.capabilities.has_value();
  wire::encode(out, hello);
  said_ = now;
  hello_ms_ = steady_ms();
  return true;
}

bool Session::next_ping(std::string& out, Clock::time_point now) {
  if (!ready() || !std::exchange(ping_due_, false)) return false;
  ++pings_;
  out.clear();
  wire::FrameWriter(out, wire::Operation::ping, pings_);  // numbered, so that its pong can be told from those nobody asked for
  said_ = now;
  ping_ms_ = steady_ms();
  return true;
}

void Session::ponged(std::uint32_t request, std::uint64_t broker_now) {
  if (request == pings_ && pongs_ < pings_) {
    learn_time(broker_now, ping_ms_);
  } else {
    compare_time(broker_now);
  }
  pongs_ = std::max(pongs_, request);
}

Duration Session::heartbeat() const {
  if (session_timeout_ <= Duration{0}) return options_.heartbeat;
  return std::max(Duration{1}, std::min(options_.heartbeat, session_timeout_ / silent_heartbeats));
}

Clock::time_point Session::tick(Clock::time_point now) {
  if (phase_ == Phase::down || options_.embedded) return Clock::time_point::max();
  const Duration beat = heartbeat();
  const Clock::time_point last_word = phase_ == Phase::greeting ? since_ : heard_;
  const Clock::time_point end = last_word + silent_heartbeats * options_.heartbeat;
  if (now >= end) {
    reconnect_ = true;
    return Clock::time_point::max();
  }
  if (phase_ == Phase::greeting) return end;
  Clock::time_point due = std::min(said_, heard_) + beat;
  if (now >= due) {
    if (pings_ == pongs_ || now - said_ >= beat) ping_due_ = true;
    due = now + beat;
  }
  return std::min(due, end);
}

Duration Session::backoff() {
  const std::uint32_t doublings = std::min<std::uint32_t>(failures_++, 20);
  const Duration whole = std::min(options_.reconnect_max, options_.reconnect_initial * (std::int64_t{1} << doublings));
  std::uniform_real_distribution<double> share(0.5, 1.0);
  return Duration{static_cast<std::int64_t>(static_cast<double>(whole.count()) * share(random_))};
}

// The broker read its clock after it was asked, so broker time is at most as far ahead as if it had done so at once.
void Session::learn_time(std::uint64_t broker_now, std::int64_t asked_ms) {
  broker_offset_ms_.store(static_cast<std::int64_t>(broker_now) - asked_ms + rounding_ms, std::memory_order_relaxed);
  knows_time_.store(true, std::memory_order_release);
}

// A pong that nobody asked for was on its way for an unknown time: broker time is at least what it says. When it differs too much
// from what was learnt, broker time has changed its pace, or the answer was slow: ask.
void Session::compare_time(std::uint64_t broker_now) {
  const std::int64_t least = static_cast<std::int64_t>(broker_now) - steady_ms();
  const std::int64_t known = broker_offset_ms_.load(std::memory_order_relaxed);
  if (least > known) broker_offset_ms_.store(least + rounding_ms, std::memory_order_relaxed);
  if ((least > known || known - least > lateness_ms) && pings_ == pongs_) ping_due_ = true;
}

Timestamp Session::broker_time() const {
  if (!knows_time()) return system_time();
  return Timestamp{Duration{steady_ms() + broker_offset_ms_.load(std::memory_order_relaxed)}};
}

}  // namespace ackwire::client
