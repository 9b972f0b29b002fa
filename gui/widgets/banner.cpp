// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/banner.hpp"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>

#include "theme.hpp"

namespace ackwire::dashboard {
namespace {

constexpr int sign_size = 16;
constexpr int left_room = 14 + sign_size + 10;

}  // namespace

Banner::Banner(QWidget* parent) : QWidget(parent), text_(new QLabel(this)), action_(new QPushButton(this)) {
  text_->setTextFormat(Qt::PlainText);
  text_->setWordWrap(true);
  text_->setObjectName(QStringLiteral("banner_text"));
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  action_->setObjectName(QStringLiteral("banner_action"));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(left_room, 7, 12, 7);
  row->addWidget(text_, 1);
  row->addWidget(action_);
  action_->hide();
  connect(action_, &QPushButton::clicked, this, &Banner::action_clicked);
}

void Banner::say(Level level, const QString& text, const QString& action) {
  level_ = level;
  if (text_->text() != text) text_->setText(text);
  setAccessibleName(text);
  action_->setText(action);
  action_->setVisible(!action.isEmpty());
  show();
  update();
}

QString Banner::text() const { return text_->text(); }

void Banner::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QColor color = theme().level(level_);
  QColor fill = color;
  fill.setAlphaF(theme().dark ? 0.22F : 0.16F);
  painter.setPen(QPen(color, 1));
  painter.setBrush(fill);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
  paint_level_sign(painter, QRectF(14, (height() - sign_size) / 2.0, sign_size, sign_size), level_);
}

}  // namespace ackwire::dashboard
