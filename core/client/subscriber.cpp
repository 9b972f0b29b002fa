#include "client/subscriber.hpp"

namespace ackwire::client {

Subscriber::~Subscriber() {
  if (!core_->forked()) {
    core_->unsubscribe(of_, Wait{Duration{0}});
    return;
  }
  // They belong to the parent: kept for good.
  static_cast<void>(new auto(core_));
  static_cast<void>(new auto(of_));
}

}  // namespace ackwire::client
