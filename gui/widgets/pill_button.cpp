// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/pill_button.hpp"

#include <QPainter>

#include "theme.hpp"

namespace ackwire::dashboard {

PillButton::PillButton(QWidget* parent) : QToolButton(parent) {
  setCheckable(true);
  setFocusPolicy(Qt::TabFocus);
  setAttribute(Qt::WA_Hover);
}

QSize PillButton::sizeHint() const { return {fontMetrics().horizontalAdvance(text()) + 22, fontMetrics().height() + 10}; }

void PillButton::paintEvent(QPaintEvent*) {
  const auto& t = theme();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(hasFocus() ? t.text : isChecked() ? t.accent : t.border, hasFocus() ? 1.6 : 1));
  painter.setBrush(isChecked() ? t.accent : underMouse() ? t.grid : t.surface);
  painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 6, 6);
  painter.setPen(isChecked() ? t.on_accent : t.text);
  painter.drawText(rect(), Qt::AlignCenter, text());
}

}  // namespace ackwire::dashboard
