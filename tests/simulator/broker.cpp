#include "broker.hpp"

#include <time.h>

#include <algorithm>

#include "engine/planted.hpp"
#include "world.hpp"

namespace ackwire::simulator {
namespace {

engine::Planted engine_fault(Plant plant) {
  switch (plant) {
    case Plant::dedupe_apart: return engine::Planted::dedupe_apart;
    case Plant::ack_without_token: return engine::Planted::ack_without_token;
    case Plant::sequence_from_last_key: return engine::Planted::sequence_from_last_key;
    default: return engine::Planted::none;
  }
}

double processor_ms() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return 1e3 * static_cast<double>(used.tv_sec) + 1e-6 * static_cast<double>(used.tv_nsec);
}

}  // namespace

Broker::Broker(World& world, store::MemoryStore& store, Plant plant) : world_(world), store_(store), plant_(plant) {}

model::Now Broker::now() const { return {world_.wall(), world_.now}; }

void Broker::start() {
  options_.seed = world_.random.next();
  options_.store_soft_limit = world_.mix.store_soft_limit;
  options_.sweep_messages = static_cast<std::uint32_t>(world_.random.between(20, 400));
  engine_ = std::make_unique<engine::Engine>(store_, options_);
  engine::plant(engine_fault(plant_));
  if (plant_ == Plant::lying_disk) store_.fault_next_commit(store::CommitFault::lying);
  const Status opened = engine_->open(now());
  if (!opened) return world_.violate("I1", "the store cannot be opened again: " + opened.error().message);
  world_.observer().restarted(engine_->boot_epoch());
  world_.trace("start", engine_->boot_epoch());
  schedule(world_.now);
}

void Broker::receive(SessionId session, SharedCommand command) {
  if (!up()) return;
  inbox_.push_back({session, std::move(command)});
  schedule(world_.now + Duration{world_.random.between(0, 4)});
}

void Broker::schedule(Duration at) {
  if (scheduled_ >= Duration{0} && scheduled_ <= at) return;
  scheduled_ = at;
  world_.after(at - world_.now, [this, at, life = life_] {
    if (life != life_ || scheduled_ != at) return;
    scheduled_ = Duration{-1};
    turn();
  });
}

void Broker::turn() {
  ++turns;
  world_.trace("turn", inbox_.size());
  const double begun_ms = processor_ms();
  if (const Status begun = engine_->begin(now()); !begun) return crash(Crash::process);
  std::vector<Received> taken = std::exchange(inbox_, {});
  for (const Received& received : taken) {
    ++operations;
    world_.observer().processed(received.session, *received.command, world_.now);
    apply(received.session, *received.command);
  }
  const bool faulty = !world_.healed;
  if (plant_ == Plant::confirm_before_commit && !release(engine_->take_effects())) return;
  if (faulty && world_.random.chance(world_.mix.crash_before_commit)) return crash(Crash::power_cut);
  plan_disk_fault();
  const Status finished = engine_->finish();
  longest_turn_ms = std::max(longest_turn_ms, processor_ms() - begun_ms);
  if (!finished) {
    world_.trace("failed", static_cast<std::uint64_t>(finished.error().code));
    if (finished.error().code != Errc::store_full && finished.error().code != Errc::failed) {
      world_.violate("I3", "a turn failed: " + finished.error().message);
    }
    const bool goes_on = finished.error().code == Errc::store_full && world_.random.chance(500);
    if (goes_on) return resume(std::move(taken));
    return crash(finished.error().code == Errc::store_full ? Crash::process : Crash::power_cut);
  }
  if (const auto fault = engine_->lists_fault()) world_.violate("lists", *fault);
  world_.observer().turn_ended();
  if (faulty && world_.random.chance(world_.mix.crash_after_commit)) return crash(Crash::power_cut);
  if (!release(engine_->take_effects())) return;
  if (!inbox_.empty()) schedule(world_.now);
  if (const auto wakeup = engine_->next_wakeup()) schedule(std::max(*wakeup, world_.now + Duration{1}));
}

