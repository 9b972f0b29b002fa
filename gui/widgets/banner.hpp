// SPDX-License-Identifier: GPL-3.0-only
// A strip across the window that says what is wrong and what follows from it.
#pragma once

#include <QWidget>

#include "models/metrics.hpp"

class QLabel;
class QPushButton;

namespace ackwire::dashboard {

class Banner : public QWidget {
  Q_OBJECT

 public:
  explicit Banner(QWidget* parent = nullptr);
  /// Plain text, whatever it contains. `action` empty: no button.
  void say(Level level, const QString& text, const QString& action = {});
  QString text() const;

 signals:
  void action_clicked();

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QLabel* text_;
  QPushButton* action_;
  Level level_ = Level::none;
};

}  // namespace ackwire::dashboard
