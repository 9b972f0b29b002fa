// SPDX-License-Identifier: GPL-3.0-only
// A toggle whose state is seen in light and dark: filled when on, outlined when off.
#pragma once

#include <QToolButton>

namespace ackwire::dashboard {

class PillButton : public QToolButton {
  Q_OBJECT

 public:
  explicit PillButton(QWidget* parent = nullptr);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
};

}  // namespace ackwire::dashboard
