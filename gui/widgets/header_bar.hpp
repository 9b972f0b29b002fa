// SPDX-License-Identifier: GPL-3.0-only
// The top of the window: pages, time range, live, age of the figures, connection.
#pragma once

#include <QWidget>

#include "bridge/snapshot.hpp"
#include "text/history.hpp"

class QButtonGroup;
class QLabel;

namespace ackwire::dashboard {

class PillButton;

class HeaderBar : public QWidget {
  Q_OBJECT

 public:
  explicit HeaderBar(QWidget* parent = nullptr);
  void set_page(int page);
  void set_range(TimeRange range);
  void set_live(bool live);
  /// Shown on the tab of the dead letters.
  void set_dead(std::uint64_t count);
  void set_state(LinkPhase phase, const QString& endpoint);
  /// Of the figures, milliseconds; -1: none yet. `still_ms`: how old what stands still is; -1: it is live.
  void set_age(qint64 age_ms, qint64 still_ms);

 signals:
  void page_chosen(int page);
  void range_chosen(ackwire::dashboard::TimeRange range);
  void live_chosen(bool live);

 private:
  class Chip;
  class Tabs;
  Tabs* pages_;
  QButtonGroup* ranges_;
  PillButton* live_;
  QLabel* age_;
  Chip* chip_;
};

}  // namespace ackwire::dashboard
