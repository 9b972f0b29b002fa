#include <algorithm>
#include <cstring>

#include "client.hpp"
#include "format/confirm.hpp"
#include "format/record.hpp"
#include "world.hpp"

namespace ackwire::simulator {
namespace {

constexpr std::size_t frames_under_way = 6;
constexpr Duration repeat_after{400};

}  // namespace

Producer::Producer(World& world, std::string queue, std::uint32_t number)
    : Client(world), queue_(std::move(queue)), number_(number) {
  new_instance();
}

void Producer::new_instance() {
  const std::uint64_t words[2] = {world_.random.next(), world_.random.next()};
  std::memcpy(id_.data(), words, id_.size());
  next_sequence_ = 1;
  under_way_.clear();  // what they became is not known to anybody
}

void Producer::on_connected() {
  for (auto& [sequence, frame] : under_way_) send_frame(frame);
  if (!ticking_) tick();
}

void Producer::tick() {
  ticking_ = true;
  if (connected()) {
    for (auto& [sequence, frame] : under_way_) {
      if (world_.now - frame.last_sent > repeat_after) send_frame(frame);
    }
    if (!world_.healed && under_way_.size() < frames_under_way) publish();
  }
  const std::int64_t pause = world_.mix.publish_pause.count();
  if (!world_.healed || !under_way_.empty()) {
    world_.after(Duration{world_.random.between(1, 2 * pause)}, [this] { tick(); });
  } else {
    ticking_ = false;
  }
}

void Producer::healed() {
  if (!ticking_) tick();
}

void Producer::misbehave() {
  if (!world_.random.chance(world_.mix.producer_restart)) return;
  world_.fault();
  world_.trace("producer restarts", number_);
  if (connected()) world_.cut(*this);
  new_instance();
}

void Producer::publish() {
  auto batches = std::make_shared<std::vector<Batch>>();
  const auto count = static_cast<std::size_t>(world_.random.between(1, 3));
  for (std::size_t i = 0; i < count; ++i) {
    Batch batch;
    for (std::int64_t m = world_.random.between(1, 4); m > 0; --m) {
      const ContentId content = make_content();
      batch.contents.push_back(content);
      batch.records += encode(content);
    }
    batches->push_back(std::move(batch));
  }
  Frame& frame = under_way_[next_sequence_];
  frame.command = {queue_, id_, next_sequence_, 0, std::move(batches)};
  next_sequence_ += count;
  send_frame(frame);
}

void Producer::send_frame(Frame& frame) {
  frame.last_sent = world_.now;
  frame.command.first_unconfirmed = under_way_.begin()->first;
  world_.observer().publish_attempted(frame.command, world_.now);
  send(frame.command);
}

ContentId Producer::make_content() {
  const Facts& facts = world_.observer().facts();
  const Mix& mix = world_.mix;
  Random& random = world_.random;
  const bool keyed = random.chance(mix.with_key);
  std::string key;
  if (keyed && !facts.contents.empty()) {
    const Content& earlier = facts.contents[random.below(facts.contents.size())];
    if (!earlier.key.empty() && earlier.queue == queue_) {
      if (random.chance(mix.repeat_key)) return earlier.id;
      if (random.chance(mix.conflict)) key = earlier.key;
    }
  }
  Content content;
  content.queue = queue_;
  const std::size_t number = facts.contents.size();
  if (keyed && key.empty()) key = "key " + std::to_string(number);
  content.key = key;
  content.body = "content " + std::to_string(number) + " ";
  const std::size_t padding = random.chance(10) ? random.below(30'000) : random.below(60);
  content.body.append(padding, static_cast<char>('a' + number % 26));
  content.may_expire = mix.policy.on_expiry == OnExpiry::discard && (mix.policy.ttl.count() > 0 || mix.with_ttl > 0);
  return world_.observer().add_content(std::move(content));
}

std::string Producer::encode(ContentId id) {
  const Content& content = world_.observer().facts().contents[id];
  Message message;
  message.body = content.body;
  message.idempotency_key = content.key;
  if (world_.random.chance(world_.mix.with_delay)) message.delay = Duration{world_.random.between(1, 3'000)};
  if (world_.mix.policy.ttl.count() == 0 && world_.random.chance(world_.mix.with_ttl))
    message.ttl = message.delay + Duration{world_.random.between(500, 8'000)};
  std::string record;
  const Status encoded = format::encode(message, world_.wall(), record);
  if (!encoded) world_.violate("harness", "a message cannot be encoded: " + encoded.error().message);
  return record;
}

void Producer::received(const model::Effect& effect) {
  const auto* confirm = std::get_if<model::Confirm>(&effect.what);
  if (confirm == nullptr || confirm->queue != queue_) return;
  under_way_.erase(confirm->producer_sequence);
}

}  // namespace ackwire::simulator
