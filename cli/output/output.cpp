#include "output/output.hpp"

#include <algorithm>

#include "frame/nearest.hpp"
#include "output/text.hpp"
#include "settings/units.hpp"

namespace ackwire::cli {
namespace {

constexpr std::size_t widest_cell = 80;  // of a table on a terminal; longer values are cut there, never in a pipe

const Json* find(const Json& row, std::string_view path) {
  const Json* at = &row;
  while (true) {
    const auto dot = path.find('.');
    const auto step = path.substr(0, dot);
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(step));
    if (found == at->end()) return nullptr;
    at = &*found;
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
  }
}

constexpr std::string_view base64_suffix = "_base64";

/// The field, or its base64 twin when its bytes are not UTF-8.
std::pair<const Json*, std::string> find_either(const Json& row, std::string_view name) {
  if (const Json* value = find(row, name)) return {value, std::string(name)};
  std::string twin = std::string(name) + std::string(base64_suffix);
  const Json* value = find(row, twin);
  return {value, value != nullptr ? std::move(twin) : std::string(name)};
}

void put(Json& row, std::string_view path, const Json& value) {
  const auto dot = path.find('.');
  Json& member = row[std::string(path.substr(0, dot))];
  if (dot == std::string_view::npos)
    member = value;
  else
    put(member, path.substr(dot + 1), value);
}

std::string heading(const Column& column) {
  std::string_view name = column.name;
  if (column.cell == Cell::milliseconds && name.ends_with("_ms")) name.remove_suffix(3);
  std::string out(name);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return low(x) == low(y); });
}

/// Whether `asked` names the column: by its name in JSON, by its heading, or by its twin for bytes that are not UTF-8.
bool names(const Column& column, std::string_view asked) {
  if (asked.ends_with(base64_suffix)) asked.remove_suffix(base64_suffix.size());
  return column.name == asked || same_letters(heading(column), asked);
}

bool right_aligned(const Column& column) { return column.cell != Cell::text; }

}  // namespace

Printer::Printer(Terminal& terminal, Format format, std::vector<std::string> columns)
    : terminal_(terminal), format_(format), asked_(std::move(columns)) {}

Status Printer::choose(View view) {
  columns_.clear();
  if (asked_.empty()) {
    std::copy_if(view.begin(), view.end(), std::back_inserter(columns_), [](const Column& column) { return column.shown; });
    return {};
  }
  std::vector<std::string_view> known;
  for (const Column& column : view) known.push_back(column.name);
  for (const std::string& asked : asked_) {
    const auto found = std::find_if(view.begin(), view.end(), [&](const Column& column) { return names(column, asked); });
    if (found != view.end()) {
      columns_.push_back(*found);
      continue;
    }
    return Error{Errc::invalid_argument, fmt::format("there is no column \"{}\"{}; there are: {}", asked,
                                                     did_you_mean(asked, known), fmt::join(known, ", "))};
  }
  return {};
}

Json Printer::picked(const Json& row) const {
  if (asked_.empty()) return row;
  Json out = Json::object();
  for (const Column& column : columns_) {
    const auto [value, name] = find_either(row, column.name);
    put(out, name, value != nullptr ? *value : Json(nullptr));
  }
  return out;
}

std::string Printer::cell(const Column& column, const Json& row) const {
  const auto [value, name] = find_either(row, column.name);
  if (value == nullptr || value->is_null()) return format_ == Format::plain ? "" : "-";
  if (name != column.name) return "base64:" + value->get<std::string>();
  if (format_ == Format::table && value->is_number_integer()) {
    if (column.cell == Cell::bytes) return format_bytes(value->get<std::uint64_t>());
    if (column.cell == Cell::attempts && *value == 0) return "never started";
    if (column.cell == Cell::milliseconds) return format_duration(Duration{value->get<std::int64_t>()});
  }
  if (format_ == Format::table && value->is_number_float()) return fmt::format("{:.3g}", value->get<double>());
  if (value->is_string()) return printable(value->get_ref<const std::string&>());
  return printable(dump(*value));
}

void Printer::table(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  }
  for (std::size_t row = 0; row < lines.size(); ++row) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string space(widths[i] - display_width(lines[row][i]), ' ');
      if (i > 0) text += "  ";
      text += right_aligned(columns_[i]) ? space + lines[row][i] : lines[row][i] + space;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    if (row == 0 && terminal_.colour) text = "\033[1m" + text + "\033[0m";
    terminal_.write(text + "\n");
  }
}

void Printer::plain(const Json& row) {
  std::string text;
  for (std::size_t i = 0; i < columns_.size(); ++i) text += (i > 0 ? "\t" : "") + cell(columns_[i], row);
  terminal_.write(text + "\n");
}

void Printer::rows(const std::vector<Json>& rows) {
  if (format_ == Format::json) {
    Json array = Json::array();
    for (const Json& row : rows) array.push_back(picked(row));
    terminal_.write(array.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else if (format_ == Format::jsonl) {
    for (const Json& row : rows) terminal_.write(dump(picked(row)) + "\n");
  } else if (format_ == Format::plain) {
    for (const Json& row : rows) plain(row);
  } else {
    std::vector<std::vector<std::string>> lines(1);
    for (const Column& column : columns_) lines[0].push_back(heading(column));
    for (const Json& row : rows) {
      auto& line = lines.emplace_back();
      for (const Column& column : columns_) {
        line.push_back(terminal_.out_is_terminal ? shorten(cell(column, row), widest_cell) : cell(column, row));
      }
    }
    table(lines);
  }
  terminal_.flush();
}

void Printer::record(const Json& row) {
  if (format_ == Format::json) {
    terminal_.write(picked(row).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else if (format_ == Format::jsonl) {
    terminal_.write(dump(picked(row)) + "\n");
  } else if (format_ == Format::plain) {
    plain(row);
  } else {
    std::size_t width = 0;
    for (const Column& column : columns_) width = std::max(width, heading(column).size());
    for (const Column& column : columns_) terminal_.write(fmt::format("{:<{}}  {}\n", heading(column), width, cell(column, row)));
  }
  terminal_.flush();
}

void Printer::stream(const Json& row, bool with_heading) {
  if (format_ == Format::json || format_ == Format::jsonl) {
    terminal_.write(dump(picked(row)) + "\n");
  } else if (format_ == Format::plain) {
    plain(row);
  } else {
    std::string head, text;
    for (const Column& column : columns_) {
      const std::string title = heading(column);
      const std::size_t width = std::max<std::size_t>(title.size(), 9);
      head += fmt::format("{:>{}}  ", title, width);
      text += fmt::format("{:>{}}  ", cell(column, row), width);
    }
    if (with_heading) terminal_.write(head + "\n");
    terminal_.write(text + "\n");
  }
  terminal_.flush();
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void put_bytes(Json& object, std::string_view name, std::string_view bytes) {
  if (valid_utf8(bytes))
    object[std::string(name)] = bytes;
  else
    object[std::string(name) + "_base64"] = base64(bytes);
}

}  // namespace ackwire::cli
