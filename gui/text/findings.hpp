// SPDX-License-Identifier: GPL-3.0-only
// What an operator must not overlook, in words: per group for the table, and over the whole broker for the line at the top. Pure
// functions.
#pragma once

#include <ackwire/stats.hpp>

#include <QString>
#include <vector>

#include "text/metrics.hpp"

namespace ackwire::dashboard {

/// The state of one group of a queue.
struct GroupState {
  Level level = Level::none;
  QString word;      ///< for a cell: "● running", "✖ full, no consumer"
  QString sentence;  ///< for its tooltip
};
/// `group` null: the queue has none. `refusing`: publishes were refused just now.
GroupState group_state(const QueueInfo& queue, const GroupInfo* group, bool refusing);

struct Finding {
  Level level = Level::none;
  QString text;          ///< one sentence
  bool decided = false;  ///< somebody wanted it so
};
/// The worst first; empty: none of what is looked for. `refusing`: names of queues that refused publishes just now.
std::vector<Finding> findings(const BrokerStats& stats, const std::vector<std::string>& refusing);
/// All of it in one line, or what was looked at when nothing was found.
Finding summed_up(const BrokerStats& stats, const std::vector<std::string>& refusing);

}  // namespace ackwire::dashboard
