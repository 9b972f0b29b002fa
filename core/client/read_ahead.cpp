#include "client/read_ahead.hpp"

#include <algorithm>

#include "ackwire/limits.hpp"

namespace ackwire::client {

std::uint64_t ReadAhead::lead() const { return std::max<std::uint64_t>(asked_, ahead_); }

std::uint32_t ReadAhead::window(std::uint64_t open) const {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(credit_, std::max<std::uint64_t>(open, concurrency_) + lead()));
}

// An application may gather many messages before it settles the first: then each step up is half of what it holds. Steps down wait
// until they are worth a frame.
std::optional<std::uint32_t> ReadAhead::change(std::uint64_t open, std::uint32_t told) const {
  const std::uint32_t wanted = window(open);
  if (told > credit_) return credit_;
  if (wanted > told) {
    const std::uint64_t gathered = open > concurrency_ ? open - concurrency_ : 0;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(credit_, wanted + gathered / 2));
  }
  if (told / 2 > wanted) return wanted;
  return std::nullopt;
}

void ReadAhead::asked(std::size_t messages) {
  asked_ = static_cast<std::uint32_t>(std::clamp<std::size_t>(messages, 1, limits::credit));
}

// Looks when the lead was taken once, or when it takes long. It doubles at most, so a burst after a rest is met in a few steps, and
// halves at most, so one slow message does not cost a fast consumer its speed.
void ReadAhead::took(std::uint64_t messages, Clock::time_point now) {
  taken_ += messages;
  const Clock::duration passed = now - since_;
  const auto lead = static_cast<double>(this->lead());
  if (static_cast<double>(taken_) < lead && passed < 2 * horizon) return;
  const double part = std::chrono::duration<double>(horizon) / std::max(passed, Clock::duration{1});
  const double wanted = static_cast<double>(taken_) * part;
  ahead_ = static_cast<std::uint64_t>(std::clamp(wanted, lead / 2, std::min<double>(2 * lead, limits::credit)));
  taken_ = 0;
  since_ = now;
}

void ReadAhead::gave_back(std::uint64_t messages) {
  const std::uint64_t lead = this->lead();
  ahead_ = lead > messages ? lead - messages : 1;
}

}  // namespace ackwire::client
