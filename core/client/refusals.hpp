// The errors that the client itself gives, each in one place: what happened, what was not lost, what to do.
#pragma once

#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "ackwire/message.hpp"

namespace ackwire::client {

Error closed_error();
Error forked_error();
Error reentrant_error();
/// A blocking call whose deadline passed. `what` is a noun: "The request". `trouble` is Reach::describe().
Error timeout_error(std::string_view what, Duration waited, const std::string& trouble, std::string_view outcome);
/// The connection went away under a call that is not repeated by itself.
Error lost_error(std::string_view what);
/// For publishes and calls under way when the broker failed for good.
Error failed_under_way(const Error& cause);
/// For publishes under way when the store behind the broker was exchanged.
Error other_life_error(std::string_view cause);
Error not_connected_error(std::string_view what, const std::string& trouble);

}  // namespace ackwire::client
