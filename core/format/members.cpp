#include "format/members.hpp"

namespace ackwire::format {

bool split(std::string_view& members, Member& member) {
  if (members.size() < 2) return false;
  member.number = static_cast<std::uint8_t>(members[0]);
  member.kind = static_cast<std::uint8_t>(members[1]);
  const std::size_t width = member.kind & member_width;
  std::size_t size = 2 + width;
  if (member.number == 0 || width > 8 || (member.kind & ~(member_required | member_sized | member_width)) != 0) return false;
  if (members.size() < size) return false;
  member.value = 0;
  std::memcpy(&member.value, members.data() + 2, width);
  member.bytes = {};
  if ((member.kind & member_sized) != 0) {
    if (members.size() - size < member.value) return false;
    member.bytes = members.substr(size, static_cast<std::size_t>(member.value));
    size += member.bytes.size();
  }
  member.whole = members.substr(0, size);
  members.remove_prefix(size);
  return true;
}

}  // namespace ackwire::format
