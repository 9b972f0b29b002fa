// Zeroed memory in lines of the cache. Large tables are made of segments, each a huge page where the system has them; what is
// smaller than a segment comes from the heap.
#pragma once

#include <cstddef>
#include <utility>

#include "store/large_pages.hpp"

namespace ackwire::dedupe {

inline constexpr std::size_t segment_bytes = store::large_page_bytes;

class ZeroedMemory {
 public:
  ZeroedMemory() = default;
  /// Throws std::bad_alloc when there is none.
  explicit ZeroedMemory(std::size_t bytes);
  ~ZeroedMemory();
  ZeroedMemory(ZeroedMemory&& other) noexcept
      : raw_(std::exchange(other.raw_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        bytes_(std::exchange(other.bytes_, 0)) {}
  ZeroedMemory& operator=(ZeroedMemory&& other) noexcept {
    std::swap(raw_, other.raw_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  /// Aligned to 64 bytes; nullptr when empty.
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* raw_ = nullptr;  // of the heap; nullptr when it is a segment
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace ackwire::dedupe
