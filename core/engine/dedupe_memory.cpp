#include "engine/dedupe_memory.hpp"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace ackwire::engine::dedupe {
namespace {

constexpr std::size_t line_bytes = 64;
constexpr std::size_t mapped_from_bytes = 128 * 1024;  // below, a mapping of its own would waste pages

}  // namespace

ZeroedMemory::ZeroedMemory(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  if (bytes < mapped_from_bytes) {
    data_ = ::operator new (bytes, std::align_val_t{line_bytes});
    std::memset(data_, 0, bytes);
    return;
  }
  data_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data_ == MAP_FAILED) {
    data_ = nullptr;
    throw std::bad_alloc();
  }
}

ZeroedMemory::~ZeroedMemory() {
  if (!data_) return;
  if (bytes_ < mapped_from_bytes) {
    ::operator delete (data_, std::align_val_t{line_bytes});
  } else {
    ::munmap(data_, bytes_);
  }
}

}  // namespace ackwire::engine::dedupe
