#include "engine/rows/row.hpp"

#include "format/record.hpp"

namespace ackwire::engine {
namespace {

// One walk over the members serves both directions, so that encode and decode cannot drift apart.
class Writer {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(const T& value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    out_.append(raw, sizeof(T));
  }
  void operator()(const std::string& value) {
    (*this)(static_cast<std::uint32_t>(value.size()));
    out_ += value;
  }
  void operator()(const Duration& value) { (*this)(static_cast<std::int64_t>(value.count())); }
  void operator()(const Timestamp& value) { (*this)(static_cast<std::int64_t>(value.time_since_epoch().count())); }
  template <class T>
  void operator()(const std::vector<T>& values);
  std::string take() { return seal(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) {
    if (auto payload = unseal(bytes)) {
      rest_ = *payload;
    } else {
      good_ = false;
    }
  }
  template <class T>
  requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void operator()(T& value) {
    if (!good_ || rest_.size() < sizeof(T)) {
      good_ = false;
      return;
    }
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
  }
  void operator()(std::string& value) {
    std::uint32_t size = 0;
    (*this)(size);
    if (!good_ || rest_.size() < size) {
      good_ = false;
      return;
    }
    value.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  void operator()(Duration& value) {
    std::int64_t count = 0;
    (*this)(count);
    value = Duration{count};
  }
  void operator()(Timestamp& value) {
    std::int64_t count = 0;
    (*this)(count);
    value = Timestamp{std::chrono::milliseconds{count}};
  }
  template <class T>
  void operator()(std::vector<T>& values);
  bool done() const { return good_ && rest_.empty(); }
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

template <class V, class R>
requires std::is_same_v<std::remove_const_t<R>, BootRow>
void walk(V&& v, R& r) { v(r.boot_epoch), v(r.next_queue), v(r.last_wall_ms); }

template <class V, class R>
requires std::is_same_v<std::remove_const_t<R>, std::uint64_t>
void walk(V&& v, R& r) { v(r); }

template <class V, class R>
requires std::is_same_v<std::remove_const_t<R>, LivesRow>
void walk(V&& v, R& r) { v(r.epochs); }

template <class V, class R>
requires std::is_same_v<std::remove_const_t<R>, TimeRow>
void walk(V&& v, R& r) { v(r.wall_ms), v(r.mono_ms), v(r.machine_boot); }

template <class V, class R>
requires std::is_same_v<std::remove_const_t<R>, QueueRow>
void walk(V&& v, R& r) {
  v(r.name), v(r.created_ms), v(r.next_group), v(r.removing);
  auto& p = r.policy;
  v(p.visibility_timeout), v(p.max_attempts), v(p.backoff.initial), v(p.backoff.multiplier), v(p.backoff.max), v(p.backoff.jitter);
  v(p.ttl), v(p.on_expiry), v(p.dedupe_window), v(p.max_depth), v(p.max_depth_bytes), v(p.max_in_flight), v(p.max_message_bytes);
  v(p.paused);
}

template <class V, class R>
requires std::is_same_v<std::remove_const_t<R>, QueueState>
void walk(V&& v, R& r) { v(r.next_sequence), v(r.published), v(r.published_bytes), v(r.suppressed); }

template <class V, class R>
requires std::is_same_v<std::remove_const_t<R>, GroupRow>
void walk(V&& v, R& r) {
  v(r.name), v(r.removing), v(r.cursor), v(r.floor), v(r.published), v(r.published_bytes), v(r.acked), v(r.expired), v(r.discarded);
  v(r.settled_bytes), v(r.retry), v(r.dead), v(r.dead_bytes), v(r.delivered), v(r.redelivered), v(r.nacked), v(r.rejected);
  v(r.released), v(r.lease_expired), v(r.dead_lettered), v(r.redriven);
}

template <class V, class R>
requires std::is_same_v<std::remove_const_t<R>, AttemptError>
void walk(V&& v, R& r) { v(r.time), v(r.delivery), v(r.text); }

template <class V, class R>
requires std::is_same_v<std::remove_const_t<R>, TakenOut>
void walk(V&& v, R& r) {
  v(r.reason), v(r.deliveries), v(r.attempts), v(r.redrives), v(r.publish_ms), v(r.time_ms), v(r.detail), v(r.errors), v(r.record);
}

template <class V, class R>
requires std::is_same_v<std::remove_const_t<R>, Sample>
void walk(V&& v, R& r) {
  v(r.time), v(r.published), v(r.published_bytes), v(r.suppressed), v(r.refused), v(r.delivered), v(r.redelivered), v(r.acked);
  v(r.nacked), v(r.dead_lettered), v(r.expired), v(r.lease_expired), v(r.depth), v(r.leased), v(r.delayed), v(r.dead);
  v(r.latency_p50_ms), v(r.latency_p95_ms), v(r.latency_p99_ms);
}

template <class T>
void Writer::operator()(const std::vector<T>& values) {
  (*this)(static_cast<std::uint32_t>(values.size()));
  for (const T& value : values) walk(*this, value);
}

template <class T>
void Reader::operator()(std::vector<T>& values) {
  std::uint32_t size = 0;
  (*this)(size);
  values.clear();
  for (std::uint32_t i = 0; good_ && i < size; ++i) walk(*this, values.emplace_back());
}

template <class R>
std::string write(const R& row) {
  Writer writer;
  walk(writer, row);
  return writer.take();
}

template <class R>
bool read(std::string_view bytes, R& row) {
  Reader reader(bytes);
  walk(reader, row);
  return reader.done();
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

std::string seal(std::string_view payload) {
  const std::uint32_t crc = format::crc32(payload);
  std::string row(reinterpret_cast<const char*>(&crc), sizeof crc);
  row += payload;
  return row;
}

std::optional<std::string_view> unseal(std::string_view row) {
  std::uint32_t crc = 0;
  if (row.size() < sizeof crc) return std::nullopt;
  std::memcpy(&crc, row.data(), sizeof crc);
  row.remove_prefix(sizeof crc);
  if (format::crc32(row) != crc) return std::nullopt;
  return row;
}

std::string encode_number(std::uint64_t value) {
  Writer writer;
  writer(value);
  return writer.take();
}

std::optional<std::uint64_t> decode_number(std::string_view row) {
  Reader reader(row);
  std::uint64_t value = 0;
  reader(value);
  return reader.done() ? std::optional(value) : std::nullopt;
}

std::string encode(const BootRow& row) { return write(row); }
std::string encode(const LivesRow& row) { return write(row); }
std::string encode(const TimeRow& row) { return write(row); }
std::string encode(const QueueRow& row) { return write(row); }
std::string encode(const QueueState& row) { return write(row); }
std::string encode(const GroupRow& row) { return write(row); }
std::string encode(const TakenOut& row) { return write(row); }
std::string encode(const Sample& row) { return write(row); }
bool decode(std::string_view bytes, BootRow& row) { return read(bytes, row); }
bool decode(std::string_view bytes, LivesRow& row) { return read(bytes, row); }
bool decode(std::string_view bytes, TimeRow& row) { return read(bytes, row); }
bool decode(std::string_view bytes, QueueRow& row) { return read(bytes, row); }
bool decode(std::string_view bytes, QueueState& row) { return read(bytes, row); }
bool decode(std::string_view bytes, GroupRow& row) { return read(bytes, row); }
bool decode(std::string_view bytes, TakenOut& row) { return read(bytes, row); }
bool decode(std::string_view bytes, Sample& row) { return read(bytes, row); }

}  // namespace ackwire::engine
