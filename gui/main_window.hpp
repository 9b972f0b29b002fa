// SPDX-License-Identifier: GPL-3.0-only
// Puts the pages over one broker together and says which state the connection is in.
#pragma once

#include <QDateTime>
#include <QMainWindow>
#include <QTimer>
#include <functional>
#include <memory>

#include "bridge/broker_link.hpp"
#include "text/format.hpp"
#include "text/history.hpp"

class QAction;
class QLabel;
class QMenu;
class QStackedWidget;

namespace ackwire::dashboard {

class Banner;
class DeadLettersPage;
class HeaderBar;
class NoticePage;
class OverviewPage;
class ThemeSwitch;

class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  enum Page { overview, dead_letters };
  using FactoryMaker = std::function<SourceFactory(const QString& endpoint)>;

  static constexpr QSize smallest{900, 600};

  /// `poll_ms`: how often the broker is asked.
  MainWindow(QString endpoint, FactoryMaker maker, ThemeSwitch* themes, int poll_ms = BrokerLink::default_poll_ms);
  ~MainWindow() override;

  void start();
  void show_page(Page page);
  /// Focuses a queue as soon as it is known; both pages follow.
  void show_queue(const QString& queue);
  /// The queue of show_queue when the broker has none of this name; otherwise empty.
  QString missing_queue() const;
  void connect_to(const QString& endpoint);
  void set_range(TimeRange range);
  const BrokerLink& link() const { return *link_; }
  /// True when everything asked for is on the screen: figures, history, and the dead letter that is open.
  bool settled() const { return history_seen_; }

 private:
  void make_menus();
  void make_view_menu();
  void make_dead_letter_menu();
  void make_link();
  void on_state(const LinkState& state);
  void on_stats(const StatsPtr& stats);
  void on_done(const ActionOutcome& outcome);
  void act(const ActionRequest& request);
  void refresh();
  void tick();
  void say_state();
  void tell(const QString& what);
  void update_notice();
  void update_blocked();
  void step_range(int by);
  void set_live(bool live);
  void set_zone(Zone zone);
  void copy_current(bool row);
  void show_keys();
  void show_about();
  QAction* add(QMenu* menu, const QString& text, const QKeySequence& key, std::function<void()> run);

  QString endpoint_;
  FactoryMaker maker_;
  ThemeSwitch* themes_;
  const int poll_ms_;
  std::unique_ptr<BrokerLink> link_;
  HeaderBar* header_;
  Banner* banner_;
  QStackedWidget *body_, *pages_;
  NoticePage* notice_;
  OverviewPage* overview_;
  DeadLettersPage* dead_letters_;
  QLabel* outcome_;
  QAction* live_action_ = nullptr;
  QTimer tick_;
  QString wanted_queue_;
  QDateTime connecting_since_;
  bool history_seen_ = false;
};

}  // namespace ackwire::dashboard
