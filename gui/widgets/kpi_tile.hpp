// SPDX-License-Identifier: GPL-3.0-only
// One figure, large: title, value, level sign with its word, a line of detail, a sparkline.
#pragma once

#include <QWidget>
#include <vector>

#include "text/metrics.hpp"

namespace ackwire::dashboard {

struct KpiFigure {
  QString value;   ///< "99.993 %"
  QString detail;  ///< one short line
  QString full;    ///< what Ctrl+C copies: every digit
  Level level = Level::none;
  std::vector<double> trend;
};

/// Focusable by Tab; Ctrl+C copies the figure, F1 and the tooltip say the formula.
class KpiTile : public QWidget {
  Q_OBJECT

 public:
  KpiTile(const QString& title, const QString& formula, QWidget* parent = nullptr);
  void set_figure(KpiFigure figure);
  /// Grey: the figure is old.
  void set_stale(bool stale);
  const KpiFigure& figure() const { return figure_; }

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  QString title_, formula_;
  KpiFigure figure_;
  bool stale_ = false;
};

}  // namespace ackwire::dashboard
