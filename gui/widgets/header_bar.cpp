// SPDX-License-Identifier: GPL-3.0-only
#include "widgets/header_bar.hpp"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QTabBar>
#include <algorithm>

#include "text/format.hpp"
#include "theme.hpp"
#include "widgets/pill_button.hpp"

namespace ackwire::dashboard {
namespace {

constexpr qint64 fresh_ms = 3'000;  ///< older figures are called out

}  // namespace

/// The names of the pages, the chosen one underlined.
class HeaderBar::Tabs : public QTabBar {
 public:
  using QTabBar::QTabBar;

 protected:
  QSize tabSizeHint(int index) const override {
    return {bold().horizontalAdvance(tabText(index)) + 24, fontMetrics().height() + 16};
  }

  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    for (int index = 0; index < count(); ++index) {
      const QRectF where(tabRect(index));
      const bool chosen = index == currentIndex();
      QFont face = font();
      face.setWeight(chosen ? QFont::DemiBold : QFont::Normal);
      painter.setFont(face);
      painter.setPen(chosen ? theme().text : theme().muted);
      painter.drawText(where, Qt::AlignCenter, tabText(index));
      painter.setPen(Qt::NoPen);
      painter.setBrush(chosen ? theme().accent : theme().border);
      const double height = chosen ? 3 : 1;
      painter.drawRect(QRectF(where.left(), where.bottom() - height, where.width(), height));
      if (!chosen || !hasFocus()) continue;
      painter.setBrush(Qt::NoBrush);
      painter.setPen(QPen(theme().accent, 1.4));
      painter.drawRoundedRect(where.adjusted(3, 3, -3, -6), 4, 4);
    }
  }

 private:
  QFontMetrics bold() const {
    QFont face = font();
    face.setWeight(QFont::DemiBold);
    return QFontMetrics(face);
  }
};

/// Sign, word and endpoint of the connection.
class HeaderBar::Chip : public QWidget {
 public:
  using QWidget::QWidget;

  void say(Level level, const QString& word, const QString& endpoint) {
    level_ = level;
    word_ = word + QStringLiteral("  ");
    endpoint_ = endpoint;
    setAccessibleName(word + u' ' + endpoint);
    setToolTip(tip(word + QStringLiteral(": ") + endpoint));
    updateGeometry();
    update();
  }
  /// As wide as with the longest word: a change of state moves nothing beside it.
  QSize sizeHint() const override {
    const int word = fontMetrics().horizontalAdvance(tr("disconnected") + QStringLiteral("  "));
    return {word + fontMetrics().horizontalAdvance(endpoint_) + 42, fontMetrics().height() + 10};
  }
  QSize minimumSizeHint() const override { return {110, sizeHint().height()}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(theme().border);
    painter.setBrush(theme().surface);
    painter.drawRoundedRect(QRectF(rect()).adjusted(.5, .5, -.5, -.5), height() / 2.0, height() / 2.0);
    const double size = fontMetrics().height() * 0.8;
    paint_level_sign(painter, QRectF(10, (height() - size) / 2, size, size), level_);
    painter.setPen(theme().text);
    const QRectF room(16 + size, 0, width() - size - 26, height());
    const int left = static_cast<int>(room.width()) - fontMetrics().horizontalAdvance(word_);
    painter.drawText(room, Qt::AlignVCenter, word_ + fontMetrics().elidedText(endpoint_, Qt::ElideMiddle, left));
  }

 private:
  Level level_ = Level::none;
  QString word_, endpoint_;
};

