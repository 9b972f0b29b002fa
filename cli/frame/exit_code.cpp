#include "frame/exit_code.hpp"

#include <nlohmann/json.hpp>

#include "output/text.hpp"

namespace ackwire::cli {

ExitCode exit_code(Errc code) noexcept {
  switch (code) {
    case Errc::ok: return exit_ok;
    case Errc::invalid_argument:
    case Errc::invalid_name:
    case Errc::out_of_range: return exit_usage;
    case Errc::no_queue:
    case Errc::no_group:
    case Errc::not_found: return exit_not_found;
    case Errc::timeout:
    case Errc::disconnected:
    case Errc::indeterminate: return exit_timeout;
    case Errc::store_in_use:
    case Errc::store_invalid:
    case Errc::store_emptied:
    case Errc::store_version:
    case Errc::store_rollback:
    case Errc::store_damaged:
    case Errc::store_unsafe:
    case Errc::insecure_bind:
    case Errc::bad_config: return exit_config;
    default: return exit_error;
  }
}

std::string_view next_step(Errc code) noexcept {
  switch (code) {
    case Errc::no_queue: return "see what exists with `ackwire queue ls`, or make it with `ackwire queue create NAME`";
    case Errc::no_group: return "see the groups with `ackwire group ls QUEUE`, or make it with `ackwire group create QUEUE GROUP`";
    case Errc::queue_exists: return "compare with `ackwire queue info NAME`, change it with `ackwire queue set NAME`";
    case Errc::not_empty: return "look with `ackwire peek` and `ackwire dlq ls`; `--force` removes the queue with what is in it";
    case Errc::store_invalid: return "name the directory of a store; nothing was changed";
    case Errc::timeout:
    case Errc::disconnected: return "is a broker running? start one with `ackwire serve DIR`, or name it with --endpoint";
    case Errc::overloaded: return "wait and repeat; `ackwire stats` and `ackwire queue info NAME` show what is full";
    case Errc::indeterminate: return "repeat it; messages with an idempotency key are not stored twice";
    case Errc::key_conflict: return "use another idempotency key for another body";
    case Errc::store_in_use: return "stop the broker first, or ask it: `ackwire stats`, `ackwire queue info NAME`";
    case Errc::store_rollback: return "put the newer copy back, or start once with --accept-rollback if the older one is meant";
    case Errc::store_damaged: return "check it with `ackwire verify DIR` on a copy; nothing was changed";
    case Errc::unsupported_version: return "use the same release of `ackwire` on both sides; see `ackwire version`";
    case Errc::insecure_bind: return "listen on tcp://127.0.0.1:PORT or ipc:///path/to/socket";
    default: return {};
  }
}

namespace {

using Json = nlohmann::ordered_json;

void say(Terminal& terminal, std::string_view code, std::string_view message, std::string_view next, Json object, bool json) {
  if (json) {
    object["code"] = code;
    object["message"] = message;
    if (!next.empty()) object["next"] = next;
    terminal.line(Json{{"error", object}}.dump(-1, ' ', false, Json::error_handler_t::replace));
    return;
  }
  terminal.line(fmt::format("ackwire: {}: {}", code, printable(message)));
  if (!next.empty()) terminal.line(fmt::format("  next: {}", next));
}

}  // namespace

void report(Terminal& terminal, const Error& error, bool json) {
  Json object{{"code", ""}, {"message", ""}};  // first, whatever else there is
  if (const auto step = next_step(error.code); !step.empty()) object["next"] = step;
  if (error.retry_after.count() > 0) object["retry_after_ms"] = error.retry_after.count();
  if (error.index) object["index"] = *error.index;
  say(terminal, name(error.code), error.message, next_step(error.code), std::move(object), json);
}

void report_usage(Terminal& terminal, std::string_view message, std::string_view next, bool json) {
  say(terminal, "usage", message, fmt::format("{}; nothing was done", next), Json{{"code", ""}, {"message", ""}}, json);
}

}  // namespace ackwire::cli
