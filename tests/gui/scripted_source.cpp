// SPDX-License-Identifier: GPL-3.0-only
#include "scripted_source.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

namespace ackwire::dashboard::test {
namespace {

using namespace std::chrono_literals;

Timestamp now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

/// A day with a wave in it, so that charts have something to show.
Sample sample_at(Timestamp time, Duration slot) {
  const double seconds = static_cast<double>(slot.count()) / 1e3;
  const double at = static_cast<double>(time.time_since_epoch().count()) / 1e3;
  const double load = 900 + 500 * std::sin(at / 40) + 150 * std::sin(at / 3.1);
  const auto count = [&](double rate) { return static_cast<std::uint64_t>(std::max(0.0, rate * seconds)); };
  Sample sample;
  sample.time = time;
  sample.published = count(load);
  sample.suppressed = count(load * 0.02);
  sample.delivered = count(load * 1.01);
  sample.redelivered = count(load * 0.012);
  sample.acked = count(load * 0.998);
  sample.nacked = count(load * 0.01);
  sample.dead_lettered = std::fmod(at, 97) < seconds ? 1 : 0;
  sample.depth = static_cast<std::uint64_t>(400 + 300 * std::sin(at / 55));
  sample.leased = sample.depth / 4;
  sample.delayed = 12;
  sample.dead = 37;
  sample.latency_p50_ms = 4 + 2 * std::sin(at / 20);
  sample.latency_p95_ms = 18 + 9 * std::sin(at / 31);
  sample.latency_p99_ms = 70 + 45 * std::sin(at / 47);
  return sample;
}

Duration slot_of(Resolution resolution) {
  return resolution == Resolution::second ? Duration{1s} : resolution == Resolution::ten_seconds ? Duration{10s} : Duration{5min};
}

}  // namespace

class ScriptedSource final : public DataSource {
 public:
  explicit ScriptedSource(Script& script) : script_(script) {}

  Result<BrokerStats> stats() override {
    if (auto error = fault()) return *error;
    ++script_.polls_;
    std::scoped_lock lock(script_.mutex_);
    BrokerStats stats;
    stats.version = "0.1.0";
    stats.store_id = "5c71";
    stats.boot_epoch = script_.boot_epoch_;
    stats.now = now();
    stats.started = stats.now - 1h;
    for (const auto& [name, queue] : script_.queues_) stats.queues.push_back(queue.info);
    return stats;
  }

