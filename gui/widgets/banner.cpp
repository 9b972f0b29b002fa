// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/banner.hpp"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QTextLayout>
#include <algorithm>

#include "text/format.hpp"
#include "theme.hpp"

namespace ackwire::dashboard {
namespace {

constexpr int sign_size = 16;
constexpr int left_room = 14 + sign_size + 10;
constexpr int lines = 2;
constexpr int margin = 5;

/// What fits on the lines there are, with "…" at its end when that is not all.
QString elided(const QString& text, const QFont& font, int width) {
  QTextLayout layout(text, font);
  QStringList rows;
  layout.beginLayout();
  for (auto line = layout.createLine(); line.isValid(); line = layout.createLine()) {
    line.setLineWidth(width);
    if (rows.size() + 1 < lines) {
      rows << text.mid(line.textStart(), line.textLength()).trimmed();
    } else {
      rows << QFontMetrics(font).elidedText(text.mid(line.textStart()), Qt::ElideRight, width);
      break;
    }
  }
  layout.endLayout();
  return rows.join(u'\n');
}

}  // namespace

Banner::Banner(QWidget* parent) : QWidget(parent), text_(new QLabel(this)), action_(new QPushButton(this)) {
  text_->setTextFormat(Qt::PlainText);
  text_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  text_->setObjectName(QStringLiteral("banner_text"));
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  action_->setObjectName(QStringLiteral("banner_action"));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(left_room, margin, 12, margin);
  setFixedHeight(std::max(lines * fontMetrics().lineSpacing(), action_->sizeHint().height()) + 2 * margin);
  row->addWidget(text_, 1);
  row->addWidget(action_);
  action_->hide();
  connect(action_, &QPushButton::clicked, this, &Banner::action_clicked);
}

void Banner::say(Level level, const QString& text, const QString& action) {
  if (level == level_ && text == full_ && action == action_->text()) return;
  level_ = level;
  full_ = text;
  setAccessibleName(text);
  text_->setToolTip(tip(text));
  action_->setText(action);
  action_->setVisible(!action.isEmpty());
  layout()->activate();
  fit();
  update();
}

void Banner::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fit();
}

void Banner::fit() {
  const auto shown = elided(full_, text_->font(), text_->width());
  if (text_->text() != shown) text_->setText(shown);
}

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
