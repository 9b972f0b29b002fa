// Rows as format 1 wrote them: every member in its place, without a tag. They are only read.
#pragma once

#include "engine/rows/row.hpp"

namespace ackwire::engine::untagged {

/// Of the payload behind a checksum that holds. False when the layout is wrong.
bool read(std::string_view payload, BootRow& row);
bool read(std::string_view payload, LivesRow& row);
bool read(std::string_view payload, TimeRow& row);
bool read(std::string_view payload, QueueRow& row);
bool read(std::string_view payload, QueueState& row);
bool read(std::string_view payload, GroupRow& row);
bool read(std::string_view payload, TakenOut& row);
bool read(std::string_view payload, SampleRow& row);
/// There were none.
inline bool read(std::string_view, JobRow&) { return false; }

}  // namespace ackwire::engine::untagged
