// SPDX-License-Identifier: GPL-3.0-only
// The one door between the window and the broker.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QThread>

#include "bridge/data_source.hpp"
#include "bridge/snapshot.hpp"

namespace ackwire::dashboard {

class Actor;
class Reader;

/// Lives on the GUI thread, never blocks it, and owns the two worker threads. Everything comes back as a signal on the GUI thread.
class BrokerLink : public QObject {
  Q_OBJECT

 public:
  static constexpr int default_poll_ms = 1'000;

  explicit BrokerLink(SourceFactory factory, int poll_ms = default_poll_ms, QObject* parent = nullptr);
  /// Ends the threads; a call that is under way is interrupted.
  ~BrokerLink() override;

  void start();
  const LinkState& state() const { return state_; }
  /// The last snapshot, or null before the first.
  const StatsPtr& stats() const { return stats_; }
  /// Since the last snapshot, milliseconds; -1 before the first.
  qint64 age_ms() const { return stats_ ? age_.elapsed() : -1; }
  /// One action at a time.
  bool busy() const { return busy_; }

  /// Watches the history of a queue (empty: all) from now on. Returns the ticket its updates will carry.
  quint64 watch(const QString& queue, Resolution resolution);
  void refresh();
  void fetch_page(const DeadPageRequest& request);
  void fetch_letter(const QString& queue, const QString& group, quint64 sequence);
  /// Requires !busy(). The end is told by action_done.
  void act(const ActionRequest& request);

 signals:
  void state_changed(const ackwire::dashboard::LinkState& state);
  void stats_changed(const ackwire::dashboard::StatsPtr& stats);
  void history_changed(const ackwire::dashboard::HistoryPtr& update);
  void page_arrived(const ackwire::dashboard::DeadPagePtr& page);
  void letter_arrived(const ackwire::dashboard::DeadLetterPtr& letter);
  void action_started(const ackwire::dashboard::ActionRequest& request);
  void action_done(const ackwire::dashboard::ActionOutcome& outcome);

 private:
  QThread reader_thread_, actor_thread_;
  Reader* reader_ = nullptr;  ///< on reader_thread_, deleted as it ends
  Actor* actor_ = nullptr;    ///< on actor_thread_, deleted as it ends
  LinkState state_;
  StatsPtr stats_;
  QElapsedTimer age_;
  bool busy_ = false;
  quint64 ticket_ = 0;
};

}  // namespace ackwire::dashboard
