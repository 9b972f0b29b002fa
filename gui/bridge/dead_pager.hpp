// SPDX-License-Identifier: GPL-3.0-only
// Finds page n of a dead-letter queue that can only be read forward from a sequence.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bridge/data_source.hpp"
#include "bridge/snapshot.hpp"

namespace ackwire::dashboard {

/// Remembers where pages begin. A page next to a known one costs one read; the last pages are found from the end by
/// bisection over sequences (about twenty reads for a million rows); a page in the middle is reached by reading on from the nearest
/// known page, in slices, so that the caller can do other work between them. Not thread-safe; lives on the reader's thread.
class DeadPager {
 public:
  /// Forgets the pages when the generation, queue or group of the request is another one.
  void prepare(const DeadPageRequest& request);
  /// One slice of the work for a page. The reply is complete, or says how far it got: call again.
  DeadPageReply step(DataSource& source, const DeadPageRequest& request);

 private:
  struct Batch {
    std::vector<DeadLetter> letters;
    std::uint64_t next = 0;
    std::uint64_t total = 0;
  };
  Result<Batch> read(DataSource& source, std::uint64_t from, std::uint32_t count);
  Status read_page(DataSource& source, std::uint64_t from, DeadPageReply& reply);
  Status walk(DataSource& source, std::uint64_t page);
  Status step_back(DataSource& source, std::uint64_t page, std::uint64_t rows_after);

  std::uint64_t generation_ = 0;
  std::string queue_, group_;
  std::uint64_t total_ = 0, end_sequence_ = 0;
  std::map<std::uint64_t, std::uint64_t> starts_;  ///< page -> first sequence
};

}  // namespace ackwire::dashboard
