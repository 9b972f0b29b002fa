// SPDX-License-Identifier: GPL-3.0-only
#include "pages/dead_letters_page.hpp"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSet>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>

#include "models/dead_letter_model.hpp"
#include "models/metrics.hpp"
#include "models/payload.hpp"
#include "widgets/banner.hpp"
#include "widgets/confirm_dialog.hpp"
#include "widgets/inspector.hpp"

namespace ackwire::dashboard {
namespace {

constexpr int letter_delay_ms = 60;  ///< holding an arrow key down opens only where it stops
constexpr int selected_max = 1'000;
constexpr std::size_t name_characters = 64;

const QueueInfo* find_queue(const StatsPtr& stats, const QString& name) {
  if (!stats) return nullptr;
  const auto wanted = name.toStdString();
  const auto at = std::find_if(stats->queues.begin(), stats->queues.end(), [&](const auto& queue) { return queue.name == wanted; });
  return at == stats->queues.end() ? nullptr : &*at;
}

const GroupInfo* find_group(const QueueInfo* queue, const QString& name) {
  if (!queue) return nullptr;
  const auto wanted = name.toStdString();
  const auto at = std::find_if(queue->groups.begin(), queue->groups.end(), [&](const auto& group) { return group.name == wanted; });
  return at == queue->groups.end() ? nullptr : &*at;
}

/// The names of a box become these, the chosen one stays chosen.
void sync_names(QComboBox* box, const QStringList& names) {
  const QSet<QString> wanted(names.begin(), names.end());
  QSet<QString> present;
  for (int i = box->count() - 1; i >= 0; --i) {
    const auto name = box->itemData(i).toString();
    if (wanted.contains(name)) {
      present.insert(name);
    } else {
      box->removeItem(i);
    }
  }
  for (const auto& name : names) {
    if (!present.contains(name)) box->addItem(escaped_line(name.toStdString(), name_characters), name);
  }
}

}  // namespace

DeadLettersPage::DeadLettersPage(QWidget* parent) : QWidget(parent), model_(new DeadLetterModel(this)) {
  setObjectName(QStringLiteral("dead_letters_page"));
  arrived_ = new Banner(this);
  arrived_->setObjectName(QStringLiteral("arrived_banner"));
  arrived_->hide();
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(8);
  column->addWidget(make_selectors());
  column->addWidget(arrived_);
  column->addWidget(make_body(), 1);
  column->addWidget(make_actions());
  letter_delay_.setSingleShot(true);
  letter_delay_.setInterval(letter_delay_ms);
  connect(&letter_delay_, &QTimer::timeout, this, &DeadLettersPage::ask_letter);
  connect(arrived_, &Banner::action_clicked, this, &DeadLettersPage::refresh);
  connect(model_, &DeadLetterModel::total_changed, this, &DeadLettersPage::update_state);
  connect(model_, &DeadLetterModel::seeking, this, [this](quint64 rows, quint64 total) {
    progress_->setText(tr("Reading row %1 of %2 …").arg(exact(rows)).arg(exact(total)));
  });
  connect(model_, &DeadLetterModel::failed, this, [this](const QString& why) { progress_->setText(why); });
  connect(model_, &QAbstractItemModel::dataChanged, this, [this](const QModelIndex& first, const QModelIndex& last) {
    progress_->clear();
    const int row = table_->currentIndex().row();
    const auto sequence = model_->sequence_at(row);
    if (row >= first.row() && row <= last.row() && sequence && sequence != inspector_->sequence()) letter_delay_.start();
    update_buttons();
  });
  update_state();
}

QWidget* DeadLettersPage::make_selectors() {
  auto* bar = new QWidget(this);
  queues_ = new QComboBox(bar);
  queues_->setObjectName(QStringLiteral("dead_queue"));
  queues_->setAccessibleName(tr("Queue"));
  groups_ = new QComboBox(bar);
  groups_->setObjectName(QStringLiteral("dead_group"));
  groups_->setAccessibleName(tr("Consumer group"));
  for (auto* box : {queues_, groups_}) {
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(16);
  }
  count_ = new QLabel(bar);
  count_->setObjectName(QStringLiteral("dead_count"));
  count_->setTextFormat(Qt::PlainText);
  progress_ = new QLabel(bar);
  progress_->setObjectName(QStringLiteral("dead_progress"));
  progress_->setTextFormat(Qt::PlainText);
  auto* queue_label = new QLabel(tr("&Queue"), bar);
  queue_label->setBuddy(queues_);
  auto* group_label = new QLabel(tr("&Group"), bar);
  group_label->setBuddy(groups_);
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(0, 0, 0, 0);
  row->addWidget(queue_label);
  row->addWidget(queues_);
  row->addSpacing(8);
  row->addWidget(group_label);
  row->addWidget(groups_);
  row->addSpacing(12);
  row->addWidget(count_);
  row->addStretch(1);
  row->addWidget(progress_);
  connect(queues_, &QComboBox::currentIndexChanged, this, [this] {
    fill_groups();
    retarget();
  });
  connect(groups_, &QComboBox::currentIndexChanged, this, &DeadLettersPage::retarget);
  return bar;
}

QWidget* DeadLettersPage::make_body() {
  table_ = new QTableView(this);
  table_->setObjectName(QStringLiteral("dead_table"));
  table_->setAccessibleName(tr("Dead letters"));
  table_->setModel(model_);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setAlternatingRowColors(true);
  table_->setShowGrid(false);
  table_->setWordWrap(false);
  table_->setTabKeyNavigation(false);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
  table_->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  table_->horizontalHeader()->setHighlightSections(false);
  const int unit = fontMetrics().horizontalAdvance(u'0');
  const int widths[] = {11, 14, 24, 15, 9, 9, 15, 9};
  for (int column = 0; column < DeadLetterModel::columns; ++column) table_->setColumnWidth(column, widths[column] * unit);
  table_->horizontalHeader()->setMinimumSectionSize(40);
  table_->horizontalHeader()->setSectionResizeMode(DeadLetterModel::detail, QHeaderView::Stretch);
  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &DeadLettersPage::current_changed);
  connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this, &DeadLettersPage::update_buttons);
  inspector_ = new Inspector(this);
  auto* split = new QSplitter(Qt::Horizontal, this);
  split->setChildrenCollapsible(false);
  split->setHandleWidth(8);
  split->addWidget(table_);
  split->addWidget(inspector_);
  split->setStretchFactor(0, 3);
  split->setStretchFactor(1, 2);
  split->setSizes({840, 420});
  empty_ = new QLabel(this);
  empty_->setObjectName(QStringLiteral("dead_empty"));
  empty_->setTextFormat(Qt::PlainText);
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  body_ = new QStackedWidget(this);
  body_->addWidget(split);
  body_->addWidget(empty_);
  return body_;
}

