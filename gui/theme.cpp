// SPDX-License-Identifier: GPL-3.0-only
#include "theme.hpp"

#include <QApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QPainter>
#include <QPainterPath>
#include <QPolygonF>
#include <QStyleFactory>

namespace ackwire::dashboard {
namespace {

const QString portal_service = QStringLiteral("org.freedesktop.portal.Desktop");
const QString portal_path = QStringLiteral("/org/freedesktop/portal/desktop");
const QString portal_interface = QStringLiteral("org.freedesktop.portal.Settings");
const QString appearance = QStringLiteral("org.freedesktop.appearance");
const QString color_scheme = QStringLiteral("color-scheme");
constexpr uint prefers_dark = 1;

const Theme* current = nullptr;

QColor rgb(QRgb value) { return QColor::fromRgb(value); }

}  // namespace

const Theme& Theme::light() {
  static const Theme theme{
      .dark = false,
      .window = rgb(0xF3F5F8),
      .surface = rgb(0xFFFFFF),
      .text = rgb(0x17202A),
      .muted = rgb(0x566373),
      .border = rgb(0xD5DBE3),
      .grid = rgb(0xE6EAF0),
      .accent = rgb(0x005A94),
      .on_accent = rgb(0xFFFFFF),
      .hatch = rgb(0xC3CAD4),
      .ok = rgb(0x009E73),
      .warn = rgb(0xE69F00),
      .critical = rgb(0xD55E00),
      .info = rgb(0x0072B2),
      .duplicate = rgb(0xCC79A7),
      .series = {rgb(0x0072B2), rgb(0x009E73), rgb(0xE69F00), rgb(0xCC79A7)},
  };
  return theme;
}

const Theme& Theme::dark_one() {
  static const Theme theme{
      .dark = true,
      .window = rgb(0x14181E),
      .surface = rgb(0x1D232B),
      .text = rgb(0xE8ECF1),
      .muted = rgb(0x9BA8B7),
      .border = rgb(0x343D49),
      .grid = rgb(0x2A323D),
      .accent = rgb(0x56B4E9),
      .on_accent = rgb(0x0B1117),
      .hatch = rgb(0x465160),
      .ok = rgb(0x1FB58A),
      .warn = rgb(0xE69F00),
      .critical = rgb(0xF0742B),
      .info = rgb(0x56B4E9),
      .duplicate = rgb(0xCC79A7),
      .series = {rgb(0x56B4E9), rgb(0x1FB58A), rgb(0xE69F00), rgb(0xCC79A7)},
  };
  return theme;
}

QPalette Theme::palette() const {
  QPalette p;
  p.setColor(QPalette::Window, window);
  p.setColor(QPalette::WindowText, text);
  p.setColor(QPalette::Base, surface);
  p.setColor(QPalette::AlternateBase, dark ? surface.lighter(112) : surface.darker(103));
  p.setColor(QPalette::Text, text);
  p.setColor(QPalette::Button, dark ? surface.lighter(125) : surface);
  p.setColor(QPalette::ButtonText, text);
  p.setColor(QPalette::BrightText, on_accent);
  p.setColor(QPalette::ToolTipBase, surface);
  p.setColor(QPalette::ToolTipText, text);
  p.setColor(QPalette::PlaceholderText, muted);
  p.setColor(QPalette::Highlight, accent);
  p.setColor(QPalette::HighlightedText, on_accent);
  p.setColor(QPalette::Link, accent);
  p.setColor(QPalette::LinkVisited, accent);
  p.setColor(QPalette::Light, dark ? surface.lighter(150) : surface);
  p.setColor(QPalette::Midlight, dark ? surface.lighter(125) : window);
  p.setColor(QPalette::Mid, border);
  p.setColor(QPalette::Dark, dark ? window.darker(130) : border.darker(115));
  p.setColor(QPalette::Shadow, dark ? QColor(Qt::black) : border.darker(150));
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText}) {
    p.setColor(QPalette::Disabled, role, dark ? muted.darker(130) : muted.lighter(140));
  }
  p.setColor(QPalette::Disabled, QPalette::Highlight, border);
  return p;
}

