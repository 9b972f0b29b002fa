// SPDX-License-Identifier: GPL-3.0-only
#include "bridge/dead_pager.hpp"

#include <ackwire/limits.hpp>

#include <algorithm>
#include <limits>

namespace ackwire::dashboard {
namespace {

constexpr std::uint32_t walk_reads_a_slice = 8;
constexpr int bisect_reads_max = 96;
constexpr std::uint64_t back_steps_worth = 8;  ///< pages from the end that are looked for from the end
constexpr std::size_t detail_bytes = 200;      ///< a table cell shows no more

DeadRow row_of(const DeadLetter& letter) {
  DeadRow row;
  row.sequence = letter.sequence;
  row.reason = letter.reason;
  row.deliveries = letter.deliveries;
  row.attempts = letter.attempts;
  row.redrives = letter.redrives;
  row.publish_time = letter.publish_time;
  row.dead_time = letter.dead_time;
  row.key = letter.idempotency_key;
  row.detail = letter.detail.substr(0, detail_bytes);
  row.body_bytes = letter.body_bytes;
  return row;
}

}  // namespace

void DeadPager::prepare(const DeadPageRequest& request) {
  if (request.generation != generation_ || request.queue != queue_ || request.group != group_) {
    generation_ = request.generation;
    queue_ = request.queue;
    group_ = request.group;
    starts_ = {{0, 0}};
  }
  total_ = request.total;
  end_sequence_ = request.end_sequence ? request.end_sequence : std::numeric_limits<std::uint64_t>::max() / 2;
}

Result<DeadPager::Batch> DeadPager::read(DataSource& source, std::uint64_t from, std::uint32_t count) {
  auto page = source.dead_letters(queue_, group_, from, count, 0);
  if (!page) return page.error();
  return Batch{std::move(page->letters), page->next, page->total};
}

Status DeadPager::read_page(DataSource& source, std::uint64_t from, DeadPageReply& reply) {
  // A page with long error histories may come in parts: the broker bounds an answer in bytes as well.
  while (reply.rows.size() < dead_page_rows) {
    auto batch = read(source, from, dead_page_rows - static_cast<std::uint32_t>(reply.rows.size()));
    if (!batch) return batch.error();
    for (const auto& letter : batch->letters) reply.rows.push_back(row_of(letter));
    reply.total = batch->total;
    from = batch->next;
    if (from == 0 || batch->letters.empty()) break;
  }
  if (from != 0) starts_[reply.page + 1] = from;
  return {};
}

/// Reads on from the nearest known page, remembering where each page begins.
Status DeadPager::walk(DataSource& source, std::uint64_t page) {
  for (std::uint32_t reads = 0; reads < walk_reads_a_slice; ++reads) {
    auto nearest = std::prev(starts_.upper_bound(page));
    if (nearest->first == page) return {};
    std::uint64_t at = nearest->first, from = nearest->second;
    const auto pages = std::min<std::uint64_t>(limits::page_messages / dead_page_rows, page - at);
    std::uint64_t rows = 0;
    const auto wanted = pages * dead_page_rows;
    while (rows < wanted) {
      auto batch = read(source, from, static_cast<std::uint32_t>(wanted - rows));
      if (!batch) return batch.error();
      if (batch->next == 0 || batch->letters.empty()) {
        return Error{Errc::not_found, "The dead-letter queue became shorter. Nothing is lost; refresh to see it as it is.", {}, {}};
      }
      for (std::size_t i = 0; i < batch->letters.size(); ++i, ++rows) {
        if (rows > 0 && rows % dead_page_rows == 0) starts_[at + rows / dead_page_rows] = batch->letters[i].sequence;
      }
      from = batch->next;
    }
    starts_[at + pages] = from;
  }
  return {};
}

/// Finds the start of `page`, whose rows and those of the pages up to the next known start number `rows_after`, by bisection.
Status DeadPager::step_back(DataSource& source, std::uint64_t page, std::uint64_t rows_after) {
  const auto above = starts_.upper_bound(page);
  std::uint64_t high = above == starts_.end() ? end_sequence_ : above->second;
  const std::uint64_t stop = above == starts_.end() ? std::numeric_limits<std::uint64_t>::max() : above->second;
  std::uint64_t low = std::prev(above)->second;
  for (int reads = 0; reads < bisect_reads_max && low < high; ++reads) {
    const auto middle = low + (high - low) / 2;
    auto batch = read(source, middle, limits::page_messages);
    if (!batch) return batch.error();
    const auto& letters = batch->letters;
    const auto end = std::find_if(letters.begin(), letters.end(), [&](const auto& letter) { return letter.sequence >= stop; });
    const auto count = static_cast<std::uint64_t>(end - letters.begin());
    const bool reached = end != letters.end() || batch->next == 0 || batch->next >= stop;
    if (!reached) {
      low = count > rows_after ? letters[count - rows_after].sequence : middle + 1;
    } else if (count >= rows_after) {
      starts_[page] = letters[count - rows_after].sequence;
      return {};
    } else {
      high = middle;
    }
  }
  return Error{
      Errc::not_found, "The dead-letter queue changed while it was read. Nothing is lost; refresh to see it as it is.", {}, {}};
}

DeadPageReply DeadPager::step(DataSource& source, const DeadPageRequest& request) {
  prepare(request);
  DeadPageReply reply;
  reply.generation = request.generation;
  reply.page = request.page;
  reply.total = request.total;
  const auto above = starts_.upper_bound(request.page);
  const auto below = std::prev(above)->first;
  Status status;
  if (below != request.page) {
    const auto pages = (total_ + dead_page_rows - 1) / dead_page_rows;
    const auto end_row = above == starts_.end() ? total_ : above->first * dead_page_rows;
    const auto distance = (above == starts_.end() ? pages : above->first) - request.page;
    const auto rows_after = end_row > request.page * dead_page_rows ? end_row - request.page * dead_page_rows : 0;
    const bool backwards = rows_after > 0 && rows_after + dead_page_rows <= limits::page_messages &&
                           distance < request.page - below && request.page - below > back_steps_worth;
    status = backwards ? step_back(source, request.page, rows_after) : walk(source, request.page);
  }
  const auto known = std::prev(starts_.upper_bound(request.page));
  if (status.ok() && known->first == request.page) {
    status = read_page(source, known->second, reply);
    reply.complete = status.ok();
  }
  reply.reached = known->first * dead_page_rows;
  if (!status.ok()) reply.error = QString::fromStdString(status.error().message);
  return reply;
}

}  // namespace ackwire::dashboard
