// SPDX-License-Identifier: GPL-3.0-only
#include "pages/dead_letters_page.hpp"

#include <QAbstractItemView>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "models/dead_letter_model.hpp"
#include "pages/dead_selection.hpp"
#include "text/metrics.hpp"
#include "text/payload.hpp"
#include "widgets/confirm_dialog.hpp"
#include "widgets/inspector.hpp"

namespace ackwire::dashboard {
namespace {

constexpr int letter_delay_ms = 60;  ///< holding an arrow key down opens only where it stops
constexpr int first_told = 5;        ///< letters that the question about all of them lists
constexpr int places_told = 5;       ///< other groups with dead letters that an empty page names
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

struct Choice {
  QString name;
  std::uint64_t dead = 0;
};

QString label_of(const Choice& choice) {
  return QStringLiteral("%1 (%2)").arg(escaped_line(choice.name.toStdString(), name_characters), exact(choice.dead));
}

/// The entries of a box become these. `keep`: the current one stays even when it is gone. Nothing changes in a list that hangs
/// open.
void sync_choices(QComboBox* box, const std::vector<Choice>& choices, bool keep) {
  if (box->view()->isVisible()) return;
  for (int i = box->count() - 1; i >= 0; --i) {
    const auto name = box->itemData(i).toString();
    const auto at = std::find_if(choices.begin(), choices.end(), [&](const auto& choice) { return choice.name == name; });
    if (at != choices.end()) {
      box->setItemText(i, label_of(*at));
    } else if (i == box->currentIndex() && keep) {
      box->setItemText(i, QObject::tr("%1 (removed)").arg(escaped_line(name.toStdString(), name_characters)));
    } else {
      box->removeItem(i);
    }
  }
  for (const auto& choice : choices) {
    if (box->findData(choice.name) < 0) box->addItem(label_of(choice), choice.name);
  }
}

std::uint64_t dead_in(const QueueInfo& queue) { return backlog(queue).dead; }

/// Wide enough for every count there can be: what stands beside it never moves.
void fix_width(QPushButton* button, const QString& widest) {
  button->setText(widest);
  button->setFixedWidth(button->sizeHint().width());
}

}  // namespace

DeadLettersPage::DeadLettersPage(QWidget* parent) : QWidget(parent), model_(new DeadLetterModel(this)) {
  setObjectName(QStringLiteral("dead_letters_page"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(8);
  column->addWidget(make_selectors());
  column->addWidget(make_body(), 1);
  column->addWidget(make_actions());
  letter_delay_.setSingleShot(true);
  letter_delay_.setInterval(letter_delay_ms);
  connect(&letter_delay_, &QTimer::timeout, this, &DeadLettersPage::ask_letter);
  connect(model_, &DeadLetterModel::total_changed, this, &DeadLettersPage::update_state);
  connect(model_, &DeadLetterModel::seeking, this, [this](quint64 rows, quint64 total) {
    progress_->setText(tr("Reading row %1 of %2 …").arg(exact(rows)).arg(exact(total)));
  });
  connect(model_, &DeadLetterModel::failed, this, [this](const QString& why) { progress_->setText(why); });
  connect(model_, &QAbstractItemModel::dataChanged, this, [this] { progress_->clear(); });
  connect(selection_, &DeadSelection::changed, this, &DeadLettersPage::show_selected);
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
  progress_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  progress_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  refresh_ = new QPushButton(bar);
  refresh_->setObjectName(QStringLiteral("dead_refresh"));
  fix_width(refresh_, tr("+%1, -%1: re&fresh").arg(exact(999'999)));
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
  row->addWidget(progress_, 1);
  row->addWidget(refresh_);
  connect(refresh_, &QPushButton::clicked, this, &DeadLettersPage::refresh);
  for (auto* box : {queues_, groups_}) connect(box, &QComboBox::activated, this, [this] { chosen_ = true; });
  connect(queues_, &QComboBox::currentIndexChanged, this, [this] {
    fill_groups(true);
    retarget();
  });
  connect(groups_, &QComboBox::currentIndexChanged, this, &DeadLettersPage::retarget);
  return bar;
}

QWidget* DeadLettersPage::make_body() {
  table_ = new LetterTable(this);
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
  const int widths[] = {11, 14, 24, 15, 13, 9, 15, 9};
  for (int column = 0; column < DeadLetterModel::columns; ++column) table_->setColumnWidth(column, widths[column] * unit);
  table_->horizontalHeader()->setMinimumSectionSize(40);
  table_->horizontalHeader()->setSectionResizeMode(DeadLetterModel::detail, QHeaderView::Stretch);
  selection_ = new DeadSelection(table_, model_);
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
  fix_width(redrive_selected_, tr("&Redrive %1 selected…").arg(exact(DeadSelection::letters_max)));
  fix_width(redrive_all_, tr("Redrive &all %1…").arg(exact(99'999'999)));
  fix_width(discard_selected_, tr("&Discard %1 selected…").arg(exact(DeadSelection::letters_max)));
  fix_width(discard_all_, tr("Discard all %1…").arg(exact(99'999'999)));
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
  const bool first = model_->queue().isEmpty();
  stats_ = stats;
  fill_queues();
  fill_groups(false);
  if (!chosen_ && (first || !isVisible())) turn_to_letters();
  const auto now = identity_of(*stats, queue().toStdString());
  if (dialog_) {
    const auto& request = dialog_->request();
    const auto changed = changed_since(request.seen, identity_of(*stats, request.queue), request.queue);
    if (!changed.empty()) dialog_->set_outdated(QString::fromStdString(changed) + tr(" Cancel, and look again."));
  }
  if (model_->queue() != queue() || model_->group() != group() || !identity_.same_queue(now)) return retarget();
  const bool restarted = std::exchange(identity_, now).boot_epoch != now.boot_epoch;
  model_->note(tally());
  if (restarted) refresh();
}

void DeadLettersPage::forget() {
  chosen_ = false;
  stats_.reset();
  for (auto* box : {groups_, queues_}) box->clear();
  retarget();
}

void DeadLettersPage::fill_queues() {
  std::vector<Choice> choices;
  for (const auto& info : stats_->queues) choices.push_back({QString::fromStdString(info.name), dead_in(info)});
  sync_choices(queues_, choices, chosen_ || isVisible());
}

void DeadLettersPage::fill_groups(bool choose) {
  std::vector<Choice> choices;
  if (const auto* info = find_queue(stats_, queue())) {
    for (const auto& of_group : info->groups) choices.push_back({QString::fromStdString(of_group.name), of_group.dead});
  }
  if (choose) {
    const QSignalBlocker quiet(groups_);
    groups_->clear();
    sync_choices(groups_, choices, false);
    const auto most =
        std::max_element(choices.begin(), choices.end(), [](const auto& a, const auto& b) { return a.dead < b.dead; });
    if (most != choices.end()) groups_->setCurrentIndex(groups_->findData(most->name));
  } else {
    sync_choices(groups_, choices, chosen_ || isVisible());
  }
}

/// An empty page while letters wait elsewhere would say that all is well. Only where nobody looks yet.
void DeadLettersPage::turn_to_letters() {
  const auto* of_group = find_group(find_queue(stats_, queue()), group());
  if ((of_group && of_group->dead > 0) || stats_->queues.empty()) return;
  const auto& all = stats_->queues;
  const auto most = std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return dead_in(a) < dead_in(b); });
  if (dead_in(*most) == 0) return;
  queues_->setCurrentIndex(queues_->findData(QString::fromStdString(most->name)));
  fill_groups(true);
}

DeadTally DeadLettersPage::tally() const {
  const auto* info = find_queue(stats_, queue());
  const auto* of_group = find_group(info, group());
  if (!of_group) return {};
  return {of_group->dead, of_group->dead_lettered, info->next_sequence};
}

void DeadLettersPage::retarget() {
  const auto now = stats_ ? identity_of(*stats_, queue().toStdString()) : Identity{};
  if (model_->queue() == queue() && model_->group() == group() && identity_.same_queue(now)) return;
  identity_ = now;
  inspector_->show_nothing(tr("Select a dead letter to see it."));
  progress_->clear();
  model_->set_target(queue(), group(), tally());
  open_first();
}

void DeadLettersPage::show_queue(const QString& wanted, const QString& wanted_group) {
  const int at = queues_->findData(wanted);
  if (at < 0) return;
  chosen_ = true;
  queues_->setCurrentIndex(at);
  const int group_at = groups_->findData(wanted_group);
  if (group_at >= 0) {
    groups_->setCurrentIndex(group_at);
  } else {
    fill_groups(true);
  }
  retarget();
}

void DeadLettersPage::focus_table() { table_->setFocus(); }

/// The first letter is opened, so that the inspector never shows another one than the table marks.
void DeadLettersPage::open_first() {
  if (model_->rowCount() == 0 || table_->currentIndex().isValid()) return;
  table_->selectionModel()->setCurrentIndex(model_->index(0, 0), QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
}

/// The selection follows: rows that hold other letters when they have been read are not selected any more.
void DeadLettersPage::refresh() { model_->refresh(); }

void DeadLettersPage::show_selected() {
  const auto letter = selection_->shown();
  if (!letter) {
    inspector_->show_nothing(selection_->empty() ? tr("Select a dead letter to see it.") : tr("Reading …"));
    letter_delay_.stop();
  } else if (inspector_->sequence() != letter->sequence) {
    inspector_->show_nothing(tr("Reading dead letter %1 …").arg(letter->sequence));
    letter_delay_.start();
  }
  inspector_->set_selected(selection_->letters().size());
  update_buttons();
}

void DeadLettersPage::ask_letter() {
  const auto letter = selection_->shown();
  if (!letter) return;  // its page is on the way; then the selection changes
  if (letter_under_way_) {
    letter_again_ = true;
    return;
  }
  letter_under_way_ = true;
  emit letter_wanted(queue(), group(), letter->sequence);
}

void DeadLettersPage::set_letter(const DeadLetterReply& reply) {
  letter_under_way_ = false;
  const auto wanted = selection_->shown();
  const bool ours =
      reply.queue == queue().toStdString() && reply.group == group().toStdString() && wanted && wanted->sequence == reply.sequence;
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

void DeadLettersPage::set_stale(bool stale) {
  stale_ = stale;
  update_state();
}

void DeadLettersPage::set_blocked(const QString& why) {
  blocked_ = why;
  if (dialog_) dialog_->set_blocked(why);
  update_buttons();
}

/// Where else dead letters wait: "orders / billing (12)", the most first.
QString DeadLettersPage::elsewhere() const {
  std::vector<Choice> places;
  for (const auto& info : stats_->queues) {
    for (const auto& of_group : info.groups) {
      if (of_group.dead > 0) places.push_back({QString::fromStdString(info.name + " / " + of_group.name), of_group.dead});
    }
  }
  std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.dead > b.dead; });
  QStringList names;
  for (const auto& place : places) {
    if (names.size() == places_told) {
      names << tr("%1 more").arg(exact(places.size() - places_told));
      break;
    }
    names << label_of(place);
  }
  return names.join(QStringLiteral(", "));
}

void DeadLettersPage::update_state() {
  const auto present = model_->present();
  auto count = present == 1 ? tr("1 dead letter") : tr("%1 dead letters").arg(exact(present));
  if (stale_) count += tr(" (old)");
  count_->setText(count);
  if (model_->total() == 0) {
    const auto* of_group = find_group(find_queue(stats_, queue()), group());
    const auto place = escaped_line((queue() + QStringLiteral(" / ") + group()).toStdString(), 2 * name_characters);
    QString text = queue().isEmpty() ? tr("No queue is selected.") : tr("There is no %1 any more.").arg(place);
    if (of_group) {
      text = tr("0 dead letters in %1.\n\n%2 died since the group was made; %3 were redriven.")
                 .arg(place, exact(of_group->dead_lettered), exact(of_group->redriven));
    }
    const QString others = stats_ ? elsewhere() : QString();
    if (!others.isEmpty()) text += tr("\n\nDead letters wait in %1.").arg(others);
    empty_->setText(text);
  }
  body_->setCurrentIndex(model_->total() == 0 ? 1 : 0);
  open_first();
  const auto arrived = model_->arrived(), left = model_->left();
  QStringList changes;
  if (arrived > 0) changes << QStringLiteral("+%1").arg(exact(arrived));
  if (left > 0) changes << QStringLiteral("-%1").arg(exact(left));
  refresh_->setText(changes.isEmpty() ? tr("Re&fresh") : tr("%1: re&fresh").arg(changes.join(QStringLiteral(", "))));
  const QString what = changes.isEmpty()
                           ? tr("Read the table again (F5).")
                           : tr("%1 arrived and %2 left since this table was read. Rows do not move until you refresh (F5).")
                                 .arg(exact(arrived), exact(left));
  refresh_->setToolTip(tip(what));
  refresh_->setAccessibleDescription(what);
  update_buttons();
}

void DeadLettersPage::update_buttons() {
  const bool whole = selection_->whole();
  const auto count = static_cast<std::uint64_t>(selection_->letters().size());
  const auto all = model_->present();
  redrive_selected_->setText(tr("&Redrive %1 selected…").arg(exact(count)));
  redrive_all_->setText(tr("Redrive &all %1…").arg(exact(all)));
  discard_selected_->setText(tr("&Discard %1 selected…").arg(exact(count)));
  discard_all_->setText(tr("Discard all %1…").arg(exact(all)));
  const QString no_selection =
      !whole       ? tr("The selection is over %1 rows or not read yet. Select fewer, or take all.").arg(DeadSelection::letters_max)
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
  if (dialog_ || !blocked_.isEmpty() || !stats_ || (!all && !selection_->whole())) return;
  Question question;
  auto& request = question.request;
  request.verb = verb;
  request.queue = queue().toStdString();
  request.group = group().toStdString();
  request.seen = identity_;
  request.all = all;
  question.now = stats_->now;
  if (all) {
    for (int row = 0; row < first_told; ++row) {
      if (const auto* letter = model_->row_at(row)) question.letters.push_back(*letter);
    }
    request.count = model_->present();
  } else {
    question.letters = selection_->letters();
    for (const auto& letter : question.letters) request.sequences.push_back(letter.sequence);
    request.count = request.sequences.size();
  }
  if (request.count == 0) return;
  dialog_ = new ConfirmDialog(question, this);
  connect(dialog_, &QDialog::accepted, this, [this, request] { emit action_wanted(request); });
  connect(dialog_, &QDialog::finished, this, [this] { dialog_ = nullptr; });
  dialog_->open();
}

}  // namespace ackwire::dashboard
