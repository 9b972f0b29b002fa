#include <span>
#include <string>
#include <vector>

#include "rules/quote.hpp"
#include "wire/frame.hpp"
#include "wire/json.hpp"
#include "wire/json_fields.hpp"
#include "wire/json_text.hpp"
#include "wire/json_writer.hpp"

namespace ackwire::wire {
namespace {

constexpr const char* must_name = "must_understand";

/// The members that the sender does not want to be ignored.
Status read_must(const Json& object, std::vector<std::string>& must) {
  const auto found = object.find(must_name);
  if (found == object.end()) return {};
  const Error wrong{Errc::invalid_argument, "Member 'must_understand' must be an array of names of members. Nothing was changed."};
  if (!found->is_array()) return wrong;
  for (const Json& name : *found) {
    if (!name.is_string()) return wrong;
    must.push_back(name.get<std::string>());
  }
  return {};
}

template <std::size_t I = 0>
Result<model::Request> read_request(const Json& object, std::string_view name, Unknown unknown, std::span<const std::string> must) {
  if constexpr (I == std::variant_size_v<model::Request>) {
    return Error{Errc::invalid_argument, "Request " + rules::quote(name) + " does not exist. Nothing was changed."};
  } else {
    using Verb = std::variant_alternative_t<I, model::Request>;
    if (name != Verb::verb.name) return read_request<I + 1>(object, name, unknown, must);
    JsonReader reader(object, unknown, must);
    reader.known("request");
    reader.known(must_name);
    Verb request;
    describe(reader, request);
    if (Status status = reader.finish(); !status) return status.error();
    return model::Request(std::in_place_index<I>, std::move(request));
  }
}

}  // namespace

Result<std::string> to_json(const model::Request& request) {
  std::string text;
  JsonWriter writer(text);
  writer.required("request", model::verb_of(request).name);
  std::visit(
      [&](const auto& what) {
        // What has its default is left out: a broker that does not know a member yet is not asked about it.
        writer.leave_out_defaults_of<std::remove_cvref_t<decltype(what)>>();
        describe(writer, what);
      },
      request);
  writer.close();
  if (!writer.is_utf8()) return Error{Errc::invalid_argument, "A name in the request is not UTF-8. Nothing was changed."};
  return text;
}

Result<model::Request> request_from_json(std::string_view text, Unknown unknown) {
  const auto object = parse_object(text, request_bytes, RepeatedMembers::refused);
  if (!object) return object.error();
  const auto name = tag_of(*object, "request");
  if (!name) return name.error();
  std::vector<std::string> must;
  if (Status good = read_must(*object, must); !good) return good.error();
  return read_request(*object, *name, unknown, must);
}

Result<model::Request> request_of(std::string_view verb, std::string_view members) {
  auto object = parse_object(members.empty() ? "{}" : members, request_bytes, RepeatedMembers::refused);
  if (!object) return object.error();
  return read_request(*object, verb, Unknown::refused, {});
}

Status encode(std::string& out, std::uint32_t request, const model::Request& what) {
  const auto text = to_json(what);
  if (!text) return text.error();
  FrameWriter(out, Operation::request, request).bytes(*text);
  return {};
}

}  // namespace ackwire::wire
