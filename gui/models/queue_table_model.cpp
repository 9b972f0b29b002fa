// SPDX-License-Identifier: GPL-3.0-only
#include "models/queue_table_model.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "text/format.hpp"
#include "text/payload.hpp"

namespace ackwire::dashboard {
namespace {

constexpr std::size_t rate_samples = 6;  ///< rates are means over the last five seconds: one second alone jumps about
constexpr std::size_t name_characters = 128;
constexpr Duration refusing_for{60'000};
constexpr Duration longest_step{5'000};  ///< between two snapshots of one rate; after a longer silence it begins anew

double per_second(std::uint64_t now, std::uint64_t before, Duration time) {
  if (time.count() <= 0 || now < before) return 0;
  return static_cast<double>(now - before) * 1e3 / static_cast<double>(time.count());
}

/// What a cell may show of it.
auto shown(const GroupInfo& g) { return std::make_tuple(g.ready, g.leased, g.delayed, g.dead, g.consumers, g.oldest_age); }

QString label_of(const std::string& queue, const std::string& group) {
  return escaped_line(queue, name_characters) + QStringLiteral(" / ") +
         (group.empty() ? QStringLiteral("–") : escaped_line(group, name_characters));
}

}  // namespace

/// Takes the figures of one group (null: the queue has none); returns whether anything shown changed.
bool QueueTableModel::absorb(Row& row, const QueueInfo& info, const GroupInfo* group, bool refusing, Timestamp now) {
  const auto face = [&] {
    return std::make_tuple(row.paused, row.gone, row.state.word, row.state.sentence, shown(row.figures), row.in_per_second,
                           row.out_per_second, row.redelivered);
  };
  const auto before = face();
  row.gone = false;
  row.paused = info.policy.paused;
  row.state = group_state(info, group, refusing);
  row.figures = group ? *group : GroupInfo{};
  row.depth = row.figures.ready + row.figures.leased + row.figures.delayed;
  const bool trend_moved = row.trend.empty() || std::any_of(row.trend.begin(), row.trend.end(),
                                                            [&](double d) { return d != static_cast<double>(row.depth); });
  Totals all;
  all.delivered = row.figures.delivered;
  all.redelivered = row.figures.redelivered;
  row.redelivered = redelivered_share(all);
  const Counters counters{now, row.figures.published, row.figures.acked};
  // Counters that went back belong to another group of the same name, or to another broker.
  if (!row.counters.empty() && (counters.published < row.counters.back().published || now < row.counters.back().time ||
                                now - row.counters.back().time > longest_step)) {
    row.counters.clear();
    row.in_per_second.reset();
    row.out_per_second.reset();
  }
  row.counters.push_back(counters);
  if (row.counters.size() > rate_samples) row.counters.pop_front();
  if (const auto& first = row.counters.front(); row.counters.size() > 1) {
    row.in_per_second = per_second(counters.published, first.published, now - first.time);
    row.out_per_second = per_second(counters.acked, first.acked, now - first.time);
  }
  row.trend.push_back(static_cast<double>(row.depth));
  if (row.trend.size() > trend_points) row.trend.pop_front();
  return trend_moved || before != face();
}

void QueueTableModel::note_refusals(const BrokerStats& stats) {
  now_ = stats.now;
  std::map<std::string, Refusals> present;
  for (const auto& info : stats.queues) {
    const auto known = refusals_.find(info.name);
    Refusals of{info.refused, {}};
    if (known != refusals_.end()) {
      // The counter begins at 0 with the broker.
      const auto before = stats.boot_epoch == boot_epoch_ ? known->second.counted : 0;
      of.last = info.refused > before ? stats.now : known->second.last;
    }
    present.emplace(info.name, of);
  }
  boot_epoch_ = stats.boot_epoch;
  refusals_ = std::move(present);
}

bool QueueTableModel::is_refusing(const std::string& queue) const {
  const auto known = refusals_.find(queue);
  return known != refusals_.end() && known->second.last != Timestamp{} && now_ - known->second.last < refusing_for;
}

std::vector<std::string> QueueTableModel::refusing() const {
  std::vector<std::string> names;
  for (const auto& [queue, of] : refusals_) {
    if (is_refusing(queue)) names.push_back(queue);
  }
  return names;
}

void QueueTableModel::announce(const std::vector<bool>& changed) {
  for (std::size_t first = 0; first < changed.size(); ++first) {
    if (!changed[first]) continue;
    auto last = first;
    while (last + 1 < changed.size() && changed[last + 1]) ++last;
    emit dataChanged(index(static_cast<int>(first), 0), index(static_cast<int>(last), columns - 1));
    first = last;
  }
}

void QueueTableModel::update(const BrokerStats& stats) {
  note_refusals(stats);
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> known;
  for (std::size_t i = 0; i < rows_.size(); ++i)
    known.emplace(std::pair<std::string_view, std::string_view>(rows_[i].queue, rows_[i].group), i);
  std::vector<bool> changed(rows_.size(), false), present(rows_.size(), false);
  std::vector<Row> fresh;
  const auto take = [&](const QueueInfo& info, const GroupInfo* group) {
    const std::string group_name = group ? group->name : std::string();
    if (const auto found = known.find({info.name, group_name}); found != known.end()) {
      present[found->second] = true;
      changed[found->second] = absorb(rows_[found->second], info, group, is_refusing(info.name), stats.now);
      return;
    }
    Row row;
    row.queue = info.name;
    row.group = group_name;
    row.label = label_of(row.queue, row.group);
    absorb(row, info, group, is_refusing(info.name), stats.now);
    fresh.push_back(std::move(row));
  };
  for (const auto& info : stats.queues) {
    for (const auto& group : info.groups) take(info, &group);
    if (info.groups.empty()) take(info, nullptr);
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (!present[i] && !std::exchange(rows_[i].gone, true)) changed[i] = true;
  }
  announce(changed);
  if (fresh.empty()) return;
  const int at = static_cast<int>(rows_.size());
  beginInsertRows({}, at, at + static_cast<int>(fresh.size()) - 1);
  std::move(fresh.begin(), fresh.end(), std::back_inserter(rows_));
  endInsertRows();
}

void QueueTableModel::drop_gone() {
  for (int row = static_cast<int>(rows_.size()) - 1; row >= 0; --row) {
    if (!rows_[static_cast<std::size_t>(row)].gone) continue;
    beginRemoveRows({}, row, row);
    rows_.erase(rows_.begin() + row);
    endRemoveRows();
  }
}

void QueueTableModel::clear() {
  for (auto& row : rows_) row.gone = true;
  drop_gone();
  refusals_.clear();
}

void QueueTableModel::set_stale(bool stale) {
  if (std::exchange(stale_, stale) == stale || rows_.empty()) return;
  emit dataChanged(index(0, 0), index(static_cast<int>(rows_.size()) - 1, columns - 1));
}

int QueueTableModel::row_of(const QString& queue) const {
  const auto wanted = queue.toStdString();
  const auto at = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.queue == wanted && !row.gone; });
  return at == rows_.end() ? -1 : static_cast<int>(at - rows_.begin());
}

int QueueTableModel::row_of(const QString& queue, const QString& group) const {
  const auto wanted = queue.toStdString(), of_group = group.toStdString();
  const auto at = std::find_if(rows_.begin(), rows_.end(),
                               [&](const Row& row) { return row.queue == wanted && row.group == of_group && !row.gone; });
  return at == rows_.end() ? -1 : static_cast<int>(at - rows_.begin());
}

QString QueueTableModel::queue_at(int row) const {
  if (row < 0 || row >= static_cast<int>(rows_.size())) return {};
  return QString::fromStdString(rows_[static_cast<std::size_t>(row)].queue);
}

bool QueueTableModel::paused(const QString& queue) const {
  const int row = row_of(queue);
  return row >= 0 && rows_[static_cast<std::size_t>(row)].paused;
}

int QueueTableModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(rows_.size()); }
int QueueTableModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : columns; }

