// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/plot.hpp"

#include <QDateTime>
#include <QGraphicsLayout>
#include <QPainter>
#include <QtCharts/QChart>
#include <QtCharts/QLineSeries>
#include <QtCharts/QValueAxis>
#include <algorithm>
#include <cmath>

#include "theme.hpp"

namespace ackwire::dashboard {
namespace {

constexpr double label_room = 58, right_room = 14, top_room = 8;
constexpr std::size_t segments_max = 48;  ///< a line; more gaps than this and the short pieces are joined
constexpr double least_log_value = 1e-3;
constexpr double plot_scale = 0.84;

QFont small_font(const QWidget& widget) {
  QFont font = widget.font();
  font.setPointSizeF(font.pointSizeF() * plot_scale);
  return font;
}

}  // namespace

TimeSeriesView::Plot::Plot(const std::vector<SeriesStyle>& styles, Scale scale, std::function<QString(double)> value_text,
                           QWidget* parent)
    : QChartView(parent),
      styles_(styles),
      scale_(scale),
      value_text_(std::move(value_text)),
      time_axis_(new QValueAxis(this)),
      value_axis_(new QValueAxis(this)),
      series_(styles.size()) {
  setFrameShape(QFrame::NoFrame);
  setRenderHint(QPainter::Antialiasing);
  setFocusPolicy(Qt::NoFocus);
  viewport()->setFocusPolicy(Qt::NoFocus);
  setMouseTracking(true);
  setContextMenuPolicy(Qt::NoContextMenu);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  chart()->legend()->hide();
  chart()->setAnimationOptions(QChart::NoAnimation);
  chart()->setBackgroundVisible(false);
  chart()->setPlotAreaBackgroundVisible(false);
  chart()->setMargins({});
  chart()->layout()->setContentsMargins(0, 0, 0, 0);
  for (auto* axis : {time_axis_, value_axis_}) {
    // Points are handed over as parts of the plot: a range that moves every second would lay every line out twice.
    axis->setRange(0, 1);
    axis->setVisible(false);
    chart()->addAxis(axis, axis == time_axis_ ? Qt::AlignBottom : Qt::AlignLeft);
  }
  restyle();
}

void TimeSeriesView::Plot::restyle() {
  setBackgroundBrush(Qt::NoBrush);
  viewport()->setAutoFillBackground(false);
  for (std::size_t line = 0; line < series_.size(); ++line) {
    for (auto* series : series_[line]) {
      const QColor color = stale_ ? theme().muted : theme().series[static_cast<std::size_t>(styles_[line].color)];
      series->setPen(QPen(color, styles_[line].width, styles_[line].pen, Qt::FlatCap, Qt::BevelJoin));
    }
  }
  viewport()->update();
}

QLineSeries* TimeSeriesView::Plot::segment_series(std::size_t line, std::size_t segment) {
  auto& pool = series_[line];
  if (segment < pool.size()) return pool[segment];
  auto* series = new QLineSeries(this);
  chart()->addSeries(series);
  series->attachAxis(time_axis_);
  series->attachAxis(value_axis_);
  const QColor color = stale_ ? theme().muted : theme().series[static_cast<std::size_t>(styles_[line].color)];
  series->setPen(QPen(color, styles_[line].width, styles_[line].pen, Qt::FlatCap, Qt::BevelJoin));
  pool.push_back(series);
  return series;
}

double TimeSeriesView::Plot::scaled(double value) const {
  return scale_ == Scale::logarithmic ? std::log10(std::max(value, least_log_value)) : value;
}

void TimeSeriesView::Plot::set_frame(double from, double to, int zone_offset_seconds, bool with_day, bool seconds, Zone zone) {
  from_ = from;
  to_ = to;
  with_day_ = with_day;
  seconds_ = seconds;
  zone_ = zone;
  const double label =
      QFontMetricsF(small_font(*this)).horizontalAdvance(with_day ? QStringLiteral("00-00 00:00") : QStringLiteral("00:00:00")) +
      34;
  const int count = std::clamp(static_cast<int>(chart()->plotArea().width() / label), 2, 10);
  time_ticks_ = time_ticks(from, to, count, zone_offset_seconds);
}

void TimeSeriesView::Plot::draw(const std::vector<std::vector<Segment>>& lines, double bottom, double top) {
  value_ticks_.clear();
  const int steps = std::clamp(static_cast<int>(chart()->plotArea().height() / 34), 2, 6);
  if (scale_ == Scale::logarithmic) {
    // 1, 2, 5 of each decade while they fit, then decades only.
    low_ = std::floor(scaled(bottom) * 1.0001);
    high_ = std::max(std::ceil(scaled(top)), low_ + 1);
    const bool fine = high_ - low_ <= 2;
    for (double decade = low_; decade <= high_; ++decade) {
      value_ticks_.push_back(decade);
      if (fine && decade < high_) value_ticks_.insert(value_ticks_.end(), {decade + std::log10(2), decade + std::log10(5)});
    }
  } else {
    const auto ticks = nice_ticks(0, std::max(top, 1.0), steps);
    low_ = ticks.first;
    high_ = ticks.last();
    for (int i = 0; i < ticks.count; ++i) value_ticks_.push_back(ticks.first + ticks.step * i);
  }
  const int columns = std::max(1, static_cast<int>(chart()->plotArea().width()));
  empty_ = true;
  for (std::size_t line = 0; line < styles_.size(); ++line) {
    std::vector<Segment> pieces = line < lines.size() ? lines[line] : std::vector<Segment>{};
    while (pieces.size() > segments_max) {
      pieces[pieces.size() - 2].insert(pieces[pieces.size() - 2].end(), pieces.back().begin(), pieces.back().end());
      pieces.pop_back();
    }
    for (std::size_t i = 0; i < std::max(pieces.size(), series_[line].size()); ++i) {
      QList<QPointF> points;
      if (i < pieces.size()) {
        for (const auto& point : decimate(pieces[i], from_, to_, columns)) {
          points.emplace_back((point.x() - from_) / (to_ - from_), (scaled(point.y()) - low_) / (high_ - low_));
        }
        empty_ = false;
      }
      segment_series(line, i)->replace(points);
    }
  }
  viewport()->update();
}

void TimeSeriesView::Plot::set_gaps(std::vector<std::pair<double, double>> gaps) { gaps_ = std::move(gaps); }

void TimeSeriesView::Plot::set_stale(bool stale) {
  if (stale_ == stale) return;
  stale_ = stale;
  restyle();
}

void TimeSeriesView::Plot::set_hover(std::optional<double> time) {
  if (hover_ == time) return;
  hover_ = time;
  viewport()->update();
}

std::optional<double> TimeSeriesView::Plot::time_at(const QPointF& where) const {
  const auto area = chart()->plotArea();
  if (!area.contains(where) || area.width() <= 0) return std::nullopt;
  return from_ + (where.x() - area.left()) / area.width() * (to_ - from_);
}

double TimeSeriesView::Plot::x_of(double time) const {
  const auto area = chart()->plotArea();
  return area.left() + (time - from_) / (to_ - from_) * area.width();
}

double TimeSeriesView::Plot::y_of(double scaled_value) const {
  const auto area = chart()->plotArea();
  return area.bottom() - (scaled_value - low_) / (high_ - low_) * area.height();
}

void TimeSeriesView::Plot::place() {
  const double labels = QFontMetricsF(small_font(*this)).height() + 6;
  chart()->setPlotArea(QRectF(label_room, top_room, std::max(10.0, width() - label_room - right_room),
                              std::max(10.0, height() - top_room - labels)));
}

void TimeSeriesView::Plot::resizeEvent(QResizeEvent* event) {
  QChartView::resizeEvent(event);
  place();
}

void TimeSeriesView::Plot::drawBackground(QPainter* painter, const QRectF&) {
  const auto& t = theme();
  const auto area = chart()->plotArea();
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing, false);
  painter->fillRect(viewport()->rect(), t.surface);
  const QBrush hatch(t.hatch, Qt::BDiagPattern);
  if (stale_) painter->fillRect(area, hatch);
  for (const auto& [begin, end] : gaps_) {
    const double left = std::max(x_of(begin), area.left()), right = std::min(x_of(end), area.right());
    if (right - left >= 2) painter->fillRect(QRectF(left, area.top(), right - left, area.height()), hatch);
  }
  painter->setFont(small_font(*this));
  const QFontMetricsF metrics(small_font(*this));
  double last_label = area.bottom() + metrics.height();
  for (const double tick : value_ticks_) {
    const double y = std::round(y_of(tick));
    painter->setPen(t.grid);
    painter->drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
    if (last_label - y < metrics.height()) continue;
    last_label = y;
    painter->setPen(t.muted);
    const double value = scale_ == Scale::logarithmic ? std::pow(10, tick) : tick;
    painter->drawText(QRectF(0, y - metrics.height() / 2, label_room - 8, metrics.height()), Qt::AlignRight | Qt::AlignVCenter,
                      value_text_(value));
  }
  for (int i = 0; i < time_ticks_.count; ++i) {
    const double time = time_ticks_.first + time_ticks_.step * i;
    const double x = std::round(x_of(time));
    painter->setPen(t.grid);
    painter->drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    const Timestamp at{Duration{static_cast<std::int64_t>(time * 1e3)}};
    QString label = clock(at, zone_, with_day_);
    if (!seconds_) label.chop(3);
    const double half = metrics.horizontalAdvance(label) / 2;
    painter->setPen(t.muted);
    const double centre = std::clamp(x, area.left() + half, width() - half - 2);
    painter->drawText(QRectF(centre - half - 1, area.bottom() + 4, 2 * half + 4, metrics.height()), Qt::AlignCenter, label);
  }
  painter->setPen(t.border);
  painter->drawLine(area.bottomLeft(), area.bottomRight());
  painter->restore();
}

void TimeSeriesView::Plot::drawForeground(QPainter* painter, const QRectF&) {
  const auto area = chart()->plotArea();
  painter->save();
  if (hover_ && !empty_) {
    painter->setRenderHint(QPainter::Antialiasing, false);
    painter->setPen(QPen(theme().muted, 1, Qt::DashLine));
    const double x = std::round(x_of(*hover_));
    painter->drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
  }
  if (empty_) {
    painter->setPen(theme().muted);
    painter->drawText(area, Qt::AlignCenter, QObject::tr("No data in this range"));
  }
  painter->restore();
}

}  // namespace ackwire::dashboard
