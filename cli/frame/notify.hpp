// Tells the service manager that the server is ready or ending (systemd's notify protocol).
#pragma once

#include <string_view>

namespace ackwire::cli {

/// Sends `state` ("READY=1", "STOPPING=1") to the socket in NOTIFY_SOCKET; nothing when there is none.
void notify_service_manager(std::string_view state);

}  // namespace ackwire::cli
