// The output contract: the same rows as a table, JSON, JSON Lines or tab-separated text. JSON always carries every field.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/error.hpp"
#include "frame/terminal.hpp"

namespace ackwire::cli {

using Json = nlohmann::ordered_json;

enum class Format { table, json, jsonl, plain };

/// How a field is shown to people. In JSON times are RFC 3339, durations milliseconds, sizes bytes.
enum class Cell { text, number, bytes, milliseconds, attempts };  // attempts: of a dead letter, 0 is "never started"

/// One field of a row: its dotted path in the JSON object is also its name for --columns.
struct Column {
  std::string_view name;
  Cell cell = Cell::text;
  bool shown = true;  ///< in the table when --columns is not given
};

using View = std::span<const Column>;

/// Writes rows in the format that was asked for. `table` and `plain` have one line a row, whatever the values hold.
class Printer {
 public:
  /// `columns`: names from --columns, empty for the default ones.
  Printer(Terminal& terminal, Format format, std::vector<std::string> columns);

  /// Chooses the columns. Errors: invalid_argument naming the columns there are. Call it before doing anything.
  Status choose(View view);
  /// All rows at once; an empty table is its heading alone, empty JSON is [].
  void rows(const std::vector<Json>& rows);
  /// One object: a list of names and values as a table, one JSON object otherwise.
  void record(const Json& row);
  /// One row of an endless list: a JSON line, or a line of values (with `heading` before the first).
  void stream(const Json& row, bool heading);

  Format format() const { return format_; }

 private:
  Json picked(const Json& row) const;
  std::string cell(const Column& column, const Json& row) const;
  void table(const std::vector<std::vector<std::string>>& lines);
  void plain(const Json& row);

  Terminal& terminal_;
  Format format_;
  std::vector<std::string> asked_;
  std::vector<Column> columns_;  ///< chosen, in order
};

/// JSON text that never fails: bytes that are not UTF-8 are replaced.
std::string dump(const Json& json);

/// Sets `object[name]` when `bytes` are UTF-8, else `object[name_base64]`.
void put_bytes(Json& object, std::string_view name, std::string_view bytes);

}  // namespace ackwire::cli
