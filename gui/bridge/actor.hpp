// SPDX-License-Identifier: GPL-3.0-only
// Carries out what a person asked for, on a thread and a connection of its own, so that a long redrive never stops the figures.
#pragma once

#include <QObject>
#include <atomic>

#include "bridge/data_source.hpp"
#include "bridge/snapshot.hpp"

namespace ackwire::dashboard {

/// Lives on the action thread; only shut() may be called from another one.
class Actor : public QObject {
  Q_OBJECT

 public:
  explicit Actor(SourceFactory factory) : factory_(std::move(factory)) {}
  /// Makes a blocked call return. What the broker has begun it finishes. Any thread.
  void shut();

 public slots:
  void run(ackwire::dashboard::ActionRequest request);

 signals:
  void done(ackwire::dashboard::ActionOutcome outcome);

 private:
  /// `sent` becomes true as soon as the broker may have begun.
  Status carry_out(const ActionRequest& request, ActionOutcome& outcome, bool& sent);
  Status reach(const ActionRequest& request);

  const SourceFactory factory_;
  std::atomic<bool> ending_{false};
  std::atomic<std::shared_ptr<DataSource>> source_;
};

}  // namespace ackwire::dashboard
