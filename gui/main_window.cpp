// SPDX-License-Identifier: GPL-3.0-only
#include "main_window.hpp"

#include <QDateTime>
#include <QLabel>
#include <QStackedWidget>
#include <QStatusBar>
#include <QVBoxLayout>
#include <utility>

#include "models/dead_letter_model.hpp"
#include "models/queue_table_model.hpp"
#include "pages/dead_letters_page.hpp"
#include "pages/notice_page.hpp"
#include "pages/overview_page.hpp"
#include "text/findings.hpp"
#include "text/payload.hpp"
#include "theme.hpp"
#include "widgets/banner.hpp"
#include "widgets/confirm_dialog.hpp"
#include "widgets/header_bar.hpp"

namespace ackwire::dashboard {
namespace {

constexpr int tick_ms = 1'000;
constexpr std::size_t reason_characters = 400;

QString safe(const QString& text) { return escaped_line(text.toStdString(), reason_characters); }

}  // namespace

MainWindow::MainWindow(QString endpoint, FactoryMaker maker, ThemeSwitch* themes, int poll_ms)
    : endpoint_(std::move(endpoint)), maker_(std::move(maker)), themes_(themes), poll_ms_(poll_ms) {
  setObjectName(QStringLiteral("main_window"));
  auto* central = new QWidget(this);
  header_ = new HeaderBar(central);
  banner_ = new Banner(central);
  banner_->setObjectName(QStringLiteral("connection_banner"));
  body_ = new QStackedWidget(central);
  notice_ = new NoticePage(body_);
  pages_ = new QStackedWidget(body_);
  overview_ = new OverviewPage(pages_);
  dead_letters_ = new DeadLettersPage(pages_);
  pages_->addWidget(overview_);
  pages_->addWidget(dead_letters_);
  body_->addWidget(notice_);
  body_->addWidget(pages_);
  auto* column = new QVBoxLayout(central);
  column->setContentsMargins(10, 8, 10, 6);
  column->setSpacing(8);
  column->addWidget(header_);
  column->addWidget(banner_);
  column->addWidget(body_, 1);
  setCentralWidget(central);
  outcome_ = new QLabel(this);
  outcome_->setObjectName(QStringLiteral("outcome"));
  outcome_->setTextFormat(Qt::PlainText);
  outcome_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);  // a long sentence never widens the window
  statusBar()->addWidget(outcome_, 1);
  statusBar()->setSizeGripEnabled(false);

  connect(header_, &HeaderBar::page_chosen, this, [this](int page) { show_page(static_cast<Page>(page)); });
  connect(header_, &HeaderBar::range_chosen, this, &MainWindow::set_range);
  connect(header_, &HeaderBar::live_chosen, this, &MainWindow::set_live);
  connect(overview_, &OverviewPage::history_wanted, this, [this](const QString& queue, Resolution resolution) {
    if (!queue.isEmpty()) wanted_queue_.clear();  // the person chose another one
    link_->watch(queue, resolution);
  });
  connect(overview_, &OverviewPage::action_wanted, this, &MainWindow::act);
  connect(overview_, &OverviewPage::dead_letters_wanted, this, [this](const QString& queue, const QString& group) {
    dead_letters_->show_queue(queue, group);
    show_page(dead_letters);
  });
  connect(dead_letters_, &DeadLettersPage::letter_wanted, this,
          [this](const QString& queue, const QString& group, quint64 sequence) { link_->fetch_letter(queue, group, sequence); });
  connect(dead_letters_, &DeadLettersPage::action_wanted, this, &MainWindow::act);
  connect(dead_letters_->model(), &DeadLetterModel::page_wanted, this,
          [this](const DeadPageRequest& request) { link_->fetch_page(request); });
  connect(notice_, &NoticePage::connect_wanted, this, &MainWindow::connect_to);
  connect(banner_, &Banner::action_clicked, this, [this] {
    wanted_queue_.clear();
    tick();
  });
  make_menus();
  make_link();
  connect(&tick_, &QTimer::timeout, this, &MainWindow::tick);
  resize(1280, 800);
  setMinimumSize(smallest);
}

MainWindow::~MainWindow() = default;

