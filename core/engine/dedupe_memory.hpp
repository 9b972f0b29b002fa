// Zeroed memory straight from the system: large tables come without a memset and go back when they are dropped, so that the
// resident size follows what is really held.
#pragma once

#include <cstddef>
#include <utility>

namespace ackwire::engine::dedupe {

class ZeroedMemory {
 public:
  ZeroedMemory() = default;
  /// Throws std::bad_alloc when the system has none.
  explicit ZeroedMemory(std::size_t bytes);
  ~ZeroedMemory();
  ZeroedMemory(ZeroedMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ZeroedMemory& operator=(ZeroedMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  /// Aligned to 64 bytes at least; nullptr when empty.
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace ackwire::engine::dedupe
