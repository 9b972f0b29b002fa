// What clients send to the broker, owned: a frame may be delayed and delivered twice.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "model/command.hpp"
#include "model/effect.hpp"
#include "model/request.hpp"

namespace ackwire::simulator {

using model::SessionId;
using model::SubscriptionId;

/// Names what a message says: its body, its key and its queue. A content may be published more than once when it has a key.
using ContentId = std::uint32_t;

struct Batch {
  std::vector<ContentId> contents;
  std::string records;
};

struct PublishCommand {
  std::string queue;
  model::ProducerId producer{};
  std::uint64_t sequence = 0;
  std::uint64_t first_unconfirmed = 0;
  std::shared_ptr<const std::vector<Batch>> batches;
};
struct SubscribeCommand {
  SubscriptionId subscription{};
  std::string queue, group;
  std::uint32_t credit = 0, concurrency = 0;
};
struct BegunCommand {
  model::Begun begun;
};
struct UnsubscribeCommand {
  SubscriptionId subscription{};
};
struct CreditCommand {
  SubscriptionId subscription{};
  std::uint32_t credit = 0;
};
struct SettleCommand {
  model::Settle settle;  // its text is in `text`
  std::string text;
};
struct RenewCommand {
  SubscriptionId subscription{};
};
struct RequestCommand {
  std::uint32_t request = 0;
  model::Request what;
};
/// The broker noticed that the peer is gone.
struct EndSession {};
/// A delivery could not be sent.
struct Undeliverable {
  model::Deliver deliver;
};

using Command = std::variant<PublishCommand, SubscribeCommand, UnsubscribeCommand, CreditCommand, SettleCommand, RenewCommand,
                             BegunCommand, RequestCommand, EndSession, Undeliverable>;
using SharedCommand = std::shared_ptr<const Command>;

}  // namespace ackwire::simulator