void MainWindow::make_link() {
  link_ = std::make_unique<BrokerLink>(maker_(endpoint_), poll_ms_);
  connect(link_.get(), &BrokerLink::state_changed, this, &MainWindow::on_state);
  connect(link_.get(), &BrokerLink::stats_changed, this, &MainWindow::on_stats);
  connect(link_.get(), &BrokerLink::history_changed, this, [this](const HistoryPtr& update) {
    history_seen_ = true;
    overview_->set_history(*update);
  });
  connect(link_.get(), &BrokerLink::page_arrived, this, [this](const DeadPagePtr& page) { dead_letters_->model()->accept(*page); });
  connect(link_.get(), &BrokerLink::letter_arrived, this,
          [this](const DeadLetterPtr& letter) { dead_letters_->set_letter(*letter); });
  connect(link_.get(), &BrokerLink::action_done, this, &MainWindow::on_done);
  setWindowTitle(tr("%1 – Ackwire").arg(endpoint_));
}

void MainWindow::start() {
  connecting_since_ = QDateTime::currentDateTimeUtc();
  on_state(link_->state());
  link_->watch(overview_->focused(), resolution_of(overview_->range()));
  link_->start();
  tick_.start(tick_ms);
}

void MainWindow::connect_to(const QString& endpoint) {
  endpoint_ = endpoint;
  history_seen_ = false;
  // The broker may still carry it out, but nobody here will hear of it.
  tell(link_->busy() ? tr("Outcome not known: the connection was left while an action was running.") : QString());
  // Figures of two brokers never mix, not even under the same names of queues.
  overview_->forget();
  dead_letters_->forget();
  header_->set_dead(0);
  make_link();  // ends the threads of the old link
  start();
}

void MainWindow::show_page(Page page) {
  pages_->setCurrentIndex(page);
  header_->set_page(page);
  if (page == dead_letters) {
    dead_letters_->focus_table();
  } else {
    overview_->focus_table();
  }
}

void MainWindow::show_queue(const QString& queue) {
  wanted_queue_ = queue;
  if (link_->stats()) on_stats(link_->stats());
}

QString MainWindow::missing_queue() const { return link_->stats() ? wanted_queue_ : QString(); }

void MainWindow::on_state(const LinkState& state) {
  header_->set_state(state.phase, endpoint_);
  const bool stale = state.phase == LinkPhase::disconnected || (state.phase == LinkPhase::refused && link_->stats());
  overview_->set_stale(stale);
  dead_letters_->set_stale(stale);
  tick();
  update_blocked();
}

void MainWindow::on_stats(const StatsPtr& stats) {
  overview_->set_stats(stats);
  dead_letters_->set_stats(stats);
  if (!wanted_queue_.isEmpty() && overview_->model()->row_of(wanted_queue_) >= 0) {
    const QString found = std::exchange(wanted_queue_, {});
    overview_->focus_queue(found);
    dead_letters_->show_queue(found);
  }
  header_->set_dead(backlog(*stats, {}).dead);
  tick();
}

void MainWindow::tell(const QString& what) {
  outcome_->setText(what);
  outcome_->setToolTip(what.isEmpty() ? QString() : tip(what));
}

void MainWindow::act(const ActionRequest& request) {
  const bool moves = request.verb == Verb::redrive || request.verb == Verb::discard;
  const auto what = moves ? tr("%1 of %2 / %3")
                                .arg(action_title(request), safe(QString::fromStdString(request.queue)),
                                     safe(QString::fromStdString(request.group)))
                          : action_title(request);
  if (link_->busy() || link_->state().phase != LinkPhase::connected)
    return tell(
        tr("Not done: %1. %2").arg(what, link_->busy() ? tr("Another action is running.") : tr("Not connected to the broker.")));
  tell(tr("Running: %1 …").arg(what));
  link_->act(request);
  update_blocked();
}

void MainWindow::on_done(const ActionOutcome& outcome) {
  tell(headline(outcome) + safe(outcome.message));
  update_blocked();
  if (outcome.request.verb == Verb::redrive || outcome.request.verb == Verb::discard) {
    // The person changed the table, so this time it may move. The next snapshot may be from before the action, the one after it is
    // not.
    const auto left = std::make_shared<int>(2);
    const auto connection = std::make_shared<QMetaObject::Connection>();
    *connection = connect(link_.get(), &BrokerLink::stats_changed, this, [this, left, connection] {
      dead_letters_->refresh();
      if (--*left == 0) disconnect(*connection);
    });
  }
}

