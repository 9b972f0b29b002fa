#include "store/large_pages.hpp"

#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>

namespace ackwire::store {
namespace {

struct Spare {
  std::mutex mutex;
  std::array<void*, large_pages_spare> pages{};
  std::size_t count = 0;
};

/// Never destroyed: tables of static duration may give pages back late.
Spare& spare() {
  static Spare& kept = *new Spare;
  return kept;
}

void* map_page() noexcept {
  // Twice what is needed, so that an aligned part of it can be kept.
  constexpr std::size_t mapped = 2 * large_page_bytes;
  void* const raw = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  char* const begin = static_cast<char*>(raw);
  const std::size_t before = (large_page_bytes - reinterpret_cast<std::uintptr_t>(raw) % large_page_bytes) % large_page_bytes;
  if (before > 0) ::munmap(begin, before);
  ::munmap(begin + before + large_page_bytes, large_page_bytes - before);
#ifdef MADV_HUGEPAGE
  ::madvise(begin + before, large_page_bytes, MADV_HUGEPAGE);
#endif
  return begin + before;
}

void* take_spare() noexcept {
  Spare& kept = spare();
  const std::lock_guard lock(kept.mutex);
  return kept.count > 0 ? kept.pages[--kept.count] : nullptr;
}

}  // namespace

void* take_large_page() noexcept {
  void* const used = take_spare();
  if (!used) return map_page();
  std::memset(used, 0, large_page_bytes);
  return used;
}

void give_large_page(void* page) noexcept {
  if (!page) return;
  Spare& kept = spare();
  {
    const std::lock_guard lock(kept.mutex);
    if (kept.count < kept.pages.size()) {
      kept.pages[kept.count++] = page;
      return;
    }
  }
  ::munmap(page, large_page_bytes);
}

}  // namespace ackwire::store
