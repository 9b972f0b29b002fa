#include "input/publish_source.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ackwire/limits.hpp"
#include "input/json_slice.hpp"
#include "output/text.hpp"

namespace ackwire::cli {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;
constexpr int look_for_stop_ms = 100;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // some editors begin a file with it

/// Reads what is there, so that lines of a slow pipe come through one by one, and bounds the length of a line.
class LineReader {
 public:
  LineReader(int descriptor, Stop stop) : descriptor_(descriptor), stop_(std::move(stop)) {
    struct stat about {};
    if (fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode)) size_ = static_cast<double>(about.st_size);
  }

  /// Without its line end; false at the end of input.
  Result<bool> next(std::string& line) {
    while (true) {
      const auto end = buffer_.find('\n', scanned_);
      if (end != std::string::npos) {
        line.assign(buffer_, begin_, end - begin_);
        begin_ = scanned_ = end + 1;
        ++number_;
        return true;
      }
      scanned_ = buffer_.size();
      if (buffer_.size() - begin_ > line_bytes) {
        return Error{Errc::too_large, fmt::format("line {} is longer than {} bytes", number_ + 1, line_bytes)};
      }
      const auto more = fill();
      if (!more) return more.error();
      if (*more) continue;
      if (begin_ == buffer_.size()) return false;
      line.assign(buffer_, begin_);
      begin_ = scanned_ = buffer_.size();
      ++number_;
      return true;
    }
  }

  /// Everything until the end, at most `limit` bytes.
  Result<std::string> rest(std::size_t limit) {
    while (true) {
      const auto more = fill();
      if (!more) return more.error();
      if (!*more) return buffer_.substr(begin_);
      if (buffer_.size() - begin_ > limit) return Error{Errc::too_large, fmt::format("the input is longer than {} bytes", limit)};
    }
  }

  bool ready() const { return buffer_.find('\n', scanned_) != std::string::npos; }
  std::uint64_t number() const { return number_; }
  double progress() const { return size_ > 0 ? static_cast<double>(consumed_ - (buffer_.size() - begin_)) / size_ : -1; }

 private:
  /// More bytes into the buffer; false at the end of input or when told to stop.
  Result<bool> fill() {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
    while (!stop_()) {
      pollfd waiting{descriptor_, POLLIN, 0};
      if (poll(&waiting, 1, look_for_stop_ms) == 0) continue;
      const std::size_t have = buffer_.size();
      buffer_.resize(have + read_bytes);
      const ssize_t got = ::read(descriptor_, buffer_.data() + have, read_bytes);
      buffer_.resize(have + static_cast<std::size_t>(got > 0 ? got : 0));
      if (got > 0) consumed_ += static_cast<std::size_t>(got);
      if (got >= 0) return got > 0;
      if (errno != EINTR) return Error{Errc::io, fmt::format("cannot read the input: {}", std::strerror(errno))};
    }
    return false;
  }

  int descriptor_;
  Stop stop_;
  std::string buffer_;
  std::size_t begin_ = 0, scanned_ = 0;
  std::size_t consumed_ = 0;
  double size_ = 0;
  std::uint64_t number_ = 0;
};

class ArgumentsSource : public Source {
 public:
  explicit ArgumentsSource(std::vector<std::string> bodies) : bodies_(std::move(bodies)) {}
  Result<bool> next(Outgoing& out) override {
    if (at_ == bodies_.size()) return false;
    out = Outgoing{.body = std::move(bodies_[at_]), .idempotency_key = {}, .ordering_key = {}, .place = at_ + 1};
    ++at_;
    return true;
  }
  std::string_view unit() const override { return "argument"; }

 private:
  std::vector<std::string> bodies_;
  std::size_t at_ = 0;
};

class LinesSource : public Source {
 public:
  LinesSource(int descriptor, Stop stop) : reader_(descriptor, std::move(stop)) {}
  Result<bool> next(Outgoing& out) override {
    out = {};
    auto more = reader_.next(out.body);
    out.place = reader_.number();
    return more;
  }
  bool ready() const override { return reader_.ready(); }
  double progress() const override { return reader_.progress(); }

 private:
  LineReader reader_;
};

