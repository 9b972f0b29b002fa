#include "ackwire/client.hpp"

#include <errno.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "ackwire/process.hpp"
#include "client/connection_core.hpp"
#include "format/utf8.hpp"
#include "rules/settings.hpp"
#include "transport/zmq_link.hpp"

namespace ackwire {
namespace {

constexpr std::size_t name_bytes_max = 255;

/// What a broker takes as a client's name.
bool shown(std::string_view name) { return format::is_utf8(name) && format::has_no_controls(name); }

std::string default_name() {
  const std::string_view program = program_invocation_short_name;
  return std::string(shown(program) ? program : "client") + " " + std::to_string(getpid());
}

Status check(const ClientOptions& options) {
  constexpr std::string_view untouched = "Nothing was connected.";
  if (Status status = rules::check_fields(options, untouched); !status) return status;
  if (options.name.size() > name_bytes_max)
    return Error{Errc::out_of_range,
                 "name has " + std::to_string(options.name.size()) + " bytes, at most 255 are allowed. " + std::string(untouched)};
  if (!shown(options.name))
    return Error{Errc::out_of_range, "name must be UTF-8 without control characters. " + std::string(untouched)};
  if (options.reconnect_max < options.reconnect_initial)
    return Error{Errc::out_of_range, "reconnect_max >= reconnect_initial does not hold. " + std::string(untouched)};
  return {};
}

client::CoreOptions core_options(std::string_view endpoint, const ClientOptions& options) {
  client::CoreOptions core;
  core.endpoint = endpoint;
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
  keep_standard_descriptors();
  Result<std::unique_ptr<client::Link>> link = transport::make_zmq_link(endpoint);
  if (!link) return std::move(link).error();
  auto core = std::make_shared<ConnectionCore>(core_options(endpoint, options));
  if (Status status = core->start(*std::move(link)); !status) return status.error();
  if (options.connect_timeout > Duration{0}) {
    if (Status status = core->wait_connected(Wait{options.connect_timeout}); !status) return status.error();
  }
  return Client{std::move(core)};
}

}  // namespace ackwire
