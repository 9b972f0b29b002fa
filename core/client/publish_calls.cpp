// The verbs of a producer.
#include "ackwire/limits.hpp"
#include "client/connection_core.hpp"
#include "client/refusals.hpp"
#include "client/verb_checks.hpp"
#include "format/record.hpp"

namespace ackwire {

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

/// The outcome of a batch without messages, which needs no broker.
PendingPublish nothing_to_publish() {
  static const auto frame = [] {
    auto made = std::make_shared<client::PublishFrame>(std::make_shared<client::Gate>(), nullptr);
    made->batches.push_back({made.get()});
    made->done = true;
    return made;
  }();
  return PendingPublish{std::shared_ptr<PendingPublish::State>(frame, &frame->batches.front())};
}

}  // namespace

Result<PendingPublish> ConnectionCore::add_publish(std::string_view queue, std::span<const Message> messages, bool awaited,
                                                   Clock::time_point deadline) {
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
  if (!publisher_.has_room(messages.size(), scratch.size())) {
    gate_->published.wait_until(lock, deadline,
                                [&] { return end_ || closing_ || publisher_.has_room(messages.size(), scratch.size()); });
    if (Status status = open_locked(); !status) return status.error();
    if (!publisher_.has_room(messages.size(), scratch.size())) {
      return Error{Errc::overloaded,
                   "As many messages as max_unconfirmed allows were published and not answered within the call timeout; this one "
                   "was not sent, the others are under way. Publish again later, or raise max_unconfirmed.",
                   std::chrono::milliseconds{100}};
    }
  }
  PendingPublish pending{publisher_.add(queue, static_cast<std::uint32_t>(messages.size()), scratch, awaited)};
  wake(lock);
  if (scratch.capacity() > scratch_bytes_kept) scratch = {};
  return pending;
}

Result<PendingPublish> ConnectionCore::publish_async(std::string_view queue, std::span<const Message> messages) {
  return add_publish(queue, messages, false, client::deadline_after(options_.call_timeout));
}

Result<std::vector<Receipt>> ConnectionCore::publish(std::string_view queue, std::span<const Message> messages) {
  const Clock::time_point deadline = client::deadline_after(options_.call_timeout);
  Result<PendingPublish> pending = add_publish(queue, messages, true, deadline);
  if (!pending) return std::move(pending).error();
  return pending->wait(std::max(Duration{0}, std::chrono::ceil<Duration>(deadline - Clock::now())));
}

Status ConnectionCore::flush(Duration wait) {
  if (Status status = usable(); !status) return status;
  Lock lock(gate_->mutex);
  const std::uint64_t newest = publisher_.newest_frame();
  const bool answered =
      gate_->published.wait_until(lock, client::deadline_after(wait), [&] { return publisher_.answered(newest); });
  if (!answered) {
    return client::timeout_error(std::to_string(publisher_.unconfirmed()) + " published messages", wait,
                                 gate_->reach.describe(Clock::now()),
                                 "Their outcome is not known yet; flush again, the library keeps at it.");
  }
  if (std::optional<Error> refusal = publisher_.take_refusal()) return *std::move(refusal);
  return {};
}

}  // namespace ackwire
