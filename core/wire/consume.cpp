#include "wire/consume.hpp"

#include "ackwire/limits.hpp"

namespace ackwire::wire {
namespace {

constexpr std::size_t range_bytes = 8 + 4 + 4;

std::uint32_t number(model::SubscriptionId subscription) { return static_cast<std::uint32_t>(subscription); }

Error invalid(std::string_view what) { return Error{Errc::invalid_argument, std::string(what) + " Nothing was changed by it."}; }

void write_ranges(FrameWriter& writer, const std::vector<model::SettleRange>& ranges) {
  writer.u32(static_cast<std::uint32_t>(ranges.size()));
  for (const auto& range : ranges) writer.u64(range.first_sequence).u32(range.count).u32(range.delivery);
}

void read_ranges(FrameReader& reader, std::vector<model::SettleRange>& ranges) {
  const std::uint32_t count = reader.count_of(range_bytes);
  ranges.clear();
  ranges.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    model::SettleRange range;
    range.first_sequence = reader.u64();
    range.count = reader.u32();
    range.delivery = reader.u32();
    ranges.push_back(range);
  }
}

void read_error(FrameReader& reader, Error& error) {
  error.code = static_cast<Errc>(reader.u16());
  error.message = reader.str16();
}

/// A frame that is nothing but a subscription.
void encode_id(std::string& out, Operation operation, model::SubscriptionId subscription) {
  FrameWriter(out, operation, 0).u32(number(subscription));
}

Result<model::SubscriptionId> decode_id(std::string_view payload) {
  FrameReader reader(payload);
  const auto subscription = static_cast<model::SubscriptionId>(reader.u32());
  if (Status status = reader.finish(); !status) return status.error();
  return subscription;
}

}  // namespace

void encode(std::string& out, const model::Subscribe& subscribe) {
  FrameWriter writer(out, Operation::subscribe, 0);
  writer.u32(number(subscribe.subscription)).u32(subscribe.credit).str8(subscribe.queue).str8(subscribe.group);
  if (subscribe.concurrency != 0) writer.u32(subscribe.concurrency);
}

Result<model::Subscribe> decode_subscribe(std::string_view payload) {
  FrameReader reader(payload);
  model::Subscribe subscribe;
  subscribe.subscription = static_cast<model::SubscriptionId>(reader.u32());
  subscribe.credit = reader.u32();
  subscribe.queue = reader.str8();
  subscribe.group = reader.str8();
  if (reader.left() > 0) subscribe.concurrency = reader.u32();
  if (Status status = reader.finish(); !status) return status.error();
  if (number(subscribe.subscription) == 0)
    return invalid("A subscribe has the subscription number 0, which names none. Choose another.");
  return subscribe;
}

void encode(std::string& out, const model::Subscribed& subscribed) {
  FrameWriter(out, Operation::subscribed, 0)
      .u32(number(subscribed.subscription))
      .u32(subscribed.visibility_timeout_ms)
      .u16(static_cast<std::uint16_t>(subscribed.error.code))
      .text(subscribed.error.message);
}

Result<model::Subscribed> decode_subscribed(std::string_view payload) {
  FrameReader reader(payload);
  model::Subscribed subscribed;
  subscribed.subscription = static_cast<model::SubscriptionId>(reader.u32());
  subscribed.visibility_timeout_ms = reader.u32();
  read_error(reader, subscribed.error);
  if (Status status = reader.finish(); !status) return status.error();
  return subscribed;
}

void encode_unsubscribe(std::string& out, model::SubscriptionId subscription) {
  encode_id(out, Operation::unsubscribe, subscription);
}
Result<model::SubscriptionId> decode_unsubscribe(std::string_view payload) { return decode_id(payload); }
void encode_renew(std::string& out, model::SubscriptionId subscription) { encode_id(out, Operation::renew, subscription); }
Result<model::SubscriptionId> decode_renew(std::string_view payload) { return decode_id(payload); }

void encode(std::string& out, const Credit& credit) {
  FrameWriter(out, Operation::credit, 0).u32(number(credit.subscription)).u32(credit.credit);
}

Result<Credit> decode_credit(std::string_view payload) {
  FrameReader reader(payload);
  Credit credit;
  credit.subscription = static_cast<model::SubscriptionId>(reader.u32());
  credit.credit = reader.u32();
  if (Status status = reader.finish(); !status) return status.error();
  return credit;
}

void encode_deliver_head(std::string& out, model::SubscriptionId subscription) { encode_id(out, Operation::deliver, subscription); }

