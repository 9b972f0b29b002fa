#include "world.hpp"

#include <algorithm>

namespace ackwire::simulator {
namespace {

constexpr Duration drain_bound{240'000};  // simulated time within which everything must be delivered once all faults have ended
constexpr std::uint64_t events_max = 3'000'000;

}  // namespace

World::World(std::uint64_t seed, Plant plant) : random(seed), mix(make_mix(random)), plant_(plant) {
  outcome_.seed = seed;
  store_ = store::MemoryStore::make(seed, mix.store_bytes);
  observer_ = std::make_unique<Observer>(*store_,
                                         [this](std::string_view invariant, const std::string& what) { violate(invariant, what); });
  broker_ = std::make_unique<Broker>(*this, *store_, plant);
}

World::~World() = default;

Outcome World::run() {
  build();
  std::uint64_t handled = 0;
  while (!over_ && !events_.empty()) {
    Event event = events_.top();
    events_.pop();
    now = event.at;
    event.act();
    if (++handled > events_max) violate("liveness", "the simulation does not come to an end");
  }
  outcome_.simulated = now;
  outcome_.operations = broker_->operations;
  outcome_.crashes = broker_->crashes;
  outcome_.resumes = broker_->resumes;
  outcome_.longest_turn_ms = broker_->longest_turn_ms;
  outcome_.turns = broker_->turns;
  outcome_.confirms = observer_->confirms;
  outcome_.duplicates = observer_->duplicates;
  outcome_.refusals = observer_->refusals;
  outcome_.deliveries = observer_->deliveries;
  outcome_.acks = observer_->acks;
  outcome_.stale = observer_->stale;
  return outcome_;
}

void World::build() {
  {
    engine::Engine engine(*store_, {});
    const model::Now start{wall(), now};
    bool ok = engine.open(start).ok() && engine.begin(start).ok();
    for (std::uint32_t i = 0; i < mix.queues; ++i) {
      const std::string queue = "q" + std::to_string(i);
      engine.request(SessionId{0}, 1, model::CreateQueue{queue, mix.policy});
      QueueFacts& facts = observer_->facts().queues[queue];
      facts.policy = mix.policy;
      facts.max_attempts_seen = mix.policy.max_attempts;
      facts.groups = {"default"};
      if (mix.groups < 2) continue;
      engine.request(SessionId{0}, 1, model::CreateGroup{queue, "audit", true});
      facts.groups.push_back("audit");
    }
    ok = ok && engine.finish().ok();
    if (!ok) violate("harness", "the queues cannot be made");
  }
  broker_->start();
  for (std::uint32_t i = 0; i < mix.producers; ++i)
    clients_.push_back(std::make_unique<Producer>(*this, "q" + std::to_string(i % mix.queues), i));
  for (std::uint32_t i = 0; i < mix.queues; ++i) {
    const std::string queue = "q" + std::to_string(i);
    for (std::uint32_t c = 0; c < std::max(1u, mix.consumers / mix.queues); ++c) {
      clients_.push_back(std::make_unique<Consumer>(*this, queue, "default"));
    }
    if (mix.groups > 1) clients_.push_back(std::make_unique<Consumer>(*this, queue, "audit"));
  }
  clients_.push_back(std::make_unique<Operator>(*this));
  for (const auto& client : clients_) client->start();
  after(Duration{1'000}, [this] { each_second(); });
  after(mix.chaos, [this] { heal(); });
}

void World::each_second() {
  if (healed) return;
  for (const auto& client : clients_) {
    client->misbehave();
    if (client->connected() && random.chance(mix.session_cut)) {
      fault();
      cut(*client);
    }
  }
  if (random.chance(mix.partition)) {  // some clients at once, for longer than their leases or not
    trace("partition");
    for (const auto& client : clients_) {
      if (!client->connected() || !random.chance(500)) continue;
      fault();
      cut(*client);
    }
  }
  after(Duration{1'000}, [this] { each_second(); });
}

void World::heal() {
  healed = true;
  healed_at_ = now;
  trace("healed");
  for (const auto& client : clients_) client->healed();
  // What operators may have left in the way is put back by one who stays connected.
  for (std::uint32_t i = 0; i < mix.queues; ++i) {
    after(Duration{500}, [this, i] { unpause("q" + std::to_string(i)); });
  }
  after(Duration{1'000}, [this] { check_drained(); });
}

void World::unpause(const std::string& queue) {
  if (!broker_->up()) {
    after(Duration{100}, [this, queue] { unpause(queue); });
    return;
  }
  QueueChange change;
  change.paused = false;
  broker_->receive(SessionId{0}, std::make_shared<Command>(RequestCommand{1, model::SetQueue{queue, change}}));
}

void World::check_drained() {
  if (drained()) {
    trace("drained");
    observer_->recount(RecountReason::end);
    over_ = true;
    return;
  }
  if (now - healed_at_ > drain_bound)
    return violate("liveness", "messages are still waiting " + std::to_string(drain_bound.count()) + " ms after the last fault");
  after(Duration{500}, [this] { check_drained(); });
}

bool World::drained() {
  for (const auto& client : clients_) {
    if (!client->idle()) return false;
  }
  const Recount counted = recount(*store_);
  for (const auto& [name, queue] : counted.queues) {
    for (const auto& [group_name, group] : queue.groups) {
      if (group.blocks + group.retry > 0) return false;
    }
  }
  return true;
}

void World::after(Duration delay, std::function<void()> act) {
  events_.push({now + std::max(delay, Duration{0}), next_order_++, std::move(act)});
}

void World::trace(std::string_view kind, std::uint64_t a, std::uint64_t b, std::string_view bytes) {
  std::uint64_t& hash = outcome_.trace_hash;
  const auto fold = [&hash](std::uint64_t word) { hash = (hash ^ word) * 0x9e3779b97f4a7c15ull, hash ^= hash >> 29; };
  fold(static_cast<std::uint64_t>(now.count()));
  for (const char byte : kind) fold(static_cast<unsigned char>(byte));
  fold(a);
  fold(b);
  for (const char byte : bytes) fold(static_cast<unsigned char>(byte));
}

void World::violate(std::string_view invariant, const std::string& what) {
  over_ = true;
  if (!outcome_.violation.empty()) return;
  outcome_.invariant = invariant;
  outcome_.violation = what;
}

Outcome simulate(std::uint64_t seed, Plant plant) { return World(seed, plant).run(); }

}  // namespace ackwire::simulator
