// SPDX-License-Identifier: GPL-3.0-only
// Lines over time. Qt Charts stays behind this class: nothing else of the dashboard names it.
#pragma once

#include <QString>
#include <QWidget>
#include <functional>
#include <memory>
#include <vector>

#include "text/format.hpp"
#include "text/history.hpp"

namespace ackwire::dashboard {

struct SeriesStyle {
  QString name;
  int color = 0;  ///< of Theme::series
  Qt::PenStyle pen = Qt::SolidLine;
  double width = 1.6;  ///< wide for a line that others usually cover
};

enum class Scale : std::uint8_t { linear, logarithmic };

/// A titled chart with a legend that carries the newest values, or those under the mouse. Missing time is a gap with a hatched
/// band. One replace() a line and update; no animation, no OpenGL; hidden it does nothing.
class TimeSeriesView : public QWidget {
  Q_OBJECT

 public:
  TimeSeriesView(const QString& title, const QString& formula, std::vector<SeriesStyle> styles, Scale scale,
                 std::function<QString(double)> value_text, QWidget* parent = nullptr);
  ~TimeSeriesView() override;

  using Gaps = std::vector<std::pair<double, double>>;
  /// Lines in the order of the styles, and the times of which nothing is known; x in seconds since the epoch, within [from, to].
  void set_lines(std::vector<std::vector<Segment>> lines, Gaps gaps, double from, double to, Duration slot);
  const std::vector<std::vector<Segment>>& lines() const { return lines_; }
  const Gaps& gaps() const { return gaps_; }
  /// What it is about, e.g. the queue. Empty: everything.
  void set_subject(const QString& subject);
  void set_zone(Zone zone);
  /// Hatched and grey: the data is old.
  void set_stale(bool stale);

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void changeEvent(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  class Plot;
  void refresh();
  void layout_plot();
  void describe();
  void paint_legend(QPainter& painter) const;
  /// The value of a line at a time: of the nearest point of the segment there.
  std::optional<double> value_at(std::size_t line, double time) const;

  const QString title_, formula_;
  QString subject_;
  const std::vector<SeriesStyle> styles_;
  const Scale scale_;
  const std::function<QString(double)> value_text_;
  std::vector<std::vector<Segment>> lines_;
  Gaps gaps_;
  double from_ = 0, to_ = 1;
  Duration slot_{1000};
  Zone zone_ = Zone::utc;
  int legend_rows_ = 1;
  bool stale_ = false, dirty_ = true;
  std::optional<double> hover_;
  Plot* plot_ = nullptr;  ///< child widget
};

}  // namespace ackwire::dashboard
