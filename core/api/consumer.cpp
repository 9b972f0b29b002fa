#include "ackwire/consumer.hpp"

#include <utility>

#include "ackwire/limits.hpp"
#include "backend/backend.hpp"

namespace ackwire {
namespace {

Error no_consumer() {
  return {Errc::closed, "This Consumer stands for no subscription: it was default-constructed or moved from. Nothing was sent."};
}

Status check(const Settlement& how) {
  if (how.kind == SettleKind::nack && how.duration && *how.duration < Duration{0}) {
    return Error{Errc::out_of_range, "A nack with a delay below 0 ms was refused; the lease is as it was."};
  }
  if (how.kind != SettleKind::extend) return {};
  const Duration duration = how.duration.value_or(Duration{0});
  if (duration >= limits::visibility_timeout_min && duration <= limits::visibility_timeout_max) return {};
  return Error{Errc::out_of_range, "A lease of " + std::to_string(duration.count()) + " ms is outside " +
                                       std::to_string(limits::visibility_timeout_min.count()) + " to " +
                                       std::to_string(limits::visibility_timeout_max.count()) + " ms; the lease is as it was."};
}

}  // namespace

Result<Consumer> Connection::consume(std::string_view queue, const ConsumerOptions& options) {
  auto subscription = backend_->subscribe(queue, options, Wait{backend_->call_timeout()});
  if (!subscription) return std::move(subscription).error();
  return Consumer{*std::move(subscription)};
}

Consumer::Consumer(Consumer&&) noexcept = default;
Consumer& Consumer::operator=(Consumer&&) noexcept = default;
Consumer::~Consumer() = default;

Result<std::vector<Delivery>> Consumer::receive(std::size_t max, Duration wait) {
  if (!subscription_) return no_consumer();
  return subscription_->receive(max, Wait{wait});
}

Result<Settled> Consumer::settle(std::span<const Delivery> deliveries, const Settlement& how) {
  if (!subscription_) return no_consumer();
  if (Status status = check(how); !status) return status.error();
  return subscription_->settle(deliveries, how, Wait{subscription_->call_timeout()});
}

Result<Settled> Consumer::ack(std::span<const Delivery> deliveries) { return settle(deliveries, {SettleKind::ack, {}, {}}); }

Result<Settled> Consumer::nack(std::span<const Delivery> deliveries, const NackOptions& options) {
  return settle(deliveries, {SettleKind::nack, options.delay, options.error});
}

Result<Settled> Consumer::reject(std::span<const Delivery> deliveries, std::string_view reason) {
  return settle(deliveries, {SettleKind::reject, {}, reason});
}

Result<Settled> Consumer::release(std::span<const Delivery> deliveries) {
  return settle(deliveries, {SettleKind::release, {}, {}});
}

Result<Settled> Consumer::extend(std::span<const Delivery> deliveries, Duration duration) {
  return settle(deliveries, {SettleKind::extend, duration, {}});
}

void Consumer::ack_async(std::span<const Delivery> deliveries) {
  if (subscription_) subscription_->ack_async(deliveries);
}

Status Consumer::flush(Duration wait) {
  if (!subscription_) return no_consumer();
  return subscription_->flush(Wait{wait});
}

std::uint64_t Consumer::stale_acks() const { return subscription_ ? subscription_->stale_acks() : 0; }

Status Consumer::set_credit(std::uint32_t credit) {
  if (!subscription_) return no_consumer();
  return subscription_->set_credit(credit);
}

Status Consumer::give_back() {
  if (!subscription_) return no_consumer();
  return subscription_->give_back();
}

void Consumer::interrupt() {
  if (subscription_) subscription_->interrupt();
}

void Consumer::close() {
  if (subscription_) subscription_->close(Wait{subscription_->call_timeout()});
}

}  // namespace ackwire
