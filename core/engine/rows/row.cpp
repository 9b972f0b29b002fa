#include "engine/rows/row.hpp"

#include <limits>

#include "ackwire/version.hpp"
#include "engine/rows/layout.hpp"
#include "engine/rows/untagged.hpp"
#include "format/members.hpp"
#include "format/record.hpp"

namespace ackwire::engine {
namespace {

using format::Member;

constexpr std::uint8_t last_width = 4;  // of the size of a last member, whatever it is: salvage() looks for it

template <class T>
concept Number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <class T>
std::uint64_t raw(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::bit_cast<std::uint64_t>(static_cast<double>(value));
  } else {
    return static_cast<std::uint64_t>(value);
  }
}
std::uint64_t raw(Duration value) { return static_cast<std::uint64_t>(value.count()); }
std::uint64_t raw(Timestamp value) { return static_cast<std::uint64_t>(value.time_since_epoch().count()); }

/// The most bytes that the members of a row can take.
class Bound {
 public:
  template <class T>
  void operator()(std::uint8_t, const T&) {
    bytes_ += format::member_head_bytes;
  }
  void operator()(std::uint8_t, const std::string& value) { bytes_ += format::member_head_bytes + value.size(); }
  template <class T>
  void operator()(std::uint8_t, const std::vector<T>& values) {
    for (const T& value : values) bytes_ += format::member_head_bytes + nested(value);
  }
  void last(const std::string& value) { (*this)(0, value); }

  template <class R>
  static std::size_t of(const R& row) {
    Bound bound;
    layout::walk(bound, row);
    return bound.bytes_ + row.kept.size();
  }

 private:
  template <class T>
  static std::size_t nested(const T& value) {
    if constexpr (std::is_base_of_v<Grown, T>) return of(value);
    return 0;
  }
  std::size_t bytes_ = 0;
};

template <class R>
std::string members_of(const R& row);

/// Puts what was kept of a newer version where its numbers belong.
class Writer {
 public:
  Writer(char* room, std::string_view kept) : out_(room), kept_(kept) {}

  template <class T>
  void operator()(std::uint8_t number, const T& value) {
    put_kept(number);
    out_.number(number, raw(value));
  }
  void operator()(std::uint8_t number, const std::string& value) {
    put_kept(number);
    out_.bytes(number, value);
  }
  template <class T>
  void operator()(std::uint8_t number, const std::vector<T>& values) {
    put_kept(number);
    for (const T& value : values) {
      if constexpr (Number<T>) {
        out_.element(number, raw(value));
      } else {
        const std::string members = members_of(value);
        out_.element(number, members, format::MemberWriter::width_of(members.size()));
      }
    }
  }
  void last(const std::string& value) {
    put_kept(layout::last_number);
    if (!value.empty()) out_.element(layout::last_number, value, last_width);
  }
  char* finish() {
    out_.raw(kept_);
    return out_.end();
  }

 private:
  void put_kept(std::uint8_t before) {
    while (!kept_.empty() && static_cast<std::uint8_t>(kept_[0]) < before) {
      Member member;
      if (!format::split(kept_, member)) return;
      out_.raw(member.whole);
    }
  }
  format::MemberWriter out_;
  std::string_view kept_;
};

template <class R>
std::string members_of(const R& row) {
  std::string out(Bound::of(row), '\0');
  Writer writer(out.data(), row.kept);
  layout::walk(writer, row);
  out.resize(static_cast<std::size_t>(writer.finish() - out.data()));
  return out;
}

template <class R>
std::string write(const R& row) {
  std::string out(crc_bytes + Bound::of(row), '\0');
  Writer writer(out.data() + crc_bytes, row.kept);
  layout::walk(writer, row);
  out.resize(static_cast<std::size_t>(writer.finish() - out.data()));
  const std::uint32_t crc = ~format::crc32(std::string_view(out).substr(crc_bytes));
  std::memcpy(out.data(), &crc, sizeof crc);
  return out;
}

class Reader {
 public:
  explicit Reader(std::string_view members) : rest_(members) { advance(); }

  template <class T>
  void operator()(std::uint8_t number, T& value) {
    value = T{};
    if (!reach(number)) return;
    if ((member_.kind & format::member_sized) != 0) good_ = false;
    take(value);
    advance_once();
  }
  void operator()(std::uint8_t number, std::string& value) {
    value.clear();
    if (!reach(number) || !sized()) return;
    value.assign(member_.bytes);
    advance_once();
  }
  template <class T>
  void operator()(std::uint8_t number, std::vector<T>& values) {
    values.clear();
    while (reach(number)) {
      T& value = values.emplace_back();
      if constexpr (Number<T>) {
        take(value);
      } else if (const Decoded nested = read_members(member_.bytes, value); !nested) {
        nested.is_newer() ? newer_ = true : good_ = false;
      }
      advance();
    }
  }
  void last(std::string& value) { (*this)(layout::last_number, value); }

  template <class R>
  static Decoded read_members(std::string_view members, R& row) {
    Reader reader(members);
    layout::walk(reader, row);
    while (reader.here_) reader.keep();
    row.kept = std::move(reader.kept_);
    return !reader.good_ ? Decoded::damaged : reader.newer_ ? Decoded::newer : Decoded::good;
  }

