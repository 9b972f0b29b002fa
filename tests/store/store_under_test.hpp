// The two stores under one face, so that one contract suite holds for both.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "store/store.hpp"

namespace ackwire::store::testing {

/// Makes, reopens and cuts the power of one kind of store.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  /// As after a clean end of the process.
  virtual void reopen() = 0;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};
Kind memory_kind();
Kind lmdb_kind();

/// Bytes that differ with `salt`, so that parts in the wrong order are seen.
std::string pattern(std::size_t bytes, unsigned salt = 1);

}  // namespace ackwire::store::testing
