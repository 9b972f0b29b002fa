// Which tables a store has, and which version of the program made each: a row of the store. A table that is not in it is made when
// the store is opened; one that is in it and not there is damage.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/named_version.hpp"

namespace ackwire::store {

/// A table and the version of the program that made it.
using MadeTable = NamedVersion;

/// Of a store without the row: what format 1 began with.
std::vector<MadeTable> tables_of_format_1();
/// The row.
std::string encode(const std::vector<MadeTable>& tables);
/// Nothing when it is damaged.
std::optional<std::vector<MadeTable>> decode_tables(std::string_view row);
bool has_table(const std::vector<MadeTable>& tables, std::string_view name);

}  // namespace ackwire::store
