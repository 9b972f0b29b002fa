// SPDX-License-Identifier: GPL-3.0-only
// The plot area of a TimeSeriesView: lines by Qt Charts, grid, ticks, gaps and cross-hair by hand, so that ticks stay on round
// numbers and labels never push the plot about.
#pragma once

#include <QtCharts/QChartView>
#include <vector>

#include "text/history.hpp"
#include "widgets/time_series_view.hpp"

class QLineSeries;
class QValueAxis;

namespace ackwire::dashboard {

class TimeSeriesView::Plot : public QChartView {
 public:
  Plot(const std::vector<SeriesStyle>& styles, Scale scale, std::function<QString(double)> value_text, QWidget* parent);

  void restyle();
  void set_frame(double from, double to, int zone_offset_seconds, bool with_day, bool seconds, Zone zone);
  /// Draws the lines; `top` and `bottom` are the least and greatest value to show.
  void draw(const std::vector<std::vector<Segment>>& lines, double bottom, double top);
  void set_gaps(std::vector<std::pair<double, double>> gaps);
  void set_stale(bool stale);
  void set_hover(std::optional<double> time);
  /// The time under a pixel, when it is inside the plot.
  std::optional<double> time_at(const QPointF& where) const;

 protected:
  void drawBackground(QPainter* painter, const QRectF& rect) override;
  void drawForeground(QPainter* painter, const QRectF& rect) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  QLineSeries* segment_series(std::size_t line, std::size_t segment);
  double scaled(double value) const;
  double x_of(double time) const;
  double y_of(double scaled_value) const;
  void place();

  const std::vector<SeriesStyle> styles_;
  const Scale scale_;
  const std::function<QString(double)> value_text_;
  QValueAxis* time_axis_;
  QValueAxis* value_axis_;
  std::vector<std::vector<QLineSeries*>> series_;  ///< per line, one a segment; owned by the chart
  std::vector<std::pair<double, double>> gaps_;
  std::vector<double> value_ticks_;  ///< scaled
  Ticks time_ticks_;
  double from_ = 0, to_ = 1, low_ = 0, high_ = 1;
  bool with_day_ = false, seconds_ = true, stale_ = false, empty_ = true;
  Zone zone_ = Zone::utc;
  std::optional<double> hover_;
};

}  // namespace ackwire::dashboard
