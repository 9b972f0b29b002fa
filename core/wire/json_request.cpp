#include "rules/quote.hpp"
#include "wire/frame.hpp"
#include "wire/json.hpp"
#include "wire/json_fields.hpp"
#include "wire/json_text.hpp"

namespace ackwire::wire {
namespace {

template <std::size_t I = 0>
Result<model::Request> read_request(const Json& object, std::string_view name) {
  if constexpr (I == std::variant_size_v<model::Request>) {
    return Error{Errc::invalid_argument, "Request " + rules::quote(name) + " does not exist. Nothing was changed."};
  } else {
    using Verb = std::variant_alternative_t<I, model::Request>;
    if (name != Verb::verb.name) return read_request<I + 1>(object, name);
    JsonReader reader(object, UnknownMembers::refused);
    reader.known("request");
    Verb request;
    describe(reader, request);
    if (Status status = reader.finish(); !status) return status.error();
    return model::Request(std::in_place_index<I>, std::move(request));
  }
}

}  // namespace

Result<std::string> to_json(const model::Request& request) {
  Json json = std::visit(
      [](const auto& what) {
        JsonWriter writer;
        describe(writer, what);
        return writer.take();
      },
      request);
  json["request"] = model::verb_of(request).name;
  try {
    return json.dump();
  } catch (const Json::exception&) {
    return Error{Errc::invalid_argument, "A name in the request is not UTF-8. Nothing was changed."};
  }
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
