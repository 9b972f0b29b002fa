#include "ackwire/waiting.hpp"

namespace ackwire {
namespace {

constexpr Duration longest{std::chrono::hours{24 * 365}};

thread_local WaitingScope* innermost = nullptr;

Wait::Clock::time_point after(Wait::Clock::time_point from, Duration wait) { return from + std::clamp(wait, Duration{0}, longest); }

}  // namespace

WaitingScope::WaitingScope(std::function<bool()> keep_waiting, Duration every, bool at_once)
    : keep_waiting_(std::move(keep_waiting)), every_(every), at_once_(at_once), outer_(std::exchange(innermost, this)) {}

WaitingScope::~WaitingScope() { innermost = outer_; }

Wait::Wait(Duration limit) : scope_(innermost), start_(Clock::now()), deadline_(after(start_, limit)) {
  if (scope_ != nullptr) next_look_ = after(start_, scope_->every_);
}

bool Wait::look(Clock::time_point now) const {
  next_look_ = after(now, scope_->every_);
  return scope_->keep_waiting_();
}

}  // namespace ackwire
