#include "client.hpp"

#include "world.hpp"

namespace ackwire::simulator {

void Client::session_ended() {
  if (!session_) return;
  session_.reset();
  on_disconnected();
  reconnect_soon();
}

void Client::reconnect_soon() {
  world_.after(Duration{world_.random.between(1, 300)}, [this] {
    if (session_) return;
    if (!world_.broker().up()) return reconnect_soon();
    session_ = world_.connect(*this);
    on_connected();
  });
}

void Client::send(Command command) {
  if (session_) world_.to_broker(*this, std::move(command));
}

void Client::later(Duration delay, std::function<void()> act) {
  world_.after(delay, [this, session = session_, act = std::move(act)] {
    if (session_ == session) act();
  });
}

}  // namespace ackwire::simulator
