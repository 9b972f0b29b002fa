// Who is connected: one session from hello to goodbye, per peer. An address is never an identity; the session is.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/command.hpp"
#include "model/request.hpp"
#include "wire/capabilities.hpp"

namespace ackwire::runtime {

/// A peer of the gateway, or of this process.
struct Peer {
  bool local = false;
  std::uint64_t id = 0;
  friend auto operator<=>(const Peer&, const Peer&) = default;
};

struct Session {
  model::SessionId id{};
  Peer peer;
  model::ProducerId producer{};
  std::string name;
  wire::Capabilities capabilities{};
  Duration last_heard{0};
  std::uint64_t turn = 0;  // in which it sent `turn_bytes`: see Hurry
  std::size_t turn_bytes = 0;
  /// Requests that read, in the order in which they came.
  struct Read {
    std::uint32_t number = 0;
    model::Request request;
  };
  std::deque<Read> reads;
};

/// Not thread-safe.
class Sessions {
 public:
  /// A new session for the peer. Requires that it has none.
  Session& add(const Peer& peer, Duration now);
  Session* of(const Peer& peer);
  Session* find(model::SessionId id);
  void remove(model::SessionId id);
  std::size_t size() const { return by_id_.size(); }
  std::vector<model::SessionId> all() const;
  /// Sessions of the gateway that were silent for `timeout`; looks at most once a second.
  std::vector<model::SessionId> silent(Duration now, Duration timeout);

 private:
  std::map<model::SessionId, Session> by_id_;
  std::map<Peer, model::SessionId> by_peer_;
  std::uint64_t next_ = 1;
  Duration next_look_{0};
};

}  // namespace ackwire::runtime
