// Room in the store: publishes are refused above the soft limit, and what lies above it is for messages that come back. A message
// is handed out only when there is room to take it back into a row of its own; without room one goes at a time. So a full store
// drains.
//
// A disk is a limit like the map: the store may hold what its file holds already, free pages included, and what the disk has
// above its floor; the reserve that is allocated behind the file's end is not for publishes.
#include <algorithm>

#include "ackwire/limits.hpp"
#include "engine/log/room.hpp"
#include "engine/rows/body.hpp"

namespace ackwire::engine {
namespace {

constexpr std::uint64_t page_bytes = 4096, row_overhead_bytes = 200;  // of a retry row and its place in the due index
// Pages that a transaction frees can be used by the next but one. So a turn moves at most a part of what is free.
constexpr std::uint64_t turn_part = 4;
// How much of what lies above the soft limit may be used; the rest is for the turns' own pages. What becomes a dead letter by its
// age may take more than what can still be handed out, because it leaves a place behind.
constexpr double for_returns = 0.5, for_expiry = 0.8;
constexpr std::size_t texts_bytes = 2 * limits::error_text_bytes;  // of one attempt: its error, and the detail of a dead letter
constexpr std::size_t short_text_bytes = 100;                      // what is kept of a text when the store is full

constexpr std::uint64_t fragments_part = 8;  // of the file, left free where publishes may not make it grow

std::uint64_t less(std::uint64_t bytes, std::uint64_t taken) { return bytes - std::min(bytes, taken); }

/// For people: "4 MiB", "512 KiB".
std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kib = 1 << 10, mib = 1 << 20;
  if (bytes >= 10 * mib) return std::to_string(bytes / mib) + " MiB";
  if (bytes >= mib) return std::to_string(bytes / mib) + "." + std::to_string(bytes % mib * 10 / mib) + " MiB";
  return std::to_string(bytes / kib) + " KiB";
}

std::uint64_t share(double part, std::uint64_t bytes) { return static_cast<std::uint64_t>(part * static_cast<double>(bytes)); }

}  // namespace

std::uint64_t rows_room(std::uint64_t count, std::uint64_t bytes) {
  if (count == 0) return 0;
  const bool own_pages = bytes / count > page_bytes / 2 - row_overhead_bytes;
  return own_pages ? bytes + count * (page_bytes + row_overhead_bytes) : 2 * (bytes + count * row_overhead_bytes);
}

std::uint64_t returns_room(std::uint64_t count, std::uint64_t bytes) {
  const std::uint64_t bodies = std::min<std::uint64_t>(count, bytes / body_bytes_min);
  return rows_room(count, bytes + count * texts_bytes) + bodies * (page_bytes + row_overhead_bytes);
}

namespace {

std::uint64_t row_bytes(const TakenOut& row) {
  std::uint64_t bytes = (row.body_bytes != 0 ? 0 : row.record.size()) + row.detail.size();
  for (const AttemptError& error : row.errors) bytes += error.text.size() + 16;
  return bytes;
}

}  // namespace

void Room::measure() {
  usage_ = store_.usage();
  appended_bytes_ = moved_bytes_ = 0;
  // What the disk can still give above its floor; and below it the pages that the file has already, but for a part, because a free
  // page may lie where nothing fits, and the reserve as far as it is not there.
  const std::uint64_t inside =
      std::min(usage_.file_bytes - usage_.file_bytes / fragments_part, less(usage_.allocated_bytes, usage_.reserve_bytes));
  const std::uint64_t outside =
      less(usage_.allocated_bytes + usage_.disk_free_bytes, usage_.reserve_bytes + options_.disk_floor_bytes);
  limits_.map_bytes = share(options_.store_soft_limit, usage_.limit_bytes);
  limits_.disk_bytes = std::max(inside, outside);
  limits_.soft_bytes = std::min(limits_.map_bytes, limits_.disk_bytes);
  limits_.hard_bytes = std::min(usage_.limit_bytes, usage_.allocated_bytes + usage_.disk_free_bytes);
  movable_bytes_ = less(limits_.hard_bytes, usage_.used_bytes) / turn_part;
  if (!no_room_.ok() && turn_.now.mono >= no_room_until_ && !over_limit(0)) no_room_ = {};
}

