#include "client/session.hpp"

#include <algorithm>
#include <utility>

namespace ackwire::client {
namespace {

constexpr int silent_heartbeats = 3;  // without a word from the broker, after which the connection is given up

std::int64_t steady_ms(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

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

void Session::welcomed(const wire::Welcome& welcome, Clock::time_point now) {
  phase_ = Phase::ready;
  failures_ = 0;
  boot_epoch_ = welcome.boot_epoch;
  session_timeout_ = Duration{welcome.session_timeout_ms};
  learn_time(welcome.now, now);
}

bool Session::lost() {
  hello_due_ = ping_due_ = false;
  return std::exchange(phase_, Phase::down) != Phase::down;
}

bool Session::next_hello(std::string& out, Clock::time_point now) {
  if (!std::exchange(hello_due_, false)) return false;
  out.clear();
  wire::Hello hello;
  hello.producer = producer_;
  hello.client_name = options_.name;
  wire::encode(out, hello);
  said_ = now;
  return true;
}

bool Session::next_ping(std::string& out, Clock::time_point now) {
  if (!ready() || !std::exchange(ping_due_, false)) return false;
  ++pings_;
  out.clear();
  wire::FrameWriter(out, wire::Operation::ping, pings_);  // numbered, so that its pong can be told from those nobody asked for
  said_ = now;
  return true;
}

void Session::ponged(std::uint32_t request, std::uint64_t broker_now, Clock::time_point now) {
  pongs_ = std::max(pongs_, request);
  learn_time(broker_now, now);
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

void Session::learn_time(std::uint64_t broker_now, Clock::time_point now) {
  broker_offset_ms_.store(static_cast<std::int64_t>(broker_now) - steady_ms(now), std::memory_order_relaxed);
  knows_time_.store(true, std::memory_order_release);
}

Timestamp Session::broker_time() const {
  if (!knows_time_.load(std::memory_order_acquire)) {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  return Timestamp{Duration{steady_ms(Clock::now()) + broker_offset_ms_.load(std::memory_order_relaxed)}};
}

}  // namespace ackwire::client
