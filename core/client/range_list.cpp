#include "client/range_list.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "ackwire/limits.hpp"

namespace ackwire::client {
namespace {

std::uint64_t end_of(const model::SettleRange& range) { return range.first_sequence + range.count; }

bool count_fits(std::uint64_t count) { return count <= std::numeric_limits<std::uint32_t>::max(); }

}  // namespace

void RangeList::add(std::uint64_t first_sequence, std::uint32_t count, std::uint32_t delivery) {
  messages_ += count;
  if (!ranges_.empty()) {
    model::SettleRange& last = ranges_.back();
    if (last.delivery == delivery && end_of(last) == first_sequence && count_fits(std::uint64_t{last.count} + count)) {
      last.count += count;
      return;
    }
    if (first_sequence < end_of(last)) ascending_ = false;
  }
  ranges_.push_back({first_sequence, count, delivery});
}

std::vector<model::SettleRange> RangeList::take() {
  std::vector<model::SettleRange> ranges = std::exchange(ranges_, {});
  messages_ = 0;
  if (std::exchange(ascending_, true)) return ranges;
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first_sequence, a.delivery) < std::tie(b.first_sequence, b.delivery);
  });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    model::SettleRange& last = ranges[kept];
    const model::SettleRange& next = ranges[i];
    const std::uint64_t end = std::max(end_of(last), end_of(next));
    if (last.delivery == next.delivery && next.first_sequence <= end_of(last) && count_fits(end - last.first_sequence)) {
      last.count = static_cast<std::uint32_t>(end - last.first_sequence);
    } else {
      ranges[++kept] = next;
    }
  }
  ranges.resize(kept + 1);
  return ranges;
}

void RangeList::clear() {
  ranges_.clear();
  messages_ = 0;
  ascending_ = true;
}

std::uint64_t count_messages(const std::vector<model::SettleRange>& ranges) {
  std::uint64_t messages = 0;
  for (const model::SettleRange& range : ranges) messages += range.count;
  return messages;
}

std::vector<model::SettleRange> take_frame(std::vector<model::SettleRange>& left) {
  std::vector<model::SettleRange> part;
  std::uint32_t room = limits::credit;
  while (!left.empty() && room > 0) {
    model::SettleRange& last = left.back();
    const std::uint32_t count = std::min(room, last.count);
    last.count -= count;
    part.push_back({last.first_sequence + last.count, count, last.delivery});
    if (last.count == 0) left.pop_back();
    room -= count;
  }
  std::reverse(part.begin(), part.end());
  return part;
}

}  // namespace ackwire::client
