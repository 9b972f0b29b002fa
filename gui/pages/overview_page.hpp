// SPDX-License-Identifier: GPL-3.0-only
// How is it going: figures, charts, queues. Knows no broker: data comes in, wishes go out as signals.
#pragma once

#include <QElapsedTimer>
#include <QWidget>
#include <vector>

#include "bridge/snapshot.hpp"
#include "text/format.hpp"
#include "text/history.hpp"

class QLabel;
class QPushButton;
class QSortFilterProxyModel;
class QTableView;

namespace ackwire::dashboard {

class ConfirmDialog;
class KpiTile;
class QueueTableModel;
class TimeSeriesView;

class OverviewPage : public QWidget {
  Q_OBJECT

 public:
  explicit OverviewPage(QWidget* parent = nullptr);

  void set_stats(const StatsPtr& stats);
  /// Forgets everything: another broker.
  void forget();
  void set_history(const HistoryUpdate& update);
  void set_range(TimeRange range);
  TimeRange range() const { return range_; }
  /// false: charts stand still, samples are still taken.
  void set_live(bool live);
  /// How old the figures and charts are that stand still, milliseconds; -1: they are live.
  qint64 still_ms() const { return live_ || !drawn_.isValid() ? -1 : drawn_.elapsed(); }
  void set_zone(Zone zone);
  /// Grey and hatched: the data is old.
  void set_stale(bool stale);
  /// Why actions are not possible now; empty: they are.
  void set_blocked(const QString& why);
  /// The queue the charts are about; empty: all.
  const QString& focused() const { return focused_; }
  void focus_queue(const QString& queue);
  void focus_table();
  QueueTableModel* model() const { return model_; }

 public slots:
  /// Asks first.
  void toggle_pause();
  void open_dead_letters();

 signals:
  /// The history of this queue in this resolution is needed.
  void history_wanted(const QString& queue, ackwire::Resolution resolution);
  /// Confirmed by the person.
  void action_wanted(const ackwire::dashboard::ActionRequest& request);
  void dead_letters_wanted(const QString& queue, const QString& group);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  QWidget* make_tiles();
  QWidget* make_charts();
  QWidget* make_table();
  void selection_changed();
  void ask_history();
  void redraw();
  void redraw_tiles();
  void update_buttons();
  void note_start(const BrokerStats& stats);
  void paint_age();
  /// Of the selected row; empty: none is selected.
  QString selected_queue() const;

  KpiTile *success_, *redelivered_, *suppressed_, *depth_, *dead_;
  TimeSeriesView *throughput_, *latency_, *backlog_;
  QTableView* table_;
  QueueTableModel* model_;
  QSortFilterProxyModel* sorted_;
  QLabel* subject_;
  QPushButton *all_, *pause_, *open_dead_;
  ConfirmDialog* dialog_ = nullptr;
  StatsPtr stats_;
  std::vector<Outage> outages_;  ///< starts of this broker that were seen, at most outages_kept
  QElapsedTimer drawn_;
  History history_;
  TimeRange range_ = TimeRange::five_minutes;
  QString focused_, blocked_;
  bool live_ = true, selecting_ = false, stale_ = false;
};

}  // namespace ackwire::dashboard
