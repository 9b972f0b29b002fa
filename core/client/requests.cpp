#include "client/requests.hpp"

#include "client/refusals.hpp"

namespace ackwire::client {

void Requests::add(std::uint32_t request, RequestWait& wait) {
  waits_.emplace(request, &wait);
  unsent_.push_back(request);
}

void Requests::forget(std::uint32_t request) {
  waits_.erase(request);
  std::erase(unsent_, request);
}

void Requests::ready() {
  unsent_.clear();
  for (auto& [request, wait] : waits_) {
    if (!wait->done) unsent_.push_back(request);
  }
}

void Requests::session_lost() {
  for (auto& [request, wait] : waits_) {
    if (wait->done) continue;
    if (wait->sent && !wait->repeatable) {
      wait->error = lost_error("a request");
      wait->done = true;
    }
    wait->sent = false;
  }
}

void Requests::abandon(const Error& error) {
  for (auto& [request, wait] : waits_) {
    if (wait->done) continue;
    wait->error = error;
    wait->done = true;
  }
  unsent_.clear();
}

void Requests::replied(std::uint32_t request, std::string_view payload, const std::shared_ptr<const void>& owner) {
  const auto found = waits_.find(request);
  if (found == waits_.end()) return;
  found->second->payload = payload;
  found->second->owner = owner;
  found->second->done = true;
}

void Requests::refused(std::uint32_t request, const Error& error) {
  const auto found = waits_.find(request);
  if (found == waits_.end()) return;
  found->second->error = error;
  found->second->done = true;
}

bool Requests::next_frame(std::string& out) {
  while (!unsent_.empty()) {
    const auto found = waits_.find(unsent_.front());
    unsent_.pop_front();
    if (found == waits_.end() || found->second->done) continue;
    found->second->sent = true;
    out.assign(found->second->frame);
    return true;
  }
  return false;
}

}  // namespace ackwire::client
