// The Python classes of results and of options.
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "ackwire/ackwire.hpp"
#include "reference/text.hpp"
#include "rules/settings.hpp"

namespace ackwire::reference {
namespace {

constexpr std::size_t line_columns = 120;

/// `code`, with what it means behind it, or above it when the line would be long.
std::string commented(const std::string& code, const std::string& words) {
  if (words.empty()) return "    " + code + "\n";
  const std::string line = "    " + code + "  # " + words + "\n";
  if (line.size() <= line_columns) return line;
  return "    # " + words + "\n    " + code + "\n";
}

/// The words of a class: the first sentence, and the others below it.
std::string class_words(std::string_view words) {
  const std::size_t end = words.find(". ");
  if (end == std::string_view::npos) return "    \"\"\"" + std::string(words) + "\"\"\"\n\n";
  const std::string first(words.substr(0, end + 1)), rest(words.substr(end + 2));
  return "    \"\"\"" + first + "\n\n    " + rest + "\n    \"\"\"\n\n";
}

template <class V>
std::string type_name(const About& field) {
  if constexpr (std::is_same_v<V, Duration>)
    return "timedelta";
  else if constexpr (std::is_same_v<V, Timestamp>)
    return field.zero_is_none ? "Optional[datetime]" : "datetime";
  else if constexpr (std::is_same_v<V, bool>)
    return "bool";
  else if constexpr (std::is_floating_point_v<V>)
    return "float";
  else if constexpr (std::is_integral_v<V>)
    return "int";
  else if constexpr (std::is_same_v<V, std::string>)
    return field.unit == Unit::key ? "Optional[str]" : field.unit == Unit::content ? "bytes" : "str";
  else if constexpr (std::is_enum_v<V>)
    return "str";
  else if constexpr (std::is_same_v<V, std::vector<std::pair<std::string, std::string>>>)
    return "Dict[str, str]";
  else if constexpr (detail::is_list<V>)
    return "Tuple[" + type_name<typename V::value_type>(field) + ", ...]";
  else
    return std::string(about<V>.name);
}

/// How the value in `raw` becomes the field; empty: it is that already.
template <class V>
std::string reading(const About& field, const std::string& raw) {
  if constexpr (std::is_same_v<V, Duration>) {
    return "span(" + raw + ")";
  } else if constexpr (std::is_same_v<V, Timestamp>) {
    return field.zero_is_none ? "None if " + raw + " is None else utc(" + raw + ")" : "utc(" + raw + ")";
  } else if constexpr (Described<V>) {
    return std::string(about<V>.name) + "._read(" + raw + ")";
  } else if constexpr (std::is_same_v<V, std::vector<std::pair<std::string, std::string>>>) {
    return "";
  } else if constexpr (detail::is_list<V>) {
    if constexpr (Described<typename V::value_type>)
      return "tuple(map(" + std::string(about<typename V::value_type>.name) + "._read, " + raw + "))";
    else
      return "tuple(" + raw + ")";
  } else {
    return "";
  }
}

template <class T>
std::string result_class(std::string_view bases = "Value") {
  const std::string name(about<T>.name);
  std::string slots, members, read;
  each_field<T>([&](const auto& field) {
    using V = std::remove_cvref_t<decltype(field.of(std::declval<T&>()))>;
    const std::string member(field.name);
    slots += "        \"" + member + "\",\n";
    std::string words(field.meaning);
    if constexpr (std::is_enum_v<V>) words += ": " + all_words<V>();
    members += commented(member + ": " + type_name<V>(field), words);
    if (const std::string code = reading<V>(field, "raw[\"" + member + "\"]"); !code.empty())
      read += "                \"" + member + "\": " + code + ",\n";
  });
  return "\n\n@dataclass(frozen=True)\nclass " + name + "(" + std::string(bases) + "):\n" + class_words(about<T>.meaning) +
         "    __slots__ = (\n" + slots + "    )\n" + members + "\n    @classmethod\n    def _read(cls, raw: Dict[str, Any]) -> " +
         name + ":\n" +
         (read.empty() ? "        return cls(**raw)\n"
                       : "        return cls(\n            **{\n                **raw,\n" + read + "            }\n        )\n");
}

template <class V>
std::string option_type() {
  using T = typename detail::Inside<V>::type;
  if constexpr (std::is_same_v<T, Duration>)
    return "Duration";
  else if constexpr (std::is_same_v<T, bool>)
    return "bool";
  else if constexpr (std::is_floating_point_v<T>)
    return "float";
  else if constexpr (std::is_integral_v<T>)
    return "int";
  else
    return "str";
}

template <class V>
std::string option_reader() {
  using T = typename detail::Inside<V>::type;
  if constexpr (std::is_same_v<T, Duration>)
    return "milliseconds";
  else if constexpr (std::is_same_v<T, bool>)
    return "_checks.flag";
  else if constexpr (std::is_floating_point_v<T>)
    return "_checks.number";
  else if constexpr (std::is_integral_v<T>)
    return sizeof(T) == 4 ? "_checks.count32" : "_checks.count64";
  else
    return "_checks.text";
}

/// The class that type checkers see, and the table of readers. `Defaults` has the initial values.
template <class T, class Defaults>
std::string option_class(std::string_view name, std::string_view meaning, std::string_view table) {
  std::string members, readers;
  each_field<T>([&](const auto& field) {
    using V = std::remove_cvref_t<decltype(field.of(std::declval<T&>()))>;
    const std::string member(field.name);
    std::string words(field.meaning);
    each_field<Defaults>([&](const auto& same) {
      if (same.name != field.name || !same.is_setting()) return;
      const Setting setting = rules::setting_of<Defaults>(same);
      if (setting.unit == Unit::choice)
        words += ": " + std::string(setting.words) + "; default: the first";
      else if (setting.unit != Unit::flag)
        words += " (" + allowed(setting) + "; default " + format_value(setting.unit, setting.standard) + ")";
    });
    members += commented(member + ": " + option_type<V>(), words);
    readers += "    \"" + member + "\": " + option_reader<V>() + ",\n";
  });
  return "\n\nclass " + std::string(name) + "(TypedDict, total=False):\n    \"\"\"" + std::string(meaning) + "\"\"\"\n\n" +
         members + "\n\n" + std::string(table) + ": Dict[str, Reader] = {\n" + readers + "}\n";
}

}  // namespace

std::string python_results() {
  return "\"\"\"What the library answers: plain values, compared and printed by their fields.\n\n"
         "Written by scripts/reference from the fields in core/include/ackwire. Change them there, not here.\n\"\"\"\n\n"
         "from __future__ import annotations\n\n"
         "from dataclasses import dataclass\nfrom datetime import datetime, timedelta\nfrom typing import Any, Dict, Optional, "
         "Tuple\n\n"
         "from ._durations import span, utc\nfrom ._value import HasGroups, Value\n" +
         result_class<QueuePolicy>() + result_class<GroupInfo>() + result_class<QueueInfo>("HasGroups, Value") +
         result_class<AttemptError>() + result_class<DeadLetter>() + result_class<DeadMoved>() + result_class<PeekedMessage>() +
         result_class<Sample>() + result_class<BrokerStats>() + result_class<Job>();
}

std::string python_settings() {
  return "\"\"\"Keyword options by name and kind: what type checkers see, and how each is read.\n\n"
         "Written by scripts/reference from the fields in core/include/ackwire. Change them there, not here.\n\"\"\"\n\n"
         "from __future__ import annotations\n\n"
         "from typing import Any, Callable, Dict, TypedDict\n\n"
         "from . import _checks\nfrom ._durations import Duration, milliseconds\n\n"
         "Reader = Callable[[Any, str], Any]\n" +
         option_class<BrokerOptions, BrokerOptions>("BrokerOptions", about<BrokerOptions>.meaning, "BROKER") +
         option_class<ClientOptions, ClientOptions>("ClientOptions", about<ClientOptions>.meaning, "CLIENT") +
         option_class<QueueChange, QueuePolicy>("QueueSettings", "Settings of a queue; those that are not given keep their value.",
                                                "QUEUE");
}

}  // namespace ackwire::reference
