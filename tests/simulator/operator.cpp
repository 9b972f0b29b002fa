#include "client.hpp"
#include "world.hpp"

namespace ackwire::simulator {

void Operator::on_connected() {
  asked_.clear();
  if (!ticking_) tick();
}

std::string Operator::any_queue() { return "q" + std::to_string(world_.random.below(world_.mix.queues)); }
std::string Operator::any_group() { return world_.mix.groups > 1 && world_.random.chance(500) ? "audit" : "default"; }

void Operator::request(model::Request what) {
  const std::uint32_t number = next_request_++;
  asked_[number] = what;
  send(RequestCommand{number, std::move(what)});
}

void Operator::tick() {
  ticking_ = !world_.healed;
  if (world_.healed) return;
  world_.after(Duration{100}, [this] { tick(); });
  Random& random = world_.random;
  if (!connected() || !random.chance(world_.mix.operate)) return;
  const std::string queue = any_queue(), group = any_group();
  switch (random.below(world_.mix.purges ? 9 : 8)) {
    case 0: return request(model::GetStats{});
    case 1: return request(model::Peek{queue, group, 0, 20, 100});
    case 2: {
      QueueChange change;
      change.paused = random.chance(300);
      return request(model::SetQueue{queue, change});
    }
    case 3: {
      QueueChange change;
      change.max_attempts = static_cast<std::uint32_t>(random.between(1, 8));
      return request(model::SetQueue{queue, change});
    }
    case 4: {
      QueueChange change;
      change.visibility_timeout = Duration{random.between(200, 3'000)};
      return request(model::SetQueue{queue, change});
    }
    case 5:
      if (next_request_ % 2 == 0) return request(model::StartJob{JobKind::redrive, queue, group, {}});
      return request(model::MoveDead{model::DeadAction::redrive, queue, group, {}, 0, 0});
    case 6:
    case 7: return request(model::GetDeadLetters{queue, group, 0, 20, {}, 100});
    default:
      if (next_request_ % 2 == 0) return request(model::StartJob{JobKind::purge, queue, {}, {}});
      return request(model::Purge{queue, 0});
  }
}

void Operator::received(const model::Effect& effect) {
  const auto* answer = std::get_if<model::Answer>(&effect.what);
  const auto asked = answer == nullptr ? asked_.end() : asked_.find(answer->request);
  if (asked == asked_.end()) return;
  const model::Request what = std::move(asked->second);
  asked_.erase(asked);
  if (const auto* page = std::get_if<DeadPage>(&answer->reply); page != nullptr && !page->letters.empty() && !world_.healed) {
    const auto& asked_for = std::get<model::GetDeadLetters>(what);
    DeadFilter some;
    for (const DeadLetter& letter : page->letters) {
      if (world_.random.chance(500)) some.sequences.push_back(letter.sequence);
    }
    const auto action = world_.random.chance(500) ? model::DeadAction::redrive : model::DeadAction::discard;
    if (!some.sequences.empty()) request(model::MoveDead{action, asked_for.queue, asked_for.group, some, 0, 0});
  }
  if (const auto* moved = std::get_if<model::Moved>(&answer->reply); moved != nullptr && moved->more) {
    model::MoveDead next = std::get<model::MoveDead>(what);
    next.from = moved->next;
    next.dead_until_ms = moved->dead_until_ms;
    request(next);
  }
  if (const auto* purged = std::get_if<model::Purged>(&answer->reply); purged != nullptr && purged->more) {
    request(model::Purge{std::get<model::Purge>(what).queue, purged->below_sequence});
  }
  if (const auto* error = std::get_if<Error>(&answer->reply)) {
    const auto* move = std::get_if<model::MoveDead>(&what);
    const bool redrive = move != nullptr && move->action == model::DeadAction::redrive;
    if (redrive && error->code == Errc::overloaded) return;  // a full queue takes nothing back
    world_.violate("I17", "a request of an operator was refused: " + error->message);
  }
}

void Operator::healed() {
  if (connected()) world_.cut(*this);
}

}  // namespace ackwire::simulator
