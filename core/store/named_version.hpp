// Something of the store by its permanent name, with the version of the program that brought it: a member of a list in the marker
// and in the row of tables.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ackwire::store {

struct NamedVersion {
  std::string name;     // permanent
  std::string version;  // of the program that brought it
};

/// Appends it as the list member `number`, whose own members are 1 name, 2 version. The numbers are permanent.
void append_member(std::string& out, std::uint8_t number, const NamedVersion& value);
/// Of the bytes of such a member. What is not said stays empty.
NamedVersion read_named_version(std::string_view members);

}  // namespace ackwire::store
