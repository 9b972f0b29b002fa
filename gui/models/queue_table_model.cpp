// SPDX-License-Identifier: GPL-3.0-only
#include "models/queue_table_model.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "models/format.hpp"
#include "models/payload.hpp"

namespace ackwire::dashboard {
namespace {

constexpr std::size_t rate_samples = 6;  ///< rates are means over the last five seconds: one second alone jumps about
constexpr std::size_t name_characters = 128;

double per_second(std::uint64_t now, std::uint64_t before, Duration time) {
  if (time.count() <= 0 || now < before) return 0;
  return static_cast<double>(now - before) * 1e3 / static_cast<double>(time.count());
}

bool same(const Backlog& a, const Backlog& b) {
  return a.depth == b.depth && a.ready == b.ready && a.leased == b.leased && a.delayed == b.delayed && a.dead == b.dead &&
         a.consumers == b.consumers && a.oldest_age == b.oldest_age;
}

}  // namespace

/// Takes the figures of one queue; returns whether anything shown changed.
bool QueueTableModel::absorb(Row& row, const QueueInfo& info, Timestamp now) {
  const auto before = std::make_tuple(row.paused, row.in_per_second, row.out_per_second, row.redelivered, row.max_depth);
  const auto backlog_before = row.backlog;
  const bool trend_moved = row.trend.empty() || std::any_of(row.trend.begin(), row.trend.end(),
                                                            [&](double d) { return d != static_cast<double>(info.depth); });
  row.paused = info.policy.paused;
  row.max_depth = info.policy.max_depth;
  row.backlog = backlog(info);
  Totals all;
  for (const auto& group : info.groups) {
    all.acked += group.acked;
    all.delivered += group.delivered;
    all.redelivered += group.redelivered;
  }
  row.redelivered = redelivered_share(all);
  const Counters counters{now, info.published, all.acked};
  // Counters that went back belong to another queue of the same name, or to another broker.
  if (!row.counters.empty() && (counters.published < row.counters.back().published || now < row.counters.back().time))
    row.counters.clear();
  row.counters.push_back(counters);
  if (row.counters.size() > rate_samples) row.counters.pop_front();
  const auto& first = row.counters.front();
  row.in_per_second = per_second(counters.published, first.published, now - first.time);
  row.out_per_second = per_second(counters.acked, first.acked, now - first.time);
  row.trend.push_back(static_cast<double>(info.depth));
  if (row.trend.size() > trend_points) row.trend.pop_front();
  return trend_moved || !same(backlog_before, row.backlog) ||
         before != std::make_tuple(row.paused, row.in_per_second, row.out_per_second, row.redelivered, row.max_depth);
}

void QueueTableModel::remove_gone(const BrokerStats& stats) {
  std::unordered_set<std::string_view> present;
  for (const auto& info : stats.queues) present.insert(info.name);
  for (int row = static_cast<int>(rows_.size()) - 1; row >= 0; --row) {
    if (present.contains(rows_[static_cast<std::size_t>(row)].name)) continue;
    beginRemoveRows({}, row, row);
    rows_.erase(rows_.begin() + row);
    endRemoveRows();
  }
}

void QueueTableModel::update(const BrokerStats& stats) {
  remove_gone(stats);
  std::unordered_map<std::string_view, std::size_t> known;
  for (std::size_t i = 0; i < rows_.size(); ++i) known.emplace(rows_[i].name, i);
  std::vector<bool> changed(rows_.size(), false);
  std::vector<Row> fresh;
  for (const auto& info : stats.queues) {
    if (const auto found = known.find(info.name); found != known.end()) {
      changed[found->second] = absorb(rows_[found->second], info, stats.now);
    } else {
      Row row;
      row.name = info.name;
      row.label = escaped_line(info.name, name_characters);
      absorb(row, info, stats.now);
      fresh.push_back(std::move(row));
    }
  }
  for (std::size_t first = 0; first < changed.size(); ++first) {
    if (!changed[first]) continue;
    auto last = first;
    while (last + 1 < changed.size() && changed[last + 1]) ++last;
    emit dataChanged(index(static_cast<int>(first), 0), index(static_cast<int>(last), columns - 1));
    first = last;
  }
  if (fresh.empty()) return;
  const int at = static_cast<int>(rows_.size());
  beginInsertRows({}, at, at + static_cast<int>(fresh.size()) - 1);
  std::move(fresh.begin(), fresh.end(), std::back_inserter(rows_));
  endInsertRows();
}

int QueueTableModel::row_of(const QString& queue) const {
  const auto wanted = queue.toStdString();
  const auto at = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.name == wanted; });
  return at == rows_.end() ? -1 : static_cast<int>(at - rows_.begin());
}

QString QueueTableModel::queue_at(int row) const {
  if (row < 0 || row >= static_cast<int>(rows_.size())) return {};
  return QString::fromStdString(rows_[static_cast<std::size_t>(row)].name);
}

bool QueueTableModel::paused(const QString& queue) const {
  const int row = row_of(queue);
  return row >= 0 && rows_[static_cast<std::size_t>(row)].paused;
}

int QueueTableModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(rows_.size()); }
int QueueTableModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : columns; }

