// SPDX-License-Identifier: GPL-3.0-only
#include "text/json_layout.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "text/format.hpp"

namespace ackwire::dashboard {
namespace {

constexpr std::size_t indent = 2;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view spaces = " \t\r\n";

bool digit(char c) { return c >= '0' && c <= '9'; }
bool hex(char c) { return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool control(char c) { return static_cast<unsigned char>(c) < 0x20; }

QString byte_name(char c) {
  return QStringLiteral("0x%1").arg(static_cast<uint>(static_cast<unsigned char>(c)), 2, 16, QLatin1Char('0'));
}

/// Walks the grammar of RFC 8259 and writes as it goes. Lenient where what is meant is beyond doubt; then a remark says so.
class Reader {
 public:
  Reader(std::string_view source, bool whole) : source_(source), whole_(whole) {}

  JsonLayout run() {
    if (source_.starts_with(byte_order_mark)) {
      at_ = byte_order_mark.size();
      remark(Remark::mark, QStringLiteral("It begins with a byte order mark (EF BB BF)."));
    }
    while (out_.fault.isEmpty() && next_document()) document();
    if (out_.documents == 0 && out_.fault.isEmpty()) fault(QStringLiteral("there is nothing in it"));
    if (deepest_ > json_indented_levels) {
      remark(Remark::deep, QStringLiteral("Nested %1 deep: what is deeper than %2 stands on one line.")
                               .arg(exact(deepest_))
                               .arg(json_indented_levels));
    }
    return std::move(out_);
  }

 private:
  struct Level {
    char closing;
    std::set<std::string_view> names{};
  };
  enum class Expect : std::uint8_t { value, value_or_end, name, name_or_end, colon, comma_or_end };
  enum class Remark : std::uint8_t { mark, nul, control, surrogate, repeated, constant, deep, count };

  bool ended() const { return at_ >= source_.size(); }
  char now() const { return source_[at_]; }
  void skip_spaces() { at_ = std::min(source_.find_first_not_of(spaces, at_), source_.size()); }

  QString place(std::size_t at) const {
    const auto before = source_.substr(0, at);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const auto line = before.substr(before.rfind('\n') + 1);
    // Characters, not bytes: continuation bytes of UTF-8 do not count.
    const auto column = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
    return QStringLiteral("line %1, column %2").arg(lines + 1).arg(column + 1);
  }

  void fault(const QString& why) {
    if (out_.fault.isEmpty()) out_.fault = QStringLiteral("%1: %2").arg(place(at_), why);
  }
  /// The first of each kind is told.
  void remark(Remark kind, const QString& what) {
    if (std::exchange(told_[static_cast<std::size_t>(kind)], true)) return;
    if (!out_.remarks.isEmpty()) out_.remarks += u' ';
    out_.remarks += what;
  }
  void remark(Remark kind, std::size_t at, const QString& what) { remark(kind, QStringLiteral("At %1 %2").arg(place(at), what)); }

  bool next_document() {
    skip_spaces();
    while (!ended() && now() == '\0' && out_.documents > 0) {
      remark(Remark::nul, at_, QStringLiteral("a NUL byte (0x00) follows the document."));
      ++at_;
      skip_spaces();
    }
    return !ended();
  }

  void line() {
    if (levels_.size() > json_indented_levels) return;
    out_.text.append(1, '\n').append(levels_.size() * indent, ' ');
  }

  void document() {
    if (out_.documents++ > 0) out_.text += '\n';
    expect_ = Expect::value;
    do {
      skip_spaces();
      if (ended()) {
        if (whole_) fault(QStringLiteral("it ends before the document is complete"));
        return;
      }
      step();
    } while (out_.fault.isEmpty() && !(levels_.empty() && expect_ == Expect::comma_or_end));
  }

  void step() {
    switch (expect_) {
      case Expect::value_or_end:
      case Expect::name_or_end:
      case Expect::comma_or_end:
        if (now() == levels_.back().closing) return close();
        if (expect_ == Expect::comma_or_end) return separator(',', levels_.back().closing == '}' ? Expect::name : Expect::value);
        line();
        return expect_ == Expect::name_or_end ? name() : value();
      case Expect::value: return value();
      case Expect::name: return name();
      case Expect::colon: return separator(':', Expect::value);
    }
  }

  void separator(char wanted, Expect then) {
    if (now() != wanted) return unexpected(QStringLiteral("\"%1\" is expected").arg(QLatin1Char(wanted)));
    out_.text += wanted;
    ++at_;
    expect_ = then;
    if (wanted == ':') {
      out_.text += ' ';
    } else {
      line();
    }
  }

  void open(char closing) {
    out_.text += source_[at_++];
    levels_.push_back({closing});
    deepest_ = std::max(deepest_, levels_.size());
    expect_ = closing == '}' ? Expect::name_or_end : Expect::value_or_end;
  }

  void close() {
    const bool filled = expect_ == Expect::comma_or_end;
    const bool on_own_line = filled && levels_.size() <= json_indented_levels;
    levels_.pop_back();
    if (on_own_line) line();
    out_.text += source_[at_++];
    expect_ = Expect::comma_or_end;
  }

  void name() {
    if (now() != '"') return unexpected(QStringLiteral("a name in quotes is expected"));
    const auto begin = at_;
    string();
    const auto raw = source_.substr(begin, at_ - begin);
    if (!levels_.back().names.insert(raw).second) {
      remark(Remark::repeated, begin, QStringLiteral("a name is repeated; programs differ in which of its values they take."));
    }
    expect_ = Expect::colon;
  }

  void value() {
    const char c = now();
    if (c == '{') return open('}');
    if (c == '[') return open(']');
    if (c == '"') {
      string();
    } else if (c == '-' || digit(c)) {
      number();
    } else {
      word();
    }
    expect_ = Expect::comma_or_end;
  }

  void string() {
    const auto begin = at_++;
    while (!ended() && now() != '"' && out_.fault.isEmpty()) {
      if (control(now()))
        remark(Remark::control, at_,
               QStringLiteral("a string holds %1 as it is; strict programs refuse that.").arg(byte_name(now())));
      if (now() == '\\') {
        escape();
      } else {
        ++at_;
      }
    }
    if (!ended()) {
      ++at_;
    } else if (whole_) {
      fault(QStringLiteral("it ends inside a string"));
    }
    out_.text += source_.substr(begin, at_ - begin);
  }

  void escape() {
    static constexpr std::string_view known = "\"\\/bfnrtu";
    if (at_ + 1 >= source_.size()) {
      at_ = source_.size();
      return;
    }
    const char kind = source_[at_ + 1];
    if (known.find(kind) == std::string_view::npos) return fault(QStringLiteral("this is no escape of JSON"));
    if (kind != 'u') {
      at_ += 2;
      return;
    }
    const auto unit = code_unit(at_);
    if (unit < 0) return;
    const bool high = unit >= 0xD800 && unit < 0xDC00, low = unit >= 0xDC00 && unit < 0xE000;
    const auto begin = at_;
    at_ = std::min(at_ + 6, source_.size());
    const bool paired = high && source_.substr(at_).starts_with("\\u") && low_follows();
    if (paired) {
      at_ = std::min(at_ + 6, source_.size());
    } else if ((high || low) && !(high && ended() && !whole_)) {
      remark(Remark::surrogate, begin, QStringLiteral("a string holds half of a surrogate pair, which is no character."));
    }
  }

  /// The number of the \uXXXX at `at`; -1 with a fault when it is none, 0 when it is cut off.
  int code_unit(std::size_t at) {
    int unit = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
      if (i >= source_.size()) return 0;
      if (!hex(source_[i])) return fault(QStringLiteral("\\u wants four hexadecimal digits")), -1;
      const char c = source_[i];
      unit = unit * 16 + (digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
  }

  bool low_follows() const {
    const auto digits = source_.substr(at_ + 2, 4);
    if (digits.size() < 4) return !whole_;
    return (digits[0] | 0x20) == 'd' && (digits[1] | 0x20) >= 'c' && (digits[1] | 0x20) <= 'f' && hex(digits[2]) && hex(digits[3]);
  }

  void digits() {
    if (!ended() && !digit(now())) fault(QStringLiteral("a digit is expected"));
    if (ended() && whole_) fault(QStringLiteral("it ends inside a number"));
    while (!ended() && digit(now())) ++at_;
  }

  /// Of any size: nothing is computed.
  void number() {
    const auto begin = at_;
    if (now() == '-') ++at_;
    if (source_.substr(at_).starts_with("Infinity")) return at_ = begin, word();
    if (!ended() && now() == '0') {
      ++at_;
      if (!ended() && digit(now())) return fault(QStringLiteral("a number does not begin with 0"));
    } else {
      digits();
    }
    if (!ended() && now() == '.') ++at_, digits();
    if (!ended() && (now() == 'e' || now() == 'E')) {
      ++at_;
      if (!ended() && (now() == '+' || now() == '-')) ++at_;
      digits();
    }
    out_.text += source_.substr(begin, at_ - begin);
  }

  void word() {
    const auto begin = at_;
    auto end = at_ + (now() == '-' ? 1 : 0);
    while (end < source_.size() && ((source_[end] | 0x20) >= 'a' && (source_[end] | 0x20) <= 'z')) ++end;
    const auto found = source_.substr(begin, end - begin);
    const bool cut = !whole_ && end == source_.size() && !found.empty();
    static constexpr std::array<std::string_view, 6> words{"true", "false", "null", "NaN", "Infinity", "-Infinity"};
    const auto known =
        std::find_if(words.begin(), words.end(), [&](std::string_view w) { return w == found || (cut && w.starts_with(found)); });
    if (known == words.end()) return unexpected(QStringLiteral("a value is expected"));
    if (known - words.begin() >= 3) {
      remark(Remark::constant, begin,
             QStringLiteral("%1 is no JSON, although some programs write it.")
                 .arg(QString::fromLatin1(known->data(), static_cast<qsizetype>(known->size()))));
    }
    out_.text += found;
    at_ = end;
  }

  void unexpected(const QString& wanted) {
    const char c = now();
    const bool printable = c > 0x20 && c < 0x7F;
    fault(QStringLiteral("%1, not %2")
              .arg(wanted, printable ? QStringLiteral("\"%1\"").arg(QLatin1Char(c)) : QStringLiteral("the byte ") + byte_name(c)));
  }

  const std::string_view source_;
  const bool whole_;
  std::size_t at_ = 0, deepest_ = 0;
  Expect expect_ = Expect::value;
  std::vector<Level> levels_;
  std::array<bool, static_cast<std::size_t>(Remark::count)> told_{};
  JsonLayout out_;
};

}  // namespace

JsonLayout lay_out_json(std::string_view bytes, bool whole) { return Reader(bytes, whole).run(); }

}  // namespace ackwire::dashboard
