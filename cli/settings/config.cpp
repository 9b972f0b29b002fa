#include "settings/config.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "frame/nearest.hpp"
#include "output/text.hpp"
#include "settings/fields.hpp"

namespace ackwire::cli {
namespace {

constexpr std::array<std::string_view, 4> section_names{"serve", "store", "limits", "queues"};
constexpr std::array<std::string_view, 4> serve_names{"listen", "log_level", "log_format", "socket_mode"};
constexpr std::array<std::string_view, 6> log_levels{"trace", "debug", "info", "warn", "error", "off"};

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a float";
    case toml::node_type::boolean: return "a boolean";
    default: return "a date or time";
  }
}

std::string wanted(const Setting& setting) {
  switch (setting.unit) {
    case Unit::duration: return "a string with a unit, for example \"30s\"";
    case Unit::bytes: return "a string with a unit, for example \"64MiB\", or an integer";
    case Unit::count: return "an integer";
    case Unit::real: return "a number";
    case Unit::flag: return "true or false";
    case Unit::choice: return "one of " + std::string(setting.words);
    default: return "another type";
  }
}

/// Walks the parsed file and keeps a list of what is wrong with it.
class Reader {
 public:
  Reader(std::string file, ServeConfig& config) : file_(std::move(file)), config_(config) {}

  void read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const auto* section = node.as_table();
      if (std::find(section_names.begin(), section_names.end(), key.str()) == section_names.end()) {
        unknown(key, "", section_names);
      } else if (section == nullptr) {
        problem(node.source(), fmt::format("\"{}\" must be a table: [{}]; it is {}", key.str(), key.str(), type_name(node)));
      } else if (key == "serve") {
        read_serve(*section);
      } else if (key == "store") {
        read_fields(*section, "store.", store_fields(), config_.broker);
      } else if (key == "limits") {
        read_fields(*section, "limits.", limit_fields(), config_.broker);
      } else {
        read_queues(*section);
      }
    }
  }

  std::vector<ConfigProblem> take() { return std::move(problems_); }

 private:
  void problem(const toml::source_region& at, std::string message) {
    problems_.push_back({file_, at.begin.line, at.begin.column, std::move(message)});
  }

  void unknown(const toml::key& key, std::string_view prefix, std::span<const std::string_view> known) {
    problem(key.source(), fmt::format("unknown key \"{}{}\"{}", prefix, printable(key.str()), did_you_mean(key.str(), known)));
  }

  void read_serve(const toml::table& section) {
    for (const auto& [key, node] : section) {
      if (key == "listen")
        read_listen(node);
      else if (key == "log_level")
        read_log_level(node);
      else if (key == "log_format")
        read_log_format(node);
      else if (key == "socket_mode")
        read_socket_mode(node);
      else
        unknown(key, "serve.", serve_names);
    }
  }

  void read_listen(const toml::node& node) {
    if (node.is_string()) return read_endpoint(node);
    const auto* list = node.as_array();
    if (list == nullptr)
      return problem(node.source(), fmt::format("serve.listen must be an array of strings; it is {}", type_name(node)));
    for (const toml::node& entry : *list) {
      if (entry.is_string())
        read_endpoint(entry);
      else
        problem(entry.source(), fmt::format("serve.listen must hold strings; this is {}", type_name(entry)));
    }
  }

  void read_endpoint(const toml::node& node) {
    const std::string& text = node.as_string()->get();
    if (const Status status = Broker::check_endpoint(text); !status)
      problem(node.source(), fmt::format("serve.listen: \"{}\": {}", printable(text), status.error().message));
    config_.listen.push_back(text);
  }

  void read_log_level(const toml::node& node) {
    const auto* text = node.as_string();
    if (text != nullptr && std::find(log_levels.begin(), log_levels.end(), text->get()) != log_levels.end()) {
      config_.log_level = text->get();
      return;
    }
    problem(node.source(), fmt::format("serve.log_level must be one of {}", fmt::join(log_levels, ", ")));
  }

  void read_log_format(const toml::node& node) {
    const auto* text = node.as_string();
    if (text == nullptr || (*text != "text" && *text != "json"))
      return problem(node.source(), "serve.log_format must be \"text\" or \"json\"");
    config_.log_format = text->get();
  }

  void read_socket_mode(const toml::node& node) {
    const auto* text = node.as_string();
    const auto mode = parse_socket_mode(text != nullptr ? text->get() : "");
    if (!mode) return problem(node.source(), fmt::format("serve.socket_mode: {}", mode.error().message));
    config_.broker.socket_mode = *mode;
  }

  void read_queues(const toml::table& section) {
    for (const auto& [key, node] : section) {
      const auto* table = node.as_table();
      if (const Status status = check_queue_name(key.str()); !status)
        problem(key.source(), fmt::format("queues.\"{}\": {}", printable(key.str()), status.error().message));
      if (table == nullptr) {
        problem(node.source(),
                fmt::format("queues.{} must be a table: [queues.{}]; it is {}", key.str(), key.str(), type_name(node)));
        continue;
      }
      QueueChange change;
      const std::size_t before = problems_.size();
      read_fields(*table, fmt::format("queues.{}.", key.str()), policy_fields(), change);
      if (const Status status = check(change); problems_.size() == before && !status) {
        problem(node.source(), fmt::format("queues.{}: {}", key.str(), status.error().message));
      }
      config_.queues.emplace(std::string(key.str()), change);
    }
  }

  /// The value as it would be written on the command line, or nothing when its type does not fit.
  static std::optional<std::string> as_text(const toml::node& node, Unit kind) {
    if (const auto* text = node.as_string(); text != nullptr && kind != Unit::count && kind != Unit::real && kind != Unit::flag) {
      return text->get();
    }
    const bool number = kind == Unit::count || kind == Unit::real || kind == Unit::bytes;
    if (const auto* integer = node.as_integer(); integer != nullptr) {
      if (number || (kind == Unit::duration && integer->get() == 0)) return fmt::format("{}", integer->get());
    }
    if (const auto* real = node.as_floating_point(); real != nullptr && kind == Unit::real) return fmt::format("{}", real->get());
    if (const auto* flag = node.as_boolean(); flag != nullptr && kind == Unit::flag) return flag->get() ? "true" : "false";
    return std::nullopt;
  }

  template <class Target>
  void read_fields(const toml::table& section, const std::string& prefix, std::span<const Field<Target>> fields, Target& target) {
    for (const auto& [key, node] : section) {
      const auto field =
          std::find_if(fields.begin(), fields.end(), [&](const auto& candidate) { return candidate.name() == key.str(); });
      if (field == fields.end()) {
        std::vector<std::string_view> names;
        for (const auto& candidate : fields) names.push_back(candidate.name());
        unknown(key, prefix, names);
        continue;
      }
      const auto text = as_text(node, field->setting.unit);
      if (!text) {
        problem(node.source(),
                fmt::format("{}{} must be {}; it is {}", prefix, field->name(), wanted(field->setting), type_name(node)));
        continue;
      }
      const auto value = parse_value(*text, field->setting);
      if (!value)
        problem(node.source(), fmt::format("{}{}: {}", prefix, field->name(), value.error().message));
      else
        field->set(target, *value);
    }
  }

  std::string file_;
  ServeConfig& config_;
  std::vector<ConfigProblem> problems_;
};