QWidget* DeadLettersPage::make_actions() {
  auto* bar = new QWidget(this);
  const auto button = [&](const char* object_name, void (DeadLettersPage::*slot)()) {
    auto* made = new QPushButton(bar);
    made->setObjectName(QLatin1String(object_name));
    connect(made, &QPushButton::clicked, this, slot);
    return made;
  };
  redrive_selected_ = button("redrive_selected", &DeadLettersPage::redrive_selected);
  redrive_all_ = button("redrive_all", &DeadLettersPage::redrive_all);
  discard_selected_ = button("discard_selected", &DeadLettersPage::discard_selected);
  discard_all_ = button("discard_all", &DeadLettersPage::discard_all);
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(0, 0, 0, 0);
  row->addWidget(redrive_selected_);
  row->addWidget(redrive_all_);
  row->addStretch(1);  // what deletes stands apart from what repairs
  row->addWidget(discard_selected_);
  row->addWidget(discard_all_);
  return bar;
}

QString DeadLettersPage::queue() const { return queues_->currentData().toString(); }
QString DeadLettersPage::group() const { return groups_->currentData().toString(); }

void DeadLettersPage::set_stats(const StatsPtr& stats) {
  stats_ = stats;
  QStringList names;
  for (const auto& info : stats->queues) names << QString::fromStdString(info.name);
  sync_names(queues_, names);
  fill_groups();
  if (model_->queue() != queue() || model_->group() != group()) return retarget();
  const auto* info = find_queue(stats_, queue());
  const auto* of_group = find_group(info, group());
  model_->note_total(of_group ? of_group->dead : 0, info ? info->next_sequence : 0);
}