QString QueueTableModel::text(const Row& row, int column) const {
  const auto rate_of = [](const std::optional<double>& value) { return value ? rate(*value) : QStringLiteral("–"); };
  if (row.gone && column != name) return column == state ? tr("– removed") : QStringLiteral("–");
  switch (column) {
    case name: return row.label;
    case state: return stale_ ? tr("◌ old: %1").arg(row.state.word.mid(2)) : row.state.word;
    case depth: return exact(row.depth);
    case ready: return exact(row.figures.ready);
    case leased: return exact(row.figures.leased);
    case delayed: return exact(row.figures.delayed);
    case dead: return exact(row.figures.dead);
    case oldest: return row.figures.oldest_age.count() > 0 ? duration(row.figures.oldest_age) : QStringLiteral("–");
    case in_rate: return rate_of(row.in_per_second);
    case out_rate: return rate_of(row.out_per_second);
    case redelivered: return percent(row.redelivered);
    case consumers: return exact(row.figures.consumers);
    default: return {};
  }
}

QVariant QueueTableModel::sort_value(const Row& row, int column) const {
  switch (column) {
    case name: return row.label;
    case state: return text(row, state);
    case depth:
    case trend: return QVariant::fromValue<qulonglong>(row.depth);
    case ready: return QVariant::fromValue<qulonglong>(row.figures.ready);
    case leased: return QVariant::fromValue<qulonglong>(row.figures.leased);
    case delayed: return QVariant::fromValue<qulonglong>(row.figures.delayed);
    case dead: return QVariant::fromValue<qulonglong>(row.figures.dead);
    case oldest: return QVariant::fromValue<qlonglong>(row.figures.oldest_age.count());
    case in_rate: return row.in_per_second.value_or(-1);
    case out_rate: return row.out_per_second.value_or(-1);
    case redelivered: return row.redelivered.value_or(-1);
    case consumers: return row.figures.consumers;
    default: return {};
  }
}

