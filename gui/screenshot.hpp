// SPDX-License-Identifier: GPL-3.0-only
// The window as a picture, for reports and for machines without a display.
#pragma once

#include <QObject>
#include <QString>

namespace ackwire::dashboard {

class MainWindow;

struct ScreenshotOptions {
  QString file;
  int after_ms = 1'500;  ///< from the first figures on
  int wait_ms = 10'000;  ///< for the first figures
  bool allow_disconnected = false;
};

/// Waits for figures, then writes the PNG and ends the application: exit code 0, or 1 with a sentence on stderr.
class Screenshot : public QObject {
  Q_OBJECT

 public:
  Screenshot(MainWindow& window, ScreenshotOptions options);
  void start();

 private:
  void look();
  void take();
  void fail(const QString& what);

  MainWindow& window_;
  const ScreenshotOptions options_;
  qint64 begun_ms_ = 0;
};

}  // namespace ackwire::dashboard