void MainWindow::refresh() {
  link_->refresh();
  dead_letters_->refresh();
}

void MainWindow::update_blocked() {
  QString why;
  if (link_->state().phase != LinkPhase::connected) {
    why = tr("Not connected to the broker.");
  } else if (link_->busy()) {
    why = tr("Another action is running.");
  }
  overview_->set_blocked(why);
  dead_letters_->set_blocked(why);
}

/// Once a second, and at each change: age, state, which page.
void MainWindow::tick() {
  header_->set_age(link_->age_ms(), overview_->still_ms());
  say_state();
  update_notice();
}

/// The worst first, in words. The line is always there, so that nothing below it moves when it changes.
void MainWindow::say_state() {
  const auto& state = link_->state();
  if (!link_->stats()) return banner_->say(Level::none, tr("Nothing is known yet: no broker has answered."));
  if (state.phase == LinkPhase::disconnected || state.phase == LinkPhase::refused) {
    const QString why = state.reason.isEmpty() ? QString() : tr(" Reason: %1").arg(sentence(safe(state.reason)));
    return banner_->say(Level::critical,
                        (state.phase == LinkPhase::refused ? tr("The broker refuses this dashboard.")
                                                           : tr("Disconnected; trying again by itself.")) +
                            tr(" What you see is %1 old. Actions are disabled.").arg(duration(Duration{link_->age_ms()})) + why);
  }
  const auto found = summed_up(*link_->stats(), overview_->model()->refusing());
  if (found.level != Level::critical && !missing_queue().isEmpty()) {
    return banner_->say(
        Level::warn,
        tr("There is no queue \"%1\" at this broker. It is shown alone as soon as it is made.").arg(safe(wanted_queue_)),
        tr("Do not wait"));
  }
  banner_->say(found.level, found.text);
}

void MainWindow::update_notice() {
  const auto& state = link_->state();
  const QString why = state.reason.isEmpty() ? QString() : tr("\n\nReason: %1").arg(sentence(safe(state.reason)));
  if (link_->stats()) {
    if (!link_->stats()->queues.empty()) {
      if (body_->currentWidget() == pages_) return;
      body_->setCurrentWidget(pages_);
      show_page(static_cast<Page>(pages_->currentIndex()));  // now its table can take the focus
      return;
    }
    notice_->say(Level::ok, tr("Connected. There are no queues yet."),
                 tr("Make one and publish to it, from a terminal or from a program. It appears here by itself."),
                 QStringLiteral("ackwire --endpoint %1 queue create orders\nackwire --endpoint %1 pub orders hello").arg(endpoint_),
                 {});
  } else if (state.phase == LinkPhase::refused) {
    notice_->say(Level::critical, tr("This cannot work as asked"),
                 tr("The dashboard cannot talk to the broker at %1.").arg(endpoint_) + why, {}, endpoint_);
  } else {
    const auto waited = Duration{connecting_since_.msecsTo(QDateTime::currentDateTimeUtc())};
    notice_->say(
        Level::none, tr("Connecting to %1 …").arg(endpoint_),
        (waited < Duration{3'000} ? tr("Waiting for the broker to answer.")
                                  : tr("No broker has answered for %1. It is tried again by itself; if none runs there, start one:")
                                        .arg(duration(waited))) +
            why,
        waited < Duration{3'000} ? QString() : QStringLiteral("ackwire serve ./data --listen %1").arg(endpoint_), endpoint_);
  }
  body_->setCurrentWidget(notice_);
}

void MainWindow::set_range(TimeRange range) {
  header_->set_range(range);
  overview_->set_range(range);
}

void MainWindow::step_range(int by) {
  const int next = static_cast<int>(overview_->range()) + by;
  if (next >= 0 && next <= static_cast<int>(TimeRange::month)) set_range(static_cast<TimeRange>(next));
}

void MainWindow::set_live(bool live) {
  header_->set_live(live);
  live_action_->setChecked(live);
  overview_->set_live(live);
  tick();
}

void MainWindow::set_zone(Zone zone) {
  overview_->set_zone(zone);
  dead_letters_->set_zone(zone);
}

}  // namespace ackwire::dashboard
