#include "fake_broker.hpp"

#include <algorithm>
#include <future>

#include "format/confirm.hpp"
#include "format/record.hpp"
#include "wire/consume.hpp"
#include "wire/json.hpp"
#include "wire/publish.hpp"
#include "wire/session.hpp"

namespace ackwire::test {

using wire::Operation;

class FakeLink final : public client::Link {
 public:
  explicit FakeLink(FakeBroker& broker) : broker_(broker) {}
  ~FakeLink() override { stop(std::chrono::milliseconds{0}); }
  Status start(client::LinkUser& user) override {
    started_ = true;
    broker_.run([&] { broker_.attach(user); });
    return {};
  }
  void wake() override { broker_.wake(); }
  void stop(std::chrono::milliseconds) override {
    if (!std::exchange(started_, false)) return;
    broker_.run([&] { broker_.detach(); });
  }

 private:
  FakeBroker& broker_;
  bool started_ = false;
};

FakeBroker::FakeBroker() : thread_([this] { loop(); }) {}

FakeBroker::~FakeBroker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::unique_ptr<client::Link> FakeBroker::link() { return std::make_unique<FakeLink>(*this); }

void FakeBroker::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void FakeBroker::run(const std::function<void()>& act) {
  if (std::this_thread::get_id() == thread_.get_id()) return act();
  std::promise<void> done;
  {
    const std::lock_guard lock(mutex_);
    acts_.push_back([&] {
      act();
      done.set_value();
    });
    changed_.notify_all();
  }
  done.get_future().wait();
}

void FakeBroker::loop() {
  std::chrono::milliseconds pause{1'000};
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait_for(lock, pause, [&] { return woken_ || stopping_ || !acts_.empty(); });
    if (stopping_ && acts_.empty()) return;
    woken_ = false;
    std::deque<std::function<void()>> acts = std::exchange(acts_, {});
    lock.unlock();
    for (const auto& act : acts) act();
    if (user_ != nullptr) {
      drain();
      pause = user_->tick(std::chrono::steady_clock::now());
      if (user_->wants_reconnect()) {
        ++reconnects_;
        cut(true);
        pause = std::min(pause, user_->backoff());
      }
      drain();
    }
    lock.lock();
  }
}

void FakeBroker::attach(client::LinkUser& user) {
  user_ = &user;
  user_->connected();
}

void FakeBroker::detach() {
  if (user_ != nullptr) drain();
  end_session();
  user_ = nullptr;
}

void FakeBroker::cut(bool again) {
  run([=, this] {
    if (user_ == nullptr) return;
    end_session();
    user_->disconnected("cut");
    if (again) user_->connected();
  });
}

void FakeBroker::connect_again() {
  run([this] { user_->connected(); });
}

void FakeBroker::restart() {
  run([this] {
    ++boot_epoch;
    end_session();
  });
}

std::uint64_t FakeBroker::time() const {
  if (!time_passes) return now_ms;
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
  return now_ms + static_cast<std::uint64_t>(passed.count());
}

void FakeBroker::end_session() {
  session_ = false;
  for (auto& [id, member] : members_) give_back(member);
  members_.clear();
}

void FakeBroker::give_back(Member& member) {
  for (auto& [sequence, message] : member.leased) waiting_.emplace(sequence, std::move(message));
  member.leased.clear();
}

void FakeBroker::send(std::string frame) {
  run([&] {
    const auto owner = std::make_shared<const std::string>(std::move(frame));
    if (user_ != nullptr) user_->received(*owner, owner);
  });
}

/// Everything there is from the client, then the answers, as after a commit.
void FakeBroker::drain() {
  std::string frame;
  while (true) {
    while (user_->next_frame(frame)) handle(frame);
    if (session_) dispatch();
    if (outbox_.empty()) return;
    if (answer_delay.count() > 0) std::this_thread::sleep_for(answer_delay);
    for (std::string& answer : std::exchange(outbox_, {})) {
      const auto owner = std::make_shared<const std::string>(std::move(answer));
      user_->received(*owner, owner);
    }
  }
}

void FakeBroker::handle(const std::string& bytes) {
  wire::Frame frame;
  if (!wire::split_frame(bytes, frame)) std::abort();
  received_.emplace_back(frame.operation, bytes);
  changed_.notify_all();
  if (frame.operation == Operation::hello) {
    end_session();
    if (!welcomes) return;
    const auto hello = wire::decode_hello(frame.payload);
    if (!hello) std::abort();
    if (hello->life && life_refusal.code != Errc::ok) {
      wire::encode_error(outbox_.emplace_back(), frame.request, life_refusal);
      return;
    }
    if (hello->capabilities && !knows_capabilities) {
      wire::encode_error(outbox_.emplace_back(), frame.request,
                         {Errc::invalid_argument, "A hello has flags 2; they may be 0, or 1.", {}, {}});
      return;
    }
    session_ = true;
    wire::Welcome welcome;
    welcome.session_timeout_ms = session_timeout_ms;
    welcome.boot_epoch = boot_epoch;
    welcome.now = time();
    welcome.store_id = store_id;
    welcome.max_frame_bytes = 8u << 20;
    welcome.software = "fake";
    if (hello->capabilities) welcome.capabilities = capabilities;
    wire::encode(outbox_.emplace_back(), welcome);
    return;
  }
  if (!session_) {
    wire::encode_error(outbox_.emplace_back(), frame.request, {Errc::no_session, "say hello"});
    return;
  }
  switch (frame.operation) {
    case Operation::publish: return publish(frame);
    case Operation::subscribe: return subscribe(frame);
    case Operation::settle: return settle(frame);
    case Operation::request: return request(frame);
    case Operation::ping:
      if (pongs) wire::encode_pong(outbox_.emplace_back(), time(), frame.request);
      return;
    case Operation::credit: {
      const auto credit = wire::decode_credit(frame.payload);
      members_[static_cast<std::uint32_t>(credit->subscription)].credit = credit->credit;
      return;
    }
    case Operation::unsubscribe: {
      const auto id = static_cast<std::uint32_t>(*wire::decode_unsubscribe(frame.payload));
      give_back(members_[id]);
      members_.erase(id);
      return;
    }
    default: return;
  }
}

void FakeBroker::publish(const wire::Frame& frame) {
  model::Publish publish;
  if (!wire::decode_publish(frame.payload, publish)) std::abort();
  if (!answers_.contains(publish.producer_sequence)) {
    if (publish.producer_sequence < next_producer_sequence_) std::abort();  // out of order
    next_producer_sequence_ = publish.producer_sequence;
    format::ConfirmWriter writer;
    for (const model::PublishBatch& batch : publish.batches) {
      ++next_producer_sequence_;
      if (publish_refusal.code != Errc::ok) {
        writer.refused(publish_refusal);
        continue;
      }
      writer.stored(next_sequence_, batch.count);
      std::string_view records = batch.records;
      format::Record record;
      for (std::uint32_t i = 0; i < batch.count; ++i) {
        if (!format::split(records, record) || !format::checksum_ok(record)) std::abort();
        waiting_.emplace(next_sequence_, Stored{next_sequence_, 0, std::string(record.bytes)});
        ++next_sequence_;
      }
    }
    answers_[publish.producer_sequence] = writer.take();
  }
  if (!confirms) return;
  std::string& out = outbox_.emplace_back();
  wire::encode_confirm_head(out, publish.producer_sequence, publish.queue);
  out += answers_[publish.producer_sequence];
}

void FakeBroker::subscribe(const wire::Frame& frame) {
  const auto subscribe = wire::decode_subscribe(frame.payload);
  if (subscribe_refusal.code == Errc::ok) members_[static_cast<std::uint32_t>(subscribe->subscription)].credit = subscribe->credit;
  wire::encode(outbox_.emplace_back(), model::Subscribed{subscribe->subscription, visibility_timeout_ms, subscribe_refusal});
}

void FakeBroker::settle(const wire::Frame& frame) {
  model::Settle settle;
  if (!wire::decode_settle(frame.payload, settle)) std::abort();
  settle.request = frame.request;
  model::SettleResult result{settle.subscription, settle.request};
  Member& member = members_[static_cast<std::uint32_t>(settle.subscription)];
  for (const model::SettleRange& range : settle.ranges) {
    for (std::uint64_t sequence = range.first_sequence; sequence < range.first_sequence + range.count; ++sequence) {
      const auto leased = member.leased.find(sequence);
      if (settle.boot_epoch != boot_epoch || leased == member.leased.end() || leased->second.delivery != range.delivery) {
        result.stale.push_back({sequence, 1, range.delivery});
        continue;
      }
      ++result.applied;
      if (settle.kind == model::SettleKind::extend) continue;
      if (settle.kind == model::SettleKind::release || settle.kind == model::SettleKind::nack) {
        waiting_.emplace(sequence, std::move(leased->second));
      }
      member.leased.erase(leased);
    }
  }
  if (settles) wire::encode(outbox_.emplace_back(), result);
}

void FakeBroker::request(const wire::Frame& frame) {
  const auto what = wire::request_from_json(frame.payload);
  if (!what) std::abort();
  if (replies) wire::encode(outbox_.emplace_back(), frame.request, reply(*what));
}

void FakeBroker::dispatch() {
  for (auto& [id, member] : members_) {
    std::string runs;
    while (!waiting_.empty() && member.leased.size() < member.credit) {
      Stored message = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      ++message.delivery;
      std::string record = message.record;
      if (corrupt_byte < record.size()) record[corrupt_byte] = static_cast<char>(record[corrupt_byte] ^ 1);
      format::append_run(runs, {message.sequence, now_ms, 1, message.delivery, delivery_attempts, record});
      member.leased.emplace(message.sequence, std::move(message));
    }
    if (runs.empty()) continue;
    std::string& out = outbox_.emplace_back();
    wire::encode_deliver_head(out, model::SubscriptionId{id});
    out += runs;
  }
}

std::vector<std::string> FakeBroker::frames(Operation operation) {
  std::vector<std::string> found;
  run([&] {
    for (const auto& [kind, bytes] : received_) {
      if (kind == operation) found.push_back(bytes);
    }
  });
  return found;
}

std::size_t FakeBroker::count(Operation operation) { return frames(operation).size(); }

bool FakeBroker::wait_for(Operation operation, std::size_t wanted, std::chrono::milliseconds wait) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (count(operation) < wanted) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

std::vector<Stored> FakeBroker::stored() {
  std::vector<Stored> all;
  run([&] {
    for (const auto& [sequence, message] : waiting_) all.push_back(message);
    for (const auto& [id, member] : members_) {
      for (const auto& [sequence, message] : member.leased) all.push_back(message);
    }
  });
  return all;
}

}  // namespace ackwire::test
