// SPDX-License-Identifier: GPL-3.0-only
// A whole page for when there is nothing to show yet: connecting, refused, first run.
#pragma once

#include <QWidget>

#include "text/metrics.hpp"

class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;

namespace ackwire::dashboard {

class NoticePage : public QWidget {
  Q_OBJECT

 public:
  explicit NoticePage(QWidget* parent = nullptr);
  /// `commands`: lines to copy into a terminal, may be empty. `endpoint`: offered for connecting elsewhere; empty: not offered.
  void say(Level level, const QString& title, const QString& text, const QString& commands, const QString& endpoint);
  QString title() const;

 signals:
  void connect_wanted(const QString& endpoint);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QLabel *title_, *text_;
  QPlainTextEdit* commands_;
  QWidget* elsewhere_;
  QLineEdit* endpoint_;
  QPushButton* connect_;
  Level level_ = Level::none;
};

}  // namespace ackwire::dashboard
