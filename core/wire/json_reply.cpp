#include <algorithm>

#include "ackwire/limits.hpp"
#include "wire/frame.hpp"
#include "wire/json.hpp"
#include "wire/json_fields.hpp"
#include "wire/json_text.hpp"
#include "wire/json_writer.hpp"

namespace ackwire::wire {
namespace {

constexpr std::uint16_t highest_code = 200;

Errc code_of(std::string_view text) {
  for (std::uint16_t number = 1; number < highest_code; ++number) {
    const auto code = static_cast<Errc>(number);
    if (name(code) == text && text != "unknown") return code;
  }
  return Errc::internal;  // a newer broker has a code that this client does not know
}

constexpr std::string_view error_name = "error";

template <class A, class T>
requires std::same_as<std::remove_const_t<T>, Error>
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
template <class A, class T>
requires(!std::same_as<std::remove_const_t<T>, Error>) void members(A& archive, T& reply) {
  constexpr model::ReplyForm form = model::reply_form<std::remove_const_t<T>>;
  if constexpr (form.member != nullptr)
    archive.required(form.member, reply);
  else
    describe(archive, reply);
}

template <class T>
constexpr std::string_view reply_name() {
  if constexpr (std::same_as<T, Error>)
    return error_name;
  else
    return model::reply_form<T>.name;
}

template <std::size_t I = 0>
Result<model::Reply> read_reply(const Json& object, std::string_view name) {
  if constexpr (I == std::variant_size_v<model::Reply>) {
    return Error{Errc::invalid_argument, "Reply '" + std::string(name.substr(0, 64)) + "' is not known to this client."};
  } else {
    using Kind = std::variant_alternative_t<I, model::Reply>;
    if (name != reply_name<Kind>()) return read_reply<I + 1>(object, name);
    JsonReader reader(object, Unknown::ignored);
    Kind reply{};
    members(reader, reply);
    if (Status status = reader.finish(); !status) return status.error();
    return model::Reply(std::in_place_index<I>, std::move(reply));
  }
}

void append(std::string& out, const model::Reply& reply, Members which) {
  JsonWriter writer(out, which);
  writer.required("reply", std::visit([](const auto& what) { return reply_name<std::remove_cvref_t<decltype(what)>>(); }, reply));
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
