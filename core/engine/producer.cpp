// What producers were answered. A frame that is repeated after a lost reply gets the same answer again and is never stored twice:
// the answer is a row of the transaction that stored the messages, and stays until the producer says that it has it.
#include <algorithm>

#include "engine/state.hpp"
#include "format/confirm.hpp"

namespace ackwire::engine {
namespace {

constexpr Duration prune_pause{60'000};
constexpr Duration eviction_age{300'000};  // a client that wants its answer asks again within seconds

std::int64_t to_ms(Timestamp t) { return t.time_since_epoch().count(); }

// row = wall_ms:u64 first_unconfirmed:u64 entries, sealed
std::string encode_answer(std::int64_t wall_ms, std::uint64_t floor, std::string_view entries) {
  std::string payload(16, '\0');
  std::memcpy(payload.data(), &wall_ms, 8);
  std::memcpy(payload.data() + 8, &floor, 8);
  payload += entries;
  return seal(payload);
}

bool decode_answer(std::string_view row, std::int64_t& wall_ms, std::uint64_t& floor, std::string_view& entries) {
  const auto payload = unseal(row);
  if (!payload || payload->size() < 16) return false;
  std::memcpy(&wall_ms, payload->data(), 8);
  std::memcpy(&floor, payload->data() + 8, 8);
  entries = payload->substr(16);
  return true;
}

}  // namespace

// Makes room for a new producer: the one that was silent longest goes, unless all spoke lately.
bool Engine::State::forget_oldest_producer(Queue& queue, const model::ProducerId& keep) {
  auto oldest = queue.producers.end();
  for (auto it = queue.producers.begin(); it != queue.producers.end(); ++it) {
    if (it->first == keep) continue;
    if (oldest == queue.producers.end() || it->second.last_used_ms < oldest->second.last_used_ms) oldest = it;
  }
  if (oldest == queue.producers.end() || oldest->second.last_used_ms > to_ms(now.wall) - eviction_age.count()) return false;
  for (const auto& [sequence, answer] : oldest->second.answers)
    tx->erase(Table::state, key::producer(queue.id, oldest->first, sequence));
  queue.producers.erase(oldest);
  return true;
}

// The memory of this producer, with everything below `first_unconfirmed` forgotten. nullptr when there is no room for it.
Producer* Engine::State::producer(Queue& queue, const model::Publish& publish) {
  auto [it, made] = queue.producers.try_emplace(publish.producer);
  Producer& producer = it->second;
  if (made) {
    if (queue.producers.size() > options.producers_per_queue && !forget_oldest_producer(queue, publish.producer)) {
      queue.producers.erase(publish.producer);
      return nullptr;
    }
  }
  producer.last_used_ms = to_ms(now.wall);
  if (publish.first_unconfirmed > producer.floor) producer.floor = publish.first_unconfirmed;
  // The newest answer stays, so that the floor is known after a restart.
  while (producer.answers.size() > 1 && producer.answers.begin()->first < producer.floor) {
    const auto& [first, entries] = *producer.answers.begin();
    tx->erase(Table::state, key::producer(queue.id, publish.producer, first));
    producer.floor = std::max(producer.floor, first + format::count_batches(entries));  // a frame is released as a whole
    producer.answers.erase(producer.answers.begin());
  }
  return &producer;
}

// Refusals are remembered too, but only in memory: after a restart nobody else can hold the frame.
void Engine::State::remember_answer(Queue& queue, Producer& producer, const model::Publish& publish, const std::string& entries,
                                    bool durable) {
  producer.answers[publish.producer_sequence] = entries;
  if (!durable) return;
  tx->put(Table::state, key::producer(queue.id, publish.producer, publish.producer_sequence),
          encode_answer(to_ms(now.wall), producer.floor, entries));
}

// At start: all answers of one queue.
void Engine::State::load_producers(Queue& queue) {
  const std::string prefix(std::string_view(Key().u8('P').u32(queue.id)));
  std::string from = prefix;
  store::Row row;
  while (tx->seek(Table::state, from, row) && row.key.starts_with(prefix) && row.key.size() == 29) {
    std::int64_t wall_ms = 0;
    std::uint64_t floor = 0;
    std::string_view entries;
    from.assign(row.key);
    std::optional<std::string> mended;
    if (!decode_answer(row.value, wall_ms, floor, entries)) {
      const std::string what = "an answer to a producer of queue " + queue.row.name;
      mended = mend_state(from, row.value, &queue, what);
      if (!mended || !decode_answer(*mended, wall_ms, floor, entries)) {
        entries = {};  // the number is taken all the same: a repeated frame may not be stored twice
        wall_ms = to_ms(now.wall);
        note_damage(queue, what + " is lost: a repeat of that publish will be told that its outcome is not known");
      }
    }
    model::ProducerId id;
    std::memcpy(id.data(), from.data() + 5, id.size());
    Producer& producer = queue.producers[id];
    producer.floor = std::max(producer.floor, floor);
    producer.last_used_ms = std::max(producer.last_used_ms, wall_ms);
    producer.answers[be64(from, 21)] = entries;
    from.push_back('\0');
  }
}

// Producers that were silent for producer_memory are forgotten, a bounded number a call.
void Engine::State::prune_producers(Queue& queue) {
  queue.next_prune = now.mono + prune_pause;
  const std::int64_t before = to_ms(now.wall) - options.producer_memory.count();
  for (auto it = queue.producers.begin(); it != queue.producers.end() && budget > 0;) {
    if (it->second.last_used_ms >= before) {
      ++it;
      continue;
    }
    for (const auto& [sequence, entries] : it->second.answers)
      tx->erase(Table::state, key::producer(queue.id, it->first, sequence));
    budget -= std::min<std::uint32_t>(budget, static_cast<std::uint32_t>(it->second.answers.size()) + 1);
    it = queue.producers.erase(it);
  }
}

}  // namespace ackwire::engine
