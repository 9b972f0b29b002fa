// Stands at the door of the broker: turns what goes in and out into facts, and asks the checkers.
#pragma once

#include <map>
#include <string>

#include "checker.hpp"
#include "model/effect.hpp"
#include "store/store.hpp"

namespace ackwire::simulator {

class Observer {
 public:
  Observer(store::Store& store, Checker::Report report);

  Facts& facts() { return facts_; }

  // -- said by clients ---------------------------------------------------------------------------------------------------
  ContentId add_content(Content content);
  void publish_attempted(const PublishCommand& frame, Duration now);

  // -- at the broker -----------------------------------------------------------------------------------------------------
  void restarted(std::uint64_t boot_epoch);
  /// The broker is down or has just opened its store: every row is read and compared.
  void recount(RecountReason reason);
  /// A turn takes the command into account, whether it will commit or not.
  void processed(SessionId session, const Command& command, Duration now);
  /// After the turn, committed or not.
  void turn_ended();
  /// The effect has left the broker.
  void left(const model::Effect& effect, Duration now);

  std::uint64_t confirms = 0, duplicates = 0, refusals = 0, deliveries = 0, acks = 0, stale = 0;

 private:
  void left_confirm(SessionId session, const model::Confirm& confirm, Duration now);
  void one_confirmed(const ConfirmedEvent& event);
  void left_delivery(SessionId session, const model::Deliver& deliver, Duration now);
  void one_delivered(const DeliveredEvent& event);
  void left_settle(SessionId session, const model::SettleResult& result, Duration now);
  void one_settled(const SettledEvent& event, Duration extended_to);
  void left_answer(const model::Answer& answer);
  void end_leases(SessionId session, const SubscriptionId* subscription);
  void processed_settle(SessionId session, const SettleCommand& command);
  void processed_renew(SessionId session, SubscriptionId subscription, Duration now);
  void processed_request(const model::Request& what);

  store::Store& store_;
  const Checker::Report report_;
  Facts facts_;
  std::vector<std::unique_ptr<Checker>> checkers_;

  struct Frame {
    std::shared_ptr<const std::vector<Batch>> batches;
    Duration sent{0};
  };
  std::map<std::tuple<model::ProducerId, std::string, std::uint64_t>, Frame> frames_;
  std::map<SessionId, model::ProducerId> producers_;
  /// A settle that a turn took in, and who held what at that moment: later commands of the same turn may end leases before the
  /// answer leaves.
  struct Settle {
    SettleCommand command;
    std::string queue, group;
    std::map<std::uint64_t, LeaseFacts> held;
  };
  std::map<std::pair<SessionId, std::uint32_t>, Settle> settles_;
  std::vector<std::string> purging_;  // queues that this turn purged
};

}  // namespace ackwire::simulator
