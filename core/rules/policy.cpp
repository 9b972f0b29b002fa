#include "rules/policy.hpp"

#include <string>
#include <type_traits>

#include "ackwire/limits.hpp"
#include "ackwire/units.hpp"
#include "rules/quote.hpp"
#include "rules/settings.hpp"

namespace ackwire::rules {
namespace {

bool legal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == ':';
}

/// As it is written in every face.
template <class F, class V>
std::string written(const F& field, const V& value) {
  if constexpr (std::is_enum_v<V>)
    return std::string(word_of(value));
  else
    return format_value(field.unit, detail::number_of(value));
}

}  // namespace

Status check_name(std::string_view what, std::string_view name) {
  const auto bad = [&](std::string_view why) {
    return Error{Errc::invalid_name, "The " + std::string(what) + " name " + std::string(why) + ". Nothing was changed. Use 1 to " +
                                         std::to_string(limits::name_bytes) + " letters, digits or . _ - : and no leading dot."};
  };
  if (name.empty()) return bad("is empty");
  if (name.size() > limits::name_bytes) return bad("has " + std::to_string(name.size()) + " bytes");
  if (name.front() == '.') return bad("starts with a dot");
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!legal(name[i])) return bad("has the character " + quote_first(name.substr(i)) + " at byte " + std::to_string(i + 1));
  }
  return {};
}

}  // namespace ackwire::rules

namespace ackwire {
Status check_queue_name(std::string_view name) { return rules::check_name("queue", name); }
}  // namespace ackwire

namespace ackwire::rules {

Status check_policy(const QueuePolicy& p) {
  if (Status status = check_fields(p, "Nothing was changed."); !status) return status;
  if (p.backoff.max < p.backoff.initial) {
    return Error{Errc::out_of_range, "backoff_max >= backoff_initial does not hold: " + format_duration(p.backoff.max) + " < " +
                                         format_duration(p.backoff.initial) + ". Nothing was changed."};
  }
  return {};
}

std::string difference(const QueuePolicy& before, const QueuePolicy& after) {
  std::string text;
  each_field<QueuePolicy>([&](const auto& field) {
    const auto &was = field.of(before), &is = field.of(after);
    if (was == is) return;
    if (!text.empty()) text += ", ";
    text.append(field.name).append(" ").append(written(field, was)).append(" -> ").append(written(field, is));
  });
  return text;
}

QueuePolicy apply(const QueuePolicy& policy, const QueueChange& change) { return with_changes(policy, change); }

std::string cut_text(std::string_view text) {
  constexpr std::string_view ellipsis = "\u2026";
  if (text.size() <= limits::error_text_bytes) return std::string(text);
  std::size_t end = limits::error_text_bytes - ellipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + std::string(ellipsis);
}

}  // namespace ackwire::rules
