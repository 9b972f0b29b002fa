// The network of the simulation: sessions between clients and the broker. In about half of the seeds it is like a stream (in order,
// broken as a whole); in the others single frames are lost, repeated and overtaken.
#include "format/bytes.hpp"
#include "world.hpp"

namespace ackwire::simulator {
namespace {

constexpr std::int64_t late_ms_max = 800;
constexpr std::int64_t notice_ms_max = 1'500;  // how long the broker takes to see that a peer is gone

/// What a frame to a client says, for the trace.
struct Fold {
  World& world;
  std::uint64_t session;
  void operator()(const model::Confirm& c) const { world.trace("confirm", session, c.producer_sequence, c.entries); }
  void operator()(const model::Deliver& d) const {
    world.trace("deliver", session, static_cast<std::uint64_t>(d.subscription), d.runs);
  }
  void operator()(const model::Subscribed& s) const {
    world.trace("subscribed", session, static_cast<std::uint64_t>(s.subscription));
  }
  void operator()(const model::SettleResult& s) const {
    world.trace("settled", session, (std::uint64_t{s.request} << 32) | s.applied);
  }
  void operator()(const model::Recall& r) const {
    world.trace("recall", session, (static_cast<std::uint64_t>(r.subscription) << 32) | r.count);
  }
  void operator()(const model::SubscriptionEnded& s) const {
    world.trace("ended", session, static_cast<std::uint64_t>(s.subscription));
  }
  void operator()(const model::Answer& a) const {
    world.trace("answer", session, (std::uint64_t{a.request} << 8) | a.reply.index());
  }
};

}  // namespace

SessionId World::connect(Client& client) {
  const SessionId session{next_session_++};
  sessions_[session] = {&client, now, now};
  trace("connect", static_cast<std::uint64_t>(session));
  return session;
}

void World::cut(Client& client) {
  const SessionId session = client.session();
  trace("cut", static_cast<std::uint64_t>(session));
  sessions_[session].client = nullptr;
  after(Duration{random.between(0, notice_ms_max)}, [this, session] {
    if (sessions_.erase(session) != 0) broker_->receive(session, std::make_shared<Command>(EndSession{}));
  });
  client.session_ended();
}

void World::broker_gone() {
  std::vector<Client*> left;
  for (const auto& [session, state] : sessions_) {
    if (state.client != nullptr) left.push_back(state.client);
  }
  sessions_.clear();
  for (Client* client : left) {
    after(Duration{random.between(0, 200)}, [client, session = client->session()] {
      if (client->connected() && client->session() == session) client->session_ended();
    });
  }
}

std::vector<Duration> World::arrivals(Duration& in_order_until) {
  const Duration usual{random.between(0, mix.network_delay.count())};
  if (mix.in_order_network || healed) {
    in_order_until = std::max(in_order_until, now + usual);
    return {in_order_until};
  }
  std::vector<Duration> at;
  if (random.chance(mix.frame_lost)) {
    fault();
    return at;
  }
  const bool late = random.chance(mix.frame_late);
  if (late) fault();
  at.push_back(now + usual + Duration{late ? random.between(1, late_ms_max) : 0});
  if (random.chance(mix.frame_repeated)) {
    fault();
    at.push_back(at.front() + Duration{random.between(0, late_ms_max)});
  }
  return at;
}

void World::to_broker(Client& client, Command command) {
  const SessionId session = client.session();
  const auto state = sessions_.find(session);
  if (state == sessions_.end() || state->second.client == nullptr) return;
  const auto shared = std::make_shared<const Command>(std::move(command));
  for (const Duration at : arrivals(state->second.next_to_broker)) {
    after(at - now, [this, session, shared] {
      const auto still = sessions_.find(session);
      if (still != sessions_.end() && still->second.client != nullptr) broker_->receive(session, shared);
    });
  }
}

void World::to_client(const model::Effect& effect) {
  std::visit(Fold{*this, static_cast<std::uint64_t>(effect.session)}, effect.what);
  const auto state = sessions_.find(effect.session);
  if (state == sessions_.end() || state->second.client == nullptr) return;
  const auto shared = std::make_shared<const model::Effect>(effect);
  for (const Duration at : arrivals(state->second.next_to_client)) {
    after(at - now, [this, shared] {
      const auto still = sessions_.find(shared->session);
      if (still != sessions_.end() && still->second.client != nullptr) still->second.client->received(*shared);
    });
  }
}

}  // namespace ackwire::simulator
