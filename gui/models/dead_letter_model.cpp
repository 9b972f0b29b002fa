// SPDX-License-Identifier: GPL-3.0-only
#include "models/dead_letter_model.hpp"

#include <algorithm>
#include <utility>

#include "text/payload.hpp"

namespace ackwire::dashboard {
namespace {

constexpr std::size_t cell_characters = 160;
constexpr std::size_t wanted_max = 16;

}  // namespace

void DeadLetterModel::set_target(const QString& queue, const QString& group, const DeadTally& tally) {
  beginResetModel();
  queue_ = queue;
  group_ = group;
  total_ = noted_ = std::min(tally.dead, rows_max);
  died_ = died_read_ = tally.died;
  end_sequence_ = tally.end_sequence;
  ++generation_;
  pages_.clear();
  recent_.clear();
  wanted_.clear();
  under_way_.clear();
  endResetModel();
  emit total_changed();
}

void DeadLetterModel::note(const DeadTally& tally) {
  noted_ = std::min(tally.dead, rows_max);
  died_ = std::max(tally.died, died_);
  end_sequence_ = std::max(tally.end_sequence, end_sequence_);
  if (total_ == 0 && noted_ > 0) return refresh();
  emit total_changed();
}

std::uint64_t DeadLetterModel::arrived() const {
  const auto more = noted_ > total_ ? noted_ - total_ : 0;
  return std::max(died_ - died_read_, more);
}

std::uint64_t DeadLetterModel::left() const {
  const auto were = total_ + arrived();
  return were > noted_ ? were - noted_ : 0;
}

void DeadLetterModel::refresh() {
  ++generation_;
  died_read_ = died_;
  under_way_.clear();
  wanted_.clear();
  for (auto& [number, page] : pages_) page.stale = true;
  resize(noted_);
  // Views ask again for the rows they show.
  if (total_ > 0) emit dataChanged(index(0, 0), index(static_cast<int>(total_) - 1, columns - 1));
  emit total_changed();
}

void DeadLetterModel::resize(std::uint64_t total) {
  if (total > total_) {
    beginInsertRows({}, static_cast<int>(total_), static_cast<int>(total) - 1);
    total_ = total;
    endInsertRows();
  } else if (total < total_) {
    beginRemoveRows({}, static_cast<int>(total), static_cast<int>(total_) - 1);
    total_ = total;
    endRemoveRows();
  }
}

void DeadLetterModel::accept(const DeadPageReply& reply) {
  if (reply.generation != generation_) return;
  if (!reply.complete && reply.error.isEmpty()) {
    emit seeking(reply.reached, total_);
    return;
  }
  std::erase(under_way_, reply.page);
  if (reply.complete) {
    noted_ = std::min(reply.total, rows_max);
    keep(reply.page, reply.rows);
    const auto first = reply.page * dead_page_rows;
    if (first < total_) {
      const auto last = std::min<std::uint64_t>(first + dead_page_rows, total_) - 1;
      emit dataChanged(index(static_cast<int>(first), 0), index(static_cast<int>(last), columns - 1));
    }
    emit total_changed();
  } else if (reply.error != QLatin1String("dropped")) {
    emit failed(reply.error);
  }
  send_wanted();
}

void DeadLetterModel::keep(std::uint64_t number, std::vector<DeadRow> rows) {
  auto [at, fresh] = pages_.try_emplace(number);
  if (fresh) {
    recent_.push_front(number);
    at->second.use = recent_.begin();
  }
  at->second.rows = std::move(rows);
  at->second.stale = false;
  while (pages_.size() > pages_kept) {
    pages_.erase(recent_.back());
    recent_.pop_back();
  }
}

void DeadLetterModel::set_zone(Zone zone) {
  zone_ = zone;
  if (total_ > 0) emit dataChanged(index(0, dead_time), index(static_cast<int>(total_) - 1, dead_time));
}

const DeadLetterModel::Page* DeadLetterModel::page_of(int row) const {
  const auto number = static_cast<std::uint64_t>(row) / dead_page_rows;
  const auto at = pages_.find(number);
  if (at == pages_.end()) return want(number), nullptr;
  if (at->second.stale) want(number);
  recent_.splice(recent_.begin(), recent_, at->second.use);
  return &at->second;
}

/// Asked from data(): only noted, sent from the event loop, so that a paint never waits and a fling asks for what it ends on first.
void DeadLetterModel::want(std::uint64_t page) const {
  if (std::find(under_way_.begin(), under_way_.end(), page) != under_way_.end()) return;
  if (!wanted_.empty() && wanted_.back() == page) return;
  std::erase(wanted_, page);
  wanted_.push_back(page);
  if (wanted_.size() > wanted_max) wanted_.erase(wanted_.begin());
  if (std::exchange(send_posted_, true)) return;
  auto* self = const_cast<DeadLetterModel*>(this);  // NOLINT: a cell that is asked for is the only sign that its page is looked at
  QMetaObject::invokeMethod(
      self, [self] { self->send_wanted(); }, Qt::QueuedConnection);
}

void DeadLetterModel::send_wanted() {
  send_posted_ = false;
  while (!wanted_.empty() && under_way_.size() < pages_under_way) {
    DeadPageRequest request;
    request.generation = generation_;
    request.queue = queue_.toStdString();
    request.group = group_.toStdString();
    request.page = wanted_.back();
    request.total = total_;
    request.end_sequence = end_sequence_;
    wanted_.pop_back();
    under_way_.push_back(request.page);
    emit page_wanted(request);
  }
}

const DeadRow* DeadLetterModel::row_at(int row) const {
  if (row < 0 || static_cast<std::uint64_t>(row) >= total_) return nullptr;
  const auto* page = page_of(row);
  const auto at = static_cast<std::size_t>(row) % dead_page_rows;
  return page && at < page->rows.size() ? &page->rows[at] : nullptr;
}

std::optional<std::uint64_t> DeadLetterModel::sequence_at(int row) const {
  const auto* letter = row_at(row);
  if (!letter) return std::nullopt;
  return letter->sequence;
}

int DeadLetterModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(total_); }
int DeadLetterModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : columns; }

