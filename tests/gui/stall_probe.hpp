// SPDX-License-Identifier: GPL-3.0-only
// Watches the event loop of the thread it is made on.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <algorithm>

#include "cpu_clock.hpp"

namespace ackwire::dashboard::test {

inline constexpr qint64 work_max_ms = 100;  ///< of the window's thread in one go; more would be seen as a stall

/// The longest time the event loop did not come round: in time on the clock (a call that blocks) and in work of this thread.
class StallProbe : public QObject {
 public:
  StallProbe() {
    startTimer(2, Qt::PreciseTimer);
    clock_.start();
    cpu_ms_ = thread_cpu_ms();
  }
  qint64 worst_wait_ms() const { return wait_ms_; }
  qint64 worst_work_ms() const { return work_ms_; }

 protected:
  void timerEvent(QTimerEvent*) override {
    wait_ms_ = std::max(wait_ms_, clock_.restart());
    const auto now = thread_cpu_ms();
    work_ms_ = std::max<qint64>(work_ms_, now - cpu_ms_);
    cpu_ms_ = now;
  }

 private:
  QElapsedTimer clock_;
  long long cpu_ms_ = 0;
  qint64 wait_ms_ = 0, work_ms_ = 0;
};

}  // namespace ackwire::dashboard::test
