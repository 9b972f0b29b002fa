#include "stage.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "format/record.hpp"
#include "transcript.hpp"

namespace ackwire::scenarios {
namespace {

using model::SubscriptionId;

constexpr SubscriptionId only_subscription{1};
constexpr model::SessionId operator_session{1'000'000};

Duration duration(const std::string& text) {
  std::size_t digits = 0;
  const long long value = std::stoll(text, &digits);
  const std::string unit = text.substr(digits);
  if (unit == "ms") return Duration{value};
  if (unit == "s") return Duration{value * 1'000};
  if (unit == "m") return Duration{value * 60'000};
  throw std::runtime_error("a duration needs a unit: " + text);
}

/// The value of `name=` among the words.
std::optional<std::string> option(const std::vector<std::string>& words, const std::string& name) {
  for (const std::string& word : words) {
    if (word.starts_with(name + "=")) return word.substr(name.size() + 1);
  }
  return std::nullopt;
}

/// The words from `first` on that are not options.
std::vector<std::string> plain(const std::vector<std::string>& words, std::size_t first) {
  std::vector<std::string> out;
  for (std::size_t i = first; i < words.size(); ++i) {
    if (words[i].find('=') == std::string::npos) out.push_back(words[i]);
  }
  return out;
}

QueueChange change_of(const std::vector<std::string>& words) {
  QueueChange change;
  const auto number = [](const std::string& text) { return static_cast<std::uint32_t>(std::stoul(text)); };
  if (const auto v = option(words, "visibility_timeout")) change.visibility_timeout = duration(*v);
  if (const auto v = option(words, "max_attempts")) change.max_attempts = number(*v);
  if (const auto v = option(words, "backoff_initial")) change.backoff_initial = duration(*v);
  if (const auto v = option(words, "backoff_max")) change.backoff_max = duration(*v);
  if (const auto v = option(words, "ttl")) change.ttl = duration(*v);
  if (const auto v = option(words, "on_expiry")) change.on_expiry = *v == "discard" ? OnExpiry::discard : OnExpiry::dead_letter;
  if (const auto v = option(words, "dedupe_window")) change.dedupe_window = duration(*v);
  if (const auto v = option(words, "max_depth")) change.max_depth = number(*v);
  if (const auto v = option(words, "max_in_flight")) change.max_in_flight = number(*v);
  if (const auto v = option(words, "paused")) change.paused = *v == "true";
  change.backoff_jitter = 0;  // so that a transcript can name the times
  return change;
}

}  // namespace

Stage::Stage() : store_(store::MemoryStore::make(1)) { restart(); }
Stage::~Stage() = default;

std::vector<std::string> Stage::play(const std::vector<std::string>& commands) {
  out_.clear();
  begin();
  for (const std::string& command : commands) {
    const Words all = words(command);
    if (all[0] == "wait") {
      finish();
      wait(duration(all.at(1)));
      begin();
    } else if (all[0] == "restart" || all[0] == "power_cut") {
      if (all[0] == "restart") finish();
      restart();
      begin();
    } else {
      run(all);
    }
  }
  finish();
  return out_.empty() ? std::vector<std::string>{"nothing"} : out_;
}

model::Now Stage::now() const { return {Timestamp{Duration{1'700'000'000'000} + mono_}, mono_}; }

void Stage::begin() {
  if (const Status begun = engine_->begin(now()); !begun) throw std::runtime_error(begun.error().message);
  turn_open_ = true;
}

void Stage::finish() {
  if (!turn_open_) return;
  turn_open_ = false;
  if (const Status done = engine_->finish(); !done) throw std::runtime_error(done.error().message);
  for (const model::Effect& effect : engine_->take_effects()) tell(effect);
}

void Stage::wait(Duration wanted) {
  const Duration start = mono_, end = mono_ + wanted;
  for (auto next = engine_->next_wakeup(); next && *next <= end; next = engine_->next_wakeup()) {
    mono_ = std::max(*next, mono_ + Duration{1});
    if (mono_ > end) break;
    waited_ = mono_ - start;
    begin();
    finish();
  }
  mono_ = end;
  waited_ = Duration{-1};
}

void Stage::restart() {
  turn_open_ = false;
  engine_.reset();
  store_->crash();
  engine_ = std::make_unique<engine::Engine>(*store_, engine::EngineOptions{});
  if (const Status opened = engine_->open(now()); !opened) throw std::runtime_error(opened.error().message);
  // Every client connects again: a new session, the same producer.
  for (auto& [name, known] : clients_) new_session(known);
}

void Stage::new_session(Client& client) {
  client.session = model::SessionId{next_session_++};
  session_of_[client.session] = client.name;
}

Stage::Client& Stage::client(const std::string& name) {
  const auto [found, made] = clients_.try_emplace(name);
  if (made) {
    found->second.name = name;
    new_session(found->second);
    name.copy(found->second.producer.data(), found->second.producer.size());
  }
  return found->second;
}

void Stage::run(const Words& words) {
  const std::string& verb = words[0];
  if (verb == "publish" || verb == "repeat") return publish(words, verb == "repeat");
  if (verb == "subscribe") return subscribe(words);
  if (verb == "unsubscribe") return engine_->unsubscribe(client(words.at(1)).session, only_subscription);
  if (verb == "hear") return engine_->heard(client(words.at(1)).session);
  if (verb == "begun") return begun(words);
  if (verb == "renew") return engine_->renew(client(words.at(1)).session, only_subscription);
  if (verb == "ack" || verb == "nack" || verb == "reject" || verb == "release" || verb == "extend") return settle(words);
  if (verb == "disconnect") {
    Client& gone = client(words.at(1));
    engine_->end_session(gone.session);
    new_session(gone);
    return;
  }
  request(words);
}

void Stage::publish(const Words& words, bool again) {
  Client& from = client(words.at(1));
  const std::string& queue = words.at(2);
  if (!again) {
    std::string records;
    std::uint32_t count = 0;
    for (const std::string& body : plain(words, 3)) {
      Message message;
      message.body = body;
      const auto key = option(words, "key");
      if (key && count == 0) message.idempotency_key = *key;
      if (const auto v = option(words, "delay")) message.delay = duration(*v);
      if (const auto v = option(words, "ttl")) message.ttl = duration(*v);
      if (const Status encoded = format::encode(message, now().wall, records); !encoded)
        throw std::runtime_error(encoded.error().message);
      ++count;
    }
    from.sent[queue] = {++from.next_sequence[queue], std::move(records)};
    from.sent_count[queue] = count;
  }
  send(from, queue);
}

void Stage::send(Client& from, const std::string& queue) {
  const auto& [sequence, records] = from.sent.at(queue);
  model::Publish frame;
  frame.queue = queue;
  frame.producer = from.producer;
  frame.producer_sequence = frame.first_unconfirmed = sequence;
  frame.batches.push_back({from.sent_count.at(queue), records});
  engine_->publish(from.session, frame);
}

void Stage::subscribe(const Words& words) {
  Client& who = client(words.at(1));
  const std::string group = option(words, "group").value_or("default");
  const auto credit = static_cast<std::uint32_t>(std::stoul(option(words, "credit").value_or("10")));
  who.boot_epoch = engine_->boot_epoch();
  const auto concurrency = static_cast<std::uint32_t>(std::stoul(option(words, "concurrency").value_or("0")));
  engine_->subscribe(who.session, {only_subscription, words.at(2), group, credit, concurrency});
}

void Stage::begun(const Words& words) {
  Client& who = client(words.at(1));
  model::Begun begun{only_subscription, who.boot_epoch, {}};
  for (const std::string& word : plain(words, 2)) begun.ranges.push_back({std::stoull(word), 1, who.deliveries[std::stoull(word)]});
  engine_->begun(who.session, begun);
}

void Stage::settle(const Words& words) {
  using model::SettleKind;
  static const std::map<std::string, SettleKind> kinds = {{"ack", SettleKind::ack},
                                                          {"nack", SettleKind::nack},
                                                          {"reject", SettleKind::reject},
                                                          {"release", SettleKind::release},
                                                          {"extend", SettleKind::extend}};
  Client& who = client(words.at(1));
  const std::string text = option(words, "error").value_or(option(words, "reason").value_or(""));
  model::Settle settle;
  settle.subscription = only_subscription;
  settle.request = next_request_++;
  settle.kind = kinds.at(words[0]);
  settle.boot_epoch = option(words, "boot") == "now" ? engine_->boot_epoch() : who.boot_epoch;
  settle.text = text;
  if (const auto v = option(words, "delay")) settle.duration_ms = duration(*v).count();
  if (const auto v = option(words, "for")) settle.duration_ms = duration(*v).count();
  for (const std::string& word : plain(words, 2)) {
    const std::uint64_t sequence = std::stoull(word);
    const auto delivery = option(words, "delivery");
    settle.ranges.push_back({sequence, 1, delivery ? static_cast<std::uint32_t>(std::stoul(*delivery)) : who.deliveries[sequence]});
  }
  settles_[settle.request] = words[0];
  engine_->settle(who.session, settle);
}

void Stage::request(const Words& words) {
  const std::string& verb = words[0];
  DeadFilter filter;
  for (const std::string& word : plain(words, 2)) {
    if (verb == "redrive" || verb == "discard") filter.sequences.push_back(std::stoull(word));
  }
  const std::string group = option(words, "group").value_or("default");
  const auto ask = [&](model::Request what) {
    asked_[next_request_] = {verb, group};
    engine_->request(operator_session, next_request_++, what);
  };
  if (verb == "queue") return ask(model::EnsureQueue{words.at(1), change_of(words)});
  if (verb == "set") return ask(model::SetQueue{words.at(1), change_of(words)});
  if (verb == "group") return ask(model::CreateGroup{words.at(1), words.at(2), words.size() > 3});
  if (verb == "stats") return ask(model::GetQueue{words.at(1)});
  if (verb == "dead") return ask(model::GetDeadLetters{words.at(1), group, 0, 100, {}, 1'000});
  if (verb == "redrive") return ask(model::MoveDead{model::DeadAction::redrive, words.at(1), group, filter, 0, 0});
  if (verb == "discard") return ask(model::MoveDead{model::DeadAction::discard, words.at(1), group, filter, 0, 0});
  if (verb == "purge") return ask(model::Purge{words.at(1), 0});
  throw std::runtime_error("unknown command: " + verb);
}

}  // namespace ackwire::scenarios