void Room::note_no_room(const Error& why) {
  if (no_room_.ok()) no_room_ = why;                                                  // the first reason stays: it is what happened
  no_room_until_ = std::max(turn_.now.mono, refusing_until_) + 2 * full_retry_after;  // whoever was refused has tried again by then
}

void Room::refuse_publishes(Duration until, const Error& why) {
  refusing_until_ = until;
  note_no_room(why);
}

// What a batch of records would need is looked at before it is stored: the reserve is not for publishes.
std::optional<Error> Room::over_limit(std::uint64_t bytes) const {
  const std::uint64_t used = usage_.used_bytes + appended_bytes_ + moved_bytes_;
  const auto refuse = [](std::string what) {
    return Error{Errc::overloaded, std::move(what) + " Acks, purges and the DLQ still work.", full_retry_after, {}};
  };
  if (turn_.now.mono < refusing_until_) {
    return refuse(
        "A moment ago the store had no room for a commit, so publishes wait until what frees room has been done. Nothing was "
        "stored. "
        "Settle or purge messages, free disk space, or raise store_bytes_limit.");
  }
  if (used + bytes <= limits_.soft_bytes) return std::nullopt;
  if (limits_.map_bytes <= limits_.disk_bytes) {
    return refuse("The store has " + size_text(used) + " in use, and takes publishes up to " + size_text(limits_.map_bytes) +
                  ": store_soft_limit of store_bytes_limit = " + size_text(usage_.limit_bytes) +
                  " (the file size limit of the process, if that is lower). Nothing was stored. Settle or purge messages, or raise "
                  "store_bytes_limit.");
  }
  return refuse("The disk has " + size_text(usage_.disk_free_bytes) + " free and disk_floor_bytes keeps " +
                size_text(options_.disk_floor_bytes) + " of it, so the data file (" + size_text(usage_.file_bytes) +
                ") may not grow, and takes publishes up to " + size_text(limits_.disk_bytes) + "; " + size_text(used) +
                " are in use. Nothing was stored. " +
                (used > limits_.disk_bytes / 2 ? "Settle or purge messages, which makes room in the file, free disk space, "
                                               : "Free disk space, ") +
                "or lower disk_floor_bytes.");
}

bool Room::room_for(std::uint64_t bytes, double part) const {
  const std::uint64_t most = limits_.soft_bytes + share(part, less(limits_.hard_bytes, limits_.soft_bytes));
  return usage_.used_bytes + appended_bytes_ + moved_bytes_ + bytes <= most;
}

// Texts help people, but no text may be why a message finds no room.
void Room::spend(TakenOut& row) {
  if (!room_for(rows_room(1, row_bytes(row)), for_returns)) {
    if (row.errors.size() > 1) row.errors.erase(row.errors.begin(), row.errors.end() - 1);
    for (AttemptError& error : row.errors) error.text.resize(std::min(error.text.size(), short_text_bytes));
    row.detail.resize(std::min(row.detail.size(), short_text_bytes));
  }
  count_moved(rows_room(1, row_bytes(row)));
}

void Room::spend_body(std::uint64_t record_bytes) { count_moved(rows_room(1, record_bytes)); }

void Room::count_moved(std::uint64_t bytes) {
  moved_bytes_ += bytes;
  movable_bytes_ -= std::min(movable_bytes_, bytes);
  if (movable_bytes_ > 0 || turn_.budget == 0) return;
  turn_.budget = 0;
  turn_.more = true;
}

// A message that becomes a dead letter by its age waits in its block until there is room for the row.
bool Room::to_expire(const QueuePolicy& policy, std::uint64_t record_bytes) const {
  return policy.on_expiry != OnExpiry::dead_letter || room_for(rows_room(1, record_bytes), for_expiry);
}

bool Room::for_return(std::uint64_t count, std::uint64_t bytes) const {
  return room_for(reserved_bytes_ + returns_room(count, bytes), for_returns);
}

}  // namespace ackwire::engine
