// SPDX-License-Identifier: GPL-3.0-only
// The queues of the broker, one row each. A row is its queue's name: refreshes never reset the model, so selection and scroll stay.
#pragma once

#include <ackwire/stats.hpp>

#include <QAbstractTableModel>
#include <array>
#include <deque>
#include <vector>

#include "models/metrics.hpp"

namespace ackwire::dashboard {

class QueueTableModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column {
    name,
    state,
    depth,
    trend,
    ready,
    leased,
    delayed,
    dead,
    oldest,
    in_rate,
    out_rate,
    redelivered,
    consumers,
    columns
  };
  enum Role {
    sort_role = Qt::UserRole,  ///< a number or a string to sort by
    trend_role,                ///< QVariantList of depths, oldest first
    queue_role,                ///< the name as it is
  };

  explicit QueueTableModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}

  /// Takes the queues of a snapshot: rows that changed are announced as ranges, new ones are added, gone ones removed.
  void update(const BrokerStats& stats);
  /// -1 when there is no such queue.
  int row_of(const QString& queue) const;
  QString queue_at(int row) const;
  bool paused(const QString& queue) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  /// The formula of a column, for its tooltip.
  static QString formula(int column);

  static constexpr std::size_t trend_points = 60;

 private:
  struct Counters {
    Timestamp time{};
    std::uint64_t published = 0, acked = 0;
  };
  struct Row {
    std::string name;
    QString label;
    bool paused = false;
    Backlog backlog;
    std::uint64_t max_depth = 0;
    double in_per_second = 0, out_per_second = 0;
    std::optional<double> redelivered;
    std::deque<Counters> counters;  ///< the last rate_samples snapshots
    std::deque<double> trend;       ///< depths, one a snapshot
  };

  static bool absorb(Row& row, const QueueInfo& info, Timestamp now);
  void remove_gone(const BrokerStats& stats);
  QString text(const Row& row, int column) const;
  QVariant sort_value(const Row& row, int column) const;
  QString sentence(const Row& row) const;

  std::vector<Row> rows_;
};

}  // namespace ackwire::dashboard
