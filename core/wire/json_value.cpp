#include "wire/json_value.hpp"

#include <sodium.h>

#include <algorithm>

#include "rules/quote.hpp"

namespace ackwire::wire {

bool from_base64(std::string_view text, std::string& bytes) {
  bytes.resize(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  const char* end = nullptr;
  const int rc = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                                   &size, &end, sodium_base64_VARIANT_ORIGINAL);
  const bool whole = rc == 0 && end == text.data() + text.size();
  bytes.resize(whole ? size : 0);
  return whole;
}

const Json* JsonReader::find(const char* name) {
  asked_.emplace_back(name);
  const auto at = object_.find(name);
  if (at == object_.end()) return nullptr;
  ++found_;
  return at->is_null() ? nullptr : &*at;
}

void JsonReader::wrong(std::string_view name, std::string_view what, Errc code) {
  if (error_) return;
  error_ = Error{code, "Member " + rules::quote(path_ + std::string(name)) + " " + std::string(what) + ". Nothing was changed."};
}

void JsonReader::keep(Status status) {
  if (!status && !error_) error_ = std::move(status).error();
}

bool JsonReader::read_milliseconds(const Json& json, const std::string& name, std::int64_t& value) {
  if (!json.is_number_integer()) {
    wrong(name, "must be a whole number of milliseconds");
    return false;
  }
  const bool too_big = json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(milliseconds_max);
  if (too_big || json.get<std::int64_t>() < -milliseconds_max) {
    wrong(name, "must be within " + std::to_string(milliseconds_max) + " ms of 0", Errc::out_of_range);
    return false;
  }
  value = json.get<std::int64_t>();
  return true;
}

bool JsonReader::asked(std::string_view name) const { return std::find(asked_.begin(), asked_.end(), name) != asked_.end(); }

Status JsonReader::finish() {
  for (const std::string& path : must_) {
    if (error_ || !path.starts_with(path_)) continue;
    const std::string_view name = std::string_view(path).substr(path_.size());
    if (!asked(name.substr(0, name.find('.')))) wrong(name, "is not known here, and the request says that it must be understood");
  }
  if (!error_ && unknown_ == Unknown::refused && found_ != object_.size()) {
    for (const auto& [name, value] : object_.items()) {
      if (asked(name)) continue;
      wrong(name, "is not known here");
      break;
    }
  }
  return error_ ? Status(*error_) : Status();
}

}  // namespace ackwire::wire
