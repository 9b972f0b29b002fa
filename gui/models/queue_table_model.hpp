// SPDX-License-Identifier: GPL-3.0-only
// The groups of every queue of the broker, one row each. A row is its queue's and its group's name: refreshes never reset the
// model, so selection and scroll stay.
#pragma once

#include <ackwire/stats.hpp>

#include <QAbstractTableModel>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "text/findings.hpp"
#include "text/metrics.hpp"

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
    group_role,                ///< the same of the group; empty: the queue has none
  };

  explicit QueueTableModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}

  /// Takes the queues of a snapshot: rows that changed are announced as ranges, new ones are added at the end. Rows whose group is
  /// gone stay, and say so, until drop_gone(): nothing moves while somebody points at it.
  void update(const BrokerStats& stats);
  void drop_gone();
  /// Forgets everything: another broker.
  void clear();
  /// Old figures say that they are old.
  void set_stale(bool stale);
  /// The first row of the queue; -1 when there is no such queue.
  int row_of(const QString& queue) const;
  int row_of(const QString& queue, const QString& group) const;
  QString queue_at(int row) const;
  bool paused(const QString& queue) const;
  /// Queues that refused publishes within the last minute.
  std::vector<std::string> refusing() const;

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
    std::string queue, group;
    QString label;
    bool paused = false, gone = false;
    GroupState state;
    GroupInfo figures;
    std::uint64_t depth = 0;
    std::optional<double> in_per_second, out_per_second;  ///< none until there are two snapshots
    std::optional<double> redelivered;
    std::deque<Counters> counters;  ///< the last rate_samples snapshots
    std::deque<double> trend;       ///< depths, one a snapshot
  };
  /// When a queue was last seen to have refused more than before.
  struct Refusals {
    std::uint64_t counted = 0;
    Timestamp last{};
  };

  static bool absorb(Row& row, const QueueInfo& info, const GroupInfo* group, bool refusing, Timestamp now);
  void note_refusals(const BrokerStats& stats);
  bool is_refusing(const std::string& queue) const;
  void announce(const std::vector<bool>& changed);
  QString text(const Row& row, int column) const;
  QVariant sort_value(const Row& row, int column) const;
  QString sentence(const Row& row) const;

  std::vector<Row> rows_;
  std::map<std::string, Refusals> refusals_;
  Timestamp now_{};
  std::uint64_t boot_epoch_ = 0;
  bool stale_ = false;
};

}  // namespace ackwire::dashboard
