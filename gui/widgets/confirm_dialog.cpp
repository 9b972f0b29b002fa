// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/confirm_dialog.hpp"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include "models/format.hpp"
#include "models/payload.hpp"

namespace ackwire::dashboard {
namespace {

constexpr std::size_t name_characters = 128;

QString verb_word(Verb verb) { return verb == Verb::redrive ? QObject::tr("Redrive") : QObject::tr("Discard"); }

QString consequence(const ActionRequest& request) {
  QString text =
      request.verb == Verb::redrive
          ? QObject::tr(
                "They go back to their queue with the same sequence and key, their attempts counted from 0, and are handed "
                "out again.")
          : QObject::tr("They are deleted for good. This cannot be undone.");
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
  const QString letters = request.count == 1 ? QObject::tr("dead letter") : QObject::tr("dead letters");
  return QStringLiteral("%1 %2%3 %4")
      .arg(verb_word(request.verb), request.all ? QObject::tr("all ") : QString(), exact(request.count), letters);
}

ConfirmDialog::ConfirmDialog(const ActionRequest& request, QWidget* parent)
    : QDialog(parent), request_(request), go_(new QPushButton(this)), why_not_(plain({}, this)) {
  setObjectName(QStringLiteral("confirm_dialog"));
  setWindowTitle(action_title(request));
  setAttribute(Qt::WA_DeleteOnClose);
  setMinimumWidth(420);

  auto* question = plain(action_title(request) + u'?', this);
  question->setObjectName(QStringLiteral("confirm_question"));
  QFont large = question->font();
  large.setPointSizeF(large.pointSizeF() * 1.25);
  large.setWeight(QFont::DemiBold);
  question->setFont(large);
  const QString queue = escaped_line(request.queue, name_characters);

  auto* facts = new QFormLayout;
  facts->addRow(tr("Queue:"), plain(queue, this));
  facts->addRow(tr("Group:"), plain(escaped_line(request.group, name_characters), this));
  facts->addRow(tr("Count:"), plain(exact(request.count), this));

  auto* cancel = new QPushButton(tr("&Cancel"), this);
  cancel->setObjectName(QStringLiteral("confirm_cancel"));
  cancel->setDefault(true);
  cancel->setAutoDefault(true);
  go_->setText(action_title(request));
  go_->setObjectName(QStringLiteral("confirm_go"));
  go_->setAutoDefault(false);
  connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
  connect(go_, &QPushButton::clicked, this, &QDialog::accept);
  why_not_->setObjectName(QStringLiteral("confirm_why_not"));

  auto* column = new QVBoxLayout(this);
  column->setSpacing(12);
  column->addWidget(question);
  column->addLayout(facts);
  column->addWidget(plain(consequence(request), this));
  if (request.verb == Verb::discard && request.all) {
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

void ConfirmDialog::set_blocked(const QString& why) {
  blocked_ = why;
  update_enabled();
}

void ConfirmDialog::update_enabled() {
  const bool named = !typed_ || typed_->text() == QString::fromStdString(request_.queue);
  go_->setEnabled(named && blocked_.isEmpty());
  why_not_->setText(blocked_);
  why_not_->setVisible(!blocked_.isEmpty());
}

}  // namespace ackwire::dashboard
