// The room that a store must keep free for what is handed out, so that it can come back.
#pragma once

#include <cstdint>
#include <utility>

namespace ackwire::engine {

/// A part of a sum, for as long as it lives.
class Reserved {
 public:
  Reserved() = default;
  Reserved(std::uint64_t& sum, std::uint64_t bytes) : sum_(&sum), bytes_(bytes) { sum += bytes; }
  Reserved(Reserved&& other) noexcept : sum_(std::exchange(other.sum_, nullptr)), bytes_(other.bytes_) {}
  Reserved& operator=(Reserved&& other) noexcept {
    std::swap(sum_, other.sum_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Reserved() {
    if (sum_) *sum_ -= bytes_;
  }

 private:
  std::uint64_t* sum_ = nullptr;
  std::uint64_t bytes_ = 0;
};

/// How many bytes the store may have in use.
struct RoomLimits {
  std::uint64_t map_bytes = 0;   // for publishes, by the size of the map
  std::uint64_t disk_bytes = 0;  // for publishes, by the disk
  std::uint64_t soft_bytes = 0;  // the lower of the two
  std::uint64_t hard_bytes = 0;  // for everything else
};

/// What `count` records of `bytes` together take in rows of their own, in the worst case: a record over half a page has pages to
/// itself, smaller ones share pages that may be half empty.
std::uint64_t rows_room(std::uint64_t count, std::uint64_t bytes);

/// The same for messages in their block, with the texts that one failed attempt adds to each. Large records and what goes with
/// them have a row each.
std::uint64_t returns_room(std::uint64_t count, std::uint64_t bytes);

}  // namespace ackwire::engine
