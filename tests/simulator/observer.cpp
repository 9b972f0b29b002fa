#include "observer.hpp"

#include <algorithm>

#include "engine/verify.hpp"
#include "format/confirm.hpp"
#include "format/record.hpp"
#include "format/run.hpp"

namespace ackwire::simulator {

Observer::Observer(store::Store& store, Checker::Report report)
    : store_(store),
      report_(std::move(report)),
      checkers_(make_checkers(facts_, report_, [this] { return simulator::recount(store_); })) {}

ContentId Observer::add_content(Content content) {
  content.id = static_cast<ContentId>(facts_.contents.size());
  facts_.by_body[content.body] = content.id;
  facts_.contents.push_back(std::move(content));
  return facts_.contents.back().id;
}

void Observer::publish_attempted(const PublishCommand& frame, Duration now) {
  for (const Batch& batch : *frame.batches) {
    for (const ContentId id : batch.contents) {
      if (facts_.contents[id].first_attempt < Duration{0}) facts_.contents[id].first_attempt = now;
    }
  }
  frames_.try_emplace({frame.producer, frame.queue, frame.sequence}, Frame{frame.batches, now});
}

void Observer::restarted(std::uint64_t boot_epoch) {
  if (boot_epoch <= facts_.boot_epoch) report_("I6", "the boot epoch did not rise at a restart");
  facts_.boot_epoch = boot_epoch;
  facts_.subscriptions.clear();
  settles_.clear();
  for (auto& [name, queue] : facts_.queues) {
    for (auto& [sequence, message] : queue.messages) {
      for (auto& [group_name, group] : message.groups) group.lease.reset();
    }
  }
}

void Observer::recount(RecountReason reason) {
  const Recount counted = simulator::recount(store_);
  for (auto& [name, queue] : facts_.queues) {
    const auto row = counted.queues.find(name);
    if (row == counted.queues.end()) continue;
    queue.policy = row->second.row.policy;
    queue.max_attempts_seen = std::max(queue.max_attempts_seen, queue.policy.max_attempts);
  }
  for (const auto& checker : checkers_) checker->on_recount(counted, reason);
  const auto verified = engine::verify(store_);
  if (!verified) return report_("I4", "the offline check failed: " + verified.error().message);
  if (!verified->problems.empty()) report_("I4", "the offline check found: " + verified->problems.front());
}

void Observer::processed(SessionId session, const Command& command, Duration now) {
  if (const auto* frame = std::get_if<PublishCommand>(&command)) {
    producers_[session] = frame->producer;
  } else if (const auto* subscribe = std::get_if<SubscribeCommand>(&command)) {
    facts_.subscriptions.try_emplace({session, subscribe->subscription},
                                     Facts::Subscription{subscribe->queue, subscribe->group, {}});
  } else if (const auto* gone = std::get_if<UnsubscribeCommand>(&command)) {
    end_leases(session, &gone->subscription);
  } else if (const auto* settle = std::get_if<SettleCommand>(&command)) {
    processed_settle(session, *settle);
  } else if (const auto* renew = std::get_if<RenewCommand>(&command)) {
    processed_renew(session, renew->subscription, now);
  } else if (const auto* request = std::get_if<RequestCommand>(&command)) {
    processed_request(request->what);
  } else if (std::holds_alternative<EndSession>(command)) {
    end_leases(session, nullptr);
  }
}

void Observer::processed_settle(SessionId session, const SettleCommand& command) {
  const auto subscription = facts_.subscriptions.find({session, command.settle.subscription});
  if (subscription == facts_.subscriptions.end()) {
    settles_.insert_or_assign({session, command.settle.request}, Settle{command, {}, {}, {}});
    return;
  }
  Settle taken{command, subscription->second.queue, subscription->second.group, {}};
  for (const model::SettleRange& range : command.settle.ranges) {
    for (std::uint64_t i = 0; i < range.count; ++i) {
      GroupFacts& group = facts_.group(taken.queue, range.first_sequence + i, taken.group);
      if (group.lease) taken.held[range.first_sequence + i] = *group.lease;
      const bool current = command.settle.boot_epoch == facts_.boot_epoch && group.last_delivery == range.delivery;
      if (current && command.settle.kind == model::SettleKind::ack) group.maybe_acked = true;
    }
  }
  settles_.insert_or_assign({session, command.settle.request}, std::move(taken));
}

void Observer::processed_renew(SessionId session, SubscriptionId subscription, Duration now) {
  const auto found = facts_.subscriptions.find({session, subscription});
  if (found == facts_.subscriptions.end()) return;
  Facts::Subscription& holder = found->second;
  for (auto& [sequence, message] : facts_.queues[holder.queue].messages) {
    auto& lease = message.groups[holder.group].lease;
    if (!lease || lease->session != session || lease->subscription != subscription) continue;
    const Duration deadline = lease->extended ? *lease->extended : std::max(lease->deadline, holder.renewed_until);
    if (deadline <= now) lease->lapsed = true;
  }
  holder.renewed_until = now + facts_.queues[holder.queue].policy.visibility_timeout;
}

void Observer::processed_request(const model::Request& what) {
  if (const auto* set = std::get_if<model::SetQueue>(&what)) {
    QueueFacts& queue = facts_.queues[set->queue];
    if (set->change.visibility_timeout)
      queue.policy.visibility_timeout = *set->change.visibility_timeout;  // at once, also for renewals
    if (set->change.max_attempts) queue.max_attempts_seen = std::max(queue.max_attempts_seen, *set->change.max_attempts);
  } else if (const auto* purge = std::get_if<model::Purge>(&what)) {
    purging_.push_back(purge->queue);
  } else if (const auto* start = std::get_if<model::StartJob>(&what); start != nullptr && start->kind == JobKind::purge) {
    purging_.push_back(start->queue);  // up to here, however many turns it takes
  } else if (const auto* move = std::get_if<model::MoveDead>(&what);
             move != nullptr && move->action == model::DeadAction::discard) {
    for (const std::uint64_t sequence : move->filter.sequences)
      facts_.group(move->queue, sequence, move->group).maybe_discarded = true;
  }
}

void Observer::turn_ended() {
  if (purging_.empty()) return;
  const Recount counted = simulator::recount(store_);
  for (const std::string& name : purging_) {
    const auto queue = counted.queues.find(name);
    if (queue != counted.queues.end()) facts_.queues[name].purged_below = queue->second.state.next_sequence;
  }
  purging_.clear();
}

void Observer::left(const model::Effect& effect, Duration now) {
  if (const auto* confirm = std::get_if<model::Confirm>(&effect.what)) left_confirm(effect.session, *confirm, now);
  if (const auto* deliver = std::get_if<model::Deliver>(&effect.what)) left_delivery(effect.session, *deliver, now);
  if (const auto* result = std::get_if<model::SettleResult>(&effect.what)) left_settle(effect.session, *result, now);
  if (const auto* answer = std::get_if<model::Answer>(&effect.what)) left_answer(*answer);
}

void Observer::left_confirm(SessionId session, const model::Confirm& confirm, Duration now) {
  const auto frame = frames_.find({producers_[session], confirm.queue, confirm.producer_sequence});
  if (frame == frames_.end()) return report_("I17", "a confirm left for a frame that nobody sent");
  std::string_view rest = confirm.entries;
  format::ConfirmEntry entry;
  std::uint32_t left_of_entry = 0;
  std::uint64_t next_sequence = 0;
  for (const Batch& batch : *frame->second.batches) {
    if (left_of_entry == 0) {
      entry = {};
      if (!format::split_confirm(rest, entry)) return report_("I17", "a batch got no answer: the confirm is too short");
      left_of_entry = entry.batches;
      next_sequence = entry.first_sequence;
    }
    --left_of_entry;
    if (entry.kind == 2) {
      refusals += batch.contents.size();
      for (const auto& checker : checkers_) checker->on_refused({confirm.queue, entry.error, batch.contents});
      continue;
    }
    for (std::size_t i = 0; i < batch.contents.size(); ++i) {
      if (entry.kind == 1 && i >= entry.receipts.size()) return report_("I17", "a batch has fewer receipts than messages");
      const Receipt receipt = entry.kind == 1 ? entry.receipts[i] : Receipt{next_sequence++, false};
      one_confirmed({confirm.queue, receipt.sequence, receipt.duplicate, batch.contents[i], frame->second.sent, now});
    }
  }
  if (!rest.empty() || left_of_entry != 0) report_("I17", "a confirm has more answers than the frame had batches");
}

void Observer::one_confirmed(const ConfirmedEvent& event) {
  ++confirms;
  if (event.duplicate) ++duplicates;
  for (const auto& checker : checkers_) checker->on_confirmed(event);
  QueueFacts& queue = facts_.queues[event.queue];
  MessageFacts& message = queue.messages[event.sequence];
  message.content = event.content;
  message.confirmed = true;
  queue.highest = std::max(queue.highest, event.sequence);
  const Content& content = facts_.contents[event.content];
  if (content.key.empty() || event.duplicate) return;
  auto& known = queue.keys[content.key];
  if (std::any_of(known.begin(), known.end(), [&](const KeyFacts& k) { return k.sequence == event.sequence; })) return;
  known.push_back({event.sequence, event.sent, event.now});
}

void Observer::left_delivery(SessionId session, const model::Deliver& deliver, Duration now) {
  const auto subscription = facts_.subscriptions.find({session, deliver.subscription});
  if (subscription == facts_.subscriptions.end()) return report_("I8", "a delivery left for a subscription that is not there");
  std::string_view rest = deliver.runs;
  format::Run run;
  while (!rest.empty()) {
    if (!format::split_run(rest, run)) return report_("I2", "a delivery cannot be read");
    format::Record record;
    for (std::uint64_t i = 0; i < run.count; ++i) {
      if (!format::split(run.records, record) || !format::checksum_ok(record))
        return report_("I2", "a delivered record is damaged");
      one_delivered({subscription->second.queue, subscription->second.group, run.first_sequence + i, run.delivery, run.attempts,
                     record.body, session, deliver.subscription, now});
    }
  }
}

void Observer::one_delivered(const DeliveredEvent& event) {
  ++deliveries;
  for (const auto& checker : checkers_) checker->on_delivered(event);
  QueueFacts& queue = facts_.queues[event.queue];
  queue.highest = std::max(queue.highest, event.sequence);
  MessageFacts& message = queue.messages[event.sequence];
  if (const auto content = facts_.by_body.find(std::string(event.body)); content != facts_.by_body.end())
    message.content = content->second;
  GroupFacts& group = message.groups[event.group];
  group.last_delivery = event.delivery;
  group.last_was_reject = false;
  group.lease =
      LeaseFacts{event.session, event.subscription, event.delivery, event.now, event.now + queue.policy.visibility_timeout, {}};
}

void Observer::left_settle(SessionId session, const model::SettleResult& result, Duration now) {
  const auto asked = settles_.find({session, result.request});
  if (asked == settles_.end()) return report_("I6", "an answer to a settle left that nobody asked for");
  const Settle& taken = asked->second;
  const model::Settle& settle = taken.command.settle;
  if (result.error.code != Errc::ok) {
    if (result.error.code != Errc::bad_token) report_("I17", "a settle was refused: " + result.error.message);
    return;
  }
  if (taken.queue.empty()) return report_("I6", "a settle was applied for a subscription that is not there");
  std::uint64_t asked_for = 0, refused = 0;
  for (const model::SettleRange& range : settle.ranges) asked_for += range.count;
  for (const model::SettleRange& range : result.stale) refused += range.count;
  if (result.applied + refused != asked_for)
    return report_("I6", "a settle answered for another number of messages than were named");
  stale += refused;
  for (const model::SettleRange& range : settle.ranges) {
    for (std::uint64_t i = 0; i < range.count; ++i) {
      const std::uint64_t sequence = range.first_sequence + i;
      const bool is_stale = std::any_of(result.stale.begin(), result.stale.end(), [&](const model::SettleRange& s) {
        return s.delivery == range.delivery && sequence >= s.first_sequence && sequence - s.first_sequence < s.count;
      });
      const auto held = taken.held.find(sequence);
      const GroupFacts& group = facts_.group(taken.queue, sequence, taken.group);
      const auto before = group.settled.find(range.delivery);
      const bool repeated =
          before != group.settled.end() && before->second == SettleFacts{settle.kind, session, result.subscription};
      one_settled({taken.queue, taken.group, settle.kind, sequence, range.delivery, settle.boot_epoch, !is_stale, repeated, session,
                   result.subscription, taken.command.text, held == taken.held.end() ? nullptr : &held->second},
                  now + Duration{settle.duration_ms});
    }
  }
}

void Observer::one_settled(const SettledEvent& event, Duration extended_to) {
  for (const auto& checker : checkers_) checker->on_settled(event);
  if (!event.applied || event.repeated) return;
  GroupFacts& group = facts_.group(event.queue, event.sequence, event.group);
  if (event.kind == model::SettleKind::extend) {
    if (group.lease) group.lease->extended = extended_to;
    return;
  }
  group.settled[event.delivery] = {event.kind, event.session, event.subscription};
  group.lease.reset();
  if (event.kind == model::SettleKind::ack) {
    ++acks;
    group.acked = event.delivery;
    group.maybe_acked = true;
  } else if (event.kind == model::SettleKind::nack || event.kind == model::SettleKind::reject) {
    group.last_failure = event.text;
    group.last_was_reject = event.kind == model::SettleKind::reject;
  }
}

void Observer::left_answer(const model::Answer& answer) {
  const auto look = [this](const QueueInfo& info) {
    const auto queue = facts_.queues.find(info.name);
    if (queue != facts_.queues.end()) queue->second.policy = info.policy;
    for (const auto& checker : checkers_) checker->on_queue_info(info);
  };
  if (const auto* info = std::get_if<QueueInfo>(&answer.reply)) look(*info);
  if (const auto* page = std::get_if<model::StatsPage>(&answer.reply)) {
    for (const QueueInfo& info : page->stats.queues) look(info);
  }
}

void Observer::end_leases(SessionId session, const SubscriptionId* subscription) {
  for (auto& [name, queue] : facts_.queues) {
    for (auto& [sequence, message] : queue.messages) {
      for (auto& [group_name, group] : message.groups) {
        if (group.lease && group.lease->session == session &&
            (subscription == nullptr || group.lease->subscription == *subscription)) {
          group.lease.reset();
        }
      }
    }
  }
  std::erase_if(facts_.subscriptions, [&](const auto& entry) {
    return entry.first.first == session && (subscription == nullptr || entry.first.second == *subscription);
  });
}

}  // namespace ackwire::simulator
