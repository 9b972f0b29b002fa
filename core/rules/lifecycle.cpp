#include "rules/lifecycle.hpp"

namespace ackwire::rules {
namespace {

using S = State;
constexpr std::optional<State> no = std::nullopt;

// Rows: inputs in the order of the enum. Columns: none, ready, delayed, leased, dead, acked, expired, discarded.
constexpr std::optional<State> table[input_count][state_count] = {
    /* publish         */ {S::ready, no, no, no, no, no, no, no},
    /* publish_delayed */ {S::delayed, no, no, no, no, no, no, no},
    /* due             */ {no, no, S::ready, no, no, no, no, no},
    /* dispatch        */ {no, S::leased, no, no, no, no, no, no},
    /* begin           */ {no, no, no, S::leased, no, no, no, no},
    /* ack             */ {no, no, no, S::acked, no, no, no, no},
    /* nack            */ {no, no, no, S::delayed, no, no, no, no},
    /* nack_spent      */ {no, no, no, S::dead, no, no, no, no},
    /* reject          */ {no, no, no, S::dead, no, no, no, no},
    /* release         */ {no, no, no, S::ready, no, no, no, no},
    /* extend          */ {no, no, no, S::leased, no, no, no, no},
    /* lease_end       */ {no, no, no, S::ready, no, no, no, no},
    /* lease_end_spent */ {no, no, no, S::dead, no, no, no, no},
    /* ttl_dead_letter */ {no, S::dead, S::dead, no, no, no, no, no},
    /* ttl_discard     */ {no, S::expired, S::expired, no, no, no, no, no},
    /* redrive         */ {no, no, no, no, S::ready, no, no, no},
    /* discard         */ {no, no, no, no, S::discarded, no, no, no},
    /* purge           */ {no, S::discarded, S::discarded, no, no, no, no, no},
    /* damage          */ {no, S::dead, S::dead, S::dead, no, no, no, no},
};

constexpr std::array<std::string_view, state_count> state_names = {"none", "ready", "delayed", "leased",
                                                                   "dead", "acked", "expired", "discarded"};
constexpr std::array<std::string_view, input_count> input_names = {"publish",
                                                                   "publish_delayed",
                                                                   "due",
                                                                   "dispatch",
                                                                   "begin",
                                                                   "ack",
                                                                   "nack",
                                                                   "nack_spent",
                                                                   "reject",
                                                                   "release",
                                                                   "extend",
                                                                   "lease_end",
                                                                   "lease_end_spent",
                                                                   "ttl_dead_letter",
                                                                   "ttl_discard",
                                                                   "redrive",
                                                                   "discard",
                                                                   "purge",
                                                                   "damage"};
constexpr std::array<std::string_view, input_count> meanings = {
    "stored by a publish",
    "stored by a publish with a delay",
    "its due time has come",
    "handed to a consumer; deliveries + 1, durable before it leaves",
    "its consumer says that it is processing it, or is presumed to; attempts + 1 when the lease ends without an ack or a release",
    "processed",
    "failed, attempts left: waits for its backoff or the delay asked for",
    "failed, max_attempts reached",
    "can never be processed, says the consumer",
    "given back untried; no attempt charged",
    "the lease ends later; nothing else changes",
    "lease ran out, consumer gone or broker restarted; charged only if it was begun; attempts left",
    "the same, begun, and max_attempts reached",
    "its time to live passed; policy on_expiry = dead_letter",
    "its time to live passed; policy on_expiry = discard",
    "sent back by an operator; attempts counted from 0, same sequence and key",
    "deleted from the DLQ by an operator",
    "deleted from the queue by an operator",
    "its stored bytes fail their checksum; found when they are read, and kept as they are",
};

}  // namespace

std::optional<State> next(State state, Input input) noexcept {
  return table[static_cast<std::size_t>(input)][static_cast<std::size_t>(state)];
}

std::string_view name(State state) noexcept { return state_names[static_cast<std::size_t>(state)]; }
std::string_view name(Input input) noexcept { return input_names[static_cast<std::size_t>(input)]; }
std::string_view meaning(Input input) noexcept { return meanings[static_cast<std::size_t>(input)]; }
bool is_final(State state) noexcept { return state == S::acked || state == S::expired || state == S::discarded; }

}  // namespace ackwire::rules