  Result<std::vector<Sample>> history(const HistoryQuery& query) override {
    if (auto error = fault()) return *error;
    const auto slot = slot_of(query.resolution);
    std::vector<Sample> samples;
    auto at = Timestamp{(query.from.time_since_epoch() + slot - Duration{1}) / slot * slot};
    for (; at + slot <= now() && samples.size() < 1'000; at += slot) samples.push_back(sample_at(at, slot));
    return samples;
  }

  Result<DeadPage> dead_letters(std::string_view queue, std::string_view, std::uint64_t from, std::uint32_t count,
                                std::uint64_t body_bytes) override {
    if (auto error = fault()) return *error;
    ++script_.page_reads_;
    std::scoped_lock lock(script_.mutex_);
    DeadPage page;
    const auto found = script_.queues_.find(std::string(queue));
    if (found == script_.queues_.end()) return Error{Errc::no_queue, "There is no such queue.", {}, {}};
    const auto& of = found->second;
    page.total = of.info.groups.front().dead;
    if (of.emptied) return page;
    std::uint64_t row = from <= 7 ? 0 : (from - 7 + 2) / 3;
    for (; row < of.letters; ++row) {
      if (of.removed.contains(Script::sequence_of(row))) continue;
      if (page.letters.size() == count) {
        page.next = Script::sequence_of(row);
        break;
      }
      page.letters.push_back(script_.letter_at(row));
      if (body_bytes < page.letters.back().body.size()) page.letters.back().body.resize(body_bytes);
    }
    return page;
  }

  Result<DeadMoved> redrive(std::string_view queue, std::string_view group, const DeadFilter& filter) override {
    return move("redrive", queue, group, filter);
  }
  Result<DeadMoved> discard(std::string_view queue, std::string_view group, const DeadFilter& filter) override {
    return move("discard", queue, group, filter);
  }

  Status set_paused(std::string_view queue, bool paused) override {
    if (auto error = fault()) return *error;
    std::scoped_lock lock(script_.mutex_);
    script_.queues_.at(std::string(queue)).info.policy.paused = paused;
    if (script_.action_fault_) return *script_.action_fault_;
    return {};
  }

  Status wait_connected(Duration) override {
    if (shut_) return Error{Errc::closed, "closed", {}, {}};
    if (script_.refused_) return Error{Errc::unsupported_version, "the broker speaks protocol 2, this dashboard 1", {}, {}};
    std::scoped_lock lock(script_.mutex_);
    if (!script_.connected_) return Error{Errc::timeout, "no answer", {}, {}};
    return {};
  }

  void on_state_change(StateCallback callback) override {
    std::scoped_lock lock(mutex_);
    callback_ = std::move(callback);
  }
  void shut() override { shut_ = true; }

  void tell(ConnectionState state, std::string_view reason) {
    std::scoped_lock lock(mutex_);
    if (callback_) callback_(state, reason);
  }

 private:
  std::optional<Error> fault() {
    for (auto left = script_.delay_ms_.load(); left > 0 && !shut_; left -= 5) std::this_thread::sleep_for(5ms);
    if (shut_) return Error{Errc::closed, "closed", {}, {}};
    std::scoped_lock lock(script_.mutex_);
    if (!script_.connected_) return Error{Errc::disconnected, script_.reason_, {}, {}};
    return std::nullopt;
  }

  Result<DeadMoved> move(std::string verb, std::string_view queue, std::string_view group, const DeadFilter& filter) {
    if (auto error = fault()) return *error;
    std::scoped_lock lock(script_.mutex_);
    auto& of = script_.queues_.at(std::string(queue));
    auto& info = of.info.groups.front();
    script_.moved_.push_back({verb, std::string(queue), std::string(group), filter.sequences});
    DeadMoved moved;
    if (filter.sequences.empty()) {
      moved.moved = info.dead;
      of.emptied = true;
    }
    for (const auto sequence : filter.sequences) {
      const bool there = sequence >= 7 && (sequence - 7) % 3 == 0 && (sequence - 7) / 3 < of.letters;
      if (there && of.removed.insert(sequence).second) {
        ++moved.moved;
      } else {
        moved.not_found.push_back(sequence);
      }
    }
    info.dead -= moved.moved;
    if (verb == "redrive") info.redriven += moved.moved;
    if (script_.action_fault_) return *script_.action_fault_;
    return moved;
  }

  Script& script_;
  std::mutex mutex_;
  StateCallback callback_;
  std::atomic<bool> shut_{false};
};

Script::Script() = default;

void Script::add_queue(const std::string& name, std::uint64_t dead) {
  std::scoped_lock lock(mutex_);
  Queue queue;
  queue.letters = dead;
  auto& info = queue.info;
  info.name = name;
  info.id = next_id_++;
  info.next_sequence = sequence_of(dead) + 1'000;
  info.published = info.next_sequence - 1;
  info.depth = 120 + name.size() * 7;
  GroupInfo group;
  group.name = "default";
  group.ready = info.depth - 20;
  group.leased = 20;
  group.dead = group.dead_lettered = dead;
  group.published = info.published;
  group.acked = info.published - info.depth - dead;
  group.delivered = info.published;
  group.redelivered = info.published / 100;
  group.consumers = 3;
  group.oldest_age = 4'200ms;
  info.groups.push_back(group);
  queues_[name] = std::move(queue);
}

void Script::remove_queue(const std::string& name) {
  std::scoped_lock lock(mutex_);
  queues_.erase(name);
}

void Script::kill_more(const std::string& queue, std::uint64_t count) {
  std::scoped_lock lock(mutex_);
  auto& of = queues_.at(queue);
  of.letters += count;
  of.info.groups.front().dead += count;
  of.info.groups.front().dead_lettered += count;
  of.info.next_sequence = std::max(of.info.next_sequence, sequence_of(of.letters) + 1);
}

std::uint64_t Script::dead(const std::string& queue) const {
  std::scoped_lock lock(mutex_);
  return queues_.at(queue).info.groups.front().dead;
}

bool Script::paused(const std::string& queue) const {
  std::scoped_lock lock(mutex_);
  return queues_.at(queue).info.policy.paused;
}

void Script::set_action_fault(std::optional<Error> fault) {
  std::scoped_lock lock(mutex_);
  action_fault_ = std::move(fault);
}

void Script::take_away(const std::string& queue, std::uint64_t sequence) {
  std::scoped_lock lock(mutex_);
  auto& of = queues_.at(queue);
  if (!of.removed.insert(sequence).second) return;
  --of.info.groups.front().dead;
  ++of.info.groups.front().redriven;
}

void Script::set_letter(DeadLetter letter, std::optional<std::uint32_t> attempts) {
  std::scoped_lock lock(mutex_);
  attempts_ = attempts;
  letter_ = std::move(letter);
}

DeadLetter Script::letter_at(std::uint64_t row) const {
  DeadLetter letter;
  if (letter_) {
    letter = *letter_;
  } else {
    letter.body = R"({"order":)" + std::to_string(row) + R"(,"amount":12.50,"lines":[{"sku":"A-1","count":2}]})";
    letter.idempotency_key = "ord-" + std::to_string(row);
    letter.headers = {{"content-type", "application/json"}, {"tenant", "a"}};
  }
  letter.sequence = sequence_of(row);
  letter.reason = row % 5 == 0 ? DeadReason::rejected : DeadReason::max_attempts;
  letter.detail = row % 5 == 0 ? "ValueError: amount is negative" : "TimeoutError: payment service did not answer in 5 s";
  letter.deliveries = letter.attempts = row % 5 == 0 ? 1 : 10;
  if (attempts_) letter.attempts = *attempts_;
  letter.redrives = row % 7 == 0 ? 2 : 0;
  letter.publish_time = Timestamp{Duration{1'795'400'000'000 + static_cast<std::int64_t>(row) * 1'000}};
  letter.dead_time = letter.publish_time + 95s;
  letter.errors = {{letter.publish_time + 1s, 1, letter.detail}, {letter.publish_time + 4s, 2, "lease expired"}};
  if (!letter_) letter.body_bytes = letter.body.size();
  return letter;
}

void Script::set_connected(bool connected, const std::string& reason) {
  std::vector<std::shared_ptr<ScriptedSource>> sources;
  {
    std::scoped_lock lock(mutex_);
    connected_ = connected;
    reason_ = reason;
    for (const auto& weak : sources_) {
      if (auto source = weak.lock()) sources.push_back(std::move(source));
    }
  }
  for (const auto& source : sources) source->tell(connected ? ConnectionState::connected : ConnectionState::disconnected, reason);
}

std::vector<Script::Moved> Script::moved() const {
  std::scoped_lock lock(mutex_);
  return moved_;
}

SourceFactory Script::factory() {
  return [this](Purpose) -> Result<std::shared_ptr<DataSource>> {
    auto source = std::make_shared<ScriptedSource>(*this);
    std::scoped_lock lock(mutex_);
    sources_.push_back(source);
    return std::shared_ptr<DataSource>(source);
  };
}

}  // namespace ackwire::dashboard::test
