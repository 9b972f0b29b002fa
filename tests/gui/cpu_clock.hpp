// SPDX-License-Identifier: GPL-3.0-only
// Time this thread has worked. Budgets of work are measured with it, so that a busy machine does not fail them.
#pragma once

#include <ctime>

namespace ackwire::dashboard::test {

inline long long thread_cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000LL + now.tv_nsec / 1'000'000;
}

}  // namespace ackwire::dashboard::test
