// SPDX-License-Identifier: GPL-3.0-only
// What travels between the worker threads and the window: immutable values, shared by pointer.
#pragma once

#include <ackwire/dead_letter.hpp>
#include <ackwire/stats.hpp>

#include <QString>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bridge/identity.hpp"

namespace ackwire::dashboard {

enum class LinkPhase : std::uint8_t {
  connecting,    ///< not reached yet
  connected,     ///< the last poll was answered
  disconnected,  ///< it was reached before; it is tried again
  refused,       ///< it can never work as asked: bad endpoint or another protocol version
};

struct LinkState {
  LinkPhase phase = LinkPhase::connecting;
  QString reason;  ///< of the broker or the library; empty when connected
};

using StatsPtr = std::shared_ptr<const BrokerStats>;

/// Which history is watched. `ticket` tells answers to an earlier focus apart.
struct Focus {
  std::string queue;  ///< empty: the whole broker
  Resolution resolution = Resolution::second;
  std::uint64_t ticket = 0;
};

struct HistoryUpdate {
  std::uint64_t ticket = 0;
  bool initial = false;         ///< replaces what is there; otherwise merged into it
  std::vector<Sample> samples;  ///< oldest first
};
using HistoryPtr = std::shared_ptr<const HistoryUpdate>;

/// One line of the dead-letter table. Bodies and error histories are fetched when a letter is opened.
struct DeadRow {
  std::uint64_t sequence = 0;
  DeadReason reason = DeadReason::max_attempts;
  std::uint32_t deliveries = 0, attempts = 0, redrives = 0;
  Timestamp publish_time{}, dead_time{};
  std::string key, detail;  ///< as they came: escape before display
  std::uint64_t body_bytes = 0;

  /// The same death of the same message: it can be redriven and die again.
  bool same_letter(const DeadRow& other) const {
    return sequence == other.sequence && publish_time == other.publish_time && dead_time == other.dead_time;
  }
};

/// Asks for one page of `dead_page_rows` rows. A new generation forgets every cursor of the one before.
struct DeadPageRequest {
  std::uint64_t generation = 0;
  std::string queue, group;
  std::uint64_t page = 0;
  std::uint64_t total = 0;         ///< rows the asker believes in
  std::uint64_t end_sequence = 0;  ///< above every sequence of the queue; 0 = not known
};

struct DeadPageReply {
  std::uint64_t generation = 0, page = 0;
  bool complete = false;  ///< false: still on the way through the cursors, `reached` rows so far
  std::uint64_t reached = 0;
  std::uint64_t total = 0;
  std::vector<DeadRow> rows;
  QString error;  ///< empty: none
};
using DeadPagePtr = std::shared_ptr<const DeadPageReply>;

struct DeadLetterReply {
  std::string queue, group;
  std::uint64_t sequence = 0;
  bool found = false;
  DeadLetter letter;
  QString error;
};
using DeadLetterPtr = std::shared_ptr<const DeadLetterReply>;

inline constexpr std::uint32_t dead_page_rows = 256;
inline constexpr std::uint64_t payload_preview_bytes = 64 * 1024;

enum class Verb : std::uint8_t { redrive, discard, pause, resume };

struct ActionRequest {
  Verb verb = Verb::redrive;
  std::string queue, group;
  Identity seen;                         ///< of the queue that was shown; the action is not done to another one
  bool all = false;                      ///< every dead letter of the group
  std::vector<std::uint64_t> sequences;  ///< when not all
  std::uint64_t count = 0;               ///< what the person confirmed
};

enum class Ending : std::uint8_t {
  done,      ///< the broker said so
  not_done,  ///< refused, or never sent: nothing changed, but for `moved`
  unknown,   ///< it was sent and no answer came
};

struct ActionOutcome {
  ActionRequest request;
  Ending ending = Ending::not_done;
  std::uint64_t moved = 0, not_found = 0;
  QString message;  ///< one sentence for the person
};
/// How the message begins: "Done: ", "Done in part: ", "Nothing to do: ", "Not done: ", "Outcome not known: ".
QString headline(const ActionOutcome& outcome);

}  // namespace ackwire::dashboard
