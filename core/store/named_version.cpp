#include "store/named_version.hpp"

#include "format/members.hpp"

namespace ackwire::store {
namespace {

enum Number : std::uint8_t { name_number = 1, version_number = 2 };

void append_bytes(std::string& out, std::uint8_t number, std::string_view value) {
  std::string room(format::member_head_bytes + value.size(), '\0');
  format::MemberWriter writer(room.data());
  writer.bytes(number, value);
  out.append(room.data(), writer.end());
}

}  // namespace

void append_member(std::string& out, std::uint8_t number, const NamedVersion& value) {
  std::string members;
  append_bytes(members, name_number, value.name);
  append_bytes(members, version_number, value.version);
  append_bytes(out, number, members);
}

NamedVersion read_named_version(std::string_view members) {
  NamedVersion out;
  format::Member member;
  while (format::split(members, member)) {
    if (member.number == name_number) out.name = member.bytes;
    if (member.number == version_number) out.version = member.bytes;
  }
  return out;
}

}  // namespace ackwire::store