void DeadLettersPage::fill_groups() {
  QStringList names;
  if (const auto* info = find_queue(stats_, queue())) {
    for (const auto& of_group : info->groups) names << QString::fromStdString(of_group.name);
  }
  sync_names(groups_, names);
}

void DeadLettersPage::retarget() {
  if (model_->queue() == queue() && model_->group() == group()) return;
  const auto* info = find_queue(stats_, queue());
  const auto* of_group = find_group(info, group());
  inspector_->show_nothing(tr("Select a dead letter to see it."));
  progress_->clear();
  model_->set_target(queue(), group(), of_group ? of_group->dead : 0, info ? info->next_sequence : 0);
  open_first();
}

void DeadLettersPage::show_queue(const QString& wanted) {
  const int at = queues_->findData(wanted);
  if (at >= 0) queues_->setCurrentIndex(at);
}

void DeadLettersPage::focus_table() { table_->setFocus(); }

/// The first letter is opened, so that the inspector never shows another one than the table marks.
void DeadLettersPage::open_first() {
  if (model_->rowCount() == 0 || table_->currentIndex().isValid()) return;
  table_->selectionModel()->setCurrentIndex(model_->index(0, 0), QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
}

void DeadLettersPage::refresh() {
  table_->clearSelection();  // the rows may name other letters now
  model_->refresh();
}

void DeadLettersPage::current_changed() { letter_delay_.start(); }

void DeadLettersPage::ask_letter() {
  const auto sequence = model_->sequence_at(table_->currentIndex().row());
  if (!sequence) return;  // its page is on the way; dataChanged asks again
  if (letter_under_way_) {
    letter_again_ = true;
    return;
  }
  letter_under_way_ = true;
  emit letter_wanted(queue(), group(), *sequence);
}

void DeadLettersPage::set_letter(const DeadLetterReply& reply) {
  letter_under_way_ = false;
  const bool ours = reply.queue == queue().toStdString() && reply.group == group().toStdString();
  if (ours && reply.found) {
    inspector_->show_letter(reply.letter);
  } else if (ours) {
    inspector_->show_nothing(reply.error.isEmpty()
                                 ? tr("Dead letter %1 is no longer here: redriven or discarded.").arg(reply.sequence)
                                 : tr("Dead letter %1 could not be read: %2").arg(reply.sequence).arg(reply.error));
  }
  if (std::exchange(letter_again_, false)) ask_letter();
}

void DeadLettersPage::set_zone(Zone zone) {
  model_->set_zone(zone);
  inspector_->set_zone(zone);
}

void DeadLettersPage::set_blocked(const QString& why) {
  blocked_ = why;
  if (dialog_) dialog_->set_blocked(why);
  update_buttons();
}

void DeadLettersPage::update_state() {
  const auto arrived = model_->arrived();
  const auto count = model_->total() + static_cast<std::uint64_t>(arrived);
  count_->setText(count == 1 ? tr("1 dead letter") : tr("%1 dead letters").arg(exact(count)));
  const auto* of_group = find_group(find_queue(stats_, queue()), group());
  if (model_->total() == 0) {
    empty_->setText(!of_group ? tr("No queue is selected.")
                              : tr("0 dead letters in %1 / %2.\n\n%3 died since the group was made; %4 were redriven.")
                                    .arg(queues_->currentText(), groups_->currentText(), exact(of_group->dead_lettered),
                                         exact(of_group->redriven)));
  }
  body_->setCurrentIndex(model_->total() == 0 ? 1 : 0);
  open_first();
  if (arrived == 0) {
    arrived_->hide();
  } else {
    const auto moved = static_cast<std::uint64_t>(arrived > 0 ? arrived : -arrived);
    const QString letters = moved == 1 ? tr("1 dead letter") : tr("%1 dead letters").arg(exact(moved));
    arrived_->say(
        Level::none,
        (arrived > 0 ? tr("%1 arrived since this table was read.") : tr("%1 left since this table was read.")).arg(letters) +
            tr(" Rows do not move until you refresh."),
        tr("Refresh (F5)"));
  }
  update_buttons();
}

std::vector<std::uint64_t> DeadLettersPage::selected(bool& whole) const {
  std::vector<std::uint64_t> sequences;
  whole = true;
  for (const auto& range : table_->selectionModel()->selection()) {
    for (int row = range.top(); row <= range.bottom(); ++row) {
      const auto sequence = sequences.size() < selected_max ? model_->sequence_at(row) : std::nullopt;
      if (!sequence) {
        whole = false;
        return sequences;
      }
      sequences.push_back(*sequence);
    }
  }
  return sequences;
}

void DeadLettersPage::update_buttons() {
  bool whole = true;
  const auto count = static_cast<std::uint64_t>(selected(whole).size());
  const auto all = model_->total() + static_cast<std::uint64_t>(model_->arrived());
  redrive_selected_->setText(tr("&Redrive %1 selected…").arg(exact(count)));
  redrive_all_->setText(tr("Redrive &all %1…").arg(exact(all)));
  discard_selected_->setText(tr("&Discard %1 selected…").arg(exact(count)));
  discard_all_->setText(tr("Discard all %1…").arg(exact(all)));
  const QString no_selection =
      !whole       ? tr("The selection is over %1 rows or not read yet. Select fewer, or take all.").arg(selected_max)
      : count == 0 ? tr("Select dead letters first.")
                   : QString();
  const QString none = all == 0 ? tr("There are no dead letters in this group.") : QString();
  const auto offer = [&](QPushButton* button, const QString& why_not, const QString& what) {
    const QString why = blocked_.isEmpty() ? why_not : blocked_;
    button->setEnabled(why.isEmpty());
    button->setToolTip(tip(why.isEmpty() ? what : why));
    button->setAccessibleDescription(why.isEmpty() ? what : why);
  };
  offer(redrive_selected_, no_selection, tr("Send the selected letters back to their queue (R). Asks first."));
  offer(redrive_all_, none, tr("Send every dead letter of the group back to its queue. Asks first."));
  offer(discard_selected_, no_selection, tr("Delete the selected letters for good (Del). Asks first."));
  offer(discard_all_, none, tr("Delete every dead letter of the group for good. Asks first, twice."));
}

void DeadLettersPage::redrive_selected() { ask(Verb::redrive, false); }
void DeadLettersPage::redrive_all() { ask(Verb::redrive, true); }
void DeadLettersPage::discard_selected() { ask(Verb::discard, false); }
void DeadLettersPage::discard_all() { ask(Verb::discard, true); }

void DeadLettersPage::ask(Verb verb, bool all) {
  if (dialog_ || !blocked_.isEmpty()) return;
  ActionRequest request;
  request.verb = verb;
  request.queue = queue().toStdString();
  request.group = group().toStdString();
  request.all = all;
  bool whole = true;
  if (!all) request.sequences = selected(whole);
  request.count = all ? model_->total() + static_cast<std::uint64_t>(model_->arrived()) : request.sequences.size();
  if (request.count == 0 || !whole) return;
  dialog_ = new ConfirmDialog(request, this);
  connect(dialog_, &QDialog::accepted, this, [this, request] { emit action_wanted(request); });
  connect(dialog_, &QDialog::finished, this, [this] { dialog_ = nullptr; });
  dialog_->open();
}

}  // namespace ackwire::dashboard
