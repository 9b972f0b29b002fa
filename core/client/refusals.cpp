#include "client/refusals.hpp"

#include "client/reach.hpp"

namespace ackwire::client {

Error closed_error() { return {Errc::closed, "The connection is closed. Nothing was sent. Open or connect again."}; }

Error forked_error() {
  return {Errc::forked,
          "The process forked after this connection was made; its threads and sockets stayed with the parent. Nothing was sent. "
          "Open or connect again in the child."};
}

Error reentrant_error() {
  return {
      Errc::reentrant,
      "A connection was called from inside its own callback, where it could only wait for itself. Nothing was sent. Do the work "
      "on another thread."};
}

Error timeout_error(std::string_view what, Duration waited, const std::string& trouble, std::string_view outcome) {
  std::string text(what);
  text += " had no answer within " + rough(waited) + ". ";
  if (!trouble.empty()) text += trouble + " ";
  text += outcome;
  return {Errc::timeout, std::move(text)};
}

Error lost_error(std::string_view what) {
  std::string text("The connection to the broker was lost while ");
  text += what;
  text += " was under way; it may or may not have been carried out. Nothing that was confirmed before is lost. ";
  text += "Look at the present state before repeating it.";
  return {Errc::disconnected, std::move(text)};
}

Error failed_under_way(const Error& cause) {
  return {Errc::indeterminate,
          "The broker failed while this was under way, so it may or may not have been carried out: " + cause.message};
}

Error other_life_error(std::string_view cause) {
  return {
      Errc::indeterminate,
      "The store behind the broker was exchanged while this publish had no answer; whether it was stored in the one before is not "
      "known, and it was not sent to this one. " +
          std::string(cause) + " Publish it again, with the same idempotency key if there is one."};
}

Error not_connected_error(std::string_view what, const std::string& trouble) {
  std::string text("There is no connection to the broker, so ");
  text += what;
  text += " was not sent. ";
  if (!trouble.empty()) text += trouble + " ";
  text += "The library keeps reconnecting; wait_connected() says when.";
  return {Errc::disconnected, std::move(text)};
}

}  // namespace ackwire::client