Result<DeliverView> decode_deliver(std::string_view payload) {
  FrameReader reader(payload);
  DeliverView deliver;
  deliver.subscription = static_cast<model::SubscriptionId>(reader.u32());
  deliver.runs = reader.rest();
  if (Status status = reader.finish(); !status) return status.error();
  return deliver;
}

void encode(std::string& out, const model::Settle& settle) {
  FrameWriter writer(out, Operation::settle, settle.request);
  writer.u32(number(settle.subscription)).u8(static_cast<std::uint8_t>(settle.kind)).u8(0).u16(0);
  writer.u64(settle.boot_epoch).i64(settle.duration_ms).text(settle.text);
  write_ranges(writer, settle.ranges);
}

Status decode_settle(std::string_view payload, model::Settle& settle) {
  FrameReader reader(payload);
  settle.subscription = static_cast<model::SubscriptionId>(reader.u32());
  const std::uint8_t kind = reader.u8();
  const std::uint32_t reserved = reader.u8() | static_cast<std::uint32_t>(reader.u16());
  settle.boot_epoch = reader.u64();
  settle.duration_ms = reader.i64();
  settle.text = reader.str16();
  read_ranges(reader, settle.ranges);
  if (Status status = reader.finish(); !status) return status;
  const auto known = settle_kind(kind);
  if (!known) {
    return invalid("A settle has kind " + std::to_string(kind) + "; there are 1 (ack) to 5 (extend).");
  }
  settle.kind = *known;
  if (reserved != 0) return invalid("The reserved bytes of a settle must be 0.");
  if (settle.ranges.empty())
    return Error{Errc::bad_length,
                 "A settle names no range; it needs at least one. Nothing was changed by it; leases are as they were."};
  return {};
}

void encode(std::string& out, const model::Begun& begun) {
  FrameWriter writer(out, Operation::begun, 0);
  writer.u32(number(begun.subscription)).u64(begun.boot_epoch);
  write_ranges(writer, begun.ranges);
}

Status decode_begun(std::string_view payload, model::Begun& begun) {
  FrameReader reader(payload);
  begun.subscription = static_cast<model::SubscriptionId>(reader.u32());
  begun.boot_epoch = reader.u64();
  read_ranges(reader, begun.ranges);
  if (Status status = reader.finish(); !status) return status;
  std::uint64_t messages = 0;
  for (const auto& range : begun.ranges) messages += range.count;
  if (messages <= limits::credit) return {};
  return Error{Errc::too_large, "A BEGUN names " + std::to_string(messages) + " messages, at most " +
                                    std::to_string(limits::credit) +
                                    " are allowed. Nothing was changed by it. Send it in smaller parts."};
}

void encode(std::string& out, const model::Recall& recall) {
  FrameWriter(out, Operation::recall, 0).u32(number(recall.subscription)).u32(recall.count);
}

Result<model::Recall> decode_recall(std::string_view payload) {
  FrameReader reader(payload);
  model::Recall recall;
  recall.subscription = static_cast<model::SubscriptionId>(reader.u32());
  recall.count = reader.u32();
  if (Status status = reader.finish(); !status) return status.error();
  return recall;
}

void encode(std::string& out, const model::SettleResult& result) {
  FrameWriter writer(out, Operation::settled, result.request);
  writer.u32(number(result.subscription)).u32(result.applied);
  writer.u16(static_cast<std::uint16_t>(result.error.code)).text(result.error.message);
  write_ranges(writer, result.stale);
}

Result<model::SettleResult> decode_settled(std::string_view payload) {
  FrameReader reader(payload);
  model::SettleResult result;
  result.subscription = static_cast<model::SubscriptionId>(reader.u32());
  result.applied = reader.u32();
  read_error(reader, result.error);
  read_ranges(reader, result.stale);
  if (Status status = reader.finish(); !status) return status.error();
  return result;
}

void encode(std::string& out, const model::SubscriptionEnded& ended) {
  FrameWriter(out, Operation::subscription_ended, 0)
      .u32(number(ended.subscription))
      .u16(static_cast<std::uint16_t>(ended.error.code))
      .text(ended.error.message);
}

Result<model::SubscriptionEnded> decode_subscription_ended(std::string_view payload) {
  FrameReader reader(payload);
  model::SubscriptionEnded ended;
  ended.subscription = static_cast<model::SubscriptionId>(reader.u32());
  read_error(reader, ended.error);
  if (Status status = reader.finish(); !status) return status.error();
  return ended;
}

}  // namespace ackwire::wire
