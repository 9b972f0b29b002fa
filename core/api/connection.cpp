// The verbs of a connection, over the core that both faces share.
#include "ackwire/connection.hpp"

#include <utility>

#include "client/connection_core.hpp"

namespace ackwire {
namespace {

constexpr Duration farewell{5'000};  // of a connection that is destroyed without close()

Error wrong_reply() {
  return {Errc::internal,
          "The broker's reply is of another kind than the request. Use the same library version on both sides; what was asked may "
          "have been carried out."};
}

client::Clock::time_point call_deadline(const ConnectionCore& core) { return client::deadline_after(core.call_timeout()); }

/// One request whose reply must be a T.
template <class T>
Result<T> ask(ConnectionCore& core, const model::Request& what, client::Clock::time_point deadline) {
  Result<model::Reply> reply = core.request(what, deadline);
  if (!reply) return std::move(reply).error();
  T* value = std::get_if<T>(&*reply);
  if (value == nullptr) return wrong_reply();
  return std::move(*value);
}

template <class T>
Result<T> ask(ConnectionCore& core, const model::Request& what) {
  return ask<T>(core, what, call_deadline(core));
}

Status done(Result<model::Done> answer) {
  if (!answer) return std::move(answer).error();
  return {};
}

void end(std::shared_ptr<ConnectionCore> core) {
  if (!core) return;
  if (core->forked()) {
    static_cast<void>(new std::shared_ptr<ConnectionCore>(std::move(core)));  // it belongs to the parent: kept for good
  } else {
    static_cast<void>(core->close(farewell));
  }
}

/// A series that ended early says how far it came.
Error part_done(Error error, std::uint64_t count, std::string_view what) {
  if (count == 0) return error;
  error.message += " Before that, " + std::to_string(count) + " messages were " + std::string(what) + ".";
  error.index = count;
  return error;
}

}  // namespace

Connection::Connection(std::shared_ptr<ConnectionCore> core) : core_(std::move(core)) {}
Connection::Connection(Connection&&) noexcept = default;

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this == &other) return *this;
  end(std::move(core_));
  core_ = std::move(other.core_);
  return *this;
}

Connection::~Connection() { end(std::move(core_)); }

Result<QueueInfo> Connection::create_queue(std::string_view queue, const QueuePolicy& policy) {
  return ask<QueueInfo>(*core_, model::CreateQueue{std::string(queue), policy});
}

Result<QueueInfo> Connection::ensure_queue(std::string_view queue, const QueueChange& change) {
  return ask<QueueInfo>(*core_, model::EnsureQueue{std::string(queue), change});
}

Result<QueueInfo> Connection::set_queue(std::string_view queue, const QueueChange& change) {
  return ask<QueueInfo>(*core_, model::SetQueue{std::string(queue), change});
}

Result<QueueInfo> Connection::queue_info(std::string_view queue) {
  return ask<QueueInfo>(*core_, model::GetQueue{std::string(queue)});
}

Result<std::vector<QueueInfo>> Connection::list_queues() { return ask<std::vector<QueueInfo>>(*core_, model::ListQueues{}); }

Status Connection::remove_queue(std::string_view queue, bool force) {
  return done(ask<model::Done>(*core_, model::RemoveQueue{std::string(queue), force}));
}

Result<std::uint64_t> Connection::purge(std::string_view queue) {
  const auto deadline = call_deadline(*core_);
  std::uint64_t count = 0;
  model::Purge purge{std::string(queue)};
  while (true) {
    Result<model::Purged> answer = ask<model::Purged>(*core_, purge, deadline);
    if (!answer) return part_done(std::move(answer).error(), count, "discarded");
    count += answer->count;
    if (!answer->more) return count;
    purge.below_sequence = answer->below_sequence;
  }
}

Status Connection::create_group(std::string_view queue, std::string_view group, bool from_oldest) {
  return done(ask<model::Done>(*core_, model::CreateGroup{std::string(queue), std::string(group), from_oldest}));
}

Status Connection::remove_group(std::string_view queue, std::string_view group) {
  return done(ask<model::Done>(*core_, model::RemoveGroup{std::string(queue), std::string(group)}));
}

Result<std::vector<Receipt>> Connection::publish(std::string_view queue, std::span<const Message> messages) {
  return core_->publish(queue, messages);
}

Result<Receipt> Connection::publish(std::string_view queue, const Message& message) {
  Result<std::vector<Receipt>> receipts = core_->publish(queue, {&message, 1});
  if (!receipts) return std::move(receipts).error();
  return receipts->front();
}

Result<PendingPublish> Connection::publish_async(std::string_view queue, std::span<const Message> messages) {
  return core_->publish_async(queue, messages);
}

Status Connection::flush(Duration wait) { return core_->flush(wait); }

Result<PeekPage> Connection::peek(std::string_view queue, std::string_view group, std::uint64_t from, std::uint32_t count,
                                  std::uint64_t body_bytes) {
  return ask<PeekPage>(*core_, model::Peek{std::string(queue), std::string(group), from, count, body_bytes});
}

Result<BrokerStats> Connection::stats() { return ask<BrokerStats>(*core_, model::GetStats{}); }

Result<std::vector<Sample>> Connection::history(const HistoryQuery& query) { return ask<std::vector<Sample>>(*core_, query); }

Result<DeadPage> Connection::dead_letters(std::string_view queue, std::string_view group, std::uint64_t from, std::uint32_t count,
                                          const DeadFilter& filter, std::uint64_t body_bytes) {
  return ask<DeadPage>(*core_, model::GetDeadLetters{std::string(queue), std::string(group), from, count, filter, body_bytes});
}

namespace {

/// Chunk by chunk over the letters that were dead at the start.
Result<DeadMoved> move_dead(ConnectionCore& core, model::MoveDead move) {
  const auto deadline = call_deadline(core);
  const std::string_view what = move.action == model::DeadAction::redrive ? "redriven" : "discarded";
  DeadMoved moved;
  while (true) {
    Result<model::Moved> answer = ask<model::Moved>(core, move, deadline);
    if (!answer) return part_done(std::move(answer).error(), moved.moved, what);
    moved.moved += answer->moved.moved;
    moved.not_found.insert(moved.not_found.end(), answer->moved.not_found.begin(), answer->moved.not_found.end());
    if (!answer->more) return moved;
    move.from = answer->next;
    move.dead_until_ms = answer->dead_until_ms;
  }
}

}  // namespace

Result<DeadMoved> Connection::redrive(std::string_view queue, std::string_view group, const DeadFilter& filter) {
  return move_dead(*core_, {model::DeadAction::redrive, std::string(queue), std::string(group), filter});
}

Result<DeadMoved> Connection::discard(std::string_view queue, std::string_view group, const DeadFilter& filter) {
  return move_dead(*core_, {model::DeadAction::discard, std::string(queue), std::string(group), filter});
}

std::string Connection::unreachable() const { return core_->unreachable(); }

ConnectionState Connection::state() const { return core_->state(); }

void Connection::on_state_change(std::function<void(ConnectionState, std::string_view)> callback) {
  core_->on_state_change(std::move(callback));
}

Status Connection::wait_connected(Duration wait) { return core_->wait_connected(wait); }

Status Connection::close(Duration wait) { return core_->close(wait); }

}  // namespace ackwire
