// SPDX-License-Identifier: GPL-3.0-only
// Bytes that strangers wrote, made harmless to look at. Nothing here ever yields a control, bidirectional or invisible character,
// except the line feed and the tab in multi-line text. Pure functions, safe on any thread.
#pragma once

#include <QString>
#include <cstddef>
#include <optional>
#include <string_view>

namespace ackwire::dashboard {

/// What a payload view shows: text, and a note when it is not the whole truth.
struct Shown {
  QString text;
  QString note;  ///< empty: nothing left out
};

/// Printable text: invalid UTF-8 as \xNN, control characters as \xNN, bidirectional, invisible and non-characters as \u{NNNN}.
/// Line feeds and tabs stay. Backslashes stay as they are: the escapes are for eyes, not for parsers.
QString escaped(std::string_view bytes);
/// As escaped(), on one line (\n, \t), cut after `characters` with "…".
QString escaped_line(std::string_view bytes, std::size_t characters);

/// Text of `bytes`, the first part of a payload of `whole_bytes`.
Shown show_text(std::string_view bytes, std::uint64_t whole_bytes);
/// Offset, sixteen bytes in hex, and their ASCII, one row each.
Shown show_hex(std::string_view bytes, std::uint64_t whole_bytes);
/// JSON with each value on a line of its own. Numbers, strings and the order of keys stay byte for byte as they came. What is not
/// JSON is shown as text, with a note that says where and why; what programs may trip over in JSON is noted too.
Shown show_json(std::string_view bytes, std::uint64_t whole_bytes);
/// Is it worth showing as JSON? True for a valid document, or the valid-looking start of a cut one.
bool looks_like_json(std::string_view bytes, std::uint64_t whole_bytes);

/// Views show at most this many characters, whatever the escapes make of 64 KiB.
inline constexpr qsizetype shown_characters_max = 256 * 1024;

}  // namespace ackwire::dashboard
