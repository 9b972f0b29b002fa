// What left the broker, as prose.
#include "format/confirm.hpp"
#include "format/record.hpp"
#include "format/run.hpp"
#include "stage.hpp"

namespace ackwire::scenarios {
namespace {

std::string refused(const Error& error) {
  std::string text = "refused: " + std::string(name(error.code));
  if (error.retry_after > Duration{0}) text += ", try again after " + std::to_string(error.retry_after.count()) + "ms";
  return text;
}

}  // namespace

void Stage::say(const std::string& line) {
  out_.push_back((waited_ >= Duration{0} ? "after " + std::to_string(waited_.count()) + "ms " : "") + line);
}

void Stage::tell(const model::Effect& effect) {
  if (const auto* answer = std::get_if<model::Answer>(&effect.what)) return tell_reply(asked_.at(answer->request), answer->reply);
  Client* const who = &clients_.at(session_of_.at(effect.session));
  if (const auto* confirm = std::get_if<model::Confirm>(&effect.what)) return tell_confirm(who->name, *confirm);
  if (const auto* deliver = std::get_if<model::Deliver>(&effect.what)) return tell_delivery(*who, *deliver);
  if (const auto* result = std::get_if<model::SettleResult>(&effect.what)) return tell_settle(who->name, *result);
  if (const auto* subscribed = std::get_if<model::Subscribed>(&effect.what)) {
    return say(who->name + ": " + (subscribed->error.code == Errc::ok ? "subscribed" : "subscribe " + refused(subscribed->error)));
  }
  if (const auto* recall = std::get_if<model::Recall>(&effect.what)) {
    return say(who->name + ": asked to give back " + std::to_string(recall->count));
  }
  say(who->name + ": subscription ended");
}

void Stage::tell_confirm(const std::string& who, const model::Confirm& confirm) {
  std::string_view rest = confirm.entries;
  format::ConfirmEntry entry;
  while (format::split_confirm(rest, entry)) {
    if (entry.kind == 2) {
      say(who + ": publish " + refused(entry.error));
    } else if (entry.kind == 0) {
      const std::uint64_t last = entry.first_sequence + entry.messages - 1;
      say(who + ": confirmed " + std::to_string(entry.first_sequence) + (entry.messages > 1 ? " to " + std::to_string(last) : ""));
    } else {
      std::string text = who + ": confirmed";
      for (const Receipt& receipt : entry.receipts)
        text += " " + std::to_string(receipt.sequence) + (receipt.duplicate ? " (duplicate)" : "");
      say(text);
    }
    entry = {};
  }
}

void Stage::tell_delivery(Client& client, const model::Deliver& deliver) {
  std::string_view rest = deliver.runs;
  format::Run run;
  while (format::split_run(rest, run)) {
    format::Record record;
    for (std::uint64_t i = 0; i < run.count && format::split(run.records, record); ++i) {
      const std::uint64_t sequence = run.first_sequence + i;
      client.deliveries[sequence] = run.delivery;
      say(client.name + ": message " + std::to_string(sequence) + " \"" + std::string(record.body) + "\", delivery " +
          std::to_string(run.delivery) + ", attempt " + std::to_string(run.attempts));
    }
  }
}

void Stage::tell_settle(const std::string& who, const model::SettleResult& result) {
  const std::string verb = settles_.at(result.request);
  if (result.error.code != Errc::ok) return say(who + ": " + verb + " " + refused(result.error));
  std::string text = who + ": " + verb;
  if (result.applied > 0) text += " applied to " + std::to_string(result.applied);
  if (!result.stale.empty()) text += result.applied > 0 ? ", stale:" : " stale:";
  for (const model::SettleRange& range : result.stale) {
    for (std::uint64_t i = 0; i < range.count; ++i) text += " " + std::to_string(range.first_sequence + i);
  }
  say(text);
}

void Stage::tell_group(const QueueInfo& info, const std::string& group) {
  for (const GroupInfo& g : info.groups) {
    if (g.name != group) continue;
    say("operator: published " + std::to_string(g.published) + " = ready " + std::to_string(g.ready) + " + delayed " +
        std::to_string(g.delayed) + " + leased " + std::to_string(g.leased) + " + dead " + std::to_string(g.dead) + " + acked " +
        std::to_string(g.acked) + " + expired " + std::to_string(g.expired) + " + discarded " + std::to_string(g.discarded));
  }
}

void Stage::tell_reply(const Asked& asked, const model::Reply& reply) {
  if (const auto* error = std::get_if<Error>(&reply)) return say("operator: " + refused(*error));
  if (const auto* info = std::get_if<QueueInfo>(&reply)) {
    return asked.verb == "stats" ? tell_group(*info, asked.group) : say("operator: queue " + info->name);
  }
  if (const auto* purged = std::get_if<model::Purged>(&reply)) return say("operator: purged " + std::to_string(purged->count));
  if (const auto* moved = std::get_if<model::Moved>(&reply)) {
    std::string text = "operator: moved " + std::to_string(moved->moved.moved);
    for (const std::uint64_t sequence : moved->moved.not_found) text += ", no dead letter " + std::to_string(sequence);
    return say(text);
  }
  if (const auto* page = std::get_if<DeadPage>(&reply)) {
    if (page->letters.empty()) say("operator: no dead letters");
    for (const DeadLetter& letter : page->letters) {
      say("operator: dead letter " + std::to_string(letter.sequence) + " \"" + letter.body + "\", " +
          std::string(name(letter.reason)) + ": " + letter.detail + "; attempts " + std::to_string(letter.attempts) +
          ", redrives " + std::to_string(letter.redrives));
      for (const AttemptError& error : letter.errors) say("    delivery " + std::to_string(error.delivery) + ": " + error.text);
    }
    return;
  }
  say("operator: done");
}

}  // namespace ackwire::scenarios
