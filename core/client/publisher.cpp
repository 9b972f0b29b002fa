#include "client/publisher.hpp"

#include <algorithm>

#include "ackwire/limits.hpp"
#include "format/bytes.hpp"
#include "wire/publish.hpp"

namespace ackwire::client {
namespace {

constexpr std::size_t first_unconfirmed_at = wire::frame_head_bytes + 8;
constexpr std::size_t spare_buffers = 8;
constexpr std::size_t refused_kept = 64;            // each keeps its frame's outcomes
constexpr std::uint32_t publish_bit = 0x8000'0000;  // publish frames number their requests apart from calls

// An open frame below the target takes one more batch, so the target leaves room for the largest batch.
constexpr std::uint32_t target_bytes_max = limits::frame_bytes - limits::batch_bytes - 64 * 1024;

}  // namespace

Publisher::Publisher(std::shared_ptr<Gate> gate, const CoreOptions& options)
    : gate_(std::move(gate)),
      max_unconfirmed_(options.max_unconfirmed),
      max_unconfirmed_bytes_(options.max_unconfirmed_bytes),
      frames_in_flight_(options.frames_in_flight),
      frame_target_bytes_(std::min(options.frame_target_bytes, target_bytes_max)) {}

bool Publisher::has_room(std::size_t messages, std::size_t bytes) const {
  if (messages_ == 0) return true;
  return messages_ + messages <= max_unconfirmed_ && bytes_ + bytes <= max_unconfirmed_bytes_;
}

PublishLane& Publisher::lane(std::string_view queue) {
  if (latest_ != nullptr && latest_->queue == queue) return *latest_;
  auto found = lanes_.find(queue);
  if (found == lanes_.end()) {
    auto made = std::make_unique<PublishLane>(queue);
    const std::string_view key = made->queue;
    found = lanes_.emplace(key, std::move(made)).first;
  }
  latest_ = found->second.get();
  return *latest_;
}

std::shared_ptr<PublishFrame> Publisher::open_frame(PublishLane& lane) {
  auto frame = std::make_shared<PublishFrame>(gate_, &lane);
  frame->number = next_number_++;
  frame->producer_sequence = lane.next_sequence;
  frame->request = publish_bit | (next_request_++ & ~publish_bit);
  if (!spare_.empty()) {
    frame->bytes = std::move(spare_.back());
    spare_.pop_back();
    frame->bytes.clear();
  }
  wire::encode_publish_head(frame->bytes, frame->producer_sequence, 0, lane.queue, 0, frame->request);
  order_.push_back(frame);
  return frame;
}

std::shared_ptr<PublishedBatch> Publisher::add(std::string_view queue, std::uint32_t messages, std::string_view records,
                                               bool awaited) {
  PublishLane& to = lane(queue);
  if (!to.open) to.open = open_frame(to);
  const std::shared_ptr<PublishFrame> frame = to.open;
  wire::append_batch_head(frame->bytes, messages, static_cast<std::uint32_t>(records.size()));
  frame->bytes.append(records);
  frame->messages += messages;
  frame->batches.emplace_back(*frame, messages, awaited);
  ++to.next_sequence;
  messages_ += messages;
  bytes_ += records.size() + wire::batch_head_bytes;
  if (frame->bytes.size() >= frame_target_bytes_ || frame->batches.size() >= wire::frame_batches) seal(to);
  list(to);
  return {frame, &frame->batches.back()};
}

void Publisher::seal(PublishLane& lane) {
  PublishFrame& frame = *lane.open;
  const std::uint64_t first = lane.frames.empty() ? frame.producer_sequence : lane.frames.front()->producer_sequence;
  format::store(frame.bytes.data() + first_unconfirmed_at, first);
  format::store(frame.bytes.data() + wire::publish_head_bytes(lane.queue) - 4, static_cast<std::uint32_t>(frame.batches.size()));
  lane.frames.push_back(std::move(lane.open));
  lane.open.reset();
}

void Publisher::list(PublishLane& lane) {
  if (lane.listed || !lane.can_send()) return;
  lane.listed = true;
  ready_.push_back(&lane);
}

bool Publisher::next_frame(std::string& out) {
  if (!can_send()) return false;
  PublishLane& from = *ready_.front();
  ready_.pop_front();
  from.listed = false;
  if (from.sent == from.frames.size()) seal(from);
  from.frames[from.sent]->sent = true;
  out.assign(from.frames[from.sent]->bytes);
  ++from.sent;
  ++under_way_;
  list(from);
  return true;
}

bool Publisher::confirm(std::string_view queue, std::uint64_t producer_sequence, std::string_view entries) {
  const auto found = lanes_.find(queue);
  if (found == lanes_.end()) return true;
  PublishLane& of = *found->second;
  for (std::size_t i = 0; i < of.sent; ++i) {
    if (of.frames[i]->producer_sequence != producer_sequence) continue;
    const bool fits = of.frames[i]->answer(entries);
    finish(of, i);
    return fits;
  }
  return true;
}

void Publisher::refuse(std::uint32_t request, const Error& error) {
  if ((request & publish_bit) == 0) return;
  for (const auto& frame : order_) {
    if (frame->request != request || frame->done.load(std::memory_order_relaxed)) continue;
    PublishLane& of = *frame->lane;
    for (std::size_t i = 0; i < of.sent; ++i) {
      if (of.frames[i] != frame) continue;
      frame->refuse_rest(0, error);
      finish(of, i);
      return;
    }
  }
}

/// Requires that the frame's batches have their outcomes.
void Publisher::finish(PublishLane& lane, std::size_t index) {
  const std::shared_ptr<PublishFrame> frame = std::move(lane.frames[index]);
  lane.frames.erase(lane.frames.begin() + static_cast<std::ptrdiff_t>(index));
  --lane.sent;
  --under_way_;
  settle_accounts(frame);
  list(lane);
}

void Publisher::want_room(std::size_t messages, std::size_t bytes) {
  if (!wanted_) wanted_ = Room{messages, bytes};
  wanted_ = Room{std::min(wanted_->messages, messages), std::min(wanted_->bytes, bytes)};
}

bool Publisher::take_room(bool over) {
  if (!wanted_ || !(over || has_room(wanted_->messages, wanted_->bytes))) return false;
  wanted_.reset();
  return true;
}

std::optional<Error> Publisher::take_refusal() {
  for (const auto& batch : std::exchange(refused_, {})) {
    if (!batch->told) return batch->frame.errors[static_cast<std::size_t>(batch->error)];
  }
  return std::nullopt;
}

void Publisher::note_refusals(const std::shared_ptr<PublishFrame>& frame) {
  if (frame->errors.empty()) return;
  std::erase_if(refused_, [](const auto& batch) { return batch->told.load(); });
  for (PublishedBatch& batch : frame->batches) {
    if (refused_.size() == refused_kept) return;
    if (batch.error >= 0 && !batch.awaited) refused_.emplace_back(frame, &batch);
  }
}

void Publisher::settle_accounts(const std::shared_ptr<PublishFrame>& of) {
  PublishFrame& frame = *of;
  messages_ -= frame.messages;
  bytes_ -= frame.bytes.size() - wire::publish_head_bytes(frame.lane->queue);
  note_refusals(of);
  if (spare_.size() < spare_buffers && frame.bytes.capacity() <= 2 * std::size_t{frame_target_bytes_}) {
    spare_.push_back(std::move(frame.bytes));
  }
  frame.bytes = {};
  frame.done.store(true, std::memory_order_release);
  while (!order_.empty() && order_.front()->done.load(std::memory_order_relaxed)) order_.pop_front();
}

void Publisher::session_lost() {
  under_way_ = 0;
  for (auto& [name, lane] : lanes_) {
    lane->sent = 0;
    list(*lane);
  }
}

std::uint64_t Publisher::give_up_sent(const Error& error) {
  const std::uint64_t before = messages_;
  for (auto& [name, lane] : lanes_) {
    for (std::size_t i = 0; i < lane->frames.size();) {
      if (!lane->frames[i]->sent) {
        ++i;
        continue;
      }
      const std::shared_ptr<PublishFrame> frame = std::move(lane->frames[i]);
      lane->frames.erase(lane->frames.begin() + static_cast<std::ptrdiff_t>(i));
      frame->refuse_rest(0, error);
      settle_accounts(frame);
    }
  }
  for (PublishLane* lane : std::exchange(ready_, {})) {
    lane->listed = false;
    list(*lane);
  }
  return before - messages_;
}

void Publisher::shift_times(Duration by) {
  for (const auto& frame : order_) {
    if (!frame->sent && !frame->done.load(std::memory_order_relaxed)) frame->shift_times(by);
  }
}

std::uint64_t Publisher::abandon(const Error& error) {
  const std::uint64_t messages = messages_;
  for (auto& [name, lane] : lanes_) {
    lane->frames.clear();
    lane->open.reset();
    lane->sent = 0;
    lane->listed = false;
  }
  ready_.clear();
  under_way_ = 0;
  while (!order_.empty()) {
    const std::shared_ptr<PublishFrame> frame = order_.front();
    frame->refuse_rest(0, error);
    settle_accounts(frame);
  }
  return messages;
}

}  // namespace ackwire::client
