// A received message, as Python holds it.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "ackwire/message.hpp"
#include "consumer.hpp"

namespace ackwire::python {

/// The GIL protects the state. Its body is a view into the received frame, which lives as long as this object.
class ReceivedMessage {
 public:
  ReceivedMessage(std::shared_ptr<ConsumerHandle> consumer, Delivery delivery);
  ReceivedMessage(const ReceivedMessage&) = delete;
  ReceivedMessage& operator=(const ReceivedMessage&) = delete;
  ~ReceivedMessage();

  const Delivery& delivery() const { return delivery_; }
  const std::shared_ptr<ConsumerHandle>& consumer() const { return consumer_; }
  Settle state() const { return state_; }
  py::bytes body();

  /// Claims the message for one settle, so that two threads do not settle it twice. False: it was settled so before, and
  /// there is nothing to do. Raises StaleLeaseError when it was settled another way.
  bool claim(Settle act);
  /// The settle claimed had no effect that is known: the message may be settled again.
  void unclaim() { state_ = Settle::none; }
  /// The settle claimed is known to the broker, as applied or as stale.
  void done() { consumer_->settled(); }

 private:
  const std::shared_ptr<ConsumerHandle> consumer_;
  const Delivery delivery_;
  Settle state_ = Settle::none;
  py::object body_;  ///< made at the first use
};

}  // namespace ackwire::python
