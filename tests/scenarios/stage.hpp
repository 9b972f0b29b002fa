// Plays the commands of a scenario on the real engine over the memory store, and tells what left the broker as prose.
//
//   queue NAME [SETTING=VALUE ...]            set NAME SETTING=VALUE ...        group QUEUE GROUP [from_oldest]
//   publish CLIENT QUEUE BODY ... [key=K] [delay=D] [ttl=D]      several bodies are one atomic batch; key is of the first
//   repeat CLIENT QUEUE                       the last publish frame once more, as after a lost answer
//   subscribe CLIENT QUEUE [group=G] [credit=N]                  unsubscribe CLIENT
//   ack | release CLIENT SEQUENCE ...         [delivery=N] [boot=now]: with another token than that of the last delivery
//   nack CLIENT SEQUENCE ... [delay=D] [error=TEXT]              reject CLIENT SEQUENCE ... [reason=TEXT]
//   extend CLIENT SEQUENCE ... for=D          renew CLIENT
//   disconnect CLIENT                         wait D             stats QUEUE [group=G]
//   dead QUEUE | redrive QUEUE [SEQUENCE ...] | discard QUEUE [SEQUENCE ...] | purge QUEUE
//   restart                                   power_cut: what this block did before it is lost
//
// The commands of a block are one turn: one transaction, whose effects leave after its commit. Durations are 500ms, 2s or 5m.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "store/memory_store.hpp"

namespace ackwire::scenarios {

class Stage {
 public:
  Stage();
  ~Stage();
  /// What left the broker, a line each; "nothing" when nothing did.
  std::vector<std::string> play(const std::vector<std::string>& commands);

 private:
  using Words = std::vector<std::string>;
  struct Client {
    std::string name;
    model::SessionId session{};
    model::ProducerId producer{};
    std::map<std::string, std::uint64_t> next_sequence;                 // by queue
    std::map<std::string, std::pair<std::uint64_t, std::string>> sent;  // by queue: last sequence and records
    std::map<std::string, std::uint32_t> sent_count;
    std::map<std::uint64_t, std::uint32_t> deliveries;  // by message
    std::uint64_t boot_epoch = 0;
  };

  struct Asked {
    std::string verb, group;
  };

  model::Now now() const;
  void begin();
  void finish();
  void wait(Duration duration);
  void restart();
  void run(const Words& words);
  void publish(const Words& words, bool again);
  void send(Client& client, const std::string& queue);
  void subscribe(const Words& words);
  void begun(const Words& words);
  void settle(const Words& words);
  void request(const Words& words);
  void tell(const model::Effect& effect);
  void tell_confirm(const std::string& who, const model::Confirm& confirm);
  void tell_delivery(Client& client, const model::Deliver& deliver);
  void tell_settle(const std::string& who, const model::SettleResult& result);
  void tell_reply(const Asked& asked, const model::Reply& reply);
  void tell_group(const QueueInfo& info, const std::string& group);
  void new_session(Client& client);
  void say(const std::string& line);
  Client& client(const std::string& name);

  std::unique_ptr<store::MemoryStore> store_;
  std::unique_ptr<engine::Engine> engine_;
  Duration mono_{0};
  Duration waited_{-1};  // within a wait: how much of it has passed
  bool turn_open_ = false;
  std::uint64_t next_session_ = 1;
  std::map<std::string, Client> clients_;
  std::map<std::uint32_t, std::string> settles_;  // the verb of each settle, by request
  std::uint32_t next_request_ = 1;
  std::map<std::uint32_t, Asked> asked_;                // by request
  std::map<model::SessionId, std::string> session_of_;  // client names, of sessions that are gone too
  std::vector<std::string> out_;
};

}  // namespace ackwire::scenarios
