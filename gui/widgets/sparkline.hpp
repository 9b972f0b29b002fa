// SPDX-License-Identifier: GPL-3.0-only
// A line the size of a word, painted without a chart.
#pragma once

#include <QColor>
#include <QStyledItemDelegate>
#include <span>

class QPainter;
class QRectF;

namespace ackwire::dashboard {

/// From 0 to the greatest value, left to right; `places` is how many points fill the width.
void paint_sparkline(QPainter& painter, const QRectF& where, std::span<const double> values, std::size_t places,
                     const QColor& color);

/// Paints the cell's QueueTableModel::trend_role.
class SparklineDelegate : public QStyledItemDelegate {
  Q_OBJECT

 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace ackwire::dashboard
