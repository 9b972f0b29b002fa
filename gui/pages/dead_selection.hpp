// SPDX-License-Identifier: GPL-3.0-only
// The selected dead letters, by what they are and not by where they stand: a row that turns out to hold another letter is not
// selected any more. What is shown is always one of them.
#pragma once

#include <QObject>
#include <QTableView>
#include <map>
#include <optional>
#include <vector>

#include "bridge/snapshot.hpp"

namespace ackwire::dashboard {

class DeadLetterModel;

/// Ctrl+Home and Ctrl+End select the row they go to, as Home and End do elsewhere: they would leave the selection behind, out of
/// sight.
class LetterTable : public QTableView {
  Q_OBJECT

 public:
  using QTableView::QTableView;

 protected:
  QItemSelectionModel::SelectionFlags selectionCommand(const QModelIndex& index, const QEvent* event) const override;
};

class DeadSelection : public QObject {
  Q_OBJECT

 public:
  static constexpr std::size_t letters_max = 1'000;

  /// `model` is the model of `table`.
  DeadSelection(QTableView* table, DeadLetterModel* model);

  /// In the order of the rows, each as it was when it was first seen selected.
  std::vector<DeadRow> letters() const;
  /// Every selected row is in letters(); false when there are too many, or when some are not read yet.
  bool whole() const { return whole_; }
  /// The letter to look at: the current one when it is selected, otherwise the first selected.
  std::optional<DeadRow> shown() const;
  bool empty() const { return empty_; }

 signals:
  void changed();

 private:
  void look();
  bool too_many() const;

  QTableView* table_;
  DeadLetterModel* model_;
  std::map<int, DeadRow> letters_;  ///< row -> the letter that was selected there
  bool whole_ = true, empty_ = true, looking_ = false;
};

}  // namespace ackwire::dashboard
