#include "transport/connection.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "ackwire/limits.hpp"

namespace ackwire::transport {
namespace {

using runtime::Inbound;

/// Taken from one connection before the next has its turn.
constexpr std::size_t visit_frames = 64;
constexpr std::size_t visit_bytes = 128 * 1024;
constexpr std::size_t buffer_bytes = 64 * 1024;
/// Of one message. Ackwire's own have one part; the rest is refused, and beyond this the connection is ended.
constexpr std::uint32_t extra_parts_most = 1'024;
constexpr std::uint64_t extra_bytes_most = 1u << 20;
/// Payloads from here on are handed to the kernel from where they are.
constexpr std::size_t direct_bytes = 32 * 1024;
constexpr std::size_t block_bytes = 64 * 1024;
constexpr std::size_t blocks_at_once = 16;
/// Heart-beats of a peer that does not read are not answered.
constexpr std::size_t pongs_most = 64 * 1024;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Connection::Connection(runtime::PeerId id, Descriptor socket, Clock::time_point now)
    : since(now), heard(now), sent(now), held_since(now), id_(id), socket_(std::move(socket)) {
  append(zmtp::greeting());
}

void Connection::close() {
  socket_.close();
  buffer_.reset();
  capacity_ = begin_ = end_ = 0;
  large_ = false;
  outbox_.clear();
  front_sent_ = 0;
  unsent_ = 0;
}

void Connection::visit(std::vector<Inbound>& out, Room& room, Frames which, bool may_hold, Clock::time_point now) {
  const bool held = large_;
  Room mine{std::min(room.frames, visit_frames), std::min(room.bytes, visit_bytes)};
  const Room before = mine;
  std::size_t read = 0;
  starving_ = false;
  while (!closed()) {
    const Step step = parse(out, mine, which, may_hold);
    parsable_ = step == Step::stop;
    if (step == Step::stop || !readable_ || read >= visit_bytes) break;
    const std::size_t got = fill(visit_bytes - read);
    if (got > 0) heard = now;
    read += got;
  }
  room.frames -= before.frames - mine.frames;
  room.bytes -= before.bytes - mine.bytes;
  if (begin_ == end_) buffer_.reset(), capacity_ = begin_ = end_ = 0, large_ = false;
  if (large_ && !held) held_since = now;
}

/// Reads once. What gives less than was asked for has been emptied: the kernel will tell of more.
std::size_t Connection::fill(std::size_t most) {
  if (end_ == capacity_) make_room_for(0);
  const std::size_t asked = std::min(capacity_ - end_, most);
  const ssize_t got = recv(socket_.get(), buffer_.get() + end_, asked, 0);
  if (got == 0 || (got < 0 && (!would_block(errno) || hung_up_))) {
    close();
    return 0;
  }
  if (got < 0) {
    readable_ = errno == EINTR;
    return 0;
  }
  end_ += static_cast<std::size_t>(got);
  if (static_cast<std::size_t>(got) < asked && !hung_up_) readable_ = false;
  return static_cast<std::size_t>(got);
}

/// A buffer for `bytes` from the first unread one on, with room to read into.
void Connection::make_room_for(std::size_t bytes) {
  const std::size_t kept = end_ - begin_;
  const std::size_t wanted = std::max({bytes, buffer_bytes, kept + 1});
  std::shared_ptr<char[]> buffer(new char[wanted]);  // not cleared: it is written by recv()
  if (kept > 0) std::memcpy(buffer.get(), buffer_.get() + begin_, kept);
  buffer_ = std::move(buffer);
  capacity_ = wanted;
  large_ = wanted > buffer_bytes;
  begin_ = 0;
  end_ = kept;
}

Connection::Step Connection::parse(std::vector<Inbound>& out, Room& room, Frames which, bool may_hold) {
  Step step = Step::on;
  while (step == Step::on && !closed()) {
    if (phase_ == Phase::greeting) {
      step = greeted();
    } else if (!room.left()) {
      return begin_ == end_ && !skipping_ ? Step::more_bytes : Step::stop;
    } else if (skipping_) {
      step = skip(out, room);
    } else {
      zmtp::Head head;
      const zmtp::Split split = zmtp::split_head(unread(), head);
      if (split == zmtp::Split::cut) return Step::more_bytes;
      const std::uint64_t most = head.command ? zmtp::command_bytes : limits::frame_bytes;
      step = split == zmtp::Split::bad || head.size > most ? refused() : frame(head, out, room, which, may_hold);
    }
  }
  return step == Step::on ? Step::more_bytes : step;
}

Connection::Step Connection::greeted() {
  const std::string_view bytes = unread().substr(0, zmtp::greeting_bytes);
  if (!zmtp::greeting_begins(bytes)) return refused();
  if (bytes.size() < zmtp::greeting_bytes) return Step::more_bytes;
  begin_ += zmtp::greeting_bytes;
  phase_ = Phase::ready;
  append(zmtp::ready());
  return Step::on;
}

Connection::Step Connection::frame(const zmtp::Head& head, std::vector<Inbound>& out, Room& room, Frames which, bool may_hold) {
  if (phase_ == Phase::ready && !head.command) return refused();
  if (gathering_ && !head.command) return extra_part(head);
  const std::size_t whole = head.bytes + static_cast<std::size_t>(head.size);
  if (which == Frames::that_fit && whole > room.bytes) return Step::stop;
  if (end_ - begin_ < whole) {
    if (whole > capacity_ - begin_) {
      if (whole > buffer_bytes && !may_hold) {
        starving_ = true;
        return Step::stop;
      }
      make_room_for(whole);
    }
    return Step::more_bytes;
  }
  const std::string_view bytes = unread().substr(head.bytes, static_cast<std::size_t>(head.size));
  begin_ += whole;
  if (head.command) return command(bytes);
  spoke = true;
  if (head.more) {
    first_part_ = bytes;
    gathering_ = true;
    return Step::on;
  }
  out.push_back({id_, bytes, buffer_, 0});
  --room.frames;
  room.bytes -= std::min(room.bytes, whole);
  return Step::on;
}

Connection::Step Connection::command(std::string_view bytes) {
  if (phase_ == Phase::ready) {
    if (!zmtp::is_ready(bytes)) return refused();
    phase_ = Phase::open;
  } else if (const std::string pong = zmtp::pong_to(bytes); !pong.empty() && unsent_ < pongs_most) {
    append(pong);
  }
  return Step::on;
}

Connection::Step Connection::extra_part(const zmtp::Head& head) {
  begin_ += head.bytes;
  extra_bytes_ += to_skip_ = head.size;
  if (++extra_parts_ > extra_parts_most || extra_bytes_ > extra_bytes_most) return refused();
  skipping_ = true;
  last_part_ = !head.more;
  return Step::on;
}

Connection::Step Connection::skip(std::vector<Inbound>& out, Room& room) {
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(to_skip_, end_ - begin_));
  begin_ += skipped;
  to_skip_ -= skipped;
  if (to_skip_ > 0) return Step::more_bytes;
  skipping_ = false;
  if (!last_part_) return Step::on;
  const auto owner = std::make_shared<const std::string>(std::exchange(first_part_, {}));
  out.push_back({id_, *owner, owner, std::exchange(extra_parts_, 0)});
  --room.frames;
  room.bytes -= std::min(room.bytes, owner->size());
  extra_bytes_ = 0;
  gathering_ = false;
  return Step::on;
}

void Connection::append(std::string_view bytes) {
  if (outbox_.empty() || outbox_.back().size() + bytes.size() > block_bytes) outbox_.emplace_back();
  outbox_.back().append(bytes);
  unsent_ += bytes.size();
}

void Connection::send(std::string_view head, std::string_view payload, Clock::time_point now) {
  if (closed()) return;
  if (unsent_ == 0) sent = now;
  std::string begin;
  zmtp::append_head(begin, head.size() + payload.size());
  begin.append(head);
  if (payload.size() >= direct_bytes) {
    flush(now);
    if (closed()) return;
    if (unsent_ == 0) {
      iovec parts[] = {{begin.data(), begin.size()}, {const_cast<char*>(payload.data()), payload.size()}};
      std::size_t left = put(parts, 2, now);
      const std::size_t from_begin = std::min(left, begin.size());
      begin.erase(0, from_begin);
      payload.remove_prefix(left - from_begin);
    }
  }
  if (closed()) return;
  if (!begin.empty()) append(begin);
  if (!payload.empty()) append(payload);
}

/// Hands bytes to the kernel; returns how many it took.
std::size_t Connection::put(iovec* parts, std::size_t count, Clock::time_point now) {
  if (blocked_) return 0;
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  const ssize_t put = sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (put < 0) {
    if (errno == EINTR) return 0;
    blocked_ = would_block(errno);
    if (!blocked_) close();
    return 0;
  }
  sent = now;
  return static_cast<std::size_t>(put);
}

void Connection::flush(Clock::time_point now) {
  while (can_flush()) {
    std::array<iovec, blocks_at_once> parts;
    std::size_t count = 0;
    for (std::size_t skip = front_sent_; count < std::min(blocks_at_once, outbox_.size()); skip = 0, ++count) {
      parts[count] = {outbox_[count].data() + skip, outbox_[count].size() - skip};
    }
    std::size_t left = put(parts.data(), count, now);
    unsent_ -= std::min(unsent_, left);
    for (; left > 0 && !outbox_.empty() && left >= outbox_.front().size() - front_sent_; front_sent_ = 0) {
      left -= outbox_.front().size() - front_sent_;
      outbox_.pop_front();
    }
    front_sent_ += left;
  }
}

}  // namespace ackwire::transport
