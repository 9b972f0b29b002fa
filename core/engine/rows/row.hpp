// Keys and rows of the engine's tables. Key parts are big-endian, so that rows sort by queue, group and sequence; row values are
// little-endian with a CRC-32 in front, so that a changed bit is seen before it is believed:
//
//   row = crc:u32 payload        crc: of the payload; its complement where the payload has tagged members
//
// Rows are written with tagged members (format/members.hpp), so that they can grow: layout.hpp has their numbers. What is absent is
// 0, empty or false. Format 1 wrote the members without tags, one behind the other (untagged.hpp); such rows stay readable, and
// are written anew when they change. The layouts are permanent.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ackwire/dead_letter.hpp"
#include "ackwire/error.hpp"
#include "ackwire/job.hpp"
#include "ackwire/queue.hpp"
#include "ackwire/stats.hpp"
#include "model/command.hpp"

namespace ackwire::engine {

inline constexpr std::size_t crc_bytes = 4;  // of the checksum in front of a row

/// A key of at most 64 bytes, built on the stack.
class Key {
 public:
  Key& u8(std::uint8_t v) { return put(v, 1); }
  Key& u32(std::uint32_t v) { return put(v, 4); }
  Key& u64(std::uint64_t v) { return put(v, 8); }
  Key& bytes(std::string_view v) {
    std::memcpy(data_ + size_, v.data(), v.size());
    size_ += v.size();
    return *this;
  }
  operator std::string_view() const { return {data_, size_}; }

