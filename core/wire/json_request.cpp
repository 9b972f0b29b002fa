#include "rules/quote.hpp"
#include "wire/frame.hpp"
#include "wire/json.hpp"
#include "wire/json_message.hpp"
#include "wire/json_stats.hpp"
#include "wire/json_text.hpp"
#include "wire/json_writer.hpp"

namespace ackwire::wire {

template <>
struct Names<model::DeadAction> {
  static constexpr std::pair<std::string_view, model::DeadAction> all[] = {{"redrive", model::DeadAction::redrive},
                                                                           {"discard", model::DeadAction::discard}};
};

namespace {

// One overload a request.
template <class A, Like<model::CreateQueue> T>
void members(A& archive, T& request) {
  archive.required("queue", request.queue);
  archive.optional("policy", request.policy);
}
template <class A, class T>
requires Like<T, model::EnsureQueue> || Like<T, model::SetQueue>
void members(A& archive, T& request) {
  archive.required("queue", request.queue);
  archive.optional("change", request.change);
}
template <class A, Like<model::GetQueue> T>
void members(A& archive, T& request) {
  archive.required("queue", request.queue);
}
template <class A, class T>
requires Like<T, model::ListQueues> || Like<T, model::GetStats>
void members(A&, T&) {}
template <class A, Like<model::RemoveQueue> T>
void members(A& archive, T& request) {
  archive.required("queue", request.queue);
  archive.optional("force", request.force);
}
template <class A, Like<model::Purge> T>
void members(A& archive, T& request) {
  archive.required("queue", request.queue);
  archive.optional("below_sequence", request.below_sequence);
}
template <class A, Like<model::CreateGroup> T>
void members(A& archive, T& request) {
  archive.required("queue", request.queue);
  archive.required("group", request.group);
  archive.optional("from_oldest", request.from_oldest);
}
template <class A, Like<model::RemoveGroup> T>
void members(A& archive, T& request) {
  archive.required("queue", request.queue);
  archive.required("group", request.group);
}
template <class A, Like<model::Peek> T>
void members(A& archive, T& request) {
  archive.required("queue", request.queue);
  archive.required("group", request.group);
  archive.optional("from", request.from);
  archive.required("count", request.count);
  archive.optional("body_bytes", request.body_bytes);
}
template <class A, Like<model::GetDeadLetters> T>
void members(A& archive, T& request) {
  archive.required("queue", request.queue);
  archive.required("group", request.group);
  archive.optional("from", request.from);
  archive.required("count", request.count);
  archive.optional("filter", request.filter);
  archive.optional("body_bytes", request.body_bytes);
}
template <class A, Like<model::MoveDead> T>
void members(A& archive, T& request) {
  archive.required("action", request.action);
  archive.required("queue", request.queue);
  archive.required("group", request.group);
  archive.optional("filter", request.filter);
  archive.optional("from", request.from);
  archive.optional("dead_until_ms", request.dead_until_ms);
}

template <class A, Like<HistoryQuery> T>
void members(A& archive, T& query) {
  archive.optional("queue", query.queue);
  archive.optional("resolution", query.resolution);
  archive.optional("from_ms", query.from);
}

/// In the order of the variant. The names are permanent.
constexpr std::string_view request_names[] = {"create_queue", "ensure_queue", "set_queue",        "get_queue",    "list_queues",
                                              "remove_queue", "purge",        "create_group",     "remove_group", "peek",
                                              "get_stats",    "get_history",  "get_dead_letters", "move_dead"};
static_assert(std::size(request_names) == std::variant_size_v<model::Request>);

template <std::size_t I = 0>
Result<model::Request> read_request(const Json& object, std::string_view name) {
  if constexpr (I == std::variant_size_v<model::Request>) {
    return Error{Errc::invalid_argument, "Request " + rules::quote(name) + " does not exist. Nothing was changed."};
  } else {
    if (name != request_names[I]) return read_request<I + 1>(object, name);
    JsonReader reader(object, UnknownMembers::refused);
    reader.known("request");
    std::variant_alternative_t<I, model::Request> request;
    members(reader, request);
    if (Status status = reader.finish(); !status) return status.error();
    return model::Request(std::in_place_index<I>, std::move(request));
  }
}

}  // namespace

Result<std::string> to_json(const model::Request& request) {
  std::string text;
  JsonWriter writer(text);
  writer.required("request", request_names[request.index()]);
  std::visit([&](const auto& what) { members(writer, what); }, request);
  writer.close();
  if (!writer.is_utf8()) return Error{Errc::invalid_argument, "A name in the request is not UTF-8. Nothing was changed."};
  return text;
}

Result<model::Request> request_from_json(std::string_view text) {
  const auto object = parse_object(text, request_bytes, RepeatedMembers::refused);
  if (!object) return object.error();
  const auto name = tag_of(*object, "request");
  if (!name) return name.error();
  return read_request(*object, *name);
}

Status encode(std::string& out, std::uint32_t request, const model::Request& what) {
  const auto text = to_json(what);
  if (!text) return text.error();
  FrameWriter(out, Operation::request, request).bytes(*text);
  return {};
}

}  // namespace ackwire::wire
