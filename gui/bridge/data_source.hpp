// SPDX-License-Identifier: GPL-3.0-only
// Where the dashboard gets its figures from: the part of ackwire::Connection it uses. The production implementation is
// ConnectionSource; tests bring a scripted one.
#pragma once

#include <ackwire/connection.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace ackwire::dashboard {

/// Every call may block up to the deadline of the connection behind it: never call one on the GUI thread. Thread-safe.
class DataSource {
 public:
  using StateCallback = std::function<void(ConnectionState, std::string_view reason)>;

  virtual ~DataSource() = default;
  virtual Result<BrokerStats> stats() = 0;
  virtual Result<std::vector<Sample>> history(const HistoryQuery& query) = 0;
  /// Bodies are cut at `body_bytes`; 0 leaves them out.
  virtual Result<DeadPage> dead_letters(std::string_view queue, std::string_view group, std::uint64_t from, std::uint32_t count,
                                        std::uint64_t body_bytes) = 0;
  virtual Result<DeadMoved> redrive(std::string_view queue, std::string_view group, const DeadFilter& filter) = 0;
  virtual Result<DeadMoved> discard(std::string_view queue, std::string_view group, const DeadFilter& filter) = 0;
  virtual Status set_paused(std::string_view queue, bool paused) = 0;
  virtual Status wait_connected(Duration wait) = 0;
  /// The callback runs on a thread of the source and must return at once. nullptr removes it.
  virtual void on_state_change(StateCallback callback) = 0;
  /// Makes every call that blocks return soon; no call succeeds afterwards.
  virtual void shut() = 0;
};

/// Two connections: one that is polled and must notice silence soon, one whose calls may take minutes.
enum class Purpose : std::uint8_t { watch, act };
using SourceFactory = std::function<Result<std::shared_ptr<DataSource>>(Purpose)>;

}  // namespace ackwire::dashboard
