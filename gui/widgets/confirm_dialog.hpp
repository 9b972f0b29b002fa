// SPDX-License-Identifier: GPL-3.0-only
// Asks before anything is changed: verb and object, on the button as well, and each letter that is meant.
#pragma once

#include <QDialog>
#include <utility>
#include <vector>

#include "bridge/snapshot.hpp"

class QLabel;
class QLineEdit;
class QPushButton;
class QTableWidget;

namespace ackwire::dashboard {

/// What is asked. `letters` are those that are meant, or the first of them when all are.
struct Question {
  ActionRequest request;
  std::vector<DeadRow> letters;
  std::vector<std::pair<QString, QString>> facts;  ///< more to know about the object
  Timestamp now{};                                 ///< of the broker: ages count back from it
};

/// Cancel is the default button and has the focus. Discarding everything also asks for the name of the queue.
class ConfirmDialog : public QDialog {
  Q_OBJECT

 public:
  explicit ConfirmDialog(const Question& question, QWidget* parent = nullptr);
  const ActionRequest& request() const { return request_; }
  /// A reason not to go on, shown and enforced while it lasts; empty: none.
  void set_blocked(const QString& why);
  /// What was asked about is not there any more: only Cancel is left. For good.
  void set_outdated(const QString& why);

 private:
  QTableWidget* make_letters(const Question& question);
  void update_enabled();

  ActionRequest request_;
  QPushButton* go_;
  QLabel* why_not_;
  QLineEdit* typed_ = nullptr;
  QString blocked_, outdated_;
};

/// "Redrive 3 dead letters", "Discard all 8,412 dead letters", "Pause queue orders".
QString action_title(const ActionRequest& request);

}  // namespace ackwire::dashboard
