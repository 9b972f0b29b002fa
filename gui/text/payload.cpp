// SPDX-License-Identifier: GPL-3.0-only
#include "text/payload.hpp"

#include <QByteArray>
#include <QChar>
#include <QStringList>
#include <algorithm>
#include <cstdint>

#include "text/format.hpp"
#include "text/json_layout.hpp"

namespace ackwire::dashboard {
namespace {

/// The code point at `at`, its length in bytes; length 0 for bytes that are not UTF-8 (overlong forms and surrogates included).
struct Decoded {
  char32_t code = 0;
  std::size_t length = 0;
};

Decoded decode(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || at + length > bytes.size()) return {};
  char32_t code = lead & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  static constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return {};
  return {code, length};
}

/// Characters that change what their neighbours look like, or that cannot be seen at all.
bool deceptive(char32_t c) {
  switch (QChar::category(c)) {
    case QChar::Other_Control:
    case QChar::Other_Format:
    case QChar::Other_Surrogate:
    case QChar::Other_PrivateUse:
    case QChar::Separator_Line:
    case QChar::Separator_Paragraph: return true;
    default: break;
  }
  // Invisible although their category does not say so: fillers, joiners, variation selectors, non-characters.
  return c == 0x34F || c == 0x115F || c == 0x1160 || c == 0x17B4 || c == 0x17B5 || (c >= 0x180B && c <= 0x180F) || c == 0x2065 ||
         c == 0x3164 || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFFA0 || (c >= 0xFFF0 && c <= 0xFFFD) ||
         (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE || c >= 0xE0000;
}

void append_byte(QString& out, unsigned char byte) {
  static constexpr char digits[] = "0123456789abcdef";
  out += QLatin1String("\\x");
  out += QLatin1Char(digits[byte >> 4]);
  out += QLatin1Char(digits[byte & 15]);
}

void append_code(QString& out, char32_t code) {
  if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return append_byte(out, static_cast<unsigned char>(code));
  if (deceptive(code)) {
    out += QLatin1String("\\u{") + QString::number(static_cast<uint>(code), 16).toUpper() + u'}';
  } else if (code > 0xFFFF) {
    out += QChar::fromUcs4(code);
  } else {
    out += QChar(static_cast<char16_t>(code));
  }
}

/// Escapes until the end or until `limit` characters are out; returns the bytes taken.
std::size_t escape_into(QString& out, std::string_view bytes, bool one_line, qsizetype limit) {
  std::size_t at = 0;
  while (at < bytes.size() && out.size() < limit) {
    const auto [code, length] = decode(bytes, at);
    if (length == 0) {
      append_byte(out, static_cast<unsigned char>(bytes[at++]));
      continue;
    }
    at += length;
    if (code == U'\n' || code == U'\t') {
      if (one_line) {
        out += code == U'\n' ? QLatin1String("\\n") : QLatin1String("\\t");
      } else {
        out += QChar(static_cast<char16_t>(code));
      }
    } else if (code == U'\r' && !one_line && at < bytes.size() && bytes[at] == '\n') {
      continue;  // a Windows line end looks like a line end
    } else {
      append_code(out, code);
    }
  }
  return at;
}

QString cut_note(std::size_t shown, std::uint64_t whole) {
  if (shown >= whole) return {};
  return QStringLiteral("Showing the first %1 of %2. The message itself is complete.").arg(bytes(shown), bytes(whole));
}

}  // namespace

QString escaped(std::string_view bytes) {
  QString out;
  out.reserve(static_cast<qsizetype>(std::min<std::size_t>(bytes.size(), 1u << 20)));
  escape_into(out, bytes, false, std::numeric_limits<qsizetype>::max());
  return out;
}

QString escaped_line(std::string_view bytes, std::size_t characters) {
  QString out;
  const auto limit = static_cast<qsizetype>(characters);
  const auto taken = escape_into(out, bytes, true, limit);
  if (taken < bytes.size() || out.size() > limit) {
    out.truncate(std::max<qsizetype>(limit - 1, 0));
    if (!out.isEmpty() && out.back().isHighSurrogate()) out.chop(1);
    out += u'…';
  }
  return out;
}

Shown show_text(std::string_view bytes, std::uint64_t whole_bytes) {
  Shown shown;
  const auto taken = escape_into(shown.text, bytes, false, shown_characters_max);
  shown.note = cut_note(taken, whole_bytes);
  return shown;
}

Shown show_hex(std::string_view bytes, std::uint64_t whole_bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  constexpr std::size_t row = 16, row_characters = 77;
  const auto rows_max = static_cast<std::size_t>(shown_characters_max) / row_characters;
  const auto taken = std::min(bytes.size(), rows_max * row);
  QByteArray out;
  out.reserve(static_cast<qsizetype>((taken / row + 1) * row_characters));
  for (std::size_t at = 0; at < taken; at += row) {
    out += QByteArray::number(static_cast<qulonglong>(at), 16).rightJustified(8, '0') + "  ";
    QByteArray ascii;
    for (std::size_t i = 0; i < row; ++i) {
      if (i == row / 2) out += ' ';
      if (at + i >= taken) {
        out += "   ";
        continue;
      }
      const auto byte = static_cast<unsigned char>(bytes[at + i]);
      out += digits[byte >> 4];
      out += digits[byte & 15];
      out += ' ';
      ascii += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '.';
    }
    out += ' ' + ascii + '\n';
  }
  if (out.endsWith('\n')) out.chop(1);
  return {QString::fromLatin1(out), cut_note(taken, whole_bytes)};
}

bool looks_like_json(std::string_view bytes, std::uint64_t whole_bytes) {
  const auto text = bytes.starts_with("\xEF\xBB\xBF") ? bytes.substr(3) : bytes;
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return false;
  return lay_out_json(bytes, bytes.size() >= whole_bytes).fault.isEmpty();
}

Shown show_json(std::string_view bytes, std::uint64_t whole_bytes) {
  const auto layout = lay_out_json(bytes, bytes.size() >= whole_bytes);
  if (!layout.fault.isEmpty()) {
    auto shown = show_text(bytes, whole_bytes);
    shown.note = QStringLiteral("Not JSON, shown as text (%1). ").arg(layout.fault) + shown.note;
    return shown;
  }
  Shown shown;
  QStringList notes;
  if (escape_into(shown.text, layout.text, false, shown_characters_max) < layout.text.size()) {
    notes << QStringLiteral("Laid out in part: too long. Text shows it as it came.");
  } else if (bytes.size() < whole_bytes) {
    notes << cut_note(bytes.size(), whole_bytes);
  }
  if (layout.documents > 1) notes << QStringLiteral("%1 JSON documents, one after another.").arg(exact(layout.documents));
  if (!layout.remarks.isEmpty()) notes << layout.remarks;
  shown.note = notes.join(u' ');
  return shown;
}

}  // namespace ackwire::dashboard
