// A broker of one queue in memory that speaks the client's side of the wire in this process: a double whose faults are scripted.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/link.hpp"
#include "format/run.hpp"
#include "model/command.hpp"
#include "model/request.hpp"
#include "wire/capabilities.hpp"
#include "wire/frame.hpp"

namespace ackwire::test {

/// One stored message.
struct Stored {
  std::uint64_t sequence = 0;
  std::uint32_t delivery = 0;
  std::string record;
};

class FakeBroker {
 public:
  FakeBroker();
  ~FakeBroker();
  /// The link to give to a connection; at most one at a time.
  std::unique_ptr<client::Link> link();

  // What it answers by itself; change through run().
  bool welcomes = true, confirms = true, settles = true, pongs = true, replies = true;
  std::function<model::Reply(const model::Request&)> reply = [](const model::Request&) { return model::Done{}; };
  std::uint64_t boot_epoch = 7;
  std::uint64_t now_ms = 1'700'000'000'000;
  bool time_passes = false;                   // from now_ms on
  std::chrono::milliseconds answer_delay{0};  // between the look at the clock and the answer, as a slow commit makes it
  std::array<char, 16> store_id{};
  Error life_refusal{Errc::ok, {}};  // of a hello that names the life that was known last
  bool knows_capabilities = true;    // false: it was written before a hello could name them
  wire::Capabilities capabilities = wire::Capabilities::all();
  std::uint32_t visibility_timeout_ms = 30'000;
  std::uint32_t session_timeout_ms = 15'000;
  Error publish_refusal{Errc::ok, {}};  // of every batch
  Error subscribe_refusal{Errc::ok, {}};
  std::uint32_t delivery_attempts = 1;
  std::size_t corrupt_byte = std::string::npos;  // flipped in each record that is delivered

  /// Runs `act` on the broker's thread and waits for it.
  void run(const std::function<void()>& act);
  /// Cuts the connection; `again`: and makes it anew at once.
  void cut(bool again = true);
  void connect_again();
  /// Starts a new boot: sessions and leases are gone, what is stored stays.
  void restart();
  /// Sends one frame as it is.
  void send(std::string frame);

  /// Broker time now.
  std::uint64_t time() const;

  /// Frames received so far, in order.
  std::vector<std::string> frames(wire::Operation operation);
  std::size_t count(wire::Operation operation);
  /// Waits until at least `count` such frames were received.
  bool wait_for(wire::Operation operation, std::size_t count, std::chrono::milliseconds wait = std::chrono::seconds{10});
  std::vector<Stored> stored();
  std::uint64_t published() {
    return on_thread<std::uint64_t>([this] { return next_sequence_ - 1; });
  }
  std::size_t reconnects() {
    return on_thread<std::size_t>([this] { return reconnects_; });
  }

  template <class T>
  T on_thread(const std::function<T()>& act) {
    T value{};
    run([&] { value = act(); });
    return value;
  }

 private:
  friend class FakeLink;
  struct Member {
    std::uint32_t credit = 0;
    std::map<std::uint64_t, Stored> leased;
  };
  void attach(client::LinkUser& user);
  void detach();
  void wake();
  void loop();
  void drain();
  void handle(const std::string& frame);
  void publish(const wire::Frame& frame);
  void settle(const wire::Frame& frame);
  void subscribe(const wire::Frame& frame);
  void request(const wire::Frame& frame);
  void end_session();
  void give_back(Member& member);
  void dispatch();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> acts_;
  bool woken_ = false, stopping_ = false;
  client::LinkUser* user_ = nullptr;  // of the broker's thread, as everything below
  bool session_ = false;
  std::vector<std::pair<wire::Operation, std::string>> received_;
  std::vector<std::string> outbox_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t next_producer_sequence_ = 1;
  std::map<std::uint64_t, std::string> answers_;  // by producer sequence, as a broker keeps them for repeats
  std::map<std::uint64_t, Stored> waiting_;
  std::map<std::uint32_t, Member> members_;
  std::size_t reconnects_ = 0;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::thread thread_;
};

}  // namespace ackwire::test
