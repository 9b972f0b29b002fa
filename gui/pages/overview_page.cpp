// SPDX-License-Identifier: GPL-3.0-only
#include "pages/overview_page.hpp"

#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>

#include "models/queue_table_model.hpp"
#include "pages/figures.hpp"
#include "text/format.hpp"
#include "text/payload.hpp"
#include "theme.hpp"
#include "widgets/confirm_dialog.hpp"
#include "widgets/kpi_tile.hpp"
#include "widgets/sparkline.hpp"
#include "widgets/time_series_view.hpp"

namespace ackwire::dashboard {
namespace {

constexpr int gap = 8;
constexpr std::size_t shown_name_characters = 64;
constexpr std::size_t outages_kept = 256;
constexpr std::size_t groups_told = 6;  ///< in the question whether to pause

template <class Widget>
Widget* named(Widget* widget, const char* object_name) {
  widget->setObjectName(QLatin1String(object_name));
  return widget;
}

}  // namespace

OverviewPage::OverviewPage(QWidget* parent)
    : QWidget(parent), model_(new QueueTableModel(this)), sorted_(new QSortFilterProxyModel(this)) {
  setObjectName(QStringLiteral("overview_page"));
  auto* split = new QSplitter(Qt::Vertical, this);
  split->setChildrenCollapsible(false);
  split->setHandleWidth(gap);
  split->addWidget(make_charts());
  split->addWidget(make_table());
  split->setStretchFactor(0, 3);
  split->setStretchFactor(1, 2);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(gap);
  column->addWidget(make_tiles());
  column->addWidget(split, 1);
  update_buttons();
}

QWidget* OverviewPage::make_tiles() {
  auto* tiles = new QWidget(this);
  success_ = named(
      new KpiTile(tr("Delivery success"),
                  tr("acked / (acked + dead-lettered + expired), over the time range. Messages still in flight do not count as "
                     "failures. Target: at least 99.99 %."),
                  tiles),
      "tile_success");
  redelivered_ =
      named(new KpiTile(tr("Duplicates: redelivered"),
                        tr("hand-overs of messages whose processing had begun before / all hand-overs, over the time range. What a "
                           "redrive or a release hands out again is none. Whether a redelivery had an effect twice only the "
                           "consumer can know."),
                        tiles),
            "tile_redelivered");
  suppressed_ =
      named(new KpiTile(tr("Duplicates: suppressed"),
                        tr("publishes answered with the receipt of an earlier message of the same idempotency key / all publishes, "
                           "over the time range. Nothing was stored for them."),
                        tiles),
            "tile_suppressed");
  depth_ =
      named(new KpiTile(tr("Queue depth"),
                        tr("Messages that are not settled by every group, now. Watch above 50 %, act above 90 % of the max_depth "
                           "or max_depth_bytes of the fullest queue; watch when publishes were refused in the time range, or "
                           "when a group with messages has no consumer."),
                        tiles),
            "tile_depth");
  dead_ = named(new KpiTile(tr("Dead letters"),
                            tr("Messages that wait in dead-letter queues, now. Act when more than 5 of 10,000 finished "
                               "messages of the time range died."),
                            tiles),
                "tile_dead");
  auto* row = new QHBoxLayout(tiles);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(gap);
  for (auto* tile : {success_, redelivered_, suppressed_, depth_, dead_}) row->addWidget(tile);
  return tiles;
}

QWidget* OverviewPage::make_charts() {
  auto* charts = new QWidget(this);
  throughput_ =
      named(new TimeSeriesView(tr("Throughput"),
                               tr("Messages per second: stored, acknowledged, handed out, and handed out again, each counted in "
                                  "its slot of time / the length of the slot."),
                               {{tr("published"), 0, Qt::SolidLine, 3.4},
                                {tr("acked"), 1, Qt::DashLine},
                                {tr("delivered"), 2, Qt::DashDotLine},
                                {tr("redelivered"), 3, Qt::DotLine}},
                               Scale::linear, rate, charts),
            "chart_throughput");
  latency_ =
      named(new TimeSeriesView(
                tr("Publish to ack"),
                tr("Time from the stored publish to the committed acknowledgement, retries and backoff included, of the "
                   "messages acknowledged in each slot: half, 95 % and 99 % of them took no longer. Over 24 h and 30 d the worst "
                   "second of each "
                   "slot is drawn. Logarithmic."),
                {{tr("p50"), 0}, {tr("p95"), 2, Qt::DashLine}, {tr("p99"), 3, Qt::DotLine}}, Scale::logarithmic, latency, charts),
            "chart_latency");
  backlog_ = named(
      new TimeSeriesView(
          tr("Queue depth"), tr("At the end of each slot: not settled, handed out, waiting for a time, dead."),
          {{tr("depth"), 0}, {tr("leased"), 1, Qt::DashLine}, {tr("delayed"), 2, Qt::DashDotLine}, {tr("dead"), 3, Qt::DotLine}},
          Scale::linear, compact, charts),
      "chart_depth");
  auto* row = new QHBoxLayout(charts);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(gap);
  row->addWidget(throughput_, 5);
  row->addWidget(latency_, 4);
  row->addWidget(backlog_, 4);
  return charts;
}

QWidget* OverviewPage::make_table() {
  auto* panel = new QWidget(this);
  subject_ = named(new QLabel(panel), "subject");
  subject_->setTextFormat(Qt::PlainText);
  all_ = named(new QPushButton(tr("Show all queues"), panel), "show_all");
  pause_ = named(new QPushButton(tr("&Resume queue…"), panel), "pause");
  const int resume_width = pause_->sizeHint().width();
  pause_->setText(tr("&Pause queue…"));
  pause_->setFixedWidth(std::max(resume_width, pause_->sizeHint().width()));  // its neighbours stay where they are
  open_dead_ = named(new QPushButton(tr("Dead letters"), panel), "open_dead");
  table_ = named(new QTableView(panel), "queue_table");
  table_->setAccessibleName(tr("Queues and their groups"));
  sorted_->setSourceModel(model_);
  sorted_->setSortRole(QueueTableModel::sort_role);
  sorted_->setSortCaseSensitivity(Qt::CaseInsensitive);
  sorted_->setDynamicSortFilter(false);  // rows move at a tick, and only while no mouse is over them
  table_->setModel(sorted_);
  table_->setItemDelegateForColumn(QueueTableModel::trend, new SparklineDelegate(table_));
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setAlternatingRowColors(true);
  table_->setShowGrid(false);
  table_->setWordWrap(false);
  table_->setTabKeyNavigation(false);
  table_->setSortingEnabled(true);
  table_->sortByColumn(QueueTableModel::name, Qt::AscendingOrder);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 10);
  table_->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  auto* header = table_->horizontalHeader();
  header->setHighlightSections(false);
  header->setMinimumSectionSize(40);
  const int unit = fontMetrics().horizontalAdvance(u'0');
  const int widths[] = {20, 22, 9, 12, 8, 8, 9, 8, 10, 8, 8, 9, 6};
  for (int column = 0; column < QueueTableModel::columns; ++column) table_->setColumnWidth(column, widths[column] * unit);
  header->setSectionResizeMode(QueueTableModel::name, QHeaderView::Stretch);
  connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this, &OverviewPage::selection_changed);
  connect(table_, &QTableView::activated, this, &OverviewPage::open_dead_letters);
  connect(all_, &QPushButton::clicked, this, [this] { focus_queue({}); });
  connect(pause_, &QPushButton::clicked, this, &OverviewPage::toggle_pause);
  connect(open_dead_, &QPushButton::clicked, this, &OverviewPage::open_dead_letters);

  auto* bar = new QHBoxLayout;
  bar->addWidget(subject_, 1);
  bar->addWidget(all_);
  bar->addWidget(pause_);
  bar->addWidget(open_dead_);
  auto* column = new QVBoxLayout(panel);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  column->addLayout(bar);
  column->addWidget(table_, 1);
  panel->setMinimumHeight(150);
  return panel;
}

