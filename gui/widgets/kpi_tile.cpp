// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/kpi_tile.hpp"

#include <QClipboard>
#include <QEvent>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QPainter>
#include <QToolTip>

#include "text/format.hpp"
#include "theme.hpp"
#include "widgets/sparkline.hpp"

namespace ackwire::dashboard {
namespace {

constexpr int pad = 12;
constexpr double value_scale = 1.9;
constexpr double tile_scale = 0.88;
constexpr int gap = 6;

/// Of "kind: name" the name says more when there is no room for both.
QString fitted(const QString& title, const QFontMetricsF& metrics, double room) {
  if (metrics.horizontalAdvance(title) <= room) return title;
  QString name = title.section(QStringLiteral(": "), -1);
  name[0] = name[0].toUpper();
  return metrics.elidedText(name, Qt::ElideRight, room);
}

}  // namespace

KpiTile::KpiTile(const QString& title, const QString& formula, QWidget* parent)
    : QWidget(parent), title_(title), formula_(formula) {
  setFocusPolicy(Qt::TabFocus);
  setToolTip(tip(title + QStringLiteral(" – ") + formula));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(title);
  setAccessibleDescription(formula);
}

void KpiTile::set_figure(KpiFigure figure) {
  figure_ = std::move(figure);
  setAccessibleName(QStringLiteral("%1: %2, %3. %4").arg(title_, figure_.value, level_word(figure_.level), figure_.detail));
  update();
}

void KpiTile::set_stale(bool stale) {
  if (stale_ == stale) return;
  stale_ = stale;
  update();
}

QSize KpiTile::sizeHint() const {
  const int line = fontMetrics().height();
  return {230, static_cast<int>(line * (2 + value_scale)) + 2 * pad + 8};
}

QSize KpiTile::minimumSizeHint() const { return {160, sizeHint().height()}; }

void KpiTile::paintEvent(QPaintEvent*) {
  const auto& t = theme();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(hasFocus() ? t.accent : t.border, hasFocus() ? 2 : 1));
  painter.setBrush(t.surface);
  painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 8, 8);

  const QRectF inner = QRectF(rect()).adjusted(pad, pad - 2, -pad, -pad + 2);
  QFont small = font();
  small.setPointSizeF(font().pointSizeF() * tile_scale);
  painter.setFont(small);
  const QFontMetricsF small_metrics(small);
  const QString word = stale_ ? tr("old") : level_word(figure_.level);
  const Level sign = stale_ ? Level::none : figure_.level;
  const double word_width = small_metrics.horizontalAdvance(word);
  painter.setPen(t.text);
  painter.drawText(QRectF(inner.right() - word_width, inner.top(), word_width + 1, small_metrics.height()), Qt::AlignVCenter, word);
  const double sign_size = small_metrics.height() * 0.86;
  const double sign_left = inner.right() - word_width - sign_size - 5;
  paint_level_sign(painter, QRectF(sign_left, inner.top() + (small_metrics.height() - sign_size) / 2, sign_size, sign_size), sign);
  const QRectF title_box(inner.left(), inner.top(), sign_left - gap - inner.left(), small_metrics.height());
  painter.setPen(t.muted);
  painter.drawText(title_box, Qt::AlignLeft | Qt::AlignVCenter, fitted(title_, small_metrics, title_box.width()));

  QFont large = font();
  large.setPointSizeF(font().pointSizeF() * value_scale);
  large.setWeight(QFont::DemiBold);
  const QFontMetricsF large_metrics(large);
  const QRectF value_box(inner.left(), inner.top() + small_metrics.height() + 3, inner.width(), large_metrics.height());
  painter.setFont(large);
  painter.setPen(stale_ ? t.muted : t.text);
  painter.drawText(value_box, Qt::AlignLeft | Qt::AlignVCenter, figure_.value);

  const double taken = large_metrics.horizontalAdvance(figure_.value) + 14;
  const double room = inner.width() - taken;
  if (room > 40 && figure_.trend.size() > 1) {
    const double width = std::min(room, 110.0);
    paint_sparkline(painter, QRectF(inner.right() - width, value_box.top() + 4, width, value_box.height() - 8), figure_.trend,
                    figure_.trend.size(), stale_ ? t.muted : t.series[0]);
  }
  painter.setFont(small);
  painter.setPen(t.muted);
  const QRectF detail_box(inner.left(), inner.bottom() - small_metrics.height(), inner.width(), small_metrics.height());
  painter.drawText(detail_box, Qt::AlignLeft | Qt::AlignVCenter,
                   small_metrics.elidedText(figure_.detail, Qt::ElideRight, inner.width()));
}

void KpiTile::keyPressEvent(QKeyEvent* event) {
  if (event->matches(QKeySequence::Copy)) {
    QGuiApplication::clipboard()->setText(figure_.full.isEmpty() ? figure_.value : figure_.full);
  } else if (event->key() == Qt::Key_F1) {
    QToolTip::showText(mapToGlobal(rect().bottomLeft()), toolTip(), this);
  } else {
    QWidget::keyPressEvent(event);
  }
}

void KpiTile::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) update();
  QWidget::changeEvent(event);
}

}  // namespace ackwire::dashboard
