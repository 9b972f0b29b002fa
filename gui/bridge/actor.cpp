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

}  // namespace

void Actor::shut() {
  ending_ = true;
  if (auto source = source_.load()) source->shut();
}

void Actor::run(ActionRequest request) {
  if (ending_) return;
  ActionOutcome outcome;
  outcome.request = std::move(request);
  const auto status = carry_out(outcome.request, outcome);
  outcome.ok = status.ok();
  if (status.ok()) {
    outcome.message = summary(outcome);
  } else {
    const auto& error = status.error();
    outcome.message = QString::fromStdString(error.message.empty() ? std::string(name(error.code)) : error.message);
    if (outcome.moved > 0)
      outcome.message += QStringLiteral(" %1 were %2 before that.").arg(outcome.moved).arg(past_tense(outcome.request.verb));
    if (error.code == Errc::timeout || error.code == Errc::indeterminate || error.code == Errc::disconnected) {
      outcome.message += QStringLiteral(" Whether the broker finished is not known; nothing is lost either way. Refresh to see.");
    }
    source_.store(nullptr);  // the next action starts with a fresh connection
  }
  emit done(std::move(outcome));
}

Status Actor::carry_out(const ActionRequest& request, ActionOutcome& outcome) {
  if (!source_.load()) {
    auto opened = factory_(Purpose::act);
    if (!opened) return opened.error();
    source_.store(std::move(*opened));
  }
  auto source = source_.load();
  if (auto reached = source->wait_connected(reach_wait); !reached) return reached;
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