HeaderBar::HeaderBar(QWidget* parent)
    : QWidget(parent),
      pages_(new Tabs(this)),
      ranges_(new QButtonGroup(this)),
      live_(new PillButton(this)),
      age_(new QLabel(this)),
      chip_(new Chip(this)) {
  pages_->setObjectName(QStringLiteral("page_tabs"));
  pages_->setAccessibleName(tr("Pages"));
  pages_->setDrawBase(false);
  pages_->setExpanding(false);
  pages_->setUsesScrollButtons(false);  // they are never cut: a long endpoint gives way
  pages_->addTab(tr("Overview"));
  pages_->addTab(tr("Dead letters"));
  connect(pages_, &QTabBar::currentChanged, this, &HeaderBar::page_chosen);

  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(6);
  row->addWidget(pages_);
  row->addStretch(1);
  struct Choice {
    const char* object_name;
    QString label, what;
  };
  const Choice choices[] = {{"range_5m", tr("5 min"), tr("The last five minutes, one point a second.")},
                            {"range_1h", tr("1 h"), tr("The last hour, one point a second.")},
                            {"range_24h", tr("24 h"), tr("The last day, one point every ten seconds.")},
                            {"range_30d", tr("30 d"), tr("The last thirty days, one point every five minutes.")}};
  int id = 0;
  for (const auto& [object_name, label, what] : choices) {
    auto* button = new PillButton(this);
    button->setObjectName(QLatin1String(object_name));
    button->setText(label);
    button->setToolTip(tip(what));
    button->setAccessibleName(what);
    ranges_->addButton(button, id++);
    row->addWidget(button);
  }
  connect(ranges_, &QButtonGroup::idClicked, this, [this](int range) { emit range_chosen(static_cast<TimeRange>(range)); });
  row->addSpacing(6);
  live_->setObjectName(QStringLiteral("live"));
  live_->setChecked(true);
  live_->setText(tr("Still"));
  const int still_width = live_->sizeHint().width();
  live_->setText(tr("Live"));
  live_->setFixedWidth(std::max(still_width, live_->sizeHint().width()));  // its neighbours stay where they are
  live_->setToolTip(tip(tr("Charts follow the present (L). Off: they stand still, nothing is lost.")));
  connect(live_, &QToolButton::clicked, this, &HeaderBar::live_chosen);
  row->addWidget(live_);
  age_->setObjectName(QStringLiteral("sample_age"));
  age_->setTextFormat(Qt::PlainText);
  age_->setFixedWidth(fontMetrics().horizontalAdvance(QStringLiteral("still, of 00 m 00 s ago ")));
  age_->setAlignment(Qt::AlignCenter);
  age_->setToolTip(tip(tr("Time since the last answer of the broker, or how old the charts are that stand still.")));
  row->addWidget(age_);
  chip_->setObjectName(QStringLiteral("connection_chip"));
  chip_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  row->addWidget(chip_);
  set_range(TimeRange::five_minutes);
}

void HeaderBar::set_page(int page) { pages_->setCurrentIndex(page); }
void HeaderBar::set_range(TimeRange range) { ranges_->button(static_cast<int>(range))->setChecked(true); }

void HeaderBar::set_live(bool live) {
  live_->setChecked(live);
  live_->setText(live ? tr("Live") : tr("Still"));
}

void HeaderBar::set_dead(std::uint64_t count) {
  pages_->setTabText(1, count == 0 ? tr("Dead letters") : tr("Dead letters (%1)").arg(exact(count)));
}

void HeaderBar::set_state(LinkPhase phase, const QString& endpoint) {
  switch (phase) {
    case LinkPhase::connecting: return chip_->say(Level::none, tr("connecting"), endpoint);
    case LinkPhase::connected: return chip_->say(Level::ok, tr("connected"), endpoint);
    case LinkPhase::disconnected: return chip_->say(Level::critical, tr("disconnected"), endpoint);
    case LinkPhase::refused: return chip_->say(Level::critical, tr("refused"), endpoint);
  }
}

void HeaderBar::set_age(qint64 age_ms, qint64 still_ms) {
  if (age_ms < 0) {
    age_->clear();
  } else if (still_ms >= 0) {
    age_->setText(tr("still, of %1 ago").arg(duration(Duration{still_ms})));
  } else {
    age_->setText(age_ms < fresh_ms ? tr("up to date") : tr("as of %1 ago").arg(duration(Duration{age_ms})));
  }
}

}  // namespace ackwire::dashboard
