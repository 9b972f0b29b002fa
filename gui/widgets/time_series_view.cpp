// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/time_series_view.hpp"

#include <QDateTime>
#include <QEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <limits>

#include "theme.hpp"
#include "widgets/plot.hpp"

namespace ackwire::dashboard {
namespace {

constexpr int series_pad = 12;
constexpr double series_scale = 0.88;
constexpr double legend_dash = 18, legend_gap = 12;

QFont title_font(const QWidget& widget) {
  QFont font = widget.font();
  font.setWeight(QFont::DemiBold);
  return font;
}

QFont legend_font(const QWidget& widget) {
  QFont font = widget.font();
  font.setPointSizeF(font.pointSizeF() * series_scale);
  return font;
}

int zone_offset(double at, Zone zone) {
  return zone == Zone::utc ? 0 : QDateTime::fromMSecsSinceEpoch(static_cast<qint64>(at * 1e3)).offsetFromUtc();
}

}  // namespace

TimeSeriesView::TimeSeriesView(const QString& title, const QString& formula, std::vector<SeriesStyle> styles, Scale scale,
                               std::function<QString(double)> value_text, QWidget* parent)
    : QWidget(parent),
      title_(title),
      formula_(formula),
      styles_(std::move(styles)),
      scale_(scale),
      value_text_(std::move(value_text)),
      lines_(styles_.size()) {
  setFocusPolicy(Qt::TabFocus);
  setToolTip(tip(formula));
  setAccessibleName(title);
  setAccessibleDescription(formula);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

TimeSeriesView::~TimeSeriesView() = default;

void TimeSeriesView::set_lines(std::vector<std::vector<Segment>> lines, Gaps gaps, double from, double to, Duration slot) {
  lines_ = std::move(lines);
  gaps_ = std::move(gaps);
  from_ = from;
  to_ = to > from ? to : from + 1;
  slot_ = slot;
  dirty_ = true;
  if (isVisible() && !window()->isMinimized()) refresh();
}

void TimeSeriesView::set_subject(const QString& subject) {
  subject_ = subject;
  update();
}

void TimeSeriesView::set_zone(Zone zone) {
  zone_ = zone;
  dirty_ = true;
  if (isVisible()) refresh();
}

void TimeSeriesView::set_stale(bool stale) {
  stale_ = stale;
  if (plot_) plot_->set_stale(stale);
  update();
}

QSize TimeSeriesView::sizeHint() const { return {380, 230}; }
QSize TimeSeriesView::minimumSizeHint() const { return {240, 150}; }

void TimeSeriesView::layout_plot() {
  if (!plot_) return;
  // Rows are counted for values of full width, so that they do not jump as the values change.
  const QFontMetricsF metrics(legend_font(*this));
  legend_rows_ = 1;
  double x = series_pad;
  for (const auto& style : styles_) {
    const double room = legend_dash + 5 + metrics.horizontalAdvance(style.name + QStringLiteral(" 88.8k/s")) + legend_gap;
    if (x > series_pad && x + room - legend_gap > width() - 6) ++legend_rows_, x = series_pad;
    x += room;
  }
  const int top = series_pad + fontMetrics().height() + static_cast<int>(metrics.height() * legend_rows_) + 8;
  plot_->setGeometry(4, top, width() - 8, std::max(40, height() - top - 6));
}

void TimeSeriesView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  layout_plot();
  dirty_ = true;
  if (plot_ && isVisible()) refresh();
}

void TimeSeriesView::showEvent(QShowEvent* event) {
  // The chart is made when it is first seen: a window that starts on another page does not pay for it.
  if (!plot_) {
    plot_ = new Plot(styles_, scale_, value_text_, this);
    plot_->setToolTip(toolTip());
    plot_->viewport()->installEventFilter(this);
    plot_->set_stale(stale_);
    layout_plot();
    plot_->show();
  }
  QWidget::showEvent(event);
  if (dirty_) refresh();
}

void TimeSeriesView::refresh() {
  if (!plot_) return;
  dirty_ = false;
  double bottom = std::numeric_limits<double>::max(), top = 0;
  for (std::size_t line = 0; line < lines_.size(); ++line) {
    for (const auto& segment : lines_[line]) {
      for (const auto& point : segment) bottom = std::min(bottom, point.y()), top = std::max(top, point.y());
    }
  }
  if (bottom > top) bottom = top = 1;
  const double span = to_ - from_;
  plot_->set_gaps(gaps_);
  plot_->set_frame(from_, to_, zone_offset(to_, zone_), span > 2 * 86'400, span <= 900, zone_);
  plot_->draw(lines_, bottom, top);
  describe();
  update();
}

std::optional<double> TimeSeriesView::value_at(std::size_t line, double time) const {
  const double reach = std::max(static_cast<double>(slot_.count()) / 1e3, (to_ - from_) / 200);
  for (const auto& segment : lines_[line]) {
    if (segment.empty() || segment.back().x() < time - reach || segment.front().x() > time + reach) continue;
    auto at = std::lower_bound(segment.begin(), segment.end(), time, [](const auto& p, double x) { return p.x() < x; });
    if (at == segment.end() || (at != segment.begin() && time - std::prev(at)->x() < at->x() - time)) --at;
    return at->y();
  }
  return std::nullopt;
}

/// What a screen reader says: the newest value of each line.
void TimeSeriesView::describe() {
  QStringList parts;
  for (std::size_t line = 0; line < styles_.size(); ++line) {
    const auto value = lines_[line].empty() ? std::nullopt : value_at(line, lines_[line].back().back().x());
    parts << QStringLiteral("%1 %2").arg(styles_[line].name, value ? value_text_(*value) : tr("no data"));
  }
  setAccessibleDescription(parts.join(QStringLiteral(", ")) + QStringLiteral(". ") + formula_);
}

void TimeSeriesView::paint_legend(QPainter& painter) const {
  const auto& t = theme();
  const QFont font = legend_font(*this);
  const QFontMetricsF metrics(font);
  painter.setFont(font);
  double y = series_pad + fontMetrics().height() + 4;
  double x = series_pad;
  int row = 1;
  double newest = from_;
  for (const auto& line : lines_) {
    if (!line.empty() && !line.back().empty()) newest = std::max(newest, line.back().back().x());
  }
  for (std::size_t line = 0; line < styles_.size(); ++line) {
    const auto value = value_at(line, hover_.value_or(newest));
    const QString text = styles_[line].name + u' ' + (value ? value_text_(*value) : QStringLiteral("–"));
    const double width = metrics.horizontalAdvance(text);
    if (x > series_pad && x + legend_dash + 5 + width > this->width() - 6 && row < legend_rows_)
      ++row, x = series_pad, y += metrics.height();
    const QColor color = stale_ ? t.muted : t.series[static_cast<std::size_t>(styles_[line].color)];
    painter.setPen(QPen(color, std::max(styles_[line].width, 2.4), styles_[line].pen, Qt::FlatCap));
    painter.drawLine(QPointF(x, y + metrics.height() / 2), QPointF(x + legend_dash, y + metrics.height() / 2));
    painter.setPen(t.text);
    painter.drawText(QRectF(x + legend_dash + 5, y, width + 2, metrics.height()), Qt::AlignVCenter, text);
    x += legend_dash + 5 + width + legend_gap;
  }
}

void TimeSeriesView::paintEvent(QPaintEvent*) {
  const auto& t = theme();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(hasFocus() ? t.accent : t.border, hasFocus() ? 2 : 1));
  painter.setBrush(t.surface);
  painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 8, 8);
  painter.setFont(title_font(*this));
  const QFontMetricsF metrics(painter.font());
  painter.setPen(t.text);
  painter.drawText(QRectF(series_pad, series_pad - 2, width() - 2 * series_pad, metrics.height()), Qt::AlignLeft | Qt::AlignVCenter,
                   title_);
  const double taken = metrics.horizontalAdvance(title_) + 10;
  painter.setFont(legend_font(*this));
  painter.setPen(t.muted);
  const QString right =
      hover_ ? clock(Timestamp{Duration{static_cast<std::int64_t>(*hover_ * 1e3)}}, zone_, to_ - from_ > 86'400) : subject_;
  painter.drawText(QRectF(series_pad + taken, series_pad - 2, width() - 2 * series_pad - taken, metrics.height()),
                   Qt::AlignRight | Qt::AlignVCenter,
                   QFontMetricsF(painter.font()).elidedText(right, Qt::ElideMiddle, width() - 2 * series_pad - taken));
  paint_legend(painter);
}

void TimeSeriesView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) {
    if (plot_) plot_->restyle();
    update();
  }
  QWidget::changeEvent(event);
}

bool TimeSeriesView::eventFilter(QObject* watched, QEvent* event) {
  if (plot_ && watched == plot_->viewport() && (event->type() == QEvent::MouseMove || event->type() == QEvent::Leave)) {
    hover_ = event->type() == QEvent::MouseMove ? plot_->time_at(static_cast<QMouseEvent*>(event)->position()) : std::nullopt;
    plot_->set_hover(hover_);
    update();
  }
  return QWidget::eventFilter(watched, event);
}

}  // namespace ackwire::dashboard
