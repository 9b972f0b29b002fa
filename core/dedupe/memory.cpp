#include "dedupe/memory.hpp"

#include <cstdint>
#include <cstdlib>
#include <new>

namespace ackwire::dedupe {

ZeroedMemory::ZeroedMemory(std::size_t bytes) : bytes_(bytes) {
  constexpr std::size_t line_bytes = 64;
  if (bytes == 0) return;
  if (bytes == segment_bytes) {
    data_ = store::take_large_page();
    if (!data_) throw std::bad_alloc();
    return;
  }
  raw_ = std::calloc(1, bytes + line_bytes - 1);
  if (!raw_) throw std::bad_alloc();
  const auto address = reinterpret_cast<std::uintptr_t>(raw_);
  data_ = static_cast<char*>(raw_) + ((line_bytes - address % line_bytes) % line_bytes);
}

ZeroedMemory::~ZeroedMemory() {
  if (raw_) {
    std::free(raw_);
  } else {
    store::give_large_page(data_);
  }
}

}  // namespace ackwire::dedupe
