// SPDX-License-Identifier: GPL-3.0-only
#include "text/findings.hpp"

#include <QObject>
#include <QStringList>
#include <algorithm>

#include "text/format.hpp"
#include "text/payload.hpp"

namespace ackwire::dashboard {
namespace {

constexpr std::size_t name_characters = 64;

QString safe(const std::string& name) { return escaped_line(name, name_characters); }

/// "1,000 of 1,000 messages", or in bytes when that is the limit which is nearer.
QString fill_text(const QueueInfo& queue) {
  const auto& policy = queue.policy;
  const bool by_bytes = fullness(queue) > share_of(queue.depth, policy.max_depth);
  return by_bytes ? QObject::tr("%1 of %2").arg(bytes(queue.depth_bytes), bytes(policy.max_depth_bytes))
                  : QObject::tr("%1 of %2 messages").arg(exact(queue.depth), exact(policy.max_depth));
}

std::uint64_t waiting(const GroupInfo& group) { return group.ready + group.delayed; }

void look_at_groups(const QueueInfo& queue, std::vector<Finding>& found) {
  for (const auto& group : queue.groups) {
    if (waiting(group) == 0) continue;
    const auto wait = counted(waiting(group), QObject::tr("message waits"), QObject::tr("messages wait"));
    if (queue.policy.paused) {
      found.push_back(
          {Level::warn, QObject::tr("Queue %1 is paused; %2 in group %3.").arg(safe(queue.name), wait, safe(group.name)), true});
    } else if (group.paused) {
      found.push_back(
          {Level::warn, QObject::tr("Group %1 of queue %2 is paused; %3.").arg(safe(group.name), safe(queue.name), wait), true});
    } else if (group.consumers == 0) {
      found.push_back(
          {Level::warn, QObject::tr("Group %1 of queue %2 has no consumer; %3.").arg(safe(group.name), safe(queue.name), wait)});
    }
  }
}

}  // namespace

GroupState group_state(const QueueInfo& queue, const GroupInfo* group, bool refusing) {
  GroupState state{Level::ok, QObject::tr("● running"), QObject::tr("Messages are taken and handed out.")};
  QStringList words, sentences;
  const auto note = [&](Level level, const QString& word, const QString& sentence) {
    state.level = std::max(state.level, level);
    words << word;
    sentences << sentence;
  };
  if (fullness(queue) >= 1) {
    note(Level::critical, QObject::tr("full"), QObject::tr("The queue is full (%1): publishes are refused.").arg(fill_text(queue)));
  } else if (refusing) {
    note(Level::warn, QObject::tr("refusing"), QObject::tr("Publishes to the queue were refused within the last minute."));
  }
  if (queue.policy.paused) note(Level::warn, QObject::tr("paused"), QObject::tr("The queue is paused: nothing is handed out."));
  if (!group) {
    note(Level::warn, QObject::tr("no group"), QObject::tr("No group reads this queue."));
  } else if (group->paused) {
    note(Level::warn, QObject::tr("group paused"), QObject::tr("The group is paused: it is handed nothing."));
  } else if (group->consumers == 0) {
    note(waiting(*group) > 0 ? Level::warn : Level::ok, QObject::tr("no consumer"),
         QObject::tr("Nobody is subscribed to this group."));
  }
  if (words.isEmpty()) return state;
  const auto sign = fullness(queue) >= 1 || refusing ? u'✖' : queue.policy.paused || (group && group->paused) ? u'‖' : u'○';
  state.word = sign + QStringLiteral(" ") + words.join(QStringLiteral(", "));
  state.sentence = sentences.join(u' ');
  return state;
}

std::vector<Finding> findings(const BrokerStats& stats, const std::vector<std::string>& refusing) {
  std::vector<Finding> found;
  if (stats.publishes_refused) {
    found.push_back({Level::critical,
                     QObject::tr("The broker refuses publishes: there is no room left in its store or on its disk (%1 of %2 used). "
                                 "Acks, redrives and discards still work.")
                         .arg(bytes(stats.store_bytes), bytes(stats.store_bytes_limit))});
  }
  for (const auto& queue : stats.queues) {
    const double used = fullness(queue);
    if (used >= 1) {
      found.push_back(
          {Level::critical, QObject::tr("Queue %1 is full (%2) and refuses publishes.").arg(safe(queue.name), fill_text(queue))});
    } else if (std::find(refusing.begin(), refusing.end(), queue.name) != refusing.end()) {
      found.push_back({Level::warn, QObject::tr("Queue %1 refused publishes within the last minute (%2 in all).")
                                        .arg(safe(queue.name), exact(queue.refused))});
    } else if (fill_level(used) == Level::critical) {
      found.push_back({Level::critical, QObject::tr("Queue %1 is nearly full (%2).").arg(safe(queue.name), fill_text(queue))});
    }
    look_at_groups(queue, found);
  }
  // Somebody decided that a queue is paused; a group that nobody reads may be an accident.
  const auto rank = [](const Finding& f) { return 2 * static_cast<int>(f.level) - (f.decided ? 1 : 0); };
  std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) { return rank(a) > rank(b); });
  return found;
}

Finding summed_up(const BrokerStats& stats, const std::vector<std::string>& refusing) {
  const auto found = findings(stats, refusing);
  if (found.empty()) {
    const auto dead = backlog(stats, {}).dead;
    const auto fine = QObject::tr(
        "No queue is near its limit or refused a publish within the last minute, and every group with messages has a consumer.");
    if (dead == 0) return {Level::ok, fine};
    return {Level::none, QObject::tr("%1 for a person. %2")
                             .arg(counted(dead, QObject::tr("dead letter waits"), QObject::tr("dead letters wait")), fine)};
  }
  auto first = found.front();
  if (found.size() > 1) {
    const auto more = QObject::tr("more");
    first.text += QObject::tr(" And %1; see the column State.").arg(counted(found.size() - 1, more, more));
  }
  return first;
}

}  // namespace ackwire::dashboard
