// A client of a broker in another process.
#pragma once

#include "ackwire/connection.hpp"

namespace ackwire {

struct ClientOptions {
  std::string name;                 ///< shown to operators; default: program name and pid
  Duration connect_timeout{5'000};  ///< how long connect() waits for the broker; 0 = do not wait
  Duration call_timeout{30'000};    ///< deadline of each blocking call
  Duration heartbeat{5'000};        ///< silence after which a ping is sent; three times it without an answer: reconnect
  Duration reconnect_initial{100};  ///< doubled up to reconnect_max, each reduced at random by up to half
  Duration reconnect_max{30'000};
  std::uint32_t max_unconfirmed = 100'000;  ///< messages published and not yet answered; publish_async blocks at it
  std::uint64_t max_unconfirmed_bytes = 256ull << 20;
  std::uint32_t frames_in_flight = 16;            ///< publish frames under way, 1 to 64
  std::uint32_t frame_target_bytes = 128 * 1024;  ///< a publish frame is sent when it has grown to this, or when none is under way
};

/// Talks to a broker over "tcp://127.0.0.1:7733" or "ipc:///path". Reconnects by itself and repeats what was not confirmed.
class Client : public Connection {
 public:
  /// Errors: invalid_argument (endpoint), timeout, unsupported_version.
  static Result<Client> connect(std::string_view endpoint, const ClientOptions& options = {});

 private:
  using Connection::Connection;
};

}  // namespace ackwire
