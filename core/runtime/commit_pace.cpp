#include "runtime/commit_pace.hpp"

#include <algorithm>

namespace ackwire::runtime {
namespace {

using std::chrono::microseconds;

constexpr std::chrono::seconds shared_for{1};  // since two peers were seen
constexpr std::size_t small_bytes = 2 * CommitPace::least_bytes;
constexpr int smoothing = 8;      // of the time that small turns take
constexpr int patience = 3;       // times that
constexpr std::size_t grows = 8;  // by an eighth, when a whole turn was quick enough

}  // namespace

void CommitPace::take(const std::vector<Received>& frames) {
  for (const Received& frame : frames) {
    taken_bytes_ += frame.bytes.size();
    several_ = several_ || (latest_ && *latest_ != frame.peer);
    latest_ = frame.peer;
  }
}

void CommitPace::committed(microseconds taken, std::chrono::steady_clock::time_point now) {
  const std::size_t had = std::exchange(taken_bytes_, 0);
  if (had == 0) return;
  if (std::exchange(several_, false)) shared_until_ = now + shared_for;
  if (had <= small_bytes) small_ = small_.count() == 0 ? taken : small_ + (taken - small_) / smoothing;
  if (now >= shared_until_) {
    bytes_ = unbounded;
    return;
  }
  const microseconds aim = std::max(turn_time, patience * small_);
  if (taken > aim && had > least_bytes) {
    const auto share = static_cast<double>(aim.count()) / static_cast<double>(taken.count());
    bytes_ = std::max(least_bytes, std::min(bytes_, static_cast<std::size_t>(static_cast<double>(had) * share)));
  } else if (bytes_ != unbounded && had >= bytes_ - bytes_ / grows) {
    bytes_ += bytes_ / grows;
  }
}

}  // namespace ackwire::runtime
