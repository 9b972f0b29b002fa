// A client of a broker in another process.
#pragma once

#include <chrono>

#include "ackwire/connection.hpp"
#include "ackwire/field.hpp"
#include "ackwire/limits.hpp"

namespace ackwire {

/// How a client runs. What is not explained here is explained in its fields.
struct ClientOptions {
  std::string name;
  Duration connect_timeout{5'000};
  Duration call_timeout{30'000};
  Duration heartbeat{5'000};  ///< three times it without an answer: reconnect
  Duration reconnect_initial{100};
  Duration reconnect_max{30'000};
  std::uint32_t max_unconfirmed = 100'000;  ///< publish_async blocks at it
  std::uint64_t max_unconfirmed_bytes = 256ull << 20;
  std::uint32_t frames_in_flight = 16;
  std::uint32_t frame_target_bytes = 128 * 1024;
};
template <>
inline constexpr auto fields<ClientOptions> = Fields{
    field("name", &ClientOptions::name, "shown to operators; empty: program name and pid"),
    field("connect_timeout", &ClientOptions::connect_timeout, "how long connecting waits for the broker; 0: not at all")
        .from_to(Duration{0}, std::chrono::hours{24 * 365}),
    field("call_timeout", &ClientOptions::call_timeout, "deadline of each blocking call")
        .from_to(Duration{1}, std::chrono::hours{24 * 365}),
    field("heartbeat", &ClientOptions::heartbeat, "silence after which a ping is sent, or a third of session_timeout")
        .from_to(Duration{10}, std::chrono::hours{24}),
    field("reconnect_initial", &ClientOptions::reconnect_initial,
          "first wait before connecting again; doubled from try to try, each reduced at random by up to half")
        .from_to(Duration{1}, std::chrono::hours{24}),
    field("reconnect_max", &ClientOptions::reconnect_max, "longest wait before connecting again, at least reconnect_initial")
        .from_to(Duration{1}, std::chrono::hours{24}),
    field("max_unconfirmed", &ClientOptions::max_unconfirmed, "messages published and not yet answered").from_to(1, 4'294'967'295u),
    field("max_unconfirmed_bytes", &ClientOptions::max_unconfirmed_bytes, "the same in bytes").from_to(1, 1ull << 50),
    field("frames_in_flight", &ClientOptions::frames_in_flight, "publish frames under way").from_to(1, 64),
    field("frame_target_bytes", &ClientOptions::frame_target_bytes,
          "a publish frame is sent when it has grown to this, or when none is under way")
        .from_to(1, limits::frame_bytes - limits::batch_bytes - 64 * 1024),
};
template <>
inline constexpr AboutType about<ClientOptions>{"ClientOptions", "Options of ``connect``."};

/// Talks to a broker over "tcp://127.0.0.1:7733" or "ipc:///path". Reconnects by itself and repeats what was not confirmed.
class Client : public Connection {
 public:
  /// Errors: invalid_argument (endpoint), timeout, unsupported_version.
  static Result<Client> connect(std::string_view endpoint, const ClientOptions& options = {});

 private:
  using Connection::Connection;
};

}  // namespace ackwire
