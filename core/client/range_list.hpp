// Deliveries that are settled together, as ranges of consecutive sequences with one delivery number.
#pragma once

#include <cstdint>
#include <vector>

#include "model/command.hpp"

namespace ackwire::client {

class RangeList {
 public:
  void add(std::uint64_t sequence, std::uint32_t delivery) { add(sequence, 1, delivery); }
  void add(std::uint64_t first_sequence, std::uint32_t count, std::uint32_t delivery);
  bool empty() const { return ranges_.empty(); }
  std::uint64_t messages() const { return messages_; }
  /// Ascending, merged, each delivery once; leaves the list empty.
  std::vector<model::SettleRange> take();
  void clear();

 private:
  std::vector<model::SettleRange> ranges_;
  std::uint64_t messages_ = 0;  // as added
  bool ascending_ = true;
};

/// Takes ranges of as many messages as one frame may name (limits::credit) off the end of `left`.
std::vector<model::SettleRange> take_frame(std::vector<model::SettleRange>& left);
/// Messages in `ranges`.
std::uint64_t count_messages(const std::vector<model::SettleRange>& ranges);

}  // namespace ackwire::client
