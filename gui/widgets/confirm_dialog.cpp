// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/confirm_dialog.hpp"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableWidget>
#include <QVBoxLayout>
#include <algorithm>

#include "text/format.hpp"
#include "text/payload.hpp"

namespace ackwire::dashboard {
namespace {

constexpr std::size_t name_characters = 128;
constexpr std::size_t cell_characters = 160;
constexpr int rows_shown = 8;  ///< the rest scrolls

bool moves(const ActionRequest& request) { return request.verb == Verb::redrive || request.verb == Verb::discard; }

QString consequence(const ActionRequest& request) {
  QString text;
  switch (request.verb) {
    case Verb::redrive:
      text = QObject::tr(
          "They go back to their queue with the same sequence and key, their attempts counted from 0, and are handed out again.");
      break;
    case Verb::discard: text = QObject::tr("They are deleted for good. This cannot be undone."); break;
    case Verb::pause:
      return QObject::tr(
          "Nothing is handed out to any group of this queue until it is resumed. Publishes are still taken, and what "
          "consumers hold they can settle.");
    case Verb::resume: return QObject::tr("What waits is handed out to the consumers again, at once.");
  }
  if (request.all) text += QObject::tr(" Letters that die before the broker begins are included.");
  return text;
}

QLabel* plain(const QString& text, QWidget* parent) {
  auto* label = new QLabel(parent);
  label->setTextFormat(Qt::PlainText);
  label->setText(text);
  label->setWordWrap(true);
  return label;
}

}  // namespace

QString action_title(const ActionRequest& request) {
  if (!moves(request)) {
    const auto queue = escaped_line(request.queue, name_characters);
    return request.verb == Verb::pause ? QObject::tr("Pause queue %1").arg(queue) : QObject::tr("Resume queue %1").arg(queue);
  }
  const QString letters = request.count == 1 ? QObject::tr("dead letter") : QObject::tr("dead letters");
  return QStringLiteral("%1 %2%3 %4")
      .arg(request.verb == Verb::redrive ? QObject::tr("Redrive") : QObject::tr("Discard"),
           request.all ? QObject::tr("all ") : QString(), exact(request.count), letters);
}

ConfirmDialog::ConfirmDialog(const Question& question, QWidget* parent)
    : QDialog(parent), request_(question.request), go_(new QPushButton(this)), why_not_(plain({}, this)) {
  setObjectName(QStringLiteral("confirm_dialog"));
  setWindowTitle(action_title(request_));
  setAttribute(Qt::WA_DeleteOnClose);
  setMinimumWidth(moves(request_) ? 620 : 420);

  auto* asked = plain(action_title(request_) + u'?', this);
  asked->setObjectName(QStringLiteral("confirm_question"));
  QFont large = asked->font();
  large.setPointSizeF(large.pointSizeF() * 1.25);
  large.setWeight(QFont::DemiBold);
  asked->setFont(large);

  auto* facts = new QFormLayout;
  facts->addRow(tr("Queue:"), plain(escaped_line(request_.queue, name_characters), this));
  if (moves(request_)) {
    facts->addRow(tr("Group:"), plain(escaped_line(request_.group, name_characters), this));
    facts->addRow(tr("Count:"), plain(exact(request_.count), this));
  }
  for (const auto& [what, value] : question.facts) facts->addRow(what, plain(value, this));

  auto* cancel = new QPushButton(tr("&Cancel"), this);
  cancel->setObjectName(QStringLiteral("confirm_cancel"));
  cancel->setDefault(true);
  cancel->setAutoDefault(true);
  go_->setText(QString(action_title(request_)).replace(u'&', QStringLiteral("&&")));
  go_->setObjectName(QStringLiteral("confirm_go"));
  go_->setAutoDefault(false);
  connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
  connect(go_, &QPushButton::clicked, this, &QDialog::accept);
  why_not_->setObjectName(QStringLiteral("confirm_why_not"));

  auto* column = new QVBoxLayout(this);
  column->setSpacing(12);
  column->addWidget(asked);
  column->addLayout(facts);
  if (!question.letters.empty()) {
    if (request_.all) column->addWidget(plain(tr("The first of them:"), this));
    column->addWidget(make_letters(question));
  }
  column->addWidget(plain(consequence(request_), this));
  if (request_.verb == Verb::discard && request_.all) {
    typed_ = new QLineEdit(this);
    typed_->setObjectName(QStringLiteral("confirm_typed"));
    typed_->setAccessibleName(tr("Name of the queue, to confirm"));
    column->addWidget(plain(tr("Type the name of the queue to go on:"), this));
    column->addWidget(typed_);
    connect(typed_, &QLineEdit::textChanged, this, &ConfirmDialog::update_enabled);
  }
  column->addWidget(why_not_);
  auto* buttons = new QHBoxLayout;
  buttons->addWidget(go_);
  buttons->addStretch(1);
  buttons->addWidget(cancel);
  column->addLayout(buttons);
  cancel->setFocus();
  update_enabled();
}

QTableWidget* ConfirmDialog::make_letters(const Question& question) {
  const QStringList titles{tr("Sequence"), tr("Key"), tr("Error"), tr("Died")};
  auto* table = new QTableWidget(static_cast<int>(question.letters.size()), static_cast<int>(titles.size()), this);
  table->setObjectName(QStringLiteral("confirm_letters"));
  table->setAccessibleName(tr("The dead letters that are meant"));
  table->setHorizontalHeaderLabels(titles);
  table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  table->verticalHeader()->hide();
  table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
  table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table->setSelectionMode(QAbstractItemView::NoSelection);
  table->setTabKeyNavigation(false);
  table->setShowGrid(false);
  table->setWordWrap(false);
  int row = 0;
  for (const auto& letter : question.letters) {
    const auto error = letter.detail.empty() ? reason_name(letter.reason) : escaped_line(letter.detail, cell_characters);
    const auto age = tr("%1 ago").arg(duration(std::max(question.now - letter.dead_time, Duration{0})));
    int column = 0;
    for (const auto& cell : {QString::number(letter.sequence),
                             letter.key.empty() ? QStringLiteral("–") : escaped_line(letter.key, cell_characters), error, age}) {
      auto* shown = new QTableWidgetItem(cell);
      shown->setToolTip(tip(cell));
      table->setItem(row, column++, shown);
    }
    ++row;
  }
  const int unit = fontMetrics().horizontalAdvance(u'0');
  const int widths[] = {11, 20, 20, 15};
  for (int column = 0; column < titles.size(); ++column) table->setColumnWidth(column, widths[column] * unit);
  table->horizontalHeader()->setSectionResizeMode(2, QHeaderView::Stretch);
  table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  table->setFixedHeight(std::min(row, rows_shown) * table->verticalHeader()->defaultSectionSize() +
                        table->horizontalHeader()->sizeHint().height() + 2 * table->frameWidth() + 2);
  return table;
}

void ConfirmDialog::set_blocked(const QString& why) {
  blocked_ = why;
  update_enabled();
}

void ConfirmDialog::set_outdated(const QString& why) {
  outdated_ = why;
  update_enabled();
}

void ConfirmDialog::update_enabled() {
  const bool named = !typed_ || typed_->text() == QString::fromStdString(request_.queue);
  const QString& why = outdated_.isEmpty() ? blocked_ : outdated_;
  go_->setEnabled(named && why.isEmpty());
  why_not_->setText(why);
  why_not_->setVisible(!why.isEmpty());
}

}  // namespace ackwire::dashboard
