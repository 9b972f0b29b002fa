#include "memory_backend.hpp"

#include "backend/delivery.hpp"
#include "format/record.hpp"

namespace ackwire::test {
namespace {

constexpr std::uint64_t boot_epoch = 1;

Error no_queue() { return {Errc::no_queue, "There is no such queue."}; }
Error closed() { return {Errc::closed, "The log is closed."}; }

Timestamp now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

/// An outcome that is known from the start.
struct Stored final : PendingPublish::State {
  std::vector<Receipt> receipts;
  Result<std::vector<Receipt>> wait(const Wait&) override { return receipts; }
  bool done() const override { return true; }
};

class MemorySubscription final : public backend::Subscription {
 public:
  MemorySubscription(std::shared_ptr<MemoryLog> log, std::string_view queue) : log_(std::move(log)), queue_(queue) {}
  ~MemorySubscription() override { close(Wait{Duration{0}}); }
  MemorySubscription(const MemorySubscription&) = delete;
  MemorySubscription& operator=(const MemorySubscription&) = delete;

  Result<std::vector<Delivery>> receive(std::size_t max, const Wait& wait) override {
    std::unique_lock lock(log_->mutex);
    MemoryQueue& queue = log_->queues.at(queue_);
    const std::uint64_t interrupts = interrupts_;
    wait.on(log_->arrived, lock, [&] { return log_->closed || interrupts_ != interrupts || !queue.ready.empty(); });
    if (log_->closed) return closed();
    std::vector<Delivery> deliveries;
    while (!queue.ready.empty() && deliveries.size() < max) {
      MemoryMessage message = std::move(queue.ready.front());
      queue.ready.pop_front();
      ++message.deliveries, ++message.attempts;
      hand_out(message, deliveries.emplace_back());
      queue.leased.emplace(message.sequence, std::move(message));
    }
    return deliveries;
  }

  Result<Settled> settle(std::span<const Delivery> deliveries, const Settlement& how, const Wait&) override {
    const std::lock_guard lock(log_->mutex);
    MemoryQueue& queue = log_->queues.at(queue_);
    Settled settled;
    for (const Delivery& delivery : deliveries) {
      const auto leased = queue.leased.find(delivery.sequence());
      if (leased == queue.leased.end() || leased->second.deliveries != delivery.deliveries()) {
        settled.stale.push_back(delivery.sequence());
        continue;
      }
      ++settled.applied;
      if (how.kind == SettleKind::extend) continue;
      MemoryMessage message = std::move(leased->second);
      queue.leased.erase(leased);
      if (how.kind == SettleKind::ack) ++queue.acked;
      if (how.kind == SettleKind::reject) ++queue.dead;
      if (how.kind == SettleKind::release) --message.attempts;
      if (how.kind == SettleKind::nack || how.kind == SettleKind::release) queue.ready.push_front(std::move(message));
    }
    log_->arrived.notify_all();
    return settled;
  }

  void ack_async(std::span<const Delivery> deliveries) override {
    const auto settled = settle(deliveries, {}, Wait{Duration{0}});
    stale_acks_ += settled->stale.size();
  }
  Status flush(const Wait&) override { return {}; }
  std::uint64_t stale_acks() const override { return stale_acks_; }
  Status set_credit(std::uint32_t) override { return {}; }
  Status give_back() override { return {}; }  // nothing is received before it is asked for
  void interrupt() override {
    const std::lock_guard lock(log_->mutex);
    ++interrupts_;
    log_->arrived.notify_all();
  }
  void close(const Wait&) override { interrupt(); }
  Duration call_timeout() const override { return Duration{1'000}; }

 private:
  static void hand_out(const MemoryMessage& message, Delivery& out) {
    std::string_view bytes = *message.record;
    format::Record record;
    if (!format::split(bytes, record)) return;
    DeliveryMaker::make({.owner = message.record,
                         .token = {boot_epoch, message.sequence, message.deliveries},
                         .attempts = message.attempts,
                         .publish_time = now(),
                         .body = record.body,
                         .idempotency_key = record.key,
                         .ordering_key = record.ordering_key,
                         .headers = record.headers,
                         .header_count = record.header_count},
                        out);
  }

  const std::shared_ptr<MemoryLog> log_;
  const std::string queue_;
  std::uint64_t interrupts_ = 0;
  std::uint64_t stale_acks_ = 0;
};

QueueInfo info_of(const std::string& name, const MemoryQueue& queue) {
  QueueInfo info;
  info.name = name;
  info.policy = queue.policy;
  info.next_sequence = queue.next_sequence;
  info.published = queue.next_sequence - 1;
  GroupInfo& group = info.groups.emplace_back();
  group.name = "default";
  group.ready = queue.ready.size();
  group.leased = queue.leased.size();
  group.acked = queue.acked;
  group.dead = queue.dead;
  return info;
}

}  // namespace

Result<backend::Publishing> MemoryBackend::publish(std::string_view queue, std::span<const Message> messages, backend::Refusal,
                                                   const Wait&) {
  const std::lock_guard lock(log_->mutex);
  if (log_->closed) return closed();
  const auto found = log_->queues.find(queue);
  if (found == log_->queues.end()) return no_queue();
  auto stored = std::make_shared<Stored>();
  for (const Message& message : messages) {
    auto record = std::make_shared<std::string>();
    if (Status status = format::encode(message, now(), *record); !status) return std::move(status).error();
    stored->receipts.push_back({.sequence = found->second.next_sequence});
    found->second.ready.push_back({std::move(record), found->second.next_sequence++});
  }
  log_->arrived.notify_all();
  return backend::Publishing(std::move(stored));
}

Result<std::shared_ptr<backend::Subscription>> MemoryBackend::subscribe(std::string_view queue, const ConsumerOptions&,
                                                                        const Wait&) {
  const std::lock_guard lock(log_->mutex);
  if (!log_->queues.contains(queue)) return no_queue();
  return std::shared_ptr<backend::Subscription>(std::make_shared<MemorySubscription>(log_, queue));
}

Result<model::Reply> MemoryBackend::request(const model::Request& what, const Wait&) {
  const std::lock_guard lock(log_->mutex);
  if (const auto* create = std::get_if<model::CreateQueue>(&what)) {
    MemoryQueue& queue = log_->queues[create->queue];
    queue.policy = create->policy;
    return model::Reply{info_of(create->queue, queue)};
  }
  if (const auto* get = std::get_if<model::GetQueue>(&what)) {
    const auto found = log_->queues.find(get->queue);
    if (found == log_->queues.end()) return no_queue();
    return model::Reply{info_of(found->first, found->second)};
  }
  return Error{Errc::unknown_operation, "This backend does not know the request."};
}

ConnectionState MemoryBackend::state() const {
  const std::lock_guard lock(log_->mutex);
  return log_->closed ? ConnectionState::closed : ConnectionState::connected;
}

Status MemoryBackend::close(const Wait&) {
  const std::lock_guard lock(log_->mutex);
  log_->closed = true;
  log_->arrived.notify_all();
  return {};
}

}  // namespace ackwire::test