class WholeSource : public Source {
 public:
  WholeSource(int descriptor, Stop stop) : reader_(descriptor, std::move(stop)) {}
  Result<bool> next(Outgoing& out) override {
    if (done_) return false;
    done_ = true;
    auto body = reader_.rest(limits::message_bytes);
    if (!body) return body.error();
    out = Outgoing{.body = *std::move(body), .idempotency_key = {}, .ordering_key = {}, .place = 1};
    return true;
  }

 private:
  LineReader reader_;
  bool done_ = false;
};

class JsonSource : public Source {
 public:
  JsonSource(int descriptor, JsonFields fields, Stop stop) : reader_(descriptor, std::move(stop)), fields_(std::move(fields)) {}

  Result<bool> next(Outgoing& out) override {
    out = {};
    do {
      const auto more = reader_.next(line_);
      if (!more || !*more) return more;
      if (reader_.number() == 1 && line_.starts_with(byte_order_mark)) line_.erase(0, byte_order_mark.size());
      if (line_.ends_with('\r')) line_.pop_back();  // of the line end
    } while (line_.find_first_not_of(" \t\r") == std::string::npos);
    out.place = reader_.number();
    if (const auto fault = find_json_fault(line_))
      return wrong(fault->at, fmt::format("it is not a JSON object: {}", fault->cause));
    if (Status key = scalar(fields_.idempotency_key, out.idempotency_key); !key) return std::move(key).error();
    if (Status key = scalar(fields_.ordering_key, out.ordering_key); !key) return std::move(key).error();
    if (fields_.body.empty()) {
      out.body = line_;
      return true;
    }
    const auto body = json_member(line_, fields_.body);
    if (!body) return wrong(fmt::format("it has no field \"{}\"", fields_.body));
    out.body = json_text(*body);
    return true;
  }
  bool ready() const override { return reader_.ready(); }
  double progress() const override { return reader_.progress(); }

 private:
  Error wrong(std::string_view what) const {
    return Error{Errc::invalid_argument, fmt::format("line {} cannot be published: {}", reader_.number(), printable(what))};
  }
  Error wrong(std::size_t at, std::string_view what) const {
    const std::size_t column = display_width(std::string_view(line_).substr(0, at)) + 1;
    return Error{Errc::invalid_argument,
                 fmt::format("line {}, column {} cannot be published: {}", reader_.number(), column, printable(what))};
  }
  std::size_t place_of(std::string_view value) const { return static_cast<std::size_t>(value.data() - line_.data()); }

  /// A key: a non-empty string or a number.
  Status scalar(const std::string& path, std::string& out) const {
    if (path.empty()) return {};
    const auto value = json_member(line_, path);
    if (!value) return wrong(fmt::format("it has no field \"{}\"", path));
    const char first = value->front();
    if (first != '"' && first != '-' && (first < '0' || first > '9')) {
      return wrong(place_of(*value), fmt::format("field \"{}\" is neither a string nor a number, and cannot be a key", path));
    }
    if (const auto half = find_half_surrogate(*value)) {
      return wrong(place_of(*value) + *half, fmt::format("field \"{}\" holds half of a surrogate pair, and cannot be a key", path));
    }
    out = json_text(*value);
    if (out.empty()) return wrong(place_of(*value), fmt::format("field \"{}\" is empty, and cannot be a key", path));
    return {};
  }

  LineReader reader_;
  JsonFields fields_;
  std::string line_;
};

}  // namespace

std::unique_ptr<Source> arguments_source(std::vector<std::string> bodies) {
  return std::make_unique<ArgumentsSource>(std::move(bodies));
}
std::unique_ptr<Source> lines_source(int descriptor, Stop stop) {
  return std::make_unique<LinesSource>(descriptor, std::move(stop));
}
std::unique_ptr<Source> whole_source(int descriptor, Stop stop) {
  return std::make_unique<WholeSource>(descriptor, std::move(stop));
}
std::unique_ptr<Source> json_source(int descriptor, JsonFields fields, Stop stop) {
  return std::make_unique<JsonSource>(descriptor, std::move(fields), std::move(stop));
}

}  // namespace ackwire::cli
