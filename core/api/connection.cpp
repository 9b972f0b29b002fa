// The verbs of a connection, over whatever is behind it.
#include "ackwire/connection.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "backend/ask.hpp"
#include "backend/backend.hpp"

namespace ackwire {

using backend::ask;
using backend::Backend;
using backend::Refusal;

namespace {

constexpr Duration farewell{5'000};  // of a connection that is destroyed without close()

Status done(Result<model::Done> answer) {
  if (!answer) return std::move(answer).error();
  return {};
}

void end(std::shared_ptr<Backend> backend) {
  if (!backend) return;
  if (backend->forked()) {
    static_cast<void>(new std::shared_ptr<Backend>(std::move(backend)));  // it belongs to the parent: kept for good
  } else {
    static_cast<void>(backend->close(Wait{farewell}));
  }
}

constexpr std::uint32_t queues_at_once = 200;  // so that no turn of the broker makes an answer about ten thousand

/// Appends the queues from `from` on, page by page.
Status more_queues(Backend& backend, std::string from, std::vector<QueueInfo>& all, const Wait& wait) {
  do {
    Result<model::QueuePage> page = ask<model::QueuePage>(backend, model::ListQueues{std::move(from), queues_at_once}, wait);
    if (!page) return std::move(page).error();
    std::move(page->queues.begin(), page->queues.end(), std::back_inserter(all));
    from = std::move(page->next);
  } while (!from.empty());
  return {};
}

Result<PendingPublish> pending(Result<backend::Publishing> under_way) {
  if (!under_way) return std::move(under_way).error();
  return PendingPublish{*std::move(under_way)};
}

}  // namespace

Connection::Connection(std::shared_ptr<Backend> backend) : backend_(std::move(backend)) {}

Connection::Connection(Connection&&) noexcept = default;

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this == &other) return *this;
  end(std::move(backend_));
  backend_ = std::move(other.backend_);
  return *this;
}

Connection::~Connection() { end(std::move(backend_)); }

Result<QueueInfo> Connection::create_queue(std::string_view queue, const QueuePolicy& policy) {
  return ask<QueueInfo>(*backend_, model::CreateQueue{std::string(queue), policy});
}

Result<QueueInfo> Connection::ensure_queue(std::string_view queue, const QueueChange& change) {
  return ask<QueueInfo>(*backend_, model::EnsureQueue{std::string(queue), change});
}

Result<QueueInfo> Connection::set_queue(std::string_view queue, const QueueChange& change) {
  return ask<QueueInfo>(*backend_, model::SetQueue{std::string(queue), change});
}

Result<QueueInfo> Connection::queue_info(std::string_view queue) {
  return ask<QueueInfo>(*backend_, model::GetQueue{std::string(queue)});
}

Result<std::vector<QueueInfo>> Connection::list_queues() {
  std::vector<QueueInfo> all;
  if (Status done = more_queues(*backend_, {}, all, Wait{backend_->call_timeout()}); !done) return std::move(done).error();
  return all;
}

Status Connection::remove_queue(std::string_view queue, bool force) {
  return done(ask<model::Done>(*backend_, model::RemoveQueue{std::string(queue), force}));
}

Status Connection::create_group(std::string_view queue, std::string_view group, bool from_oldest) {
  return done(ask<model::Done>(*backend_, model::CreateGroup{std::string(queue), std::string(group), from_oldest}));
}

Status Connection::remove_group(std::string_view queue, std::string_view group) {
  return done(ask<model::Done>(*backend_, model::RemoveGroup{std::string(queue), std::string(group)}));
}

Status Connection::pause_group(std::string_view queue, std::string_view group) {
  return done(ask<model::Done>(*backend_, model::PauseGroup{std::string(queue), std::string(group), true}));
}

Status Connection::resume_group(std::string_view queue, std::string_view group) {
  return done(ask<model::Done>(*backend_, model::PauseGroup{std::string(queue), std::string(group), false}));
}

Result<std::vector<Receipt>> Connection::publish(std::string_view queue, std::span<const Message> messages) {
  const Wait wait{backend_->call_timeout()};
  Result<backend::Publishing> under_way = backend_->publish(queue, messages, Refusal::awaited, wait);
  if (!under_way) return std::move(under_way).error();
  return (*under_way)->wait(wait);
}

Result<Receipt> Connection::publish(std::string_view queue, const Message& message) {
  Result<std::vector<Receipt>> receipts = publish(queue, {&message, 1});
  if (!receipts) return std::move(receipts).error();
  return receipts->front();
}

Result<PendingPublish> Connection::publish_async(std::string_view queue, std::span<const Message> messages) {
  return pending(backend_->publish(queue, messages, Refusal::flushed, Wait{backend_->call_timeout()}));
}

Result<PendingPublish> Connection::try_publish(std::string_view queue, std::span<const Message> messages) {
  return pending(backend_->publish(queue, messages, Refusal::flushed, Wait{Duration{0}}));
}

void Connection::on_room(std::function<void()> callback) { backend_->on_room(std::move(callback)); }

Status Connection::flush(Duration wait) { return backend_->flush(Wait{wait}); }

Result<std::vector<Receipt>> PendingPublish::wait(Duration wait) const {
  if (!state_) {
    return Error{Errc::invalid_argument, "This PendingPublish stands for no publish: it was default-constructed or moved from."};
  }
  return state_->wait(Wait{wait});
}

bool PendingPublish::done() const { return state_ && state_->done(); }

Result<PeekPage> Connection::peek(std::string_view queue, std::string_view group, std::uint64_t from, std::uint32_t count,
                                  std::uint64_t body_bytes) {
  return ask<PeekPage>(*backend_, model::Peek{std::string(queue), std::string(group), from, count, body_bytes});
}

Result<BrokerStats> Connection::stats() {
  const Wait wait{backend_->call_timeout()};
  Result<model::StatsPage> page = ask<model::StatsPage>(*backend_, model::GetStats{.from = {}, .count = queues_at_once}, wait);
  if (!page) return std::move(page).error();
  if (!page->next.empty()) {
    if (Status done = more_queues(*backend_, std::move(page->next), page->stats.queues, wait); !done)
      return std::move(done).error();
  }
  return std::move(page->stats);
}

Result<std::vector<Sample>> Connection::history(const HistoryQuery& query) {
  return ask<std::vector<Sample>>(*backend_, model::GetHistory{query.queue, query.resolution, query.from});
}

Result<DeadPage> Connection::dead_letters(std::string_view queue, std::string_view group, std::uint64_t from, std::uint32_t count,
                                          const DeadFilter& filter, std::uint64_t body_bytes) {
  return ask<DeadPage>(*backend_, model::GetDeadLetters{std::string(queue), std::string(group), from, count, filter, body_bytes});
}

std::string Connection::unreachable() const { return backend_->unreachable(); }

ConnectionState Connection::state() const { return backend_->state(); }

void Connection::on_state_change(std::function<void(ConnectionState, std::string_view)> callback) {
  backend_->on_state_change(std::move(callback));
}

Status Connection::wait_connected(Duration wait) { return backend_->wait_connected(Wait{wait}); }

Status Connection::close(Duration wait) { return backend_->close(Wait{wait}); }

}  // namespace ackwire