QString DeadLetterModel::text(const DeadRow& row, int column) const {
  switch (column) {
    case sequence: return QString::number(row.sequence);
    case reason: return reason_name(row.reason);
    case key: return row.key.empty() ? QStringLiteral("–") : escaped_line(row.key, cell_characters);
    case attempts: return row.attempts == 0 ? attempts_made(0) : QString::number(row.attempts);
    case redrives: return row.redrives == 0 ? QStringLiteral("–") : QStringLiteral("%1×").arg(row.redrives);
    case dead_time: return clock(row.dead_time, zone_, true);
    case size: return bytes(row.body_bytes);
    case detail: return escaped_line(row.detail, cell_characters);
    default: return {};
  }
}

QVariant DeadLetterModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || static_cast<std::uint64_t>(index.row()) >= total_) return {};
  if (role == Qt::TextAlignmentRole) {
    const bool number =
        index.column() == sequence || index.column() == attempts || index.column() == redrives || index.column() == size;
    return QVariant((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  }
  if (role != Qt::DisplayRole && role != Qt::AccessibleTextRole && role != sequence_role && role != Qt::ToolTipRole) return {};
  const auto* row = row_at(index.row());
  if (role == sequence_role) return row ? QVariant::fromValue<qulonglong>(row->sequence) : QVariant{};
  if (!row) return role == Qt::DisplayRole && index.column() == sequence ? QVariant(QStringLiteral("…")) : QVariant{};
  if (role == Qt::ToolTipRole) {
    return index.column() == dead_time ? QVariant(moment(row->dead_time, zone_)) : QVariant{};
  }
  if (role == Qt::AccessibleTextRole && index.column() == sequence) {
    return tr("Dead letter %1, %2, %3, %4")
        .arg(text(*row, sequence), text(*row, reason), attempts_made(row->attempts), text(*row, detail));
  }
  return text(*row, index.column());
}

QVariant DeadLetterModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= columns) return {};
  if (role == Qt::TextAlignmentRole) return data(createIndex(0, section), role);
  if (role == Qt::DisplayRole) {
    switch (section) {
      case sequence: return tr("Sequence");
      case reason: return tr("Reason");
      case key: return tr("Key");
      case attempts: return tr("Attempts");
      case redrives: return tr("Redriven");
      case dead_time: return tr("Died");
      case size: return tr("Size");
      case detail: return tr("Last error");
    }
  }
  if (role == Qt::ToolTipRole) {
    switch (section) {
      case sequence: return tip(tr("Position in the queue. A redrive keeps it."));
      case reason:
        return tip(tr(
            "Why it is here: max attempts (retries spent), rejected (by a consumer), expired (time to live), damaged (checksum)."));
      case key: return tip(tr("Idempotency key. A redrive keeps it."));
      case attempts: return tip(tr("How often its processing was begun, counted against max_attempts."));
      case redrives: return tip(tr("How often it was sent back to its queue before."));
      case dead_time: return tip(tr("When it became a dead letter."));
      case size: return tip(tr("Bytes of the body."));
      case detail: return tip(tr("The words of the rejection, or of the last failed attempt."));
    }
  }
  return {};
}

}  // namespace ackwire::dashboard