QString QueueTableModel::sentence(const Row& row) const {
  return tr("Group %1, %2, depth %3, dead letters %4, in %5, out %6, %7 consumers")
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
    case queue_role: return QString::fromStdString(row.queue);
    case group_role: return QString::fromStdString(row.group);
    case Qt::ToolTipRole:
      return index.column() == state && !row.gone
                 ? QVariant(
                       tip(stale_ ? tr("From before the connection was lost. %1").arg(row.state.sentence) : row.state.sentence))
                 : QVariant{};
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
      QT_TR_NOOP("Queue / group"), QT_TR_NOOP("State"),    QT_TR_NOOP("Depth"), QT_TR_NOOP("Depth, 1 min"), QT_TR_NOOP("Ready"),
      QT_TR_NOOP("Leased"),        QT_TR_NOOP("Delayed"),  QT_TR_NOOP("Dead"),  QT_TR_NOOP("Oldest"),       QT_TR_NOOP("In"),
      QT_TR_NOOP("Out"),           QT_TR_NOOP("Redeliv."), QT_TR_NOOP("Cons.")};
  return tr(titles[static_cast<std::size_t>(section)]);
}

QString QueueTableModel::formula(int column) {
  switch (column) {
    case name: return tr("The queue and one of its groups: every group gets every message.");
    case state:
      return tr(
          "full: publishes are refused. refusing: some were within the last minute. no consumer: nobody is subscribed to the "
          "group. paused: publishes are taken, nothing is handed out.");
    case depth: return tr("Messages that are not settled by this group.");
    case trend: return tr("Depth over the last minute of this window, drawn from 0 to its maximum.");
    case ready: return tr("Messages that wait to be handed out.");
    case leased: return tr("Messages handed out and not settled yet.");
    case delayed: return tr("Messages with a time before which they are not handed out: delays and retries in backoff.");
    case dead: return tr("Dead letters of this group that wait for a person.");
    case oldest: return tr("Age of the oldest message that is neither final nor dead.");
    case in_rate: return tr("Messages stored per second, mean of the last 5 s.");
    case out_rate: return tr("Messages acknowledged per second, mean of the last 5 s.");
    case redelivered:
      return tr("Hand-overs of messages whose processing had begun before / all hand-overs, since the group was made.");
    case consumers: return tr("Consumers subscribed to the group now.");
    default: return {};
  }
}

}  // namespace ackwire::dashboard
