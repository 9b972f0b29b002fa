// The checkers: one for each invariant of docs/guarantees.md that a simulation can see. Each hears of what left the broker, in
// order, before the facts are brought up to date, and of each recount of the store.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "facts.hpp"
#include "recount.hpp"

namespace ackwire::simulator {

struct ConfirmedEvent {
  std::string queue;
  std::uint64_t sequence = 0;
  bool duplicate = false;
  ContentId content = 0;
  Duration sent{0}, now{0};  // when the frame was first sent; when the answer left
};
struct RefusedEvent {
  std::string queue;
  const Error& error;
  const std::vector<ContentId>& contents;
};
struct DeliveredEvent {
  std::string queue, group;
  std::uint64_t sequence = 0;
  std::uint32_t delivery = 0, attempts = 0;
  std::string_view body;
  SessionId session{};
  SubscriptionId subscription{};
  Duration now{0};
};
struct SettledEvent {
  std::string queue, group;
  model::SettleKind kind{};
  std::uint64_t sequence = 0;
  std::uint32_t delivery = 0;
  std::uint64_t boot_epoch = 0;
  bool applied = false, repeated = false;  // repeated: it was applied before, for the same consumer
  SessionId session{};
  SubscriptionId subscription{};
  std::string_view text;
  const LeaseFacts* held = nullptr;  // the lease when the settle was taken in; nullptr = none
};
enum class RecountReason : std::uint8_t { restart, end };

class Checker {
 public:
  using Report = std::function<void(std::string_view invariant, const std::string& what)>;
  Checker(const char* invariant, const Facts& facts, const Report& report)
      : facts_(facts), invariant_(invariant), report_(report) {}
  virtual ~Checker() = default;
  virtual void on_confirmed(const ConfirmedEvent&) {}
  virtual void on_refused(const RefusedEvent&) {}
  virtual void on_delivered(const DeliveredEvent&) {}
  virtual void on_settled(const SettledEvent&) {}
  virtual void on_queue_info(const QueueInfo&) {}
  virtual void on_recount(const Recount&, RecountReason) {}

 protected:
  void violated(const std::string& what) const { report_(invariant_, what); }
  /// nullptr when nothing is known of the message in that group.
  const GroupFacts* group_facts(const std::string& queue, std::uint64_t sequence, const std::string& group) const;
  const MessageFacts* message_facts(const std::string& queue, std::uint64_t sequence) const;
  const Facts& facts_;

 private:
  const char* invariant_;
  const Report& report_;
};

/// One of each. `store` is recounted by a checker that has to know more at once.
std::vector<std::unique_ptr<Checker>> make_checkers(const Facts& facts, const Checker::Report& report,
                                                    const std::function<Recount()>& recount_now);
void add_publish_checkers(std::vector<std::unique_ptr<Checker>>& checkers, const Facts& facts, const Checker::Report& report,
                          const std::function<Recount()>& recount_now);
void add_delivery_checkers(std::vector<std::unique_ptr<Checker>>& checkers, const Facts& facts, const Checker::Report& report);
void add_recount_checkers(std::vector<std::unique_ptr<Checker>>& checkers, const Facts& facts, const Checker::Report& report);

std::string message_name(const std::string& queue, std::uint64_t sequence);

}  // namespace ackwire::simulator
