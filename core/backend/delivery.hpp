// How a backend makes the deliveries that it hands out.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "ackwire/message.hpp"

namespace ackwire {

/// The parts of a delivery. The views point into what `owner` keeps alive.
struct DeliveryParts {
  std::shared_ptr<const void> owner;
  LeaseToken token;
  std::uint32_t attempts = 1;
  Timestamp publish_time{};
  std::string_view body, idempotency_key, ordering_key;
  std::string_view headers;  // as in the record, format/record.hpp
  std::uint32_t header_count = 0;
};

/// The only maker of deliveries.
class DeliveryMaker {
 public:
  static void make(const DeliveryParts& from, Delivery& out) {
    out.frame_ = from.owner;
    out.token_ = from.token;
    out.attempts_ = from.attempts;
    out.header_count_ = from.header_count;
    out.publish_time_ = from.publish_time;
    out.body_ = from.body;
    out.idempotency_key_ = from.idempotency_key;
    out.ordering_key_ = from.ordering_key;
    out.header_bytes_ = from.headers;
  }
};

}  // namespace ackwire
