// What producers were answered. A frame that is repeated after a lost reply gets the same answer again and is never stored twice:
// the answer is a row of the transaction that stored the messages, and stays until the producer says that it has it.
#include <algorithm>

#include "engine/state.hpp"
#include "format/confirm.hpp"
#include "rules/quote.hpp"
#include "store/scan.hpp"

namespace ackwire::engine {
namespace {

constexpr Duration prune_pause{60'000};
constexpr Duration eviction_age{300'000};  // a client that wants its answer asks again within seconds
constexpr std::uint32_t forgotten_at_once = 256;
constexpr std::uint64_t fair_answer_bytes = 4 * 1024;  // of one producer, while all answers together are too many
constexpr Duration answers_retry_after{1'000};

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

void Engine::State::keep_answer(Producer& producer, std::uint64_t sequence, std::string_view entries) {
  std::string& answer = producer.answers[sequence];
  producer.answer_bytes += entries.size() - answer.size();
  answer = entries;
  producer.counted = Reserved(answer_bytes, producer.answer_bytes);
}

/// Forgets the oldest.
void Engine::State::forget_answer(Queue& queue, const model::ProducerId& id, Producer& producer) {
  const auto oldest = producer.answers.begin();
  turn.tx->erase(Table::state, key::producer(queue.id, id, oldest->first));
  producer.answer_bytes -= oldest->second.size();
  producer.answers.erase(oldest);
  producer.counted = Reserved(answer_bytes, producer.answer_bytes);
}

// Makes room for a new producer: those go that were silent long, some at a time, unless all spoke lately.
bool Engine::State::forget_old_producers(Queue& queue, const model::ProducerId& keep) {
  const std::int64_t wall = to_ms(turn.now.wall);
  if (wall < queue.next_eviction_ms) return false;
  std::int64_t oldest = wall;
  std::uint32_t forgotten = 0;
  for (auto it = queue.producers.begin(); it != queue.producers.end() && forgotten < forgotten_at_once;) {
    const bool old = it->first != keep && it->second.last_used_ms <= wall - eviction_age.count();
    if (!old) {
      if (it->first != keep) oldest = std::min(oldest, it->second.last_used_ms);
      ++it;
      continue;
    }
    while (!it->second.answers.empty()) forget_answer(queue, it->first, it->second);
    it = queue.producers.erase(it);
    ++forgotten;
  }
  if (forgotten == 0) queue.next_eviction_ms = oldest + eviction_age.count();
  return forgotten > 0;
}

void Engine::State::forget_producer(const model::ProducerId& id) {
  for (auto& [number, queue] : queues) {
    const auto it = queue.producers.find(id);
    if (queue.row.removing || it == queue.producers.end()) continue;
    while (!it->second.answers.empty()) forget_answer(queue, id, it->second);
    queue.producers.erase(it);
  }
}

Error Engine::State::no_place_for_producer(const Queue& queue) const {
  const Duration wait{std::max<std::int64_t>(queue.next_eviction_ms - to_ms(turn.now.wall), 1)};
  return {Errc::overloaded,
          "Queue " + rules::quote(queue.row.name) + " keeps the answers of " + std::to_string(options.producers_per_queue) +
              " producers that published within the last " + std::to_string(eviction_age.count() / 60'000) +
              " minutes and did not say goodbye, which is the most. Nothing was stored. Close clients in order, which frees their "
              "place at once, or publish through one client; the first place is free in " +
              std::to_string(wait.count() / 1'000 + 1) + " s.",
          wait,
          {}};
}

std::optional<Error> Engine::State::too_many_answers(const Queue& queue, const Producer& producer) const {
  const bool alone = producer.answer_bytes > options.producer_answer_bytes;
  const bool together = answer_bytes > options.answer_bytes && producer.answer_bytes > fair_answer_bytes;
  if (!alone && !together) return std::nullopt;
  return Error{Errc::overloaded,
               "The broker keeps " + std::to_string(producer.answer_bytes) + " bytes of answers for this producer and queue " +
                   rules::quote(queue.row.name) +
                   (alone ? ", which is more than the most (" + std::to_string(options.producer_answer_bytes) + ")"
                          : ", and " + std::to_string(answer_bytes) + " for all, which is more than the most") +
                   ". Nothing of this frame was stored, and its number stays free. Read the confirms that have come, and send it "
                   "again with a higher first_unconfirmed.",
               answers_retry_after,
               {}};
}

// The memory of this producer, with everything below `first_unconfirmed` forgotten. nullptr when there is no room for it.
Producer* Engine::State::producer_of(Queue& queue, const model::Publish& publish) {
  auto [it, made] = queue.producers.try_emplace(publish.producer);
  Producer& producer = it->second;
  if (made) {
    if (queue.producers.size() > options.producers_per_queue && !forget_old_producers(queue, publish.producer)) {
      queue.producers.erase(publish.producer);
      return nullptr;
    }
  }
  producer.last_used_ms = to_ms(turn.now.wall);
  if (publish.first_unconfirmed > producer.floor) producer.floor = publish.first_unconfirmed;
  // The newest answer stays, so that the floor is known after a restart.
  while (producer.answers.size() > 1 && producer.answers.begin()->first < producer.floor) {
    const auto& [first, entries] = *producer.answers.begin();
    producer.floor = std::max(producer.floor, first + format::count_batches(entries));  // a frame is released as a whole
    forget_answer(queue, publish.producer, producer);
  }
  return &producer;
}

// Refusals are remembered too, but only in memory: after a restart nobody else can hold the frame.
void Engine::State::remember_answer(Queue& queue, Producer& producer, const model::Publish& publish, const std::string& entries,
                                    bool durable) {
  keep_answer(producer, publish.producer_sequence, entries);
  if (!durable) return;
  turn.tx->put(Table::state, key::producer(queue.id, publish.producer, publish.producer_sequence),
               encode_answer(to_ms(turn.now.wall), producer.floor, entries));
}

// At start: all answers of one queue.
void Engine::State::load_producers(Queue& queue) {
  store::Row row;
  for (store::Scan scan(*turn.tx, Table::state, Key().u8('P').u32(queue.id)); scan.next(row) && row.key.size() == 29;) {
    std::int64_t wall_ms = 0;
    std::uint64_t floor = 0;
    std::string_view entries;
    const std::string at(row.key);
    std::optional<std::string> mended;
    if (!decode_answer(row.value, wall_ms, floor, entries)) {
      const std::string what = "an answer to a producer of queue " + queue.row.name;
      mended = mend_state(at, row.value, &queue, what);
      if (!mended || !decode_answer(*mended, wall_ms, floor, entries)) {
        entries = {};  // the number is taken all the same: a repeated frame may not be stored twice
        wall_ms = to_ms(turn.now.wall);
        note_damage(queue, what + " is lost: a repeat of that publish will be told that its outcome is not known");
      }
    }
    model::ProducerId id;
    std::memcpy(id.data(), at.data() + 5, id.size());
    Producer& producer = queue.producers[id];
    producer.floor = std::max(producer.floor, floor);
    producer.last_used_ms = std::max(producer.last_used_ms, wall_ms);
    keep_answer(producer, be64(at, 21), entries);
  }
}

// Producers that were silent for producer_memory are forgotten, a bounded number a call.
void Engine::State::prune_producers(Queue& queue) {
  const std::int64_t before = to_ms(turn.now.wall) - options.producer_memory.count();
  std::int64_t oldest = to_ms(turn.now.wall);
  for (auto it = queue.producers.begin(); it != queue.producers.end() && turn.budget > 0;) {
    if (it->second.last_used_ms >= before) {
      oldest = std::min(oldest, it->second.last_used_ms);
      ++it;
      continue;
    }
    turn.budget -= std::min<std::uint32_t>(turn.budget, static_cast<std::uint32_t>(it->second.answers.size()) + 1);
    while (!it->second.answers.empty()) forget_answer(queue, it->first, it->second);
    it = queue.producers.erase(it);
  }
  queue.next_prune = turn.now.mono + (turn.budget == 0 ? prune_pause : std::max(prune_pause, Duration{oldest - before}));
}

}  // namespace ackwire::engine
