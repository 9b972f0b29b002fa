#include "wire/json_text.hpp"

#include <functional>
#include <set>
#include <vector>

#include "rules/quote.hpp"
#include "wire/json.hpp"

namespace ackwire::wire {
namespace {

Error not_json(std::string_view why) { return Error{Errc::invalid_argument, std::string(why) + " Nothing was changed."}; }

Result<Json> object_of(Json json) {
  if (!json.is_object()) return not_json("The JSON is not an object.");
  return json;
}

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

/// Finds a member that an object has twice, while the text is read.
class Repeats {
 public:
  bool operator()(int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open_.emplace_back();
    if (event == Json::parse_event_t::object_end) open_.pop_back();
    if (event == Json::parse_event_t::key && found_.empty()) take(value.get_ref<const std::string&>());
    return true;
  }
  /// The path of the first, or nothing.
  const std::string& found() const { return found_; }

 private:
  struct Object {
    std::set<std::string> names;
    std::string latest;
  };
  void take(const std::string& name) {
    open_.back().latest = name;
    if (open_.back().names.insert(name).second) return;
    for (const Object& object : open_) found_.append(found_.empty() ? "" : ".").append(object.latest);
    if (found_.empty()) found_ = "(empty)";
  }
  std::vector<Object> open_;
  std::string found_;
};

}  // namespace

Result<Json> parse_object(std::string_view text, std::size_t max_bytes, RepeatedMembers repeated) {
  if (text.size() > max_bytes) {
    return Error{Errc::too_large, "JSON of " + std::to_string(text.size()) + " bytes, at most " + std::to_string(max_bytes) +
                                      " are allowed here. Nothing was changed. Ask in smaller parts."};
  }
  if (too_deep(text)) return not_json("The JSON is nested more than " + std::to_string(json_depth) + " deep.");
  try {
    if (repeated == RepeatedMembers::last_counts) return object_of(Json::parse(text));
    Repeats repeats;
    Json json = Json::parse(text, std::ref(repeats));
    if (!repeats.found().empty()) return not_json("Member " + rules::quote(repeats.found()) + " is given twice; give it once.");
    return object_of(std::move(json));
  } catch (const Json::parse_error& error) {
    if (error.byte > text.size())
      return not_json("The text is not JSON: it ends too early, after " + std::to_string(text.size()) + " bytes.");
    return not_json("The text is not JSON: it is wrong at byte " + std::to_string(error.byte) + " of " +
                    std::to_string(text.size()) + " (counted from 1).");
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
