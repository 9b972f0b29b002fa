// SPDX-License-Identifier: GPL-3.0-only
#include "text/format.hpp"

#include <QDateTime>
#include <QObject>
#include <QTimeZone>
#include <algorithm>
#include <array>
#include <cmath>

namespace ackwire::dashboard {
namespace {

const QString none = QStringLiteral("–");

/// Four significant places at most: 1.23, 12.3, 123.
QString short_number(double value) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return QString::number(value, 'f', decimals);
}

QDateTime date_time(Timestamp time, Zone zone) {
  const auto since_epoch = time.time_since_epoch().count();
  return zone == Zone::utc ? QDateTime::fromMSecsSinceEpoch(since_epoch, Qt::UTC) : QDateTime::fromMSecsSinceEpoch(since_epoch);
}

QString zone_name(const QDateTime& time, Zone zone) {
  if (zone == Zone::utc) return QStringLiteral("UTC");
  const auto name = time.timeZoneAbbreviation();
  return name.isEmpty() ? QStringLiteral("local") : name;
}

}  // namespace

QString exact(std::uint64_t count) {
  QString digits = QString::number(count);
  for (auto at = digits.size() - 3; at > 0; at -= 3) digits.insert(at, u',');
  return digits;
}

QString compact(double value) {
  if (!std::isfinite(value)) return none;
  const double size = std::abs(value);
  const QString sign = value < 0 ? QStringLiteral("-") : QString();
  if (size < 999.5) return sign + (size == std::floor(size) ? QString::number(size, 'f', 0) : short_number(size));
  if (size < 9'999.5) return sign + exact(static_cast<std::uint64_t>(std::llround(size)));
  if (size < 999'500) return sign + short_number(size / 1e3) + u'k';
  if (size < 999.5e6) return sign + short_number(size / 1e6) + u'M';
  if (size < 999.5e9) return sign + short_number(size / 1e9) + u'G';
  return sign + QString::number(size, 'g', 3);
}

QString rate(double per_second) { return compact(per_second) + QStringLiteral("/s"); }

QString percent(std::optional<double> share) {
  if (!share || !std::isfinite(*share)) return none;
  const double value = std::clamp(*share, 0.0, 1.0) * 100.0;
  if (value == 0.0) return QStringLiteral("0 %");
  if (value == 100.0) return QStringLiteral("100 %");
  if (value < 0.001) return QStringLiteral("< 0.001 %");
  if (value > 99.999) return QStringLiteral("> 99.999 %");
  if (value < 1.0 || value > 99.0) {
    // Truncated, not rounded: 99.9996 must not read as 100.
    return QString::number(std::floor(value * 1000.0) / 1000.0, 'f', 3) + QStringLiteral(" %");
  }
  return QString::number(value, 'f', value < 10 || value > 90 ? 2 : 1) + QStringLiteral(" %");
}

QString duration(Duration value) {
  const auto seconds = value.count() / 1000;
  if (value.count() <= 0) return QStringLiteral("0 s");
  if (seconds < 1) return QStringLiteral("< 1 s");
  if (seconds < 60) return QStringLiteral("%1 s").arg(seconds);
  if (seconds < 3600) return QStringLiteral("%1 m %2 s").arg(seconds / 60).arg(seconds % 60, 2, 10, QLatin1Char('0'));
  if (seconds < 86'400) return QStringLiteral("%1 h %2 m").arg(seconds / 3600).arg(seconds / 60 % 60, 2, 10, QLatin1Char('0'));
  return QStringLiteral("%1 d %2 h").arg(seconds / 86'400).arg(seconds / 3600 % 24);
}

QString latency(double milliseconds) {
  if (!(milliseconds > 0)) return none;
  if (milliseconds < 1'000) return short_number(milliseconds) + QStringLiteral(" ms");
  if (milliseconds < 100'000) return short_number(milliseconds / 1e3) + QStringLiteral(" s");
  return duration(Duration{static_cast<std::int64_t>(milliseconds)});
}

QString bytes(std::uint64_t count) {
  if (count < 1024) return QStringLiteral("%1 B").arg(count);
  static constexpr std::array<const char*, 5> units{"KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(count) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.5 && unit + 1 < units.size()) value /= 1024, ++unit;
  return short_number(value) + u' ' + QLatin1String(units[unit]);
}

QString moment(Timestamp time, Zone zone) {
  if (time == Timestamp{}) return none;
  const auto at = date_time(time, zone);
  return at.toString(QStringLiteral("yyyy-MM-dd HH:mm:ss.zzz ")) + zone_name(at, zone);
}

QString clock(Timestamp time, Zone zone, bool with_day) {
  if (time == Timestamp{}) return none;
  return date_time(time, zone).toString(with_day ? QStringLiteral("MM-dd HH:mm:ss") : QStringLiteral("HH:mm:ss"));
}

QString reason_name(DeadReason reason) {
  switch (reason) {
    case DeadReason::max_attempts: return QStringLiteral("max attempts");
    case DeadReason::rejected: return QStringLiteral("rejected");
    case DeadReason::expired: return QStringLiteral("expired");
    case DeadReason::damaged: return QStringLiteral("damaged");
  }
  return QStringLiteral("unknown");
}

QString counted(std::uint64_t count, const QString& one, const QString& many) {
  return exact(count) + u' ' + (count == 1 ? one : many);
}

QString attempts_made(std::uint32_t attempts) {
  return attempts == 0 ? QObject::tr("never started") : counted(attempts, QObject::tr("attempt"), QObject::tr("attempts"));
}

QString sentence(const QString& text) { return text.endsWith(u'.') ? text : text + u'.'; }

QString tip(const QString& plain) { return QStringLiteral("<qt>") + plain.toHtmlEscaped() + QStringLiteral("</qt>"); }

}  // namespace ackwire::dashboard
