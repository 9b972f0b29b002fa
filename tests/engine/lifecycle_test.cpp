// Walks the whole life-cycle table against the engine: every state x every input ends where the table says, or changes nothing.
#include "rules/lifecycle.hpp"

#include "engine/broker_world.hpp"

namespace ackwire::test {

using model::SettleKind;
using rules::Input;
using rules::State;

class Lifecycle : public BrokerWorld, public ::testing::WithParamInterface<int> {
 protected:
  static constexpr std::int64_t delay = 5'000, ttl = 600'000, lease = 20'000;

  /// One message in the wanted state. Leased ones are held by alice.
  void bring_to(State state, bool spent, OnExpiry on_expiry) {
    QueuePolicy policy;
    policy.visibility_timeout = Duration{lease};
    policy.max_attempts = spent ? 1 : 5;
    policy.backoff = {Duration{1'000'000}, 1.0, Duration{1'000'000}, 0.0};
    policy.on_expiry = on_expiry;
    make_queue(policy);
    if (state == State::none) return;
    Message message;
    message.body = "m";
    message.ttl = Duration{ttl};
    if (state == State::delayed) message.delay = Duration{delay};
    ASSERT_TRUE(publish({message}).ok());
    if (state == State::ready || state == State::delayed) return;
    if (state == State::expired) {
      set_expiry(OnExpiry::discard);
      pass(Duration{ttl});
      idle_until_quiet();
      set_expiry(on_expiry);
      return;
    }
    subscribe(alice);
    const auto got = take(alice);
    ASSERT_EQ(got.size(), 1u);
    token_ = got[0].token();
    if (state == State::acked) ack(alice, got[0]);
    if (state == State::dead || state == State::discarded) settle(alice, SettleKind::reject, {token_});
    if (state == State::discarded) ask(model::MoveDead{model::DeadAction::discard, "orders", "default", {}, 0, 0});
    if (state != State::leased) end_session(alice);
  }
  void set_expiry(OnExpiry on_expiry) {
    QueueChange change;
    change.on_expiry = on_expiry;
    set(change);
  }

  void give(Input input, State from) {
    switch (input) {
      case Input::ack: return apply(SettleKind::ack);
      case Input::nack:
      case Input::nack_spent: return apply(SettleKind::nack);
      case Input::reject: return apply(SettleKind::reject);
      case Input::release: apply(SettleKind::release); return end_session(alice);
      case Input::extend: return apply(SettleKind::extend, lease);
      case Input::begin: return begun(alice, {Got{alice, 1, std::max(token_.delivery, 1u)}});
      case Input::dispatch: {
        const Error error = subscribe(bob);
        EXPECT_EQ(error.code, Errc::ok);
        return idle();
      }
      case Input::due: pass(Duration{delay}); break;
      case Input::lease_end:
      case Input::lease_end_spent: end_session(alice); break;
      case Input::ttl_dead_letter:
      case Input::ttl_discard:
        if (from == State::leased) {  // its lease is kept; time to live is looked at before a hand-over only
          apply(SettleKind::extend, 2 * ttl);
        }
        pass(Duration{ttl});
        break;
      case Input::redrive: ask(model::MoveDead{model::DeadAction::redrive, "orders", "default", {}, 0, 0}); break;
      case Input::discard: ask(model::MoveDead{model::DeadAction::discard, "orders", "default", {}, 0, 0}); break;
      case Input::purge: ask(model::Purge{"orders", 0}); break;
      case Input::damage:
        damage_record();
        pass(Duration{delay});
        from == State::leased ? end_session(alice) : void(subscribe(bob));
        if (from == State::leased) subscribe(bob);
        break;
      case Input::publish:
      case Input::publish_delayed: {
        Message message;
        message.body = "m";
        if (input == Input::publish_delayed) message.delay = Duration{delay};
        ASSERT_TRUE(publish({message}).ok());
        break;
      }
    }
    idle_until_quiet();
  }
  void apply(SettleKind kind, std::int64_t duration_ms = -1) {
    if (token_.count == 0) token_ = {1, 1, 1};  // made up: must be refused
    settle(alice, kind, {token_}, duration_ms);
  }

  /// The last byte of what is stored of the message, wherever it waits.
  void damage_record() {
    damaged_ = true;
    for (const store::Table table : {store::Table::blocks, store::Table::retry}) {
      auto tx = store_->begin();
      store::Row row;
      if (!(*tx)->seek(table, std::string(1, '\0'), row)) continue;
      const std::string key(row.key);
      const std::size_t last = row.value.size() - 1;
      tx->reset();
      ASSERT_TRUE(store_->damage(table, key, last, 1));
    }
  }

  State state_now() {
    const GroupInfo g = group();
    if (g.published == 0) return State::none;
    if (g.ready) return State::ready;
    if (g.delayed) return State::delayed;
    if (g.leased) return State::leased;
    if (g.dead) return State::dead;
    if (g.acked) return State::acked;
    if (g.expired) return State::expired;
    return State::discarded;
  }

  model::SettleRange token_;
};

TEST_P(Lifecycle, FollowsTheTable) {
  const auto from = static_cast<State>(GetParam() / static_cast<int>(rules::input_count));
  const auto input = static_cast<Input>(GetParam() % static_cast<int>(rules::input_count));
  // A message that is there is not published again; that would be another message.
  if ((input == Input::publish || input == Input::publish_delayed) && from != State::none) {
    EXPECT_FALSE(rules::next(from, input));
    return;
  }
  const bool spent = input == Input::nack_spent || input == Input::lease_end_spent;
  bring_to(from, spent, input == Input::ttl_discard ? OnExpiry::discard : OnExpiry::dead_letter);
  ASSERT_EQ(state_now(), from);
  give(input, from);
  const State expected = rules::next(from, input).value_or(from);
  EXPECT_EQ(rules::name(state_now()), rules::name(expected)) << rules::name(from) << " x " << rules::name(input);
  if (from != State::none || expected != State::none) expect_conserved();
}

INSTANTIATE_TEST_SUITE_P(StatesTimesInputs, Lifecycle,
                         ::testing::Range(0, static_cast<int>(rules::state_count* rules::input_count)));

}  // namespace ackwire::test
