#include "runtime/sessions.hpp"

namespace ackwire::runtime {
namespace {

constexpr Duration look_pause{1'000};

}  // namespace

Session& Sessions::add(const Peer& peer, Duration now) {
  const model::SessionId id{next_++};
  by_peer_[peer] = id;
  Session& session = by_id_[id];
  session.id = id;
  session.peer = peer;
  session.last_heard = now;
  return session;
}

Session* Sessions::of(const Peer& peer) {
  const auto it = by_peer_.find(peer);
  return it == by_peer_.end() ? nullptr : &by_id_.at(it->second);
}

Session* Sessions::find(model::SessionId id) {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &it->second;
}

void Sessions::remove(model::SessionId id) {
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return;
  by_peer_.erase(it->second.peer);
  by_id_.erase(it);
}

std::vector<model::SessionId> Sessions::all() const {
  std::vector<model::SessionId> ids;
  for (const auto& [id, session] : by_id_) ids.push_back(id);
  return ids;
}

std::vector<model::SessionId> Sessions::silent(Duration now, Duration timeout) {
  std::vector<model::SessionId> ids;
  if (now < next_look_) return ids;
  next_look_ = now + look_pause;
  for (const auto& [id, session] : by_id_) {
    if (!session.peer.local && session.last_heard + timeout < now) ids.push_back(id);
  }
  return ids;
}

}  // namespace ackwire::runtime