 private:
  Key& put(std::uint64_t v, int width) {
    for (int i = width - 1; i >= 0; --i) data_[size_++] = static_cast<char>(v >> (8 * i));
    return *this;
  }
  char data_[64];
  std::size_t size_ = 0;
};

/// Broker time as keys and rows carry it: milliseconds since the Unix epoch.
inline std::int64_t to_ms(Timestamp time) { return time.time_since_epoch().count(); }
inline std::uint64_t epoch_ms(Timestamp time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }

std::uint32_t be32(std::string_view key, std::size_t offset);
std::uint64_t be64(std::string_view key, std::size_t offset);

namespace key {
inline Key boot() { return Key().u8('E'); }
inline Key lives() { return Key().u8('L'); }
inline Key time() { return Key().u8('T'); }
inline Key job(std::uint64_t id) { return Key().u8('J').u64(id); }
inline Key queue(std::uint32_t queue) { return Key().u8('Q').u32(queue); }
inline Key queue_state(std::uint32_t queue) { return Key().u8('S').u32(queue); }
inline Key group(std::uint32_t queue, std::uint32_t group) { return Key().u8('G').u32(queue).u32(group); }
inline Key producer(std::uint32_t queue, const model::ProducerId& id, std::uint64_t sequence) {
  return Key().u8('P').u32(queue).bytes({id.data(), id.size()}).u64(sequence);
}
/// Prefix of all rows of a group in marks, retry, due and dead.
inline Key of(std::uint32_t queue, std::uint32_t group) { return Key().u32(queue).u32(group); }
inline Key block(std::uint32_t queue, std::uint64_t base) { return Key().u32(queue).u64(base); }
/// marks, retry and dead share this shape.
inline Key at(std::uint32_t queue, std::uint32_t group, std::uint64_t sequence) {
  return Key().u32(queue).u32(group).u64(sequence);
}
inline Key due(std::uint32_t queue, std::uint32_t group, std::uint64_t due_ms, std::uint64_t sequence) {
  return Key().u32(queue).u32(group).u64(due_ms).u64(sequence);
}
inline Key sample(Resolution resolution, std::uint64_t slot, std::uint32_t queue) {
  return Key().u8(static_cast<std::uint8_t>(resolution)).u64(slot).u32(queue);
}
/// How many messages the consumers of a group worked on at once: who of those handed out may have been begun when the broker died.
inline Key concurrency(std::uint32_t queue, std::uint32_t group) { return Key().u8('C').u32(queue).u32(group); }
}  // namespace key

/// Values of a row in `due`. Only a row that is leased can be begun.
inline constexpr std::string_view due_waiting = "\1", due_begun = "\2";

/// `due` of a retry row that is leased: sorts behind every real time.
inline constexpr std::uint64_t leased_due = ~std::uint64_t{0};
/// `due` of a message that waits for nothing, whatever a clock says: the oldest time there is.
inline constexpr std::uint64_t due_at_once = 1;

/// What every row has: members that this version does not know, as they were read. They are written back.
struct Grown {
  std::string kept{};
};

struct BootRow : Grown {
  std::uint64_t boot_epoch = 0;
  std::uint32_t next_queue = 1;
  std::uint64_t last_wall_ms = 0;  // broker time at the start
};

/// Boot epochs of this store before the present one, so that those of a copy that lived on elsewhere are known as foreign.
struct LivesRow : Grown {
  std::vector<std::uint64_t> epochs;  // rising, the newest `lives_kept`
};
inline constexpr std::size_t lives_kept = 1'024;

/// KeptTime.
struct TimeRow : Grown {
  std::uint64_t wall_ms = 0;
  std::int64_t mono_ms = 0;
  std::string machine_boot;
};

/// A job, and how far it came.
struct JobRow : Grown {
  JobKind kind = JobKind::purge;
  JobState state = JobState::running;
  std::uint32_t queue = 0;  // its id: another queue of that name is not meant
  std::string queue_name, group;
  std::uint8_t reason = 0;               // only dead letters with this DeadReason; 0: with any
  std::vector<std::uint64_t> sequences;  // only these
  std::uint64_t bound = 0;               // a purge goes up to here
  std::uint64_t next = 0;                // a redrive or discard goes on from here
  std::int64_t dead_until_ms = 0;        // with what was dead by then
  std::uint64_t moved = 0;
  std::vector<std::uint64_t> not_found;
  std::int64_t started_ms = 0, ended_ms = 0;
  std::string code, error;
};

struct QueueRow : Grown {
  std::string name;
  std::int64_t created_ms = 0;
  std::uint32_t next_group = 1;
  bool removing = false;  // its rows are being erased, a part each turn
  QueuePolicy policy;
};

/// A number of a row: that of its member in the store, and the field of the public type that shows it. 0: it is not stored, and
/// begins anew with the broker. No name: it is not shown as it is.
template <class Row>
struct Counter {
  std::uint8_t number;
  std::string_view name;
  std::uint64_t Row::*member;
};

/// Counters of QueueInfo.
struct QueueState : Grown {
  std::uint64_t next_sequence = 1;
  std::uint64_t published = 0, published_bytes = 0, suppressed = 0, refused = 0;
  std::uint64_t kept_messages = 0, kept_bytes = 0;  // in its blocks, settled or not
  bool kept_counted = false;                        // they are right: false in a store of before, and after damage
  static constexpr Counter<QueueState> counters[] = {
      {1, "next_sequence", &QueueState::next_sequence},
      {2, "published", &QueueState::published},
      {3, "published_bytes", &QueueState::published_bytes},
      {4, "duplicates_suppressed", &QueueState::suppressed},
      {5, "refused", &QueueState::refused},
      {6, "", &QueueState::kept_messages},
      {7, "", &QueueState::kept_bytes},
  };
};

/// Counters of GroupInfo that are stored, and the group's position.
struct GroupRow : Grown {
  std::string name;
  bool removing = false;
  std::uint64_t cursor = 1;  // next sequence to be handed out for the first time
  std::uint64_t floor = 1;   // everything below is settled in its block
  std::uint64_t published = 0, published_bytes = 0;
  std::uint64_t acked = 0, expired = 0, discarded = 0, settled_bytes = 0;  // settled_bytes: of acked, expired, discarded
  std::uint64_t retry = 0, dead = 0, dead_bytes = 0;                       // rows now
  std::uint64_t delivered = 0, redelivered = 0, nacked = 0, rejected = 0, released = 0, lease_expired = 0;
  std::uint64_t dead_lettered = 0, redriven = 0;
  bool paused = false;  // nothing of it is handed out
  static constexpr Counter<GroupRow> counters[] = {
      {3, "", &GroupRow::cursor},
      {4, "", &GroupRow::floor},
      {5, "published", &GroupRow::published},
      {6, "", &GroupRow::published_bytes},
      {7, "acked", &GroupRow::acked},
      {8, "expired", &GroupRow::expired},
      {9, "discarded", &GroupRow::discarded},
      {10, "", &GroupRow::settled_bytes},
      {11, "", &GroupRow::retry},
      {12, "dead", &GroupRow::dead},
      {13, "", &GroupRow::dead_bytes},
      {14, "delivered", &GroupRow::delivered},
      {15, "redelivered", &GroupRow::redelivered},
      {16, "nacked", &GroupRow::nacked},
      {17, "rejected", &GroupRow::rejected},
      {18, "released", &GroupRow::released},
      {19, "lease_expired", &GroupRow::lease_expired},
      {20, "dead_lettered", &GroupRow::dead_lettered},
      {21, "redriven", &GroupRow::redriven},
  };
};

struct SampleRow : Grown, Sample {};

struct ErrorRow : Grown, AttemptError {};

/// A message taken out of its block: waiting in `retry`, or dead in `dead`. A record of some size has a row of its own in `bodies`,
/// which is written once and not again when the rest changes.
struct TakenOut : Grown {
  std::uint8_t reason = 0;  // DeadReason, 0 in `retry`
  std::uint32_t deliveries = 0, attempts = 0, redrives = 0;
  std::int64_t publish_ms = 0;
  std::uint64_t time_ms = 0;  // retry: due, or leased_due; dead: when it died
  std::string detail;
  std::vector<ErrorRow> errors;
  std::uint64_t body_bytes = 0;  // of the record that lies in `bodies`; 0: it is in this row
  std::string record;            // whole record bytes; one that lies in `bodies` is empty until read_body()
  std::uint64_t record_bytes() const { return body_bytes != 0 ? body_bytes : record.size(); }
};

/// What decode() made of a row.
class Decoded {
 public:
  enum Outcome : std::uint8_t {
    good,
    damaged,  // the checksum or the layout is wrong
    newer,    // it has a member that must be known, and is not
  };
  Decoded(Outcome outcome) : outcome_(outcome) {}
  explicit operator bool() const { return outcome_ == good; }
  bool is_newer() const { return outcome_ == newer; }
  /// What is wrong, behind the name of the row.
  std::string_view fault() const {
    return is_newer() ? "has members that only a newer version of the program knows" : "fails its checksum";
  }

