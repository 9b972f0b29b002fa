// SPDX-License-Identifier: GPL-3.0-only
#include "bridge/actor.hpp"

#include <ackwire/limits.hpp>

#include <algorithm>

namespace ackwire::dashboard {
namespace {

constexpr Duration reach_wait{5'000};

QString past_tense(Verb verb) {
  switch (verb) {
    case Verb::redrive: return QStringLiteral("redriven");
    case Verb::discard: return QStringLiteral("discarded");
    case Verb::pause: return QStringLiteral("paused");
    case Verb::resume: return QStringLiteral("resumed");
  }
  return {};
}

QString summary(const ActionOutcome& outcome) {
  const auto queue = QString::fromStdString(outcome.request.queue);
  const auto verb = past_tense(outcome.request.verb);
  if (outcome.request.verb == Verb::pause || outcome.request.verb == Verb::resume)
    return QStringLiteral("Queue %1 is %2.").arg(queue, verb);
  auto text = QStringLiteral("%1 of %2 dead letters of %3 / %4 %5.")
                  .arg(outcome.moved)
                  .arg(outcome.request.count)
                  .arg(queue, QString::fromStdString(outcome.request.group), verb);
  if (outcome.not_found > 0) text += QStringLiteral(" %1 had already left the dead-letter queue.").arg(outcome.not_found);
  return text;
}

bool unanswered(Errc code) {
  return code == Errc::timeout || code == Errc::indeterminate || code == Errc::disconnected || code == Errc::closed;
}

QString object_of(const ActionRequest& request) {
  const auto queue = QString::fromStdString(request.queue);
  if (request.verb == Verb::pause || request.verb == Verb::resume) return QStringLiteral("queue %1").arg(queue);
  return QStringLiteral("%1 %2 of %3 / %4")
      .arg(QString::number(request.count), request.count == 1 ? QStringLiteral("dead letter") : QStringLiteral("dead letters"),
           queue, QString::fromStdString(request.group));
}

QString fault_text(const ActionOutcome& outcome, const Error& error) {
  const auto verb = past_tense(outcome.request.verb);
  const auto object = object_of(outcome.request);
  auto text = outcome.ending == Ending::unknown ? QStringLiteral("the broker may have %1 %2, or not: ").arg(verb, object)
                                                : QStringLiteral("%1 not %2: ").arg(object, verb);
  text += QString::fromStdString(error.message.empty() ? std::string(name(error.code)) : error.message);
  if (!text.endsWith(u'.')) text += u'.';
  if (outcome.moved > 0) text += QStringLiteral(" %1 were %2 before that.").arg(outcome.moved).arg(verb);
  return text + (outcome.ending == Ending::unknown ? QStringLiteral(" Look at what is there now before you repeat it.")
                                                   : QStringLiteral(" Refresh and look again."));
}

}  // namespace

QString headline(const ActionOutcome& outcome) {
  const bool moves = outcome.request.verb == Verb::redrive || outcome.request.verb == Verb::discard;
  switch (outcome.ending) {
    case Ending::unknown: return QObject::tr("Outcome not known: ");
    case Ending::not_done: return outcome.moved > 0 ? QObject::tr("Done in part: ") : QObject::tr("Not done: ");
    case Ending::done: break;
  }
  if (moves && outcome.moved == 0) return QObject::tr("Nothing to do: ");
  return outcome.not_found > 0 ? QObject::tr("Done in part: ") : QObject::tr("Done: ");
}

void Actor::shut() {
  ending_ = true;
  if (auto source = source_.load()) source->shut();
}

void Actor::run(ActionRequest request) {
  if (ending_) return;
  ActionOutcome outcome;
  outcome.request = std::move(request);
  bool sent = false;
  const auto status = carry_out(outcome.request, outcome, sent);
  if (status.ok()) {
    outcome.ending = Ending::done;
    outcome.message = summary(outcome);
  } else {
    outcome.ending = sent && unanswered(status.error().code) ? Ending::unknown : Ending::not_done;
    outcome.message = fault_text(outcome, status.error());
    source_.store(nullptr);  // the next action starts with a fresh connection
  }
  emit done(std::move(outcome));
}

/// Connected, and the queue is still the one that was shown.
Status Actor::reach(const ActionRequest& request) {
  if (!source_.load()) {
    auto opened = factory_(Purpose::act);
    if (!opened) return opened.error();
    source_.store(std::move(*opened));
  }
  auto source = source_.load();
  if (auto reached = source->wait_connected(reach_wait); !reached) return reached;
  const auto stats = source->stats();
  if (!stats) return stats.error();
  const auto changed = changed_since(request.seen, identity_of(*stats, request.queue), request.queue);
  return changed.empty() ? Status{} : Status{Error{Errc::not_found, changed, {}, {}}};
}

Status Actor::carry_out(const ActionRequest& request, ActionOutcome& outcome, bool& sent) {
  if (auto reached = reach(request); !reached) return reached;
  auto source = source_.load();
  sent = true;
  if (request.verb == Verb::pause || request.verb == Verb::resume)
    return source->set_paused(request.queue, request.verb == Verb::pause);

  const auto move = [&](const DeadFilter& filter) -> Status {
    auto moved = request.verb == Verb::redrive ? source->redrive(request.queue, request.group, filter)
                                               : source->discard(request.queue, request.group, filter);
    if (!moved) return moved.error();
    outcome.moved += moved->moved;
    outcome.not_found += moved->not_found.size();
    return {};
  };
  if (request.all) return move({});
  for (std::size_t at = 0; at < request.sequences.size(); at += limits::page_messages) {
    const auto end = std::min<std::size_t>(at + limits::page_messages, request.sequences.size());
    DeadFilter filter;
    filter.sequences.assign(request.sequences.begin() + static_cast<std::ptrdiff_t>(at),
                            request.sequences.begin() + static_cast<std::ptrdiff_t>(end));
    if (auto status = move(filter); !status) return status;
  }
  return {};
}

}  // namespace ackwire::dashboard
