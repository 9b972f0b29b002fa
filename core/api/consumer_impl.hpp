// What is behind a Consumer.
#pragma once

#include <memory>

#include "ackwire/consumer.hpp"
#include "ackwire/limits.hpp"
#include "client/connection_core.hpp"

namespace ackwire {

struct Consumer::Impl {
  Impl(std::shared_ptr<ConnectionCore> core_, ConnectionCore::Subscribed subscription_)
      : core(std::move(core_)), subscription(std::move(subscription_)) {}
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::shared_ptr<ConnectionCore> core;
  const ConnectionCore::Subscribed subscription;
};

}  // namespace ackwire
