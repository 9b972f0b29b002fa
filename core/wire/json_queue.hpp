// How queues, groups and their policies look in JSON.
#pragma once

#include "ackwire/queue.hpp"
#include "wire/json_value.hpp"

namespace ackwire::wire {

template <>
struct Names<OnExpiry> {
  static constexpr std::pair<std::string_view, OnExpiry> all[] = {{"dead_letter", OnExpiry::dead_letter},
                                                                  {"discard", OnExpiry::discard}};
};

template <class T, class U>
concept Like = std::same_as<std::remove_const_t<T>, U>;

template <class A, Like<Backoff> T>
void describe(A& archive, T& backoff) {
  archive.optional("initial_ms", backoff.initial);
  archive.optional("multiplier", backoff.multiplier);
  archive.optional("max_ms", backoff.max);
  archive.optional("jitter", backoff.jitter);
}

/// The members that a policy and a change of policy share.
template <class A, class T>
void describe_settings(A& archive, T& settings) {
  archive.optional("visibility_timeout_ms", settings.visibility_timeout);
  archive.optional("max_attempts", settings.max_attempts);
  archive.optional("ttl_ms", settings.ttl);
  archive.optional("on_expiry", settings.on_expiry);
  archive.optional("dedupe_window_ms", settings.dedupe_window);
  archive.optional("max_depth", settings.max_depth);
  archive.optional("max_depth_bytes", settings.max_depth_bytes);
  archive.optional("max_in_flight", settings.max_in_flight);
  archive.optional("max_message_bytes", settings.max_message_bytes);
  archive.optional("paused", settings.paused);
}

template <class A, Like<QueuePolicy> T>
void describe(A& archive, T& policy) {
  describe_settings(archive, policy);
  archive.optional("backoff", policy.backoff);
}

template <class A, Like<QueueChange> T>
void describe(A& archive, T& change) {
  describe_settings(archive, change);
  archive.group("backoff", [&](auto& inner) {
    inner.optional("initial_ms", change.backoff_initial);
    inner.optional("multiplier", change.backoff_multiplier);
    inner.optional("max_ms", change.backoff_max);
    inner.optional("jitter", change.backoff_jitter);
  });
}

template <class A, Like<GroupInfo> T>
void describe(A& archive, T& group) {
  archive.required("name", group.name);
  archive.optional("ready", group.ready);
  archive.optional("delayed", group.delayed);
  archive.optional("leased", group.leased);
  archive.optional("dead", group.dead);
  archive.optional("published", group.published);
  archive.optional("acked", group.acked);
  archive.optional("expired", group.expired);
  archive.optional("discarded", group.discarded);
  archive.optional("delivered", group.delivered);
  archive.optional("redelivered", group.redelivered);
  archive.optional("nacked", group.nacked);
  archive.optional("rejected", group.rejected);
  archive.optional("released", group.released);
  archive.optional("lease_expired", group.lease_expired);
  archive.optional("stale_settles", group.stale_settles);
  archive.optional("dead_lettered", group.dead_lettered);
  archive.optional("redriven", group.redriven);
  archive.optional("consumers", group.consumers);
  archive.optional("oldest_age_ms", group.oldest_age);
}

template <class A, Like<QueueInfo> T>
void describe(A& archive, T& queue) {
  archive.required("name", queue.name);
  archive.optional("id", queue.id);
  archive.optional("created_ms", queue.created);
  archive.optional("policy", queue.policy);
  archive.optional("next_sequence", queue.next_sequence);
  archive.optional("published", queue.published);
  archive.optional("published_bytes", queue.published_bytes);
  archive.optional("duplicates_suppressed", queue.duplicates_suppressed);
  archive.optional("refused", queue.refused);
  archive.optional("damaged", queue.damaged);
  archive.optional("depth", queue.depth);
  archive.optional("depth_bytes", queue.depth_bytes);
  archive.optional("dedupe_keys", queue.dedupe_keys);
  archive.optional("groups", queue.groups);
}

}  // namespace ackwire::wire
