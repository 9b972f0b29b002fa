// How messages that are looked at, and dead letters, look in JSON.
#pragma once

#include "ackwire/dead_letter.hpp"
#include "wire/json_queue.hpp"
#include "wire/json_value.hpp"

namespace ackwire::wire {

template <>
struct Names<DeadReason> {
  static constexpr std::pair<std::string_view, DeadReason> all[] = {{"max_attempts", DeadReason::max_attempts},
                                                                    {"rejected", DeadReason::rejected},
                                                                    {"expired", DeadReason::expired},
                                                                    {"damaged", DeadReason::damaged}};
};

/// A header: its name is UTF-8, its value any bytes.
template <class A, Like<std::pair<std::string, std::string>> T>
void describe(A& archive, T& header) {
  archive.required("name", header.first);
  archive.required("value_base64", Base64{header.second});
}

template <class A, Like<PeekedMessage> T>
void describe(A& archive, T& message) {
  archive.required("sequence", message.sequence);
  archive.optional("state", message.state);
  archive.optional("deliveries", message.deliveries);
  archive.optional("attempts", message.attempts);
  archive.optional("publish_time_ms", message.publish_time);
  archive.optional("due_ms", message.due);
  archive.optional("idempotency_key_base64", Base64{message.idempotency_key});
  archive.optional("ordering_key_base64", Base64{message.ordering_key});
  archive.optional("headers", message.headers);
  archive.optional("body_base64", Base64{message.body});
  archive.optional("body_bytes", message.body_bytes);
}

template <class A, Like<PeekPage> T>
void describe(A& archive, T& page) {
  archive.required("messages", page.messages);
  archive.optional("next", page.next);
}

template <class A, Like<AttemptError> T>
void describe(A& archive, T& error) {
  archive.optional("time_ms", error.time);
  archive.optional("delivery", error.delivery);
  archive.optional("text", error.text);
}

template <class A, Like<DeadLetter> T>
void describe(A& archive, T& letter) {
  archive.required("sequence", letter.sequence);
  archive.required("reason", letter.reason);
  archive.optional("detail", letter.detail);
  archive.optional("deliveries", letter.deliveries);
  archive.optional("attempts", letter.attempts);
  archive.optional("redrives", letter.redrives);
  archive.optional("publish_time_ms", letter.publish_time);
  archive.optional("dead_time_ms", letter.dead_time);
  archive.optional("errors", letter.errors);
  archive.optional("idempotency_key_base64", Base64{letter.idempotency_key});
  archive.optional("ordering_key_base64", Base64{letter.ordering_key});
  archive.optional("headers", letter.headers);
  archive.optional("body_base64", Base64{letter.body});
  archive.optional("body_bytes", letter.body_bytes);
}

template <class A, Like<DeadFilter> T>
void describe(A& archive, T& filter) {
  archive.optional("reason", filter.reason);
  archive.optional("sequences", filter.sequences);
}

template <class A, Like<DeadPage> T>
void describe(A& archive, T& page) {
  archive.required("letters", page.letters);
  archive.optional("next", page.next);
  archive.optional("total", page.total);
}

}  // namespace ackwire::wire