void OverviewPage::focus_table() { table_->setFocus(); }

void OverviewPage::set_stats(const StatsPtr& stats) {
  note_start(*stats);
  stats_ = stats;
  model_->update(*stats);
  if (!focused_.isEmpty() && model_->row_of(focused_) < 0) focus_queue({});
  if (dialog_) {
    const auto& request = dialog_->request();
    const auto changed = changed_since(request.seen, identity_of(*stats, request.queue), request.queue);
    if (!changed.empty()) dialog_->set_outdated(QString::fromStdString(changed) + tr(" Cancel, and look again."));
  }
  if (!table_->underMouse()) {  // nothing moves under the pointer
    model_->drop_gone();
    sorted_->sort(table_->horizontalHeader()->sortIndicatorSection(), table_->horizontalHeader()->sortIndicatorOrder());
  }
  if (!table_->currentIndex().isValid() && sorted_->rowCount() > 0) {
    // A table without a current row is silent for a screen reader and dead for the keyboard.
    table_->selectionModel()->setCurrentIndex(sorted_->index(0, 0), QItemSelectionModel::NoUpdate);
  }
  update_buttons();
  // The charts follow with the history, which comes right after.
  if (live_) redraw_tiles();
}

void OverviewPage::forget() {
  stats_.reset();
  outages_.clear();
  model_->clear();
  focus_queue({});
  history_.reset(resolution_of(range_));
}

