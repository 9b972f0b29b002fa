// SPDX-License-Identifier: GPL-3.0-only
// How is it going: figures, charts, queues. Knows no broker: data comes in, wishes go out as signals.
#pragma once

#include <QWidget>

#include "bridge/snapshot.hpp"
#include "models/format.hpp"
#include "models/history.hpp"

class QLabel;
class QPushButton;
class QSortFilterProxyModel;
class QTableView;

namespace ackwire::dashboard {

class KpiTile;
class QueueTableModel;
class TimeSeriesView;

class OverviewPage : public QWidget {
  Q_OBJECT

 public:
  explicit OverviewPage(QWidget* parent = nullptr);

  void set_stats(const StatsPtr& stats);
  void set_history(const HistoryUpdate& update);
  void set_range(TimeRange range);
  TimeRange range() const { return range_; }
  /// false: charts stand still, samples are still taken.
  void set_live(bool live);
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
  void toggle_pause();
  void open_dead_letters();

 signals:
  /// The history of this queue in this resolution is needed.
  void history_wanted(const QString& queue, ackwire::Resolution resolution);
  void pause_wanted(const QString& queue, bool pause);
  void dead_letters_wanted(const QString& queue);

 private:
  QWidget* make_tiles();
  QWidget* make_charts();
  QWidget* make_table();
  void selection_changed();
  void ask_history();
  void redraw();
  void redraw_tiles();
  void update_buttons();

  KpiTile *success_, *redelivered_, *suppressed_, *depth_, *dead_;
  TimeSeriesView *throughput_, *latency_, *backlog_;
  QTableView* table_;
  QueueTableModel* model_;
  QSortFilterProxyModel* sorted_;
  QLabel* subject_;
  QPushButton *all_, *pause_, *open_dead_;
  StatsPtr stats_;
  History history_;
  TimeRange range_ = TimeRange::five_minutes;
  QString focused_, blocked_;
  bool live_ = true, selecting_ = false;
};

}  // namespace ackwire::dashboard
