#include "roles.hpp"

#include <signal.h>

#include <ackwire/ackwire.hpp>
#include <atomic>
#include <deque>
#include <random>
#include <thread>

#include "body.hpp"
#include "journal.hpp"

namespace kill_test {
namespace {

using ackwire::Duration;
using ackwire::Errc;

constexpr std::size_t publishes_under_way = 6;
constexpr std::size_t batch_most = 20;
constexpr std::size_t repeats_kept = 200;
constexpr Duration look_again{100};
constexpr Duration pause{10};          // after a refusal for now
constexpr Duration last_wait{20'000};  // for outcomes when asked to end

std::atomic<bool> asked_to_end{false};

void end_when_asked() {
  signal(SIGTERM, [](int) { asked_to_end = true; });
}

ackwire::Client connect(const Role& role) {
  ackwire::ClientOptions options;
  options.name = role.name;
  options.connect_timeout = Duration{0};
  options.reconnect_initial = Duration{10};
  options.reconnect_max = Duration{100};
  auto client = ackwire::Client::connect(role.endpoint, options);
  if (client) return *std::move(client);
  std::fprintf(stderr, "kill_test %s: %s\n", role.name.c_str(), client.error().message.c_str());
  std::exit(1);
}

/// Refusals that say "later" or "not known"; every other is a finding.
bool expected(Errc code) {
  return code == Errc::overloaded || code == Errc::timeout || code == Errc::disconnected || code == Errc::indeterminate ||
         code == Errc::closed;
}

struct Named {
  std::string name, body;
  bool keyed = false;
};

struct UnderWay {
  std::vector<Named> messages;
  ackwire::PendingPublish pending;
};

class Producer {
 public:
  explicit Producer(const Role& role) : role_(role), journal_(role.journal), random_(role.seed), client_(connect(role)) {}

  int run() {
    while (!asked_to_end) {
      if (under_way_.size() < publishes_under_way)
        publish();
      else
        settle(look_again);
    }
    const auto deadline = std::chrono::steady_clock::now() + last_wait;
    while (!under_way_.empty() && std::chrono::steady_clock::now() < deadline) settle(look_again);
    return 0;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  /// A new message, or now and then one with a key that was published before.
  Named next() {
    if (!repeats_.empty() && below(10) == 0) return repeats_[below(repeats_.size())];
    Named message{role_.name + "-" + std::to_string(++count_), {}, below(2) == 0};
    message.body = body_of(message.name);
    if (message.keyed) {
      repeats_.push_back(message);
      if (repeats_.size() > repeats_kept) repeats_.pop_front();
    }
    return message;
  }

  void publish() {
    UnderWay batch;
    const std::uint64_t size = 1 + below(batch_most);
    for (std::uint64_t i = 0; i < size; ++i) {
      batch.messages.push_back(next());
      journal_.add({Entry::attempted, batch.messages.back().name, 0, 0, 0});
    }
    journal_.write();
    std::vector<ackwire::Message> messages;
    for (const Named& message : batch.messages) {
      messages.push_back(
          {.body = message.body, .idempotency_key = message.keyed ? std::string_view(message.name) : std::string_view()});
    }
    auto pending = client_.publish_async(queue, messages);
    if (!pending) return refused(pending.error());
    batch.pending = *std::move(pending);
    under_way_.push_back(std::move(batch));
  }

  void settle(Duration wait) {
    const UnderWay& oldest = under_way_.front();
    const auto receipts = oldest.pending.wait(wait);
    if (!receipts && receipts.error().code == Errc::timeout && !oldest.pending.done()) return;
    if (!receipts) {
      refused(receipts.error());
    } else {
      for (std::size_t i = 0; i < receipts->size(); ++i) {
        journal_.add({Entry::confirmed, oldest.messages[i].name, (*receipts)[i].sequence, 0, (*receipts)[i].duplicate});
      }
      journal_.write();
    }
    under_way_.pop_front();
  }

  void refused(const ackwire::Error& error) {
    if (!expected(error.code)) {
      journal_.add({Entry::refused, std::string(name(error.code)), 0, 0, 0});
      journal_.write();
      std::fprintf(stderr, "kill_test %s: refused: %s\n", role_.name.c_str(), error.message.c_str());
    }
    std::this_thread::sleep_for(pause);
  }

  const Role& role_;
  Journal journal_;
  std::mt19937_64 random_;
  ackwire::Client client_;
  std::deque<UnderWay> under_way_;
  std::deque<Named> repeats_;
  std::uint64_t count_ = 0;
};

class Receiver {
 public:
  explicit Receiver(const Role& role) : role_(role), journal_(role.journal), random_(role.seed), client_(connect(role)) {}

  int run() {
    while (!asked_to_end) {
      auto consumer = client_.consume(queue, {.credit = 500});
      if (!consumer) {
        std::this_thread::sleep_for(pause);
        continue;
      }
      while (!asked_to_end && receive(*consumer)) {
      }
    }
    return 0;
  }

 private:
  /// False: the subscription has ended.
  bool receive(ackwire::Consumer& consumer) {
    const auto batch = consumer.receive(100, look_again);
    if (!batch) return false;
    for (const ackwire::Delivery& delivery : *batch) journal_.add(seen(delivery));
    journal_.write();
    for (const ackwire::Delivery& delivery : *batch) settle(consumer, delivery);
    ack(consumer);
    return true;
  }

  static Entry seen(const ackwire::Delivery& delivery) {
    std::string named(name_in(delivery.body()));
    const bool whole = !named.empty() && body_of(named) == delivery.body() &&
                       (delivery.idempotency_key().empty() || delivery.idempotency_key() == named);
    if (!whole) named = "-";
    const auto& token = delivery.lease_token();
    return {whole ? Entry::received : Entry::damaged, named, token.sequence, token.boot_epoch, token.delivery};
  }

  void settle(ackwire::Consumer& consumer, const ackwire::Delivery& delivery) {
    const auto choice = random_() % 100;
    // A settle that fails leaves the message to its lease: it comes back, which is what is tested.
    if (choice < 3) [[maybe_unused]]
      const auto nacked = consumer.nack(delivery, {.delay = {}, .error = "by chance"});
    else if (choice < 5) [[maybe_unused]]
      const auto released = consumer.release(delivery);
    else
      to_ack_.push_back(delivery);
  }

  void ack(ackwire::Consumer& consumer) {
    if (to_ack_.empty()) return;
    const auto settled = consumer.ack(to_ack_);
    if (settled) {
      for (const ackwire::Delivery& delivery : to_ack_) {
        const auto& stale = settled->stale;
        if (std::find(stale.begin(), stale.end(), delivery.sequence()) != stale.end()) continue;
        const auto& token = delivery.lease_token();
        journal_.add({Entry::acked, "-", token.sequence, token.boot_epoch, token.delivery});
      }
      journal_.write();
    }
    to_ack_.clear();
  }

  const Role& role_;
  Journal journal_;
  std::mt19937_64 random_;
  ackwire::Client client_;
  std::vector<ackwire::Delivery> to_ack_;
};

}  // namespace

int produce(const Role& role) {
  end_when_asked();
  return Producer(role).run();
}

int consume(const Role& role) {
  end_when_asked();
  return Receiver(role).run();
}

}  // namespace kill_test
