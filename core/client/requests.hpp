// Requests and their replies. A request that is safe to repeat is sent again on a new connection until its caller gives up.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ackwire/error.hpp"

namespace ackwire::client {

/// A call under way: on the stack of the thread that waits for it.
struct RequestWait {
  std::string frame;
  bool repeatable = false;
  bool sent = false;  // on the present connection
  bool done = false;
  std::string_view payload;           // of the reply
  std::shared_ptr<const void> owner;  // keeps it alive
  std::optional<Error> error;
};

/// Not thread-safe: every call is made with the gate held.
class Requests {
 public:
  void add(std::uint32_t request, RequestWait& wait);
  void forget(std::uint32_t request);
  void ready();
  void session_lost();
  void abandon(const Error& error);
  void replied(std::uint32_t request, std::string_view payload, const std::shared_ptr<const void>& owner);
  void refused(std::uint32_t request, const Error& error);
  bool can_send() const { return !unsent_.empty(); }
  bool next_frame(std::string& out);

 private:
  std::unordered_map<std::uint32_t, RequestWait*> waits_;  // bounded by the threads that call
  std::deque<std::uint32_t> unsent_;
};

}  // namespace ackwire::client