// Everybody was refused, and repeats at once what is to be repeated.
void Broker::resume(std::vector<Received> refused) {
  world_.trace("resume", refused.size());
  auto next = std::make_unique<engine::Engine>(store_, options_);
  if (const Status resumed = next->resume(now(), *engine_); !resumed)
    return world_.violate("I17", "a full store cannot be resumed: " + resumed.error().message);
  engine_ = std::move(next);
  ++resumes;
  world_.observer().turn_ended();
  std::erase_if(refused, [](const Received& received) {
    const Command& command = *received.command;
    return !std::holds_alternative<PublishCommand>(command) && !std::holds_alternative<SettleCommand>(command) &&
           !std::holds_alternative<RequestCommand>(command) && !std::holds_alternative<Undeliverable>(command);
  });
  inbox_.insert(inbox_.begin(), std::make_move_iterator(refused.begin()), std::make_move_iterator(refused.end()));
  schedule(world_.now + Duration{1});
}

void Broker::plan_disk_fault() {
  using store::CommitFault;
  CommitFault fault = plant_ == Plant::lying_disk ? CommitFault::lying : CommitFault::none;
  if (!world_.healed && world_.random.chance(world_.mix.disk_full)) fault = CommitFault::full;
  if (!world_.healed && world_.random.chance(world_.mix.disk_error)) {
    fault = world_.random.chance(500) ? CommitFault::error_lost : CommitFault::error_stored;
  }
  if (fault == CommitFault::full || fault == CommitFault::error_lost || fault == CommitFault::error_stored) world_.fault();
  store_.fault_next_commit(fault);
}

bool Broker::release(std::vector<model::Effect> effects) {
  for (model::Effect& effect : effects) {
    if (!world_.healed && world_.random.chance(world_.mix.crash_after_commit / 4)) {
      crash(Crash::power_cut);
      return false;
    }
    const bool deliver = std::holds_alternative<model::Deliver>(effect.what);
    if (deliver && !world_.healed && world_.random.chance(world_.mix.undeliverable)) {
      world_.fault();
      receive(effect.session, std::make_shared<Command>(Undeliverable{std::get<model::Deliver>(effect.what)}));
      continue;
    }
    world_.observer().left(effect, world_.now);
    world_.to_client(effect);
    if (world_.over()) return false;
  }
  return true;
}

void Broker::crash(Crash kind) {
  ++crashes;
  ++life_;
  world_.fault();
  world_.trace("crash", static_cast<std::uint64_t>(kind));
  engine_.reset();
  inbox_.clear();
  scheduled_ = Duration{-1};
  if (kind == Crash::power_cut) store_.crash();
  world_.observer().turn_ended();
  world_.observer().recount(RecountReason::restart);
  world_.broker_gone();
  world_.after(Duration{world_.random.between(0, 1'000)}, [this] {
    if (!up()) start();
  });
}

void Broker::apply(SessionId session, const Command& command) {
  if (const auto* publish = std::get_if<PublishCommand>(&command)) {
    apply_publish(session, *publish);
  } else if (const auto* subscribe = std::get_if<SubscribeCommand>(&command)) {
    engine_->subscribe(session,
                       {subscribe->subscription, subscribe->queue, subscribe->group, subscribe->credit, subscribe->concurrency});
  } else if (const auto* begun = std::get_if<BegunCommand>(&command)) {
    engine_->begun(session, begun->begun);
  } else if (const auto* unsubscribe = std::get_if<UnsubscribeCommand>(&command)) {
    engine_->unsubscribe(session, unsubscribe->subscription);
  } else if (const auto* credit = std::get_if<CreditCommand>(&command)) {
    engine_->set_credit(session, credit->subscription, credit->credit);
  } else if (const auto* settle = std::get_if<SettleCommand>(&command)) {
    model::Settle with_text = settle->settle;
    with_text.text = settle->text;
    engine_->settle(session, with_text);
  } else if (const auto* renew = std::get_if<RenewCommand>(&command)) {
    engine_->renew(session, renew->subscription);
  } else if (const auto* request = std::get_if<RequestCommand>(&command)) {
    engine_->request(session, request->request, request->what);
  } else if (std::holds_alternative<EndSession>(command)) {
    engine_->end_session(session);
  } else {
    engine_->undeliverable(session, std::get<Undeliverable>(command).deliver);
  }
}

void Broker::apply_publish(SessionId session, const PublishCommand& frame) {
  model::Publish publish;
  publish.queue = frame.queue;
  publish.producer = frame.producer;
  publish.producer_sequence = frame.sequence;
  publish.first_unconfirmed = frame.first_unconfirmed;
  for (const Batch& batch : *frame.batches)
    publish.batches.push_back({static_cast<std::uint32_t>(batch.contents.size()), batch.records});
  engine_->publish(session, publish);
}

}  // namespace ackwire::simulator
