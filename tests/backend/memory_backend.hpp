// A second backend: one process, nothing durable, messages kept as records in memory. It shows that the port carries the public
// classes without the client, the wire or the broker of this repository.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "backend/backend.hpp"

namespace ackwire::test {

struct MemoryMessage {
  std::shared_ptr<const std::string> record;
  std::uint64_t sequence = 0;
  std::uint32_t deliveries = 0;
  std::uint32_t attempts = 0;
};

struct MemoryQueue {
  QueuePolicy policy;
  std::uint64_t next_sequence = 1;
  std::deque<MemoryMessage> ready;
  std::map<std::uint64_t, MemoryMessage> leased;  // by sequence
  std::uint64_t acked = 0, dead = 0;
};

/// What the backend and its subscriptions share.
struct MemoryLog {
  std::mutex mutex;
  std::condition_variable arrived;
  std::map<std::string, MemoryQueue, std::less<>> queues;
  bool closed = false;
};

class MemoryBackend final : public backend::Backend {
 public:
  Duration call_timeout() const override { return Duration{1'000}; }
  Result<backend::Publishing> publish(std::string_view queue, std::span<const Message> messages, backend::Refusal refusal,
                                      const Wait& room) override;
  void on_room(std::function<void()>) override {}  // there is always room
  Status flush(const Wait&) override { return {}; }
  Result<std::shared_ptr<backend::Subscription>> subscribe(std::string_view queue, const ConsumerOptions& options,
                                                           const Wait& wait) override;
  Result<model::Reply> request(const model::Request& what, const Wait& wait) override;
  ConnectionState state() const override;
  std::string unreachable() const override { return {}; }
  void on_state_change(std::function<void(ConnectionState, std::string_view)>) override {}
  Status wait_connected(const Wait&) override { return {}; }
  Status close(const Wait& wait) override;
  bool forked() const noexcept override { return false; }

 private:
  const std::shared_ptr<MemoryLog> log_ = std::make_shared<MemoryLog>();
};

}  // namespace ackwire::test
