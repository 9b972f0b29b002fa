#include "signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

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
  while (!ending_) {
    const int signal = sigtimedwait(&set, nullptr, &look_again);
    if (signal <= 0) continue;
    if (caught_.exchange(signal) != 0) _exit(128 + signal);
    const std::lock_guard lock(mutex_);
    if (act_) act_();
  }
}

}  // namespace ackwire::cli