/// A start that this window saw has a known beginning of the time before it; of those before, the broker tells the last one.
void OverviewPage::note_start(const BrokerStats& stats) {
  const bool known = stats_ && stats_->store_id == stats.store_id;
  if (known && stats_->boot_epoch == stats.boot_epoch) return;
  if (!known) outages_.clear();
  outages_.push_back({known ? stats_->now : Timestamp{}, stats.started});
  if (outages_.size() > outages_kept) outages_.erase(outages_.begin());
}

void OverviewPage::set_history(const HistoryUpdate& update) {
  if (update.initial) history_.reset(resolution_of(range_));
  history_.merge(update.samples);
  if (live_ || update.initial) redraw();
}

void OverviewPage::ask_history() { emit history_wanted(focused_, resolution_of(range_)); }

void OverviewPage::set_range(TimeRange range) {
  const bool same_history = resolution_of(range) == resolution_of(range_) && !history_.empty();
  range_ = range;
  if (same_history) return redraw();
  history_.reset(resolution_of(range));
  redraw();
  ask_history();
}

void OverviewPage::set_live(bool live) {
  live_ = live;
  if (live) redraw();
  paint_age();
}

void OverviewPage::set_zone(Zone zone) {
  for (auto* chart : {throughput_, latency_, backlog_}) chart->set_zone(zone);
}

void OverviewPage::set_stale(bool stale) {
  stale_ = stale;
  model_->set_stale(stale);
  paint_age();
  for (auto* chart : {throughput_, latency_, backlog_}) chart->set_stale(stale);
}

/// Old rows are grey, and so are figures that stand still: what they said may not be so any more.
void OverviewPage::paint_age() {
  for (auto* tile : {success_, redelivered_, suppressed_, depth_, dead_}) tile->set_stale(stale_ || !live_);
  QPalette colors;
  if (stale_) colors.setColor(QPalette::Text, theme().muted);
  table_->setPalette(colors);
}

void OverviewPage::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) paint_age();
  QWidget::changeEvent(event);
}

void OverviewPage::set_blocked(const QString& why) {
  blocked_ = why;
  if (dialog_) dialog_->set_blocked(why);
  update_buttons();
}

QString OverviewPage::selected_queue() const {
  const auto rows = table_->selectionModel()->selectedRows();
  return rows.isEmpty() ? QString() : rows.front().data(QueueTableModel::queue_role).toString();
}

void OverviewPage::selection_changed() {
  if (!selecting_) focus_queue(selected_queue());
}

void OverviewPage::focus_queue(const QString& queue) {
  if (queue == focused_) return;
  focused_ = queue;
  selecting_ = true;
  const int row = queue.isEmpty() ? -1 : model_->row_of(queue);
  if (row < 0) {
    table_->clearSelection();
  } else if (selected_queue() != queue) {  // otherwise one of its groups is selected
    const auto index = sorted_->mapFromSource(model_->index(row, 0));
    table_->selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    table_->scrollTo(index);
  }
  selecting_ = false;
  history_.reset(resolution_of(range_));
  update_buttons();
  redraw();
  ask_history();
}

void OverviewPage::redraw_tiles() {
  const auto state = backlog(*stats_, focused_.toStdString());
  const auto from = stats_->now - span_of(range_);
  const Stretch stretch{history_.since(from), from, stats_->now};
  success_->set_figure(success_figure(stretch));
  redelivered_->set_figure(redelivered_figure(stretch));
  suppressed_->set_figure(suppressed_figure(stretch));
  depth_->set_figure(depth_figure(state, stretch));
  dead_->set_figure(dead_figure(state, stretch));
}

