// A client process: connected by one session at a time, which may break at any moment.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "command.hpp"
#include "model/effect.hpp"
#include "random.hpp"

namespace ackwire::simulator {

class World;

class Client {
 public:
  explicit Client(World& world) : world_(world) {}
  virtual ~Client() = default;

  bool connected() const { return session_.has_value(); }
  SessionId session() const { return *session_; }
  /// From here on it tries to be connected.
  void start() { reconnect_soon(); }
  virtual void received(const model::Effect& effect) = 0;
  /// Once a second while things go wrong.
  virtual void misbehave() {}
  /// Nothing goes wrong any more: finish what is under way, begin nothing new.
  virtual void healed() {}
  /// It has nothing under way.
  virtual bool idle() const { return true; }

  // -- called by the world ---
  void session_ended();

 protected:
  virtual void on_connected() = 0;
  virtual void on_disconnected() {}
  void reconnect_soon();
  void send(Command command);
  /// Runs `act` later unless the session has changed by then.
  void later(Duration delay, std::function<void()> act);
  World& world_;
  std::optional<SessionId> session_;
};

/// Publishes under a producer id, repeats what is not confirmed, never changes a frame that was sent.
class Producer final : public Client {
 public:
  Producer(World& world, std::string queue, std::uint32_t number);
  void received(const model::Effect& effect) override;
  void misbehave() override;
  void healed() override;
  bool idle() const override { return under_way_.empty(); }

 private:
  struct Frame {
    PublishCommand command;
    Duration last_sent{0};
  };
  void on_connected() override;
  void tick();
  void publish();
  void send_frame(Frame& frame);
  ContentId make_content();
  std::string encode(ContentId content);
  void new_instance();

  const std::string queue_;
  const std::uint32_t number_;
  model::ProducerId id_{};
  std::uint64_t next_sequence_ = 1;
  std::map<std::uint64_t, Frame> under_way_;  // by producer sequence
  bool ticking_ = false;
};

/// Consumes one group of one queue, and settles in every way there is.
class Consumer final : public Client {
 public:
  Consumer(World& world, std::string queue, std::string group);
  void received(const model::Effect& effect) override;
  void misbehave() override;
  void healed() override;
  bool idle() const override { return true; }

 private:
  struct Held {
    std::uint64_t sequence = 0;
    std::uint32_t delivery = 0;
  };
  struct Pending {
    SettleCommand command;
    unsigned tries = 0;
  };
  void on_connected() override;
  void on_disconnected() override;
  void subscribe();
  void watch_subscription(SubscriptionId subscription);
  void handle(const model::Deliver& deliver);
  void beat(SubscriptionId subscription);
  void begin_one(const Held& held);
  void handle_one(const Held& held);
  void ack_soon(const Held& held);
  void flush_acks();
  void settle(model::SettleKind kind, std::vector<Held> messages, std::int64_t duration_ms, std::string text);
  void repeat(std::uint32_t request);
  void renew(SubscriptionId subscription);

  const std::string queue_, group_;
  std::uint32_t next_subscription_ = 1, next_request_ = 1;
  SubscriptionId subscription_{};
  bool subscribed_ = false;
  std::uint64_t boot_epoch_ = 0;
  std::uint32_t concurrency_ = 0;
  std::vector<Held> acks_;  // waiting to be sent together
  std::map<std::uint32_t, Pending> pending_;
};

/// Looks, changes policies, redrives, discards, purges.
class Operator final : public Client {
 public:
  explicit Operator(World& world) : Client(world) {}
  void received(const model::Effect& effect) override;
  void healed() override;

 private:
  void on_connected() override;
  void tick();
  void request(model::Request what);
  std::string any_queue();
  std::string any_group();

  std::uint32_t next_request_ = 1;
  std::map<std::uint32_t, model::Request> asked_;
  bool ticking_ = false;
};

}  // namespace ackwire::simulator
