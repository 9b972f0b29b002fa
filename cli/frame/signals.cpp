#include "frame/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <ctime>

namespace ackwire::cli {
namespace {

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

// timeout(1) and some supervisors send one signal twice, to the process and to its group: that is one request.
constexpr std::chrono::milliseconds same_request{200};
constexpr timespec look_again{0, 100'000'000};  // how soon the watching thread sees that it should end

}  // namespace

SignalWatch::SignalWatch() {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { watch(); });
}

SignalWatch::~SignalWatch() {
  ending_ = true;
  thread_.join();
  const sigset_t set = watched();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void SignalWatch::on_first(std::function<void()> act) {
  const std::lock_guard lock(mutex_);
  act_ = std::move(act);
  if (act_ && caught() != 0) act_();
}

void SignalWatch::watch() {
  const sigset_t set = watched();
  std::chrono::steady_clock::time_point first{};
  while (!ending_) {
    const int signal = sigtimedwait(&set, nullptr, &look_again);
    if (signal <= 0) continue;
    const auto now = std::chrono::steady_clock::now();
    if (caught() != 0 && now - first < same_request) continue;
    if (caught_.exchange(signal) != 0) {
      if (on_second_) on_second_();
      _exit(128 + signal);
    }
    first = now;
    const std::lock_guard lock(mutex_);
    if (act_) act_();
  }
}

}  // namespace ackwire::cli
