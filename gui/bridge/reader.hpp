// SPDX-License-Identifier: GPL-3.0-only
// Polls the broker on a thread of its own.
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>
#include <atomic>
#include <deque>

#include "bridge/data_source.hpp"
#include "bridge/dead_pager.hpp"
#include "bridge/snapshot.hpp"

namespace ackwire::dashboard {

/// Lives on the reader thread; only consumed() and shut() may be called from another one. Emits values by signal. At most one
/// snapshot is under way to the window: while the window has not taken it, polls are skipped, so a slow window never piles up
/// events.
class Reader : public QObject {
  Q_OBJECT

 public:
  Reader(SourceFactory factory, int poll_ms);
  ~Reader() override;

  /// The window has taken the last snapshot. Any thread.
  void consumed() { in_flight_.store(false, std::memory_order_release); }
  /// Makes a blocked call return. Any thread.
  void shut();

 public slots:
  void start();
  void poll();
  void watch(ackwire::dashboard::Focus focus);
  void fetch_page(ackwire::dashboard::DeadPageRequest request);
  void fetch_letter(QString queue, QString group, quint64 sequence);

 signals:
  void state_changed(ackwire::dashboard::LinkState state);
  void stats_ready(ackwire::dashboard::StatsPtr stats);
  void history_ready(ackwire::dashboard::HistoryPtr update);
  void page_ready(ackwire::dashboard::DeadPagePtr page);
  void letter_ready(ackwire::dashboard::DeadLetterPtr letter);

 private:
  bool open();
  void enter(LinkPhase phase, QString reason = {});
  void lost(const Error& error);
  void pump_history(Timestamp now);
  void continue_pages();

  const SourceFactory factory_;
  const int poll_ms_;
  std::atomic<bool> in_flight_{false};
  std::atomic<bool> ending_{false};
  std::atomic<std::shared_ptr<DataSource>> source_;
  QTimer timer_;
  LinkState state_;
  bool announced_ = false, reached_once_ = false;
  std::string store_id_;
  Focus focus_;
  bool history_loaded_ = false;
  Timestamp history_from_{};
  int polls_since_history_ = 0;
  DeadPager pager_;
  std::deque<DeadPageRequest> pages_;  ///< newest first, at most pages_wanted_max
  bool page_step_posted_ = false;
};

}  // namespace ackwire::dashboard