/// Line and column of the first byte that is not UTF-8.
ConfigProblem utf8_problem(std::string_view text, const std::string& file) {
  ConfigProblem found{file, 1, 1, "the file is not valid UTF-8 here; save it as UTF-8"};
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    if (!valid_utf8(line)) {
      found.column = static_cast<std::uint32_t>(display_width(line.substr(0, valid_prefix(line))) + 1);
      return found;
    }
    begin = end + 1;
    ++found.line;
  }
  return found;
}

}  // namespace

Result<std::uint32_t> parse_socket_mode(std::string_view text) {
  std::uint32_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error == std::errc{} && end == text.data() + text.size() && text.size() >= 3 && text.size() <= 4 && mode <= 0777) return mode;
  return Error{Errc::invalid_argument,
               fmt::format("\"{}\" is not a mode: write three octal digits in quotes, for example \"0660\"", text)};
}

std::string to_string(const ConfigProblem& problem) {
  if (problem.line == 0) return fmt::format("{}: {}", problem.file, problem.message);
  return fmt::format("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message);
}

std::vector<ConfigProblem> parse_config(std::string_view text, const std::string& file, ServeConfig& config) {
  if (text.size() > config_bytes) {
    return {{file, 0, 0, fmt::format("the settings file is larger than {} bytes; nothing of it was read", config_bytes)}};
  }
  if (text.starts_with("\xEF\xBB\xBF"))
    return {{file, 1, 1, "the file begins with a byte order mark; save it as UTF-8 without one"}};
  if (!valid_utf8(text)) return {utf8_problem(text, file)};
  try {
    const toml::table root = toml::parse(text);
    Reader reader(file, config);
    reader.read(root);
    auto problems = reader.take();
    std::sort(problems.begin(), problems.end(), [](const ConfigProblem& a, const ConfigProblem& b) {
      return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    return problems;
  } catch (const toml::parse_error& error) {
    return {{file, error.source().begin.line, error.source().begin.column, std::string(error.description())}};
  }
}

std::vector<ConfigProblem> load_config(const std::string& file, ServeConfig& config) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "rb"), &std::fclose);
  if (!in) return {{file, 0, 0, fmt::format("cannot be read: {}", std::strerror(errno))}};
  std::string text(config_bytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), in.get()));
  if (std::ferror(in.get()) != 0) return {{file, 0, 0, fmt::format("cannot be read: {}", std::strerror(errno))}};
  return parse_config(text, file, config);
}

}  // namespace ackwire::cli
