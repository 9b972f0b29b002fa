// SPDX-License-Identifier: GPL-3.0-only
// A strip across the window that says what is wrong and what follows from it, or what was looked at when nothing is. It is always
// there and always of the same height, so that nothing below it ever moves.
#pragma once

#include <QWidget>

#include "text/metrics.hpp"

class QLabel;
class QPushButton;

namespace ackwire::dashboard {

class Banner : public QWidget {
  Q_OBJECT

 public:
  explicit Banner(QWidget* parent = nullptr);
  /// Plain text, whatever it contains. `action` empty: no button.
  void say(Level level, const QString& text, const QString& action = {});
  const QString& text() const { return full_; }
  Level level() const { return level_; }

 signals:
  void action_clicked();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void fit();

  QLabel* text_;
  QString full_;
  QPushButton* action_;
  Level level_ = Level::none;
};

}  // namespace ackwire::dashboard
