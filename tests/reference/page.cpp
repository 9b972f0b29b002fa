// docs/reference.md: every verb, setting and value with its fields.
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "ackwire/ackwire.hpp"
#include "model/request.hpp"
#include "reference/text.hpp"
#include "rules/settings.hpp"
#include "wire/json_fields.hpp"

namespace ackwire::reference {
namespace {

std::string code(std::string_view name) { return "`" + std::string(name) + "`"; }

template <class V>
std::string kind(const About& field) {
  using T = typename detail::Inside<V>::type;
  if constexpr (std::is_enum_v<T>) {
    return all_words<T>();
  } else if constexpr (Described<T>) {
    return about<T>.name.empty() ? "object" : code(about<T>.name);
  } else if constexpr (detail::is_list<T> && !std::is_same_v<T, std::vector<std::pair<std::string, std::string>>>) {
    return "list of " + kind<typename T::value_type>(field);
  } else {
    switch (field.unit) {
      case Unit::duration: return "duration";
      case Unit::bytes: return "bytes";
      case Unit::real: return "number";
      case Unit::flag: return "true or false";
      case Unit::time: return "time";
      case Unit::text: return "text";
      case Unit::key: return "any bytes, or none";
      case Unit::content: return "any bytes";
      case Unit::headers: return "names with any bytes";
      default: return "count";
    }
  }
}

/// The name on the wire, with its object.
template <class T, std::size_t I>
std::string wire_name() {
  const std::string_view group = detail::at<I>(fields<T>).group;
  return code((group.empty() ? "" : std::string(group) + ".") + wire::member_name<T, I>.c_str());
}

template <class T, class Row>
std::string each_row(Row row) {
  std::string out;
  [&]<std::size_t... I>(std::index_sequence<I...>) { ((out += row(detail::at<I>(fields<T>), wire_name<T, I>())), ...); }
  (std::make_index_sequence<wire::field_count<T>>{});
  return out;
}

template <class T>
std::string value_table() {
  const std::string rows = each_row<T>([](const auto& field, const std::string& on_wire) {
    using V = std::remove_cvref_t<decltype(field.of(std::declval<T&>()))>;
    return "| " + code(field.name) + " | " + on_wire + " | " + kind<V>(field) + " | " + std::string(field.meaning) + " |\n";
  });
  return "\n### " + std::string(about<T>.name) + "\n\n" + std::string(about<T>.meaning) +
         "\n\n| field | in JSON | kind | meaning |\n|---|---|---|---|\n" + rows;
}

template <class T>
std::string setting_table() {
  std::string rows;
  each_field<T>([&](const auto& field) {
    if (!field.is_setting()) return;
    const Setting setting = rules::setting_of<T>(field);
    const std::string standard = setting.unit == Unit::choice ? std::string(setting.words.substr(0, setting.words.find(',')))
                                                              : format_value(setting.unit, setting.standard);
    rows += "| " + code(field.name) + " | " + allowed(setting) + " | " + standard + " | " + std::string(field.meaning) + " |\n";
  });
  return "\n### " + std::string(about<T>.name) + "\n\n| setting | may be | default | meaning |\n|---|---|---|---|\n" + rows;
}

std::string_view word(model::Access access) {
  switch (access) {
    case model::Access::changes: return "changes";
    case model::Access::reads: return "reads";
    case model::Access::reads_much: return "reads, in turn";
  }
  return "";
}

std::string_view word(model::Permission permission) {
  switch (permission) {
    case model::Permission::observe: return "observe";
    case model::Permission::peek: return "peek";
    case model::Permission::redrive: return "redrive";
    case model::Permission::purge: return "purge";
    case model::Permission::administer: return "administer";
  }
  return "";
}

std::string verb_table() {
  std::string out;
  model::each_verb([&]<class V>(const model::Verb& verb, std::type_identity<V>) {
    std::string members;
    each_row<V>([&](const auto& field, const std::string& on_wire) {
      members += (members.empty() ? "" : ", ") + on_wire + (field.required ? "" : "?");
      return std::string();
    });
    out += "| " + code(verb.name) + " | " + members + " | " + code(model::reply_form<typename V::Reply>.name) + " | " +
           std::string(word(verb.access)) + " | " + (verb.repeat == model::Repeat::safe ? "yes" : "no") + " | " +
           std::string(word(verb.permission)) + " | " + std::string(verb.meaning) + " |\n";
  });
  return "\n| verb | members | reply | | sent again | permission | meaning |\n|---|---|---|---|---|---|---|\n" + out;
}

std::string verb_members() {
  std::string out;
  model::each_verb([&]<class V>(const model::Verb& verb, std::type_identity<V>) {
    out += each_row<V>([&](const auto& field, const std::string& on_wire) {
      using M = std::remove_cvref_t<decltype(field.of(std::declval<V&>()))>;
      return "| " + code(verb.name) + " | " + on_wire + " | " + kind<M>(field) + " | " + std::string(field.meaning) + " |\n";
    });
  });
  return "\n| verb | member | kind | meaning |\n|---|---|---|---|\n" + out;
}

}  // namespace

std::string page() {
  return "# Reference: settings, values, verbs\n\n"
         "<!-- Generated by scripts/reference from the fields in core/include/ackwire and the verbs in core/model/verbs. Change "
         "them\n"
         "     there, not this page. -->\n\n"
         "Every name here is the same in C++, in Python and on the command line. In JSON a duration or time is a number of "
         "milliseconds in\n"
         "a member that ends in `_ms`, and bytes are base64 in one that ends in `_base64`.\n\n"
         "## Settings\n" +
         setting_table<QueuePolicy>() + setting_table<BrokerOptions>() + setting_table<ClientOptions>() + "\n## Values\n" +
         value_table<QueueInfo>() + value_table<QueuePolicy>() + value_table<GroupInfo>() + value_table<Sample>() +
         value_table<BrokerStats>() + value_table<PeekedMessage>() + value_table<DeadLetter>() + value_table<AttemptError>() +
         value_table<Job>() +
         "\n## Verbs\n\n"
         "What can be asked with `ackwire request` and `request()`. A member with `?` may be left out. *Sent again*: by the "
         "library\n"
         "itself, when the connection was lost before the reply came. The permission is what a role will need.\n" +
         verb_table() + verb_members();
}

}  // namespace ackwire::reference
