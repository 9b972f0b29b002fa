// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/sparkline.hpp"

#include <QApplication>
#include <QPainter>
#include <QPolygonF>
#include <algorithm>
#include <vector>

#include "models/queue_table_model.hpp"
#include "theme.hpp"

namespace ackwire::dashboard {

void paint_sparkline(QPainter& painter, const QRectF& where, std::span<const double> values, std::size_t places,
                     const QColor& color) {
  if (values.size() < 2 || places < 2) return;
  const double top = std::max(*std::max_element(values.begin(), values.end()), 1.0);
  const double step = where.width() / static_cast<double>(places - 1);
  const double left = where.right() - step * static_cast<double>(values.size() - 1);
  QPolygonF line;
  line.reserve(static_cast<qsizetype>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    line << QPointF(left + step * static_cast<double>(i), where.bottom() - values[i] / top * where.height());
  }
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  QPolygonF area = line;
  area << QPointF(line.back().x(), where.bottom()) << QPointF(line.front().x(), where.bottom());
  QColor fill = color;
  fill.setAlphaF(0.16F);
  painter.setPen(Qt::NoPen);
  painter.setBrush(fill);
  painter.drawPolygon(area);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(color, 1.4));
  painter.drawPolyline(line);
  painter.restore();
}

void SparklineDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QStyleOptionViewItem plain = option;
  initStyleOption(&plain, index);
  plain.text.clear();
  const auto* style = plain.widget ? plain.widget->style() : QApplication::style();
  style->drawControl(QStyle::CE_ItemViewItem, &plain, painter, plain.widget);
  std::vector<double> values;
  for (const auto& point : index.data(QueueTableModel::trend_role).toList()) values.push_back(point.toDouble());
  const bool selected = option.state & QStyle::State_Selected;
  paint_sparkline(*painter, QRectF(option.rect).adjusted(8, 5, -8, -5), values, QueueTableModel::trend_points,
                  selected ? theme().on_accent : theme().series[0]);
}

}  // namespace ackwire::dashboard
