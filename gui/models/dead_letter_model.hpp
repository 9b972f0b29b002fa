// SPDX-License-Identifier: GPL-3.0-only
// The dead letters of one group: a table of up to millions of rows of which only the pages looked at are in memory.
#pragma once

#include <QAbstractTableModel>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bridge/snapshot.hpp"
#include "text/format.hpp"

namespace ackwire::dashboard {

/// What a snapshot says of the group.
struct DeadTally {
  std::uint64_t dead = 0;          ///< letters now
  std::uint64_t died = 0;          ///< since the group was made
  std::uint64_t end_sequence = 0;  ///< above every sequence of the queue
};

/// rowCount() is the broker's total, known at once. Pages of 256 rows come when a view asks for one of their cells; the 64 used
/// last are kept. Rows never move under the mouse: what dies meanwhile is only counted (arrived()) until refresh().
class DeadLetterModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { sequence, reason, detail, key, attempts, redrives, dead_time, size, columns };
  enum Role { sequence_role = Qt::UserRole };

  static constexpr std::size_t pages_kept = 64;
  static constexpr std::size_t pages_under_way = 4;
  static constexpr std::uint64_t rows_max = 1'000'000'000;  ///< what an item view can scroll

  explicit DeadLetterModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}

  /// Shows another group, or another queue of the same name.
  void set_target(const QString& queue, const QString& group, const DeadTally& tally);
  /// The broker's present figures. Only an empty table grows by itself.
  void note(const DeadTally& tally);
  /// Reads everything again. Rows that are shown stay until their successors arrive.
  void refresh();
  void accept(const DeadPageReply& reply);
  void set_zone(Zone zone);

  const QString& queue() const { return queue_; }
  const QString& group() const { return group_; }
  std::uint64_t total() const { return total_; }
  /// Letters in the group now; total() are those in the table.
  std::uint64_t present() const { return noted_; }
  /// Since the table was read: letters that came, and letters that are no longer there.
  std::uint64_t arrived() const;
  std::uint64_t left() const;
  /// The letter in a row, when its page is here.
  std::optional<std::uint64_t> sequence_at(int row) const;
  const DeadRow* row_at(int row) const;
  std::size_t pages_in_memory() const { return pages_.size(); }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 signals:
  void page_wanted(const ackwire::dashboard::DeadPageRequest& request);
  /// A far page is on its way: `rows` of `total` passed.
  void seeking(quint64 rows, quint64 total);
  void total_changed();
  void failed(const QString& why);

 private:
  struct Page {
    std::vector<DeadRow> rows;
    bool stale = false;
    std::list<std::uint64_t>::iterator use;
  };

  const Page* page_of(int row) const;
  void want(std::uint64_t page) const;
  void send_wanted();
  void resize(std::uint64_t total);
  void keep(std::uint64_t page, std::vector<DeadRow> rows);
  QString text(const DeadRow& row, int column) const;

  QString queue_, group_;
  std::uint64_t total_ = 0, noted_ = 0, died_ = 0, died_read_ = 0, end_sequence_ = 0, generation_ = 0;
  Zone zone_ = Zone::utc;
  mutable std::unordered_map<std::uint64_t, Page> pages_;
  mutable std::list<std::uint64_t> recent_;    ///< newest use first
  mutable std::vector<std::uint64_t> wanted_;  ///< newest last
  mutable bool send_posted_ = false;
  std::vector<std::uint64_t> under_way_;
};

}  // namespace ackwire::dashboard