 private:
  // To the next member; numbers rise, or stay the same in a list.
  void advance() {
    const std::uint8_t before = member_.number;
    here_ = good_ && !rest_.empty();
    if (here_ && (!format::split(rest_, member_) || member_.number < before)) here_ = good_ = false;
  }
  /// Behind a member that is no list.
  void advance_once() {
    const std::uint8_t before = member_.number;
    advance();
    if (here_ && member_.number == before) here_ = good_ = false;
  }
  void keep() {
    if ((member_.kind & format::member_required) != 0) newer_ = true;
    kept_ += member_.whole;
    advance();
  }
  /// Whether the member is there. What lies before it is kept.
  bool reach(std::uint8_t number) {
    while (here_ && member_.number < number) keep();
    return here_ && member_.number == number;
  }
  bool sized() { return good_ = good_ && (member_.kind & format::member_sized) != 0; }
  template <class T>
  void take(T& value) {
    if constexpr (std::is_floating_point_v<T>) {
      value = std::bit_cast<double>(member_.value);
    } else {
      value = static_cast<T>(member_.value);
      if (raw(value) != member_.value) good_ = false;  // more than it can hold
    }
  }
  void take(Duration& value) { value = Duration{static_cast<std::int64_t>(member_.value)}; }
  void take(Timestamp& value) { value = Timestamp{Duration{static_cast<std::int64_t>(member_.value)}}; }

  std::string_view rest_;
  Member member_;
  std::string kept_;
  bool here_ = false;  // member_ is one that was not taken yet
  bool good_ = true;
  bool newer_ = false;  // there was a member that must be known, and is not
};

template <class R>
Decoded read(std::string_view bytes, R& row) {
  const auto sealed = open_sealed(bytes);
  if (!sealed) return Decoded::damaged;
  if (sealed->tagged) return Reader::read_members(sealed->payload, row);
  row = R{};
  return untagged::read(sealed->payload, row) ? Decoded::good : Decoded::damaged;
}

}  // namespace

std::uint32_t be32(std::string_view key, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(key[offset + i]);
  return value;
}

std::uint64_t be64(std::string_view key, std::size_t offset) {
  return std::uint64_t{be32(key, offset)} << 32 | be32(key, offset + 4);
}

Error newer_row(const std::string& place) {
  return {Errc::store_version,
          "The store was written by a newer version of the program: " + place + " has members that version " +
              std::string(version()) + " does not know and may not pass over. Nothing was changed. Use the newer version.",
          {},
          {}};
}

std::string seal(std::string_view payload) {
  const std::uint32_t crc = format::crc32(payload);
  std::string row(reinterpret_cast<const char*>(&crc), sizeof crc);
  row += payload;
  return row;
}

std::optional<Sealed> open_sealed(std::string_view row) {
  std::uint32_t stored = 0;
  if (row.size() < sizeof stored) return std::nullopt;
  std::memcpy(&stored, row.data(), sizeof stored);
  row.remove_prefix(sizeof stored);
  const std::uint32_t crc = format::crc32(row);
  if (stored != crc && stored != ~crc) return std::nullopt;
  return Sealed{row, stored != crc};
}

std::optional<std::string_view> unseal(std::string_view row) {
  const auto sealed = open_sealed(row);
  return sealed ? std::optional(sealed->payload) : std::nullopt;
}

std::string encode_number(std::uint64_t value) { return seal({reinterpret_cast<const char*>(&value), sizeof value}); }

std::optional<std::uint64_t> decode_number(std::string_view row) {
  std::uint64_t value = 0;
  const auto payload = unseal(row);
  if (!payload || payload->size() != sizeof value) return std::nullopt;
  std::memcpy(&value, payload->data(), sizeof value);
  return value;
}

std::string encode(const BootRow& row) { return write(row); }
std::string encode(const LivesRow& row) { return write(row); }
std::string encode(const TimeRow& row) { return write(row); }
std::string encode(const JobRow& row) { return write(row); }
std::string encode(const QueueRow& row) { return write(row); }
std::string encode(const QueueState& row) { return write(row); }
std::string encode(const GroupRow& row) { return write(row); }
std::string encode(const TakenOut& row) { return write(row); }
std::string encode(const SampleRow& row) { return write(row); }
Decoded decode(std::string_view bytes, BootRow& row) { return read(bytes, row); }
Decoded decode(std::string_view bytes, LivesRow& row) { return read(bytes, row); }
Decoded decode(std::string_view bytes, TimeRow& row) { return read(bytes, row); }
Decoded decode(std::string_view bytes, JobRow& row) { return read(bytes, row); }
Decoded decode(std::string_view bytes, QueueRow& row) { return read(bytes, row); }
Decoded decode(std::string_view bytes, QueueState& row) { return read(bytes, row); }
Decoded decode(std::string_view bytes, GroupRow& row) { return read(bytes, row); }
Decoded decode(std::string_view bytes, TakenOut& row) { return read(bytes, row); }
Decoded decode(std::string_view bytes, SampleRow& row) { return read(bytes, row); }

}  // namespace ackwire::engine
