// The verbs of a producer.
#include "ackwire/limits.hpp"
#include "client/connection_core.hpp"
#include "client/refusals.hpp"
#include "client/verb_checks.hpp"
#include "format/record.hpp"

namespace ackwire {

using backend::Publishing;
using backend::Refusal;
using client::Clock;

namespace {

constexpr std::size_t scratch_bytes_kept = 1024 * 1024;  // of each publishing thread

/// Encodes all messages into `out`. A batch is all or nothing, so the first fault refuses it.
Status encode_batch(std::span<const Message> messages, Timestamp now, std::string& out) {
  if (messages.size() > limits::batch_messages) {
    return Error{Errc::too_large, "A batch has " + std::to_string(messages.size()) + " messages, at most " +
                                      std::to_string(limits::batch_messages) + " are allowed; nothing was sent. Split it."};
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    Status status = format::encode(messages[i], now, out);
    if (!status) {
      Error error = std::move(status).error();
      if (messages.size() > 1) {
        error.message = "Message " + std::to_string(i + 1) + " of " + std::to_string(messages.size()) + " in the batch (index " +
                        std::to_string(i) + ") is refused (" + std::string(name(error.code)) + "): " + error.message;
        error.code = Errc::invalid_batch;
      }
      error.index = i;
      return error;
    }
    if (out.size() > limits::batch_bytes) {
      return Error{Errc::too_large, "A batch has more than " + std::to_string(limits::batch_bytes) +
                                        " bytes of encoded messages; nothing was sent. Split it."};
    }
  }
  return {};
}

Error no_room() {
  return {Errc::overloaded,
          "As many messages as max_unconfirmed allows were published and not answered in the time that this call may take; this "
          "one was not sent, the others are under way. Publish again later, or raise max_unconfirmed.",
          std::chrono::milliseconds{100}};
}

/// The outcome of a batch without messages, which needs no broker.
Publishing nothing_to_publish() {
  static const auto frame = [] {
    auto made = std::make_shared<client::PublishFrame>(std::make_shared<client::Gate>(), nullptr);
    made->batches.emplace_back(*made, 0, false);
    made->done = true;
    return made;
  }();
  return Publishing(frame, &frame->batches.front());
}

}  // namespace

Result<Publishing> ConnectionCore::publish(std::string_view queue, std::span<const Message> messages, Refusal refusal,
                                           const Wait& room) {
  if (Status status = usable(); !status) return status.error();
  if (Status status = client::check_name_size("queue", queue); !status) return status.error();
  if (messages.empty()) return nothing_to_publish();
  thread_local std::string scratch;
  Lock lock(gate_->mutex, std::defer_lock);
  for (bool again = true; again;) {
    const bool knew_time = session_.knows_time();
    scratch.clear();
    if (Status status = encode_batch(messages, session_.broker_time(), scratch); !status) return std::move(status).error();
    lock.lock();
    again = !knew_time && session_.knows_time();  // stamped by the system's time, and too late to be mended with the others
    if (again) lock.unlock();
  }
  if (Status status = open_locked(); !status) return status.error();
  const auto fits = [&] { return publisher_.has_room(messages.size(), scratch.size()); };
  if (!fits()) {
    room.on(gate_->published, lock, [&] { return end_ || closing_ || fits(); });
    if (Status status = open_locked(); !status) return status.error();
    if (!fits()) {
      publisher_.want_room(messages.size(), scratch.size());
      return no_room();
    }
  }
  Publishing batch = publisher_.add(queue, static_cast<std::uint32_t>(messages.size()), scratch, refusal == Refusal::awaited);
  wake(lock);
  if (scratch.capacity() > scratch_bytes_kept) scratch = {};
  return batch;
}

void ConnectionCore::on_room(std::function<void()> callback) {
  if (gate_->forked()) return;
  Lock lock(gate_->mutex);
  room_callback_ = std::move(callback);
  wait_until_told(lock);
}

Status ConnectionCore::flush(const Wait& wait) {
  if (Status status = usable(); !status) return status;
  Lock lock(gate_->mutex);
  const std::uint64_t newest = publisher_.newest_frame();
  if (!wait.on(gate_->published, lock, [&] { return publisher_.answered(newest); })) {
    return client::timeout_error(std::to_string(publisher_.unconfirmed()) + " published messages", wait.passed(),
                                 gate_->reach.describe(Clock::now()),
                                 "Their outcome is not known yet; flush again, the library keeps at it.");
  }
  if (std::optional<Error> refusal = publisher_.take_refusal()) return *std::move(refusal);
  return {};
}

}  // namespace ackwire
