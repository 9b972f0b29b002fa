// SPDX-License-Identifier: GPL-3.0-only
#include "screenshot.hpp"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QPixmap>
#include <QTimer>
#include <cstdio>

#include "main_window.hpp"
#include "text/format.hpp"

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
  if (!window_.missing_queue().isEmpty())
    return fail(QStringLiteral("there is no queue \"%1\" at this broker.").arg(window_.missing_queue()));
  if (link.stats() && window_.settled()) {
    QTimer::singleShot(options_.after_ms, this, &Screenshot::take);
    return;
  }
  const auto& state = link.state();
  const bool refused = state.phase == LinkPhase::refused;
  if (!refused && now_ms() - begun_ms_ <= options_.wait_ms) {
    QTimer::singleShot(look_ms, this, &Screenshot::look);
  } else if (options_.allow_disconnected) {
    take();
  } else if (refused) {
    fail(QStringLiteral("this cannot work as asked: %1").arg(sentence(state.reason)));
  } else {
    const auto reason = state.reason.isEmpty() ? QStringLiteral("no answer") : state.reason;
    fail(QStringLiteral("the broker cannot be reached: %1 Start one with 'ackwire serve', or pass --allow-disconnected.")
             .arg(sentence(reason)));
  }
}

void Screenshot::take() {
  const auto& state = window_.link().state();
  if (state.phase != LinkPhase::connected && !options_.allow_disconnected)
    return fail(QStringLiteral("the connection was lost before the picture was taken: %1").arg(sentence(state.reason)));
  if (!window_.grab().save(options_.file, "PNG")) return fail(QStringLiteral("cannot write %1.").arg(options_.file));
  QCoreApplication::exit(0);
}

void Screenshot::fail(const QString& what) {
  std::fprintf(stderr, "ackwire-dashboard: %s\n", qPrintable(what));
  QCoreApplication::exit(1);
}

}  // namespace ackwire::dashboard