QColor Theme::level(Level level) const {
  switch (level) {
    case Level::ok: return ok;
    case Level::warn: return warn;
    case Level::critical: return critical;
    case Level::none: return muted;
  }
  return muted;
}

const Theme& theme() { return current ? *current : Theme::light(); }

ThemeSwitch::ThemeSwitch(QObject* parent) : QObject(parent) {
  QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
  apply(false);
}

void ThemeSwitch::set_mode(ThemeMode mode) {
  mode_ = mode;
  if (mode == ThemeMode::system) {
    apply(desktop_dark_);
    ask_desktop();
  } else {
    apply(mode == ThemeMode::dark);
  }
}

/// Never waits: a desktop without a portal simply does not answer.
void ThemeSwitch::ask_desktop() {
  auto bus = QDBusConnection::sessionBus();
  if (!bus.isConnected()) return;
  if (!following_) {
    following_ = bus.connect(portal_service, portal_path, portal_interface, QStringLiteral("SettingChanged"), this,
                             SLOT(setting_changed(QString, QString)));
  }
  auto call = QDBusMessage::createMethodCall(portal_service, portal_path, portal_interface, QStringLiteral("Read"));
  call << appearance << color_scheme;
  auto* watcher = new QDBusPendingCallWatcher(bus.asyncCall(call), this);
  connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
    watcher->deleteLater();
    const QDBusPendingReply<QVariant> reply = *watcher;
    if (reply.isError()) return;
    QVariant value = reply.value();
    while (value.canConvert<QDBusVariant>()) value = value.value<QDBusVariant>().variant();
    desktop_dark_ = value.toUInt() == prefers_dark;
    if (mode_ == ThemeMode::system) apply(desktop_dark_);
  });
}

void ThemeSwitch::setting_changed(const QString& group, const QString& key) {
  if (group == appearance && key == color_scheme && mode_ == ThemeMode::system) ask_desktop();
}

void ThemeSwitch::apply(bool dark) {
  const Theme* wanted = dark ? &Theme::dark_one() : &Theme::light();
  if (wanted == current) return;
  current = wanted;
  QApplication::setPalette(wanted->palette());
}

void paint_level_sign(QPainter& painter, const QRectF& where, Level level) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  const QColor color = theme().level(level);
  const QColor inside = theme().surface;
  const double w = where.width(), h = where.height();
  const auto at = [&](double x, double y) { return QPointF(where.left() + x * w, where.top() + y * h); };
  painter.setPen(Qt::NoPen);
  painter.setBrush(color);
  QPen stroke(inside, w / 7, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin);
  switch (level) {
    case Level::ok:
      painter.drawEllipse(where);
      painter.setPen(stroke);
      painter.setBrush(Qt::NoBrush);
      painter.drawPolyline(QPolygonF{at(.27, .53), at(.44, .69), at(.74, .34)});
      break;
    case Level::warn:
      painter.setPen(QPen(color, w / 10, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
      painter.drawPolygon(QPolygonF{at(.5, .08), at(.96, .9), at(.04, .9)});
      painter.setPen(stroke);
      painter.drawLine(at(.5, .38), at(.5, .58));
      painter.drawPoint(at(.5, .76));
      break;
    case Level::critical:
      painter.drawPolygon(QPolygonF{at(.3, 0), at(.7, 0), at(1, .3), at(1, .7), at(.7, 1), at(.3, 1), at(0, .7), at(0, .3)});
      painter.setPen(stroke);
      painter.drawLine(at(.5, .22), at(.5, .55));
      painter.drawPoint(at(.5, .77));
      break;
    case Level::none:
      painter.setBrush(Qt::NoBrush);
      painter.setPen(QPen(color, w / 8));
      painter.drawEllipse(where.adjusted(w / 8, h / 8, -w / 8, -h / 8));
      break;
  }
  painter.restore();
}

QString level_word(Level level) {
  switch (level) {
    case Level::ok: return QObject::tr("ok");
    case Level::warn: return QObject::tr("watch");
    case Level::critical: return QObject::tr("act");
    case Level::none: return QObject::tr("no data");
  }
  return {};
}

}  // namespace ackwire::dashboard
