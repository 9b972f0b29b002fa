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
  py::bytes body();

  /// No settle of it was asked for without waiting, and none has an outcome.
  bool open() const { return !settled_ && !stale_; }
  /// The lease had ended: no settle changed anything.
  bool stale() const { return stale_; }
  /// What became of it: the first settle whose outcome is known decides, or the one that was asked for without waiting.
  std::optional<SettleKind> settled() const { return settled_; }
  /// The outcome is known here, so that no repeat has to ask for it.
  bool known() const { return !open() && !asked_; }
  /// A settle of it had no answer: it may have been applied.
  bool in_doubt() const { return in_doubt_; }
  /// Without `act`: of a call that settles nothing.
  void answered(std::optional<SettleKind> act, bool stale);
  /// Acked without waiting for the outcome.
  void asked_for_ack();
  void doubt() { in_doubt_ = true; }
  /// Its block was entered, or its body read: from then on it counts as tried.
  bool begun() const { return begun_; }
  void begin() { begun_ = true; }

 private:
  friend class ConsumerHandle;
  const std::shared_ptr<ConsumerHandle> consumer_;
  const Delivery delivery_;
  std::optional<SettleKind> settled_;
  bool stale_ = false, asked_ = false, in_doubt_ = false, begun_ = false;
  std::size_t place_ = 0;  ///< among those that its consumer has out
  py::object body_;        ///< made at the first use
};

}  // namespace ackwire::python