 private:
  Outcome outcome_;
};

/// Refuses a store with such a row. `place` names it.
Error newer_row(const std::string& place);

std::string encode(const BootRow& row);
std::string encode(const LivesRow& row);
std::string encode(const TimeRow& row);
std::string encode(const JobRow& row);
std::string encode(const QueueRow& row);
std::string encode(const QueueState& row);
std::string encode(const GroupRow& row);
std::string encode(const TakenOut& row);
std::string encode(const SampleRow& row);
Decoded decode(std::string_view bytes, BootRow& row);
Decoded decode(std::string_view bytes, LivesRow& row);
Decoded decode(std::string_view bytes, TimeRow& row);
Decoded decode(std::string_view bytes, JobRow& row);
Decoded decode(std::string_view bytes, QueueRow& row);
Decoded decode(std::string_view bytes, QueueState& row);
Decoded decode(std::string_view bytes, GroupRow& row);
Decoded decode(std::string_view bytes, TakenOut& row);
Decoded decode(std::string_view bytes, SampleRow& row);

std::string encode_number(std::uint64_t value);
std::optional<std::uint64_t> decode_number(std::string_view row);

/// Puts a CRC-32 before `payload`.
std::string seal(std::string_view payload);

struct Sealed {
  std::string_view payload;
  bool tagged = false;  // it has tagged members
};
/// Checks the CRC-32 of either kind of row.
std::optional<Sealed> open_sealed(std::string_view row);
/// The payload alone.
std::optional<std::string_view> unseal(std::string_view row);

}  // namespace ackwire::engine
