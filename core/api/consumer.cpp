#include "ackwire/consumer.hpp"

#include <utility>

#include "api/consumer_impl.hpp"

namespace ackwire {
namespace {

Error no_consumer() {
  return {Errc::closed, "This Consumer stands for no subscription: it was default-constructed or moved from. Nothing was sent."};
}

}  // namespace

Consumer::Impl::~Impl() {
  if (!core->forked()) {
    core->unsubscribe(subscription, Duration{0});
    return;
  }
  // They belong to the parent: kept for good.
  static_cast<void>(new auto(core));
  static_cast<void>(new auto(subscription));
}

Result<Consumer> Connection::consume(std::string_view queue, const ConsumerOptions& options) {
  Result<ConnectionCore::Subscribed> subscription = core_->subscribe(queue, options);
  if (!subscription) return std::move(subscription).error();
  return Consumer{std::make_shared<Consumer::Impl>(core_, *std::move(subscription))};
}

Consumer::Consumer(Consumer&&) noexcept = default;
Consumer& Consumer::operator=(Consumer&&) noexcept = default;
Consumer::~Consumer() = default;

Result<std::vector<Delivery>> Consumer::receive(std::size_t max, Duration wait) {
  if (!impl_) return no_consumer();
  return impl_->core->receive(impl_->subscription, max, wait);
}

namespace {

model::Settle settle_of(model::SettleKind kind, std::string_view text = {}, std::int64_t duration_ms = -1) {
  model::Settle settle;
  settle.kind = kind;
  settle.text = text;
  settle.duration_ms = duration_ms;
  return settle;
}

}  // namespace

Result<Settled> Consumer::ack(std::span<const Delivery> deliveries) {
  if (!impl_) return no_consumer();
  return impl_->core->settle(impl_->subscription, deliveries, settle_of(model::SettleKind::ack));
}

Result<Settled> Consumer::nack(std::span<const Delivery> deliveries, const NackOptions& options) {
  if (!impl_) return no_consumer();
  if (options.delay && *options.delay < Duration{0}) {
    return Error{Errc::out_of_range, "A nack with a delay below 0 ms was refused; the lease is as it was."};
  }
  return impl_->core->settle(impl_->subscription, deliveries,
                             settle_of(model::SettleKind::nack, options.error, options.delay ? options.delay->count() : -1));
}

Result<Settled> Consumer::reject(std::span<const Delivery> deliveries, std::string_view reason) {
  if (!impl_) return no_consumer();
  return impl_->core->settle(impl_->subscription, deliveries, settle_of(model::SettleKind::reject, reason));
}

Result<Settled> Consumer::release(std::span<const Delivery> deliveries) {
  if (!impl_) return no_consumer();
  return impl_->core->settle(impl_->subscription, deliveries, settle_of(model::SettleKind::release));
}

Result<Settled> Consumer::extend(std::span<const Delivery> deliveries, Duration duration) {
  if (!impl_) return no_consumer();
  if (duration < limits::visibility_timeout_min || duration > limits::visibility_timeout_max) {
    return Error{Errc::out_of_range, "A lease of " + std::to_string(duration.count()) + " ms is outside " +
                                         std::to_string(limits::visibility_timeout_min.count()) + " to " +
                                         std::to_string(limits::visibility_timeout_max.count()) + " ms; the lease is as it was."};
  }
  return impl_->core->settle(impl_->subscription, deliveries, settle_of(model::SettleKind::extend, {}, duration.count()));
}

void Consumer::ack_async(std::span<const Delivery> deliveries) {
  if (impl_) impl_->core->ack_async(impl_->subscription, deliveries);
}

Status Consumer::flush(Duration wait) {
  if (!impl_) return no_consumer();
  return impl_->core->flush_acks(impl_->subscription, wait);
}

std::uint64_t Consumer::stale_acks() const { return impl_ ? impl_->core->stale_acks(impl_->subscription) : 0; }

Status Consumer::set_credit(std::uint32_t credit) {
  if (!impl_) return no_consumer();
  return impl_->core->set_credit(impl_->subscription, credit);
}

Status Consumer::give_back() {
  if (!impl_) return no_consumer();
  return impl_->core->give_back(impl_->subscription);
}

void Consumer::interrupt() {
  if (impl_) impl_->core->interrupt(impl_->subscription);
}

void Consumer::close() {
  if (impl_) impl_->core->unsubscribe(impl_->subscription, impl_->core->call_timeout());
}

}  // namespace ackwire
