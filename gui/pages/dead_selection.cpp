// SPDX-License-Identifier: GPL-3.0-only
#include "pages/dead_selection.hpp"

#include <QItemSelectionModel>
#include <QKeyEvent>
#include <utility>

#include "models/dead_letter_model.hpp"

namespace ackwire::dashboard {

QItemSelectionModel::SelectionFlags LetterTable::selectionCommand(const QModelIndex& index, const QEvent* event) const {
  if (event && event->type() == QEvent::KeyPress) {
    const auto* key = static_cast<const QKeyEvent*>(event);
    const bool to_an_end = key->key() == Qt::Key_Home || key->key() == Qt::Key_End;
    if (to_an_end && !(key->modifiers() & Qt::ShiftModifier))
      return QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows;
  }
  return QTableView::selectionCommand(index, event);
}

DeadSelection::DeadSelection(QTableView* table, DeadLetterModel* model) : QObject(table), table_(table), model_(model) {
  const auto* selection = table->selectionModel();
  connect(selection, &QItemSelectionModel::selectionChanged, this, &DeadSelection::look);
  connect(selection, &QItemSelectionModel::currentRowChanged, this, &DeadSelection::look);
  connect(model, &QAbstractItemModel::dataChanged, this, &DeadSelection::look);
  connect(model, &QAbstractItemModel::rowsRemoved, this, &DeadSelection::look);
  connect(model, &QAbstractItemModel::modelReset, this, [this] {
    letters_.clear();
    look();
  });
}

bool DeadSelection::too_many() const {
  std::size_t rows = 0;
  for (const auto& range : table_->selectionModel()->selection()) rows += static_cast<std::size_t>(range.height());
  return rows > letters_max;
}

void DeadSelection::look() {
  if (std::exchange(looking_, true)) return;
  auto* selection = table_->selectionModel();
  empty_ = selection->selection().isEmpty();
  std::map<int, DeadRow> seen;
  QItemSelection others;  // rows that hold another letter now
  whole_ = !too_many();
  if (whole_) {
    for (const auto& range : selection->selection()) {
      for (int row = range.top(); row <= range.bottom(); ++row) {
        const auto* now = model_->row_at(row);
        const auto known = letters_.find(row);
        if (known != letters_.end() && now && !known->second.same_letter(*now)) {
          others.select(model_->index(row, 0), model_->index(row, DeadLetterModel::columns - 1));
        } else if (known != letters_.end()) {
          seen.insert(*known);
        } else if (now) {
          seen.emplace(row, *now);
        } else {
          whole_ = false;
        }
      }
    }
  }
  letters_ = std::move(seen);
  if (!others.isEmpty()) {
    selection->select(others, QItemSelectionModel::Deselect);
    empty_ = selection->selection().isEmpty();
  }
  looking_ = false;
  emit changed();
}

std::vector<DeadRow> DeadSelection::letters() const {
  std::vector<DeadRow> letters;
  letters.reserve(letters_.size());
  for (const auto& [row, letter] : letters_) letters.push_back(letter);
  return letters;
}

std::optional<DeadRow> DeadSelection::shown() const {
  const auto current = table_->currentIndex();
  if (current.isValid() && table_->selectionModel()->isSelected(current)) {
    if (const auto known = letters_.find(current.row()); known != letters_.end()) return known->second;
    if (const auto* row = model_->row_at(current.row())) return *row;  // of more than letters_max
    return std::nullopt;
  }
  if (letters_.empty()) return std::nullopt;
  return letters_.begin()->second;
}

}  // namespace ackwire::dashboard
