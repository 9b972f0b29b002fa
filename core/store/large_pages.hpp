// Memory for large tables that are read at random, in pieces of one huge page where the system has them: a look-up then costs one
// cache miss and not a walk through the page tables as well. A few pieces that were given back are kept for the next table, because
// fresh ones cost far more than clearing used ones. Thread-safe.
#pragma once

#include <cstddef>

namespace ackwire::store {

inline constexpr std::size_t large_page_bytes = 2 * 1024 * 1024;
/// Pieces kept by the process after they were given back.
inline constexpr std::size_t large_pages_spare = 6;

/// Zeroed memory of large_page_bytes, aligned to that. nullptr when there is none.
void* take_large_page() noexcept;
/// nullptr is allowed.
void give_large_page(void* page) noexcept;

}  // namespace ackwire::store
