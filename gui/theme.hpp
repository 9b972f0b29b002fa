// SPDX-License-Identifier: GPL-3.0-only
// Light and dark: one palette each over Fusion, the same on every desktop. Qt 6.4 does not know the desktop's colour scheme, so
// "system" asks the settings portal.
#pragma once

#include <QColor>
#include <QObject>
#include <QPalette>
#include <array>

#include "text/metrics.hpp"

class QApplication;
class QPainter;
class QRectF;

namespace ackwire::dashboard {

/// Colours by role. State and series colours are of the Okabe-Ito set, which people with colour-blindness can tell apart; each also
/// has a shape, a dash pattern or a word.
struct Theme {
  bool dark = false;
  QColor window, surface, text, muted, border, grid, accent, on_accent, hatch;
  QColor ok, warn, critical, info, duplicate;
  std::array<QColor, 4> series;  ///< in order of importance

  QPalette palette() const;
  QColor level(Level level) const;
  static const Theme& light();
  static const Theme& dark_one();
};

/// The theme of this moment; widgets read it when they paint and when their palette changes. GUI thread only.
const Theme& theme();

enum class ThemeMode : std::uint8_t { system, light, dark };

/// Applies a theme to the application and follows the desktop in system mode. GUI thread only.
class ThemeSwitch : public QObject {
  Q_OBJECT

 public:
  explicit ThemeSwitch(QObject* parent = nullptr);
  /// Before the first: light.
  void set_mode(ThemeMode mode);
  ThemeMode mode() const { return mode_; }

 private slots:
  void setting_changed(const QString& group, const QString& key);

 private:
  void ask_desktop();
  void apply(bool dark);

  ThemeMode mode_ = ThemeMode::light;
  bool desktop_dark_ = false;
  bool following_ = false;
};

/// A sign for a level that does not need colour: tick in a disc, triangle, crossed octagon, ring.
void paint_level_sign(QPainter& painter, const QRectF& where, Level level);
/// "ok", "watch", "act", "no data".
QString level_word(Level level);

}  // namespace ackwire::dashboard
