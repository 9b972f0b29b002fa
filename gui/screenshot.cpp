// SPDX-License-Identifier: GPL-3.0-only
#include "screenshot.hpp"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QPixmap>
#include <QTimer>
#include <cstdio>

#include "main_window.hpp"

namespace ackwire::dashboard {
namespace {

constexpr int look_ms = 50;

qint64 now_ms() { return QDeadlineTimer::current().deadline(); }

}  // namespace

Screenshot::Screenshot(MainWindow& window, ScreenshotOptions options)
    : QObject(&window), window_(window), options_(std::move(options)) {}

void Screenshot::start() {
  begun_ms_ = now_ms();
  look();
}

void Screenshot::look() {
  const auto& link = window_.link();
  if (link.stats() && window_.settled()) {
    QTimer::singleShot(options_.after_ms, this, &Screenshot::take);
    return;
  }
  const bool hopeless = link.state().phase == LinkPhase::refused || now_ms() - begun_ms_ > options_.wait_ms;
  if (!hopeless) {
    QTimer::singleShot(look_ms, this, &Screenshot::look);
  } else if (options_.allow_disconnected) {
    take();
  } else {
    const auto reason = link.state().reason.isEmpty() ? QStringLiteral("no answer") : link.state().reason;
    std::fprintf(
        stderr,
        "ackwire-dashboard: the broker cannot be reached: %s. Start one with 'ackwire serve', or pass --allow-disconnected.\n",
        qPrintable(reason));
    QCoreApplication::exit(1);
  }
}

void Screenshot::take() {
  const bool lost = window_.link().state().phase != LinkPhase::connected;
  if (lost && !options_.allow_disconnected) {
    std::fprintf(stderr, "ackwire-dashboard: the connection was lost before the picture was taken: %s.\n",
                 qPrintable(window_.link().state().reason));
    return QCoreApplication::exit(1);
  }
  if (!window_.grab().save(options_.file, "PNG")) {
    std::fprintf(stderr, "ackwire-dashboard: cannot write %s.\n", qPrintable(options_.file));
    return QCoreApplication::exit(1);
  }
  QCoreApplication::exit(0);
}

}  // namespace ackwire::dashboard
