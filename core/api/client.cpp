#include "ackwire/client.hpp"

#include <errno.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "client/connection_core.hpp"
#include "format/utf8.hpp"
#include "transport/zmq_link.hpp"

namespace ackwire {
namespace {

constexpr std::uint32_t frames_in_flight_max = 64;
constexpr std::size_t name_bytes_max = 255;
constexpr Duration heartbeat_min{10};

/// What a broker takes as a client's name.
bool shown(std::string_view name) { return format::is_utf8(name) && format::has_no_controls(name); }

std::string default_name() {
  const std::string_view program = program_invocation_short_name;
  return std::string(shown(program) ? program : "client") + " " + std::to_string(getpid());
}

Error out_of_range(std::string_view option, std::string_view range) {
  return {Errc::out_of_range,
          "The client option " + std::string(option) + " must be " + std::string(range) + ". Nothing was connected."};
}

Status check(const ClientOptions& options) {
  if (options.name.size() > name_bytes_max) return out_of_range("name", "at most 255 bytes");
  if (!shown(options.name)) return out_of_range("name", "UTF-8 without control characters");
  if (options.connect_timeout < Duration{0}) return out_of_range("connect_timeout", "0 or more");
  if (options.call_timeout <= Duration{0}) return out_of_range("call_timeout", "more than 0");
  if (options.heartbeat < heartbeat_min) return out_of_range("heartbeat", "at least 10 ms");
  if (options.reconnect_initial <= Duration{0}) return out_of_range("reconnect_initial", "more than 0");
  if (options.reconnect_max < options.reconnect_initial) return out_of_range("reconnect_max", "at least reconnect_initial");
  if (options.max_unconfirmed == 0) return out_of_range("max_unconfirmed", "at least 1");
  if (options.max_unconfirmed_bytes == 0) return out_of_range("max_unconfirmed_bytes", "at least 1");
  if (options.frames_in_flight == 0 || options.frames_in_flight > frames_in_flight_max) {
    return out_of_range("frames_in_flight", "1 to 64");
  }
  if (options.frame_target_bytes == 0) return out_of_range("frame_target_bytes", "at least 1");
  return {};
}

client::CoreOptions core_options(const ClientOptions& options) {
  client::CoreOptions core;
  core.name = options.name.empty() ? default_name() : options.name;
  core.call_timeout = options.call_timeout;
  core.heartbeat = options.heartbeat;
  core.reconnect_initial = options.reconnect_initial;
  core.reconnect_max = options.reconnect_max;
  core.max_unconfirmed = options.max_unconfirmed;
  core.max_unconfirmed_bytes = options.max_unconfirmed_bytes;
  core.frames_in_flight = options.frames_in_flight;
  core.frame_target_bytes = options.frame_target_bytes;
  return core;
}

}  // namespace

Result<Client> Client::connect(std::string_view endpoint, const ClientOptions& options) {
  if (Status status = check(options); !status) return status.error();
  Result<std::unique_ptr<client::Link>> link = transport::make_zmq_link(endpoint);
  if (!link) return std::move(link).error();
  auto core = std::make_shared<ConnectionCore>(core_options(options));
  if (Status status = core->start(*std::move(link)); !status) return status.error();
  if (options.connect_timeout > Duration{0}) {
    if (Status status = core->wait_connected(options.connect_timeout); !status) return status.error();
  }
  return Client{std::move(core)};
}

}  // namespace ackwire
