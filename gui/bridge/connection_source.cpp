// SPDX-License-Identifier: GPL-3.0-only
#include "bridge/connection_source.hpp"

#include <ackwire/client.hpp>

#include <utility>

namespace ackwire::dashboard {
namespace {

class ConnectionSource final : public DataSource {
 public:
  explicit ConnectionSource(Client client) : client_(std::move(client)) {}
  ~ConnectionSource() override { client_.on_state_change(nullptr); }

  Result<BrokerStats> stats() override { return client_.stats(); }
  Result<std::vector<Sample>> history(const HistoryQuery& query) override { return client_.history(query); }
  Result<DeadPage> dead_letters(std::string_view queue, std::string_view group, std::uint64_t from, std::uint32_t count,
                                std::uint64_t body_bytes) override {
    return client_.dead_letters(queue, group, from, count, {}, body_bytes);
  }
  Result<DeadMoved> redrive(std::string_view queue, std::string_view group, const DeadFilter& filter) override {
    return client_.redrive(queue, group, filter);
  }
  Result<DeadMoved> discard(std::string_view queue, std::string_view group, const DeadFilter& filter) override {
    return client_.discard(queue, group, filter);
  }
  Status set_paused(std::string_view queue, bool paused) override {
    QueueChange change;
    change.paused = paused;
    auto info = client_.set_queue(queue, change);
    return info ? Status{} : Status{info.error()};
  }
  Status wait_connected(Duration wait) override { return client_.wait_connected(wait); }
  void on_state_change(StateCallback callback) override { client_.on_state_change(std::move(callback)); }
  void shut() override { (void)client_.close(Duration{0}); }

 private:
  Client client_;
};

ClientOptions options_for(Purpose purpose) {
  ClientOptions options;
  options.name = purpose == Purpose::watch ? "dashboard" : "dashboard actions";
  options.connect_timeout = Duration{0};
  options.heartbeat = Duration{2'000};
  options.reconnect_max = Duration{2'000};
  // A redrive of a million letters takes the broker minutes; a poll that takes longer than this is silence.
  options.call_timeout = purpose == Purpose::watch ? Duration{5'000} : Duration{600'000};
  return options;
}

}  // namespace

SourceFactory connection_factory(std::string endpoint) {
  return [endpoint = std::move(endpoint)](Purpose purpose) -> Result<std::shared_ptr<DataSource>> {
    auto client = Client::connect(endpoint, options_for(purpose));
    if (!client) return client.error();
    return std::shared_ptr<DataSource>(std::make_shared<ConnectionSource>(std::move(*client)));
  };
}

}  // namespace ackwire::dashboard
