// SPDX-License-Identifier: GPL-3.0-only
// JSON for eyes: laid out anew, every value as it came. No library does this: they read values, and lose 1e400, half of a surrogate
// pair, the second of two equal names and the order on the way. Pure functions, no recursion, safe on any bytes.
#pragma once

#include <QString>
#include <cstddef>
#include <string>
#include <string_view>

namespace ackwire::dashboard {

/// Deeper than this, what is nested stands on one line.
inline constexpr std::size_t json_indented_levels = 64;

struct JsonLayout {
  std::string text;           ///< each value on a line of its own; what stands between tokens is all that changed
  std::size_t documents = 0;  ///< several may follow one another, as in JSON Lines
  QString fault;              ///< why it is not JSON, with line and column; empty: it is
  QString remarks;            ///< what a program may trip over, with line and column; one sentence each
};

/// `whole`: false when `bytes` is the beginning of something longer; then it may end anywhere.
JsonLayout lay_out_json(std::string_view bytes, bool whole);

}  // namespace ackwire::dashboard
