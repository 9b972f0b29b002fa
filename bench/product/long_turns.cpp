// The longest turn of an engine whose every long work runs once over a deep queue: everybody waits for a turn, so none may be long.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "ackwire/limits.hpp"
#include "engine/engine.hpp"
#include "format/record.hpp"
#include "product/product.hpp"
#include "store/lmdb_store.hpp"

namespace ackwire::bench {
namespace {

constexpr std::uint32_t frame_messages = 1'000;
constexpr Duration ttl{3'600'000};

double ms_since(Clock::time_point start) { return 1e3 * seconds_since(start); }

/// A store that tells how long its commits took: what a turn waits for the disk is not the engine's.
class TimedStore : public store::Store {
 public:
  explicit TimedStore(store::Store& inner) : inner_(inner) {}
  Result<std::unique_ptr<store::Transaction>> begin() override {
    auto begun = inner_.begin();
    if (!begun) return begun;
    return std::unique_ptr<store::Transaction>(std::make_unique<Timed>(*this, *std::move(begun)));
  }
  store::Usage usage() const override { return inner_.usage(); }
  std::string_view id() const override { return inner_.id(); }
  std::string_view secret() const override { return inner_.secret(); }
  double take_commit_ms() { return std::exchange(commit_ms_, 0); }

 private:
  class Timed : public store::Transaction {
   public:
    Timed(TimedStore& store, std::unique_ptr<store::Transaction> inner) : store_(store), inner_(std::move(inner)) {}
    std::optional<std::string_view> get(store::Table table, std::string_view key) override { return inner_->get(table, key); }
    void put(store::Table table, std::string_view key, std::string_view value) override { inner_->put(table, key, value); }
    bool erase(store::Table table, std::string_view key) override { return inner_->erase(table, key); }
    bool seek(store::Table table, std::string_view key, store::Row& row) override { return inner_->seek(table, key, row); }
    bool seek_back(store::Table table, std::string_view key, store::Row& row) override {
      return inner_->seek_back(table, key, row);
    }
    Status status() const override { return inner_->status(); }
    Status commit() override {
      const auto start = Clock::now();
      const Status done = inner_->commit();
      store_.commit_ms_ += ms_since(start);
      return done;
    }

   private:
    TimedStore& store_;
    std::unique_ptr<store::Transaction> inner_;
  };

  store::Store& inner_;
  double commit_ms_ = 0;
};

/// An engine with one queue of two groups, turn by turn.
class Turns {
 public:
  explicit Turns(const std::string& directory)
      : inner_(must(store::open_lmdb(directory, {}))), store_(*inner_), engine_(store_, {}) {
    must(engine_.open(now()));
    QueuePolicy policy = deep_queue();
    policy.ttl = ttl;
    ask(model::CreateQueue{product_queue, policy});
    must(format::encode(Message{.body = std::string(body_bytes, 'x')}, now().wall, record_));
  }

  void publish(std::uint64_t messages) {
    std::string records;
    for (std::uint32_t i = 0; i < frame_messages; ++i) records += record_;
    for (std::uint64_t sent = 0; sent < messages; sent += frame_messages) {
      model::Publish frame;
      frame.queue = product_queue;
      frame.producer.fill('p');
      frame.producer_sequence = frame.first_unconfirmed = ++frames_;
      frame.batches.push_back({frame_messages, records});
      turn([&](engine::Engine& e) { e.publish(user, frame); });
    }
  }
  /// The request, and turns until all that it set going is done.
  void ask(const model::Request& request) {
    turn([&](engine::Engine& e) { e.request(user, 1, request); });
    work_off();
  }
  void expire() {
    mono_ += 2 * ttl;
    work_off();
  }
  /// One consumer takes as much as it may, and is gone.
  void take_and_leave() {
    turn([](engine::Engine& e) { e.subscribe(user, {model::SubscriptionId{1}, product_queue, "default", limits::credit, 1}); });
    work_off();
    turn([](engine::Engine& e) { e.end_session(user); });
    work_off();
  }
  /// Of the turns since the last call.
  double take_longest_ms() { return std::exchange(longest_ms_, 0); }
  std::uint64_t count() const { return count_; }

 private:
  static constexpr model::SessionId user{1};

  model::Now now() const { return {Timestamp{mono_}, mono_}; }

  template <class Act>
  void turn(Act act) {
    store_.take_commit_ms();
    const auto start = Clock::now();
    must(engine_.begin(now()));
    act(engine_);
    must(engine_.finish());
    ++count_;
    longest_ms_ = std::max(longest_ms_, ms_since(start) - store_.take_commit_ms());
    for (const model::Effect& effect : engine_.take_effects()) {
      const auto* answer = std::get_if<model::Answer>(&effect.what);
      if (const auto* error = answer ? std::get_if<Error>(&answer->reply) : nullptr) must(Status(*error));
    }
  }
  void work_off() {
    for (auto next = engine_.next_wakeup(); next && *next <= mono_; next = engine_.next_wakeup()) turn([](engine::Engine&) {});
  }

  std::unique_ptr<store::Store> inner_;
  TimedStore store_;
  engine::Engine engine_;
  std::string record_;
  Duration mono_{1'000'000'000};
  std::uint64_t frames_ = 0;
  std::uint64_t count_ = 0;
  double longest_ms_ = 0;
};

}  // namespace

ResultLine long_turns(const ProductOptions& options) {
  const ScratchDirectory scratch(options.directory);
  Turns turns(scratch.path());
  ResultLine line;
  double longest = 0;
  const auto add = [&](const char* name) {
    const double ms = turns.take_longest_ms();
    line.add(name, ms);
    longest = std::max(longest, ms);
  };
  const std::string queue = product_queue;
  turns.publish(options.backlog / 5);
  add("publish_ms");
  turns.ask(model::CreateGroup{queue, "second", true});
  add("from_oldest_ms");
  turns.take_and_leave();
  add("take_and_leave_ms");
  turns.expire();
  add("expire_ms");
  turns.ask(model::StartJob{JobKind::redrive, queue, "second", {}});
  add("redrive_ms");
  turns.ask(model::StartJob{JobKind::discard, queue, "default", {}});
  add("discard_ms");
  turns.publish(options.backlog / 5);
  turns.ask(model::StartJob{JobKind::purge, queue, {}, {}});
  add("purge_ms");
  turns.publish(options.backlog / 5);
  turns.ask(model::RemoveQueue{queue, true});
  add("remove_ms");
  return line.add("turns", static_cast<double>(turns.count())).add("longest_turn_ms", longest);
}

}  // namespace ackwire::bench
