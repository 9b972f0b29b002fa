// Frames of the consumer's side: subscribe, deliver, settle and what belongs to them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ackwire/error.hpp"
#include "model/command.hpp"
#include "model/effect.hpp"
#include "wire/frame.hpp"

namespace ackwire::wire {

void encode(std::string& out, const model::Subscribe& subscribe);
/// A frame that ends before the concurrency has 0. Errors: bad_length, trailing_bytes, invalid_argument (subscription 0).
Result<model::Subscribe> decode_subscribe(std::string_view payload);

void encode(std::string& out, const model::Subscribed& subscribed);
Result<model::Subscribed> decode_subscribed(std::string_view payload);

void encode_unsubscribe(std::string& out, model::SubscriptionId subscription);
Result<model::SubscriptionId> decode_unsubscribe(std::string_view payload);

struct Credit {
  model::SubscriptionId subscription{};
  std::uint32_t credit = 0;
};
void encode(std::string& out, const Credit& credit);
Result<Credit> decode_credit(std::string_view payload);

struct DeliverView {
  model::SubscriptionId subscription{};
  std::string_view runs;  // as in format/run.hpp
};
/// Appends all of a deliver frame but its runs.
void encode_deliver_head(std::string& out, model::SubscriptionId subscription);
/// Does not look into the runs.
Result<DeliverView> decode_deliver(std::string_view payload);

void encode(std::string& out, const model::Settle& settle);
/// `text` is a view into the payload; the vector of `settle` is used again; `settle.request` must be set from the frame.
/// Errors: bad_length (also for no ranges), trailing_bytes, invalid_argument (kind, reserved bytes).
Status decode_settle(std::string_view payload, model::Settle& settle);

void encode(std::string& out, const model::Begun& begun);
/// The vector of `begun` is used again. Errors: bad_length, trailing_bytes, too_large (more messages than limits::credit).
Status decode_begun(std::string_view payload, model::Begun& begun);

void encode(std::string& out, const model::Recall& recall);
Result<model::Recall> decode_recall(std::string_view payload);

void encode(std::string& out, const model::SettleResult& result);
/// The request is in the frame's head.
Result<model::SettleResult> decode_settled(std::string_view payload);

void encode_renew(std::string& out, model::SubscriptionId subscription);
Result<model::SubscriptionId> decode_renew(std::string_view payload);

void encode(std::string& out, const model::SubscriptionEnded& ended);
Result<model::SubscriptionEnded> decode_subscription_ended(std::string_view payload);

}  // namespace ackwire::wire
