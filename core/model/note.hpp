// What the engine did that whoever runs the broker wants to read about. Told after the commit that made it true.
#pragma once

#include <cstdint>
#include <string>

#include "model/command.hpp"

namespace ackwire::model {

enum class NoteKind : std::uint8_t {
  queue_created,
  queue_changed,  // detail: what was and what is
  queue_removed,
  queue_purged,  // count of one part
  group_created,
  group_removed,
  redriven,   // count of one part
  discarded,  // the same
  dead_lettered,
  publish_refused,  // detail: name of the error
  request_refused,  // the same
  administered,     // detail: the verb, and what it did
};

/// What happened in one turn; alike things are one note with their count.
struct Note {
  NoteKind kind{};
  SessionId session{};  // who asked; 0 = nobody
  std::string queue, group, detail, text;
  std::uint64_t count = 0;
  std::uint64_t sequence = 0;  // the first, of dead letters
};

}  // namespace ackwire::model
