// A consumer and what it has handed out, as Python holds them.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "ackwire/consumer.hpp"
#include "connection.hpp"

namespace ackwire::python {

class ReceivedMessage;

/// What a settle is given besides the messages.
struct SettleWords {
  std::optional<Duration> delay;  ///< of a nack
  std::string text;               ///< error of a nack, reason of a rejection
};

/// What leaving `with message` does, for every message of a consumer.
struct BlockPolicy {
  bool propagate = false;  ///< exceptions go on after the nack
  bool ack_async = false;  ///< the ack is not waited for: all are, when the iteration ends
};

/// Thread-safe. Lives as long as a message of it: a message can be settled after the iteration that gave it has ended.
class ConsumerHandle : public std::enable_shared_from_this<ConsumerHandle> {
 public:
  static std::shared_ptr<ConsumerHandle> make(std::shared_ptr<ConnectionHandle> connection, const std::string& queue,
                                              const ConsumerOptions& options, BlockPolicy policy);
  ConsumerHandle(std::shared_ptr<ConnectionHandle> connection, Consumer consumer, std::uint32_t credit, BlockPolicy policy);
  ~ConsumerHandle();

  /// Up to `max` deliveries; waits up to `wait`, or for ever when it is not set. Empty: none came in time, or the consumer was
  /// closed meanwhile, or the wait called off: `ticket` is a number that rises with the calls which may be, or 0.
  std::vector<Delivery> receive(std::size_t max, std::optional<Duration> wait, std::uint64_t ticket);
  /// Ends the waits with tickets up to this one. Never blocks.
  void call_off(std::uint64_t ticket);
  /// Whoever waits looks whether it still wants to.
  void interrupt();
  /// One delivery that the library has here. Never waits, so the GIL is kept: giving it away for every message would cost a
  /// thread switch each. Nothing is read ahead on this side: the library drops what it holds when its lease or session ends.
  std::optional<Delivery> take_one();
  /// One delivery, like receive(). Nothing: none came in time, or closed, the connection included.
  std::optional<Delivery> next(std::optional<Duration> wait);
  Settled settle(SettleKind act, std::vector<Delivery> deliveries, const SettleWords& words);
  /// Acks without waiting. retire(), park() and close() wait for all of them.
  void ack_later(const Delivery& delivery);
  /// Acks of ack_later() that were stale.
  std::uint64_t stale_acks() const { return connection_->forked() ? 0 : consumer_->stale_acks(); }
  Settled extend(std::vector<Delivery> deliveries, Duration duration);

  /// Takes no more. What was handed out can still be settled; what was read ahead goes back with no attempt charged.
  void retire();
  /// The same, on a thread of its own: for the object that is thrown away.
  void retire_apart();
  /// The same, until the next receive(): an exception has left the loop over messages, and a traceback may keep the loop
  /// alive for as long as it likes.
  void park();
  /// Retires, and ends the leases of what is not settled. What nobody has begun goes back with no attempt charged.
  void close();
  /// What was handed out and not begun: with the GIL. And its way back before the connection is closed: without.
  std::vector<Delivery> untouched() const;
  void release(const std::vector<Delivery>& deliveries);
  bool closed() const { return closed_.load(); }
  /// Closed, or its connection is.
  bool ended() const { return closed() || connection_->closed(); }
  /// Nothing will be received any more.
  bool over() const { return retired_.load() || stopping() || ended(); }
  std::size_t unsettled() const { return unsettled_.load(); }
  std::uint32_t credit() const { return credit_; }
  const BlockPolicy& policy() const { return policy_; }

  /// Of the messages handed out, from their own life.
  void handed_out(ReceivedMessage& message);
  void settled(ReceivedMessage& message);
  /// A message was thrown away unsettled. A thread of its own nacks it, so that its lease is not renewed for ever; one that was
  /// not begun is released when the iteration ends as well: the program is on its way out.
  void dropped(ReceivedMessage& message);

 private:
  std::vector<Delivery> wait_for(std::size_t max, std::optional<Duration> wait, std::uint64_t ticket);
  /// One wait, for as long as it is `wanted`.
  Result<std::vector<Delivery>> wait_once(std::size_t max, Duration wait, const std::function<bool()>& wanted);
  void forget(ReceivedMessage& message);
  void settle_dropped();
  void nack_dropped(const std::vector<Delivery>& deliveries);
  /// The iteration has ended, or an exception has left it.
  bool left() const { return over() || parked_.load(); }
  /// Without the GIL, as the two below.
  void end(const std::vector<Delivery>& untouched = {});
  void give_back();
  void give_back_or_end();

  const std::shared_ptr<ConnectionHandle> connection_;
  const std::uint32_t credit_;
  const BlockPolicy policy_;
  std::unique_ptr<Consumer> consumer_;
  std::atomic<std::size_t> unsettled_{0};
  std::atomic<bool> retired_{false};
  std::atomic<bool> parked_{false};
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> called_off_{0};
  std::vector<ReceivedMessage*> out_;  // not settled; protected by the GIL

  mutable std::mutex mutex_;
  // State below is protected by mutex_.
  std::vector<Delivery> dropped_, dropped_untouched_;
  bool settling_dropped_ = false;
  std::condition_variable left_;  // left() may have become true
};

}  // namespace ackwire::python