void OverviewPage::redraw() {
  if (!stats_) return;
  redraw_tiles();
  drawn_.start();
  const auto state = backlog(*stats_, focused_.toStdString());
  Window window;
  window.from = stats_->now - span_of(range_);
  window.until = stats_->now;
  window.outages = outages_;
  window.slot = slot_of(history_.resolution());
  window.before = history_.before(window.from);
  window.present.depth = state.depth, window.present.leased = state.leased, window.present.delayed = state.delayed,
  window.present.dead = state.dead;
  const auto line = timeline(history_.since(window.from), window);
  const double left = static_cast<double>(window.from.time_since_epoch().count()) / 1e3;
  const double right = static_cast<double>(window.until.time_since_epoch().count()) / 1e3;
  throughput_->set_lines(throughput_lines(line, window.slot, window.until), line.gaps, left, right, window.slot);
  latency_->set_lines(latency_lines(line, window.slot, span_of(range_)), line.gaps, left, right, window.slot);
  backlog_->set_lines(depth_lines(line, window.slot), line.gaps, left, right, window.slot);
}

void OverviewPage::update_buttons() {
  const bool focused = !focused_.isEmpty();
  const QString label = focused ? escaped_line(focused_.toStdString(), shown_name_characters) : tr("all queues");
  subject_->setText(focused ? tr("Queues and groups (figures and charts show queue %1)").arg(label)
                            : tr("Queues and groups (select one to see its queue alone)"));
  for (auto* chart : {throughput_, latency_, backlog_}) chart->set_subject(label);
  all_->setEnabled(focused);
  const bool paused = focused && model_->paused(focused_);
  pause_->setText(paused ? tr("&Resume queue…") : tr("&Pause queue…"));
  pause_->setEnabled(focused && blocked_.isEmpty());
  open_dead_->setEnabled(focused);
  open_dead_->setText(tr("Open dead &letters"));
  const QString select = tr("Select a queue first.");
  all_->setToolTip(
      tip(focused ? tr("Figures and charts of the whole broker (Esc).") : tr("Figures and charts show all queues already.")));
  pause_->setToolTip(tip(!focused              ? select
                         : !blocked_.isEmpty() ? blocked_
                         : paused              ? tr("Hand messages out again (P). Asks first.")
                                               : tr("Publishes are taken, nothing is handed out (P). Asks first.")));
  open_dead_->setToolTip(tip(focused ? tr("Dead letters of this queue (Enter).") : select));
}

void OverviewPage::toggle_pause() {
  if (focused_.isEmpty() || !blocked_.isEmpty() || dialog_ || !stats_) return;
  Question question;
  auto& request = question.request;
  request.verb = model_->paused(focused_) ? Verb::resume : Verb::pause;
  request.queue = focused_.toStdString();
  request.seen = identity_of(*stats_, request.queue);
  for (const auto& info : stats_->queues) {
    if (info.name != request.queue) continue;
    for (const auto& group : info.groups) {
      question.facts.emplace_back(
          tr("Group %1:").arg(escaped_line(group.name, shown_name_characters)),
          tr("%1 ready, %2 leased, %3")
              .arg(exact(group.ready), exact(group.leased), counted(group.consumers, tr("consumer"), tr("consumers"))));
      if (question.facts.size() == groups_told) break;
    }
  }
  dialog_ = new ConfirmDialog(question, this);
  connect(dialog_, &QDialog::accepted, this, [this, request] { emit action_wanted(request); });
  connect(dialog_, &QDialog::finished, this, [this] { dialog_ = nullptr; });
  dialog_->open();
}

void OverviewPage::open_dead_letters() {
  if (focused_.isEmpty()) return;
  const auto rows = table_->selectionModel()->selectedRows();
  const auto chosen = rows.isEmpty() ? QModelIndex() : rows.front();
  // The group that is selected, unless it has none and another one has.
  const bool has_some = chosen.siblingAtColumn(QueueTableModel::dead).data(QueueTableModel::sort_role).toULongLong() > 0;
  emit dead_letters_wanted(focused_, has_some ? chosen.data(QueueTableModel::group_role).toString() : QString());
}

}  // namespace ackwire::dashboard