QString QueueTableModel::text(const Row& row, int column) const {
  switch (column) {
    case name: return row.label;
    case state: return row.paused ? tr("‖ paused") : row.backlog.consumers == 0 ? tr("○ no consumer") : tr("● running");
    case depth: return exact(row.backlog.depth);
    case ready: return exact(row.backlog.ready);
    case leased: return exact(row.backlog.leased);
    case delayed: return exact(row.backlog.delayed);
    case dead: return exact(row.backlog.dead);
    case oldest: return row.backlog.oldest_age.count() > 0 ? duration(row.backlog.oldest_age) : QStringLiteral("–");
    case in_rate: return rate(row.in_per_second);
    case out_rate: return rate(row.out_per_second);
    case redelivered: return percent(row.redelivered);
    case consumers: return exact(row.backlog.consumers);
    default: return {};
  }
}

QVariant QueueTableModel::sort_value(const Row& row, int column) const {
  switch (column) {
    case name: return row.label;
    case state: return text(row, state);
    case depth:
    case trend: return QVariant::fromValue<qulonglong>(row.backlog.depth);
    case ready: return QVariant::fromValue<qulonglong>(row.backlog.ready);
    case leased: return QVariant::fromValue<qulonglong>(row.backlog.leased);
    case delayed: return QVariant::fromValue<qulonglong>(row.backlog.delayed);
    case dead: return QVariant::fromValue<qulonglong>(row.backlog.dead);
    case oldest: return QVariant::fromValue<qlonglong>(row.backlog.oldest_age.count());
    case in_rate: return row.in_per_second;
    case out_rate: return row.out_per_second;
    case redelivered: return row.redelivered.value_or(-1);
    case consumers: return row.backlog.consumers;
    default: return {};
  }
}

QString QueueTableModel::sentence(const Row& row) const {
  return tr("Queue %1, %2, depth %3, dead letters %4, in %5, out %6, %7 consumers")
      .arg(row.label, text(row, state), text(row, depth), text(row, dead), text(row, in_rate), text(row, out_rate),
           text(row, consumers));
}

QVariant QueueTableModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= static_cast<int>(rows_.size())) return {};
  const auto& row = rows_[static_cast<std::size_t>(index.row())];
  switch (role) {
    case Qt::DisplayRole: return text(row, index.column());
    case Qt::TextAlignmentRole:
      return QVariant(index.column() == name || index.column() == state ? Qt::AlignLeft | Qt::AlignVCenter
                                                                        : Qt::AlignRight | Qt::AlignVCenter);
    case Qt::AccessibleTextRole: return index.column() == name ? sentence(row) : text(row, index.column());
    case sort_role: return sort_value(row, index.column());
    case queue_role: return QString::fromStdString(row.name);
    case trend_role: {
      QVariantList points;
      points.reserve(static_cast<qsizetype>(row.trend.size()));
      for (const double point : row.trend) points.append(point);
      return points;
    }
    default: return {};
  }
}

QVariant QueueTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= columns) return {};
  if (role == Qt::ToolTipRole) return tip(formula(section));
  if (role == Qt::TextAlignmentRole) {
    return QVariant(section == name || section == state ? Qt::AlignLeft | Qt::AlignVCenter : Qt::AlignRight | Qt::AlignVCenter);
  }
  if (role != Qt::DisplayRole) return {};
  static constexpr std::array<const char*, columns> titles{
      QT_TR_NOOP("Queue"),  QT_TR_NOOP("State"),    QT_TR_NOOP("Depth"), QT_TR_NOOP("Depth, 1 min"), QT_TR_NOOP("Ready"),
      QT_TR_NOOP("Leased"), QT_TR_NOOP("Delayed"),  QT_TR_NOOP("Dead"),  QT_TR_NOOP("Oldest"),       QT_TR_NOOP("In"),
      QT_TR_NOOP("Out"),    QT_TR_NOOP("Redeliv."), QT_TR_NOOP("Cons.")};
  return tr(titles[static_cast<std::size_t>(section)]);
}

QString QueueTableModel::formula(int column) {
  switch (column) {
    case name: return tr("The name of the queue.");
    case state: return tr("paused: publishes are taken, nothing is handed out. no consumer: nobody is subscribed.");
    case depth: return tr("Messages that are not settled by every group.");
    case trend: return tr("Depth over the last minute of this window, drawn from 0 to its maximum.");
    case ready: return tr("Messages that wait to be handed out, summed over groups.");
    case leased: return tr("Messages handed out and not settled yet, summed over groups.");
    case delayed: return tr("Messages with a time before which they are not handed out: delays and retries in backoff.");
    case dead: return tr("Dead letters that wait for a person.");
    case oldest: return tr("Age of the oldest message that is neither final nor dead.");
    case in_rate: return tr("Messages stored per second, mean of the last 5 s.");
    case out_rate: return tr("Messages acknowledged per second, summed over groups, mean of the last 5 s.");
    case redelivered: return tr("Hand-overs after the first / all hand-overs, since the groups were made.");
    case consumers: return tr("Consumers subscribed now.");
    default: return {};
  }
}

}  // namespace ackwire::dashboard
