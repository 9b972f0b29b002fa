// What is behind a Consumer of this client.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "client/connection_core.hpp"

namespace ackwire::client {

/// Keeps the connection for as long as the application keeps its Consumer.
class Subscriber final : public backend::Subscription {
 public:
  Subscriber(std::shared_ptr<ConnectionCore> core, ConnectionCore::Subscribed of) : core_(std::move(core)), of_(std::move(of)) {}
  ~Subscriber() override;
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  Result<std::vector<Delivery>> receive(std::size_t max, const Wait& wait) override { return core_->receive(of_, max, wait); }
  Result<Settled> settle(std::span<const Delivery> deliveries, const Settlement& how, const Wait& wait) override {
    return core_->settle(of_, deliveries, how, wait);
  }
  void ack_async(std::span<const Delivery> deliveries) override { core_->ack_async(of_, deliveries); }
  Status flush(const Wait& wait) override { return core_->flush_acks(of_, wait); }
  std::uint64_t stale_acks() const override { return core_->stale_acks(of_); }
  Status set_credit(std::uint32_t credit) override { return core_->set_credit(of_, credit); }
  Status give_back() override { return core_->give_back(of_); }
  void interrupt() override { core_->interrupt(of_); }
  void close(const Wait& wait) override { core_->unsubscribe(of_, wait); }
  Duration call_timeout() const override { return core_->call_timeout(); }

 private:
  const std::shared_ptr<ConnectionCore> core_;
  const ConnectionCore::Subscribed of_;
};

}  // namespace ackwire::client
