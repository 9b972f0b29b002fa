// SPDX-License-Identifier: GPL-3.0-only
// Asks before anything is moved or deleted: verb, queue, group and the exact count, on the button as well.
#pragma once

#include <QDialog>

#include "bridge/snapshot.hpp"

class QLabel;
class QLineEdit;
class QPushButton;

namespace ackwire::dashboard {

/// Cancel is the default button and has the focus. Discarding everything also asks for the name of the queue.
class ConfirmDialog : public QDialog {
  Q_OBJECT

 public:
  explicit ConfirmDialog(const ActionRequest& request, QWidget* parent = nullptr);
  const ActionRequest& request() const { return request_; }
  /// A reason not to go on, shown and enforced while it lasts; empty: none.
  void set_blocked(const QString& why);

 private:
  void update_enabled();

  ActionRequest request_;
  QPushButton* go_;
  QLabel* why_not_;
  QLineEdit* typed_ = nullptr;
  QString blocked_;
};

/// "Redrive 3 dead letters", "Discard all 8,412 dead letters".
QString action_title(const ActionRequest& request);

}  // namespace ackwire::dashboard
