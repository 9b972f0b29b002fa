#include "wire/json_text.hpp"

#include "wire/json.hpp"

namespace ackwire::wire {
namespace {

Error not_json(std::string_view why) { return Error{Errc::invalid_argument, std::string(why) + " Nothing was changed."}; }

/// The parser builds what it reads, so the depth is bounded before it.
bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > json_depth) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse_object(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return Error{Errc::too_large, "JSON of " + std::to_string(text.size()) + " bytes, at most " + std::to_string(max_bytes) +
                                      " are allowed here. Nothing was changed."};
  }
  if (too_deep(text)) return not_json("The JSON is nested more than " + std::to_string(json_depth) + " deep.");
  try {
    Json json = Json::parse(text);
    if (!json.is_object()) return not_json("The JSON is not an object.");
    return json;
  } catch (const Json::parse_error& error) {
    return not_json("The text is not JSON: it is wrong at byte " + std::to_string(error.byte) + ".");
  } catch (const Json::exception&) {
    return not_json("The text is not JSON: a number in it is too large.");
  }
}

Result<std::string> tag_of(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end() || !at->is_string()) return not_json("Member '" + std::string(name) + "' is missing or not a string.");
  return at->get<std::string>();
}

}  // namespace ackwire::wire
