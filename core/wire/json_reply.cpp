#include <algorithm>

#include "ackwire/limits.hpp"
#include "wire/frame.hpp"
#include "wire/json.hpp"
#include "wire/json_message.hpp"
#include "wire/json_stats.hpp"
#include "wire/json_text.hpp"
#include "wire/json_writer.hpp"

namespace ackwire::wire {
namespace {

/// In the order of the variant. The names are permanent.
constexpr std::string_view reply_names[] = {"error",    "done",  "queue",   "queues",       "purged",
                                            "messages", "stats", "history", "dead_letters", "moved"};
static_assert(std::size(reply_names) == std::variant_size_v<model::Reply>);

constexpr std::uint16_t highest_code = 200;

Errc code_of(std::string_view text) {
  for (std::uint16_t number = 1; number < highest_code; ++number) {
    const auto code = static_cast<Errc>(number);
    if (name(code) == text && text != "unknown") return code;
  }
  return Errc::internal;  // a newer broker has a code that this client does not know
}

// One overload a reply, all of them in terms of an archive.
template <class A, Like<Error> T>
void members(A& archive, T& error) {
  std::string code{name(error.code)};
  auto retry_after = std::chrono::duration_cast<Duration>(error.retry_after);
  std::optional<std::uint64_t> index = error.index;
  archive.required("code", code);
  archive.optional("message", error.message);
  archive.optional("retry_after_ms", retry_after);
  archive.optional("index", index);
  if constexpr (!std::is_const_v<T>) {
    error.code = code_of(code);
    error.retry_after = retry_after;
    error.index = index;
  }
}
template <class A, Like<model::Done> T>
void members(A&, T&) {}
template <class A, Like<std::vector<QueueInfo>> T>
void members(A& archive, T& queues) {
  archive.required("queues", queues);
}
template <class A, Like<QueueInfo> T>
void members(A& archive, T& queue) {
  archive.required("queue", queue);
}
template <class A, Like<model::Purged> T>
void members(A& archive, T& purged) {
  archive.required("count", purged.count);
  archive.optional("below_sequence", purged.below_sequence);
  archive.optional("more", purged.more);
}
template <class A, Like<BrokerStats> T>
void members(A& archive, T& stats) {
  archive.required("stats", stats);
}
template <class A, Like<std::vector<Sample>> T>
void members(A& archive, T& samples) {
  archive.required("samples", samples);
}
template <class A, class T>
requires Like<T, PeekPage> || Like<T, DeadPage>
void members(A& archive, T& page) { describe(archive, page); }
template <class A, Like<model::Moved> T>
void members(A& archive, T& moved) {
  archive.required("moved", moved.moved.moved);
  archive.optional("not_found", moved.moved.not_found);
  archive.optional("next", moved.next);
  archive.optional("dead_until_ms", moved.dead_until_ms);
  archive.optional("more", moved.more);
}

template <std::size_t I = 0>
Result<model::Reply> read_reply(const Json& object, std::string_view name) {
  if constexpr (I == std::variant_size_v<model::Reply>) {
    return Error{Errc::invalid_argument, "Reply '" + std::string(name.substr(0, 64)) + "' is not known to this client."};
  } else {
    if (name != reply_names[I]) return read_reply<I + 1>(object, name);
    JsonReader reader(object, UnknownMembers::ignored);
    std::variant_alternative_t<I, model::Reply> reply{};
    members(reader, reply);
    if (Status status = reader.finish(); !status) return status.error();
    return model::Reply(std::in_place_index<I>, std::move(reply));
  }
}

void append(std::string& out, const model::Reply& reply, Members which) {
  JsonWriter writer(out, which);
  writer.required("reply", reply_names[reply.index()]);
  std::visit([&](const auto& what) { members(writer, what); }, reply);
  writer.close();
}

}  // namespace

void append_json(std::string& out, const model::Reply& reply) {
  const std::size_t before = out.size();
  const auto size = [&] { return out.size() - before; };
  for (const Members which : {Members::all, Members::not_default}) {
    out.resize(before);
    append(out, reply, which);
    if (size() + frame_head_bytes <= limits::frame_bytes) return;
  }
  const std::string bytes = std::to_string(size());
  out.resize(before);
  append(out,
         Error{Errc::too_large,
               "The reply has " + bytes + " bytes and does not fit a frame. Nothing was changed; ask for less at a time."},
         Members::all);
}

std::string to_json(const model::Reply& reply) {
  std::string text;
  append_json(text, reply);
  return text;
}

Result<model::Reply> reply_from_json(std::string_view text) {
  const auto object = parse_object(text, limits::frame_bytes, RepeatedMembers::last_counts);
  if (!object) return object.error();
  const auto name = tag_of(*object, "reply");
  if (!name) return name.error();
  return read_reply(*object, *name);
}

void encode(std::string& out, std::uint32_t request, const model::Reply& reply) {
  FrameWriter(out, Operation::reply, request);
  append_json(out, reply);
}

}  // namespace ackwire::wire
