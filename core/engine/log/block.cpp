// Blocks: written once by a publish, read by every group, deleted whole when every group has settled every record in them.
#include <algorithm>
#include <cstring>

#include "engine/repair/salvage.hpp"
#include "engine/state.hpp"
#include "rules/require.hpp"

namespace ackwire::engine {
namespace {

TurnBlock& next_block(Queue& queue, BlockBuffers& buffers) {
  TurnBlock& block = queue.turn_blocks.emplace_back();
  block.base = queue.state.next_sequence;
  block.bytes = buffers.take();
  block.bytes.resize(format::run_header_bytes);
  return block;
}

std::uint32_t record_size(std::string_view records) {
  std::uint32_t length;
  std::memcpy(&length, records.data(), sizeof length);
  return length + 8;  // the length and checksum fields themselves
}

/// A bit a record: is it settled? Behind them, when any is begun and not settled, a bit a record: is it begun?
std::string bitmap(const WindowBlock& block) {
  const std::size_t bytes = (block.count() + 7) / 8;
  std::string bits(block.begun > 0 ? 2 * bytes : bytes, '\0');
  const auto set = [&bits](std::size_t byte, std::uint32_t bit) { bits[byte] = static_cast<char>(bits[byte] | 1 << (bit % 8)); };
  for (std::uint32_t i = 0; i < block.count(); ++i) {
    if (block.slots[i].holder == Slot::settled) set(i / 8, i);
    if (block.slots[i].begun) set(bytes + i / 8, i);
  }
  return bits;
}

bool bit(std::string_view bits, std::uint32_t i) { return i / 8 < bits.size() && (bits[i / 8] >> (i % 8) & 1) != 0; }

bool group_is_done(const Group& group, std::uint64_t base, std::uint64_t end) {
  if (end <= group.row.floor) return true;
  const auto it = group.window.find(base);
  return it != group.window.end() && it->second.open == 0;
}

}  // namespace

std::string BlockBuffers::take() {
  std::string buffer;
  if (!spare_.empty()) {
    buffer = std::move(spare_.back());
    spare_.pop_back();
  } else {
    buffer.reserve(format::block_bytes);
  }
  return buffer;
}

void BlockBuffers::give_back(std::string buffer) {
  if (spare_.size() < kept && buffer.capacity() <= 2 * format::block_bytes) spare_.push_back(std::move(buffer));
}

WindowBlock* Group::block_of(std::uint64_t sequence) {
  auto it = window.upper_bound(sequence);
  if (it == window.begin()) return nullptr;
  --it;
  return sequence < it->second.end() ? &it->second : nullptr;
}

// `records` are whole records that were checked; they get the next `count` sequences.
void Engine::State::append_records(Queue& queue, std::string_view records, std::uint32_t count) {
  while (count > 0) {
    TurnBlock* block = nullptr;
    if (queue.turn_blocks.size() > queue.turn_blocks_written) {
      TurnBlock& last = queue.turn_blocks.back();
      if (last.base + last.count == queue.state.next_sequence) block = &last;
    }
    const std::size_t left = block ? format::block_bytes - std::min(block->bytes.size(), format::block_bytes) : 0;
    std::size_t bytes = 0;
    std::uint32_t fit = 0;
    if (records.size() <= left) {
      bytes = records.size();
      fit = count;
    } else {
      while (fit < count) {
        const std::size_t size = record_size(records.substr(bytes));
        if (bytes + size > left) break;
        bytes += size;
        ++fit;
      }
    }
    if (fit == 0) {
      write_turn_blocks(queue);  // while the full block is in the cache
      block = &next_block(queue, buffers);
      // A record larger than a block has one of its own; the store keeps it in parts.
      const std::size_t size = record_size(records);
      if (format::run_header_bytes + size <= format::block_bytes) continue;
      bytes = size;
      fit = 1;
    }
    block->bytes.append(records.substr(0, bytes));
    block->count += fit;
    queue.state.next_sequence += fit;
    room.append(bytes);
    records.remove_prefix(bytes);
    count -= fit;
  }
}

void Engine::State::write_turn_blocks(Queue& queue) {
  for (; queue.turn_blocks_written < queue.turn_blocks.size(); ++queue.turn_blocks_written) {
    TurnBlock& block = queue.turn_blocks[queue.turn_blocks_written];
    if (block.count == 0) continue;
    format::Run run;
    run.first_sequence = block.base;
    run.publish_time = static_cast<std::uint64_t>(turn.now.wall.time_since_epoch().count());
    run.count = block.count;
    run.records = std::string_view(block.bytes).substr(format::run_header_bytes);
    format::write_run_header(block.bytes.data(), run);
    turn.tx->put(Table::blocks, key::block(queue.id, block.base), block.bytes);
    queue.state.kept_messages += run.count;
    queue.state.kept_bytes += run.records.size();
    queue.dirty = true;
  }
}

bool Engine::State::read_block(Queue& queue, std::uint64_t sequence, format::Run& run, bool& fresh) {
  if (sequence >= queue.state.next_sequence) return false;
  for (std::size_t i = 0; i < queue.turn_blocks.size(); ++i) {
    TurnBlock& block = queue.turn_blocks[i];
    if (i == 0 && sequence < block.base) break;  // an older block, in the store
    if (block.count > 0 && sequence < block.base + block.count) {
      std::string_view bytes = block.bytes;
      fresh = true;
      return format::split_run(bytes, run);
    }
  }
  fresh = false;
  const Key wanted = key::block(queue.id, sequence);
  store::Row row;
  const auto mine = [&] { return row.key.size() == 12 && be32(row.key, 0) == queue.id; };
  const auto holds = [&](std::uint64_t base, std::string_view bytes) {
    return format::split_run(bytes, run) && bytes.empty() && run.first_sequence == base && run.count > 0;
  };
  const auto parse = [&] {
    const std::uint64_t base = be64(row.key, 4);
    if (holds(base, row.value)) return true;
    mend_block(queue, base, row.value);
    const auto mended = turn.tx->get(Table::blocks, key::block(queue.id, base));
    return mended && holds(base, *mended);
  };
  if (turn.tx->seek_back(Table::blocks, wanted, row) && mine()) {
    if (!parse()) return false;
    if (sequence < run.first_sequence + run.count) return true;
  }
  if (!turn.tx->seek(Table::blocks, wanted, row) || !mine()) return false;
  return parse();
}

WindowBlock& Engine::State::open_window(Group& group, const format::Run& run) {
  auto [it, made] = group.window.try_emplace(run.first_sequence);
  WindowBlock& block = it->second;
  if (!made) return block;
  block.base = run.first_sequence;
  block.publish_ms = run.publish_time;
  block.bytes = run.records.size();
  block.open = run.count;
  block.reserved = room.reserve(run.count, run.records.size());
  block.slots.resize(run.count);
  const auto sizes = record_sizes(run.records, run.count);
  for (std::uint32_t i = 0; i < run.count; ++i) block.slots[i].bytes = sizes[i];
  // A group may begin, or go on after a restart, in the middle of a block.
  while (block.prefix < block.count() && block.base + block.prefix < group.row.floor) {
    block.slots[block.prefix++].holder = Slot::settled;
    --block.open;
  }
  block.has_marks = block.prefix > 0;  // a row of marks may be left from before the floor came into this block
  return block;
}

void Engine::State::touch(Group& group, WindowBlock& block) {
  group.dirty = true;
  if (block.touched) return;
  block.touched = true;
  group.touched.push_back(block.base);
}

void Engine::State::settle_slot(Group& group, WindowBlock& block, std::uint32_t slot) {
  rules::require(block.slots[slot].holder != Slot::settled && block.open > 0, "a message is settled once");
  block.slots[slot].holder = Slot::settled;
  if (block.slots[slot].begun) {
    block.slots[slot].begun = 0;
    --block.begun;
  }
  if (--block.open == 0) block.reserved = Reserved();  // nothing of it can come back; another group may keep it for long
  touch(group, block);
}

// Makes this turn's settles durable: floors rise, marks are written for gaps, finished blocks go.
void Engine::State::close_blocks(Queue& queue) {
  struct Finished {
    std::uint64_t base, end, bytes;
  };
  std::vector<Finished> finished;
  for (auto& [id, group] : queue.groups) {
    for (const std::uint64_t base : group.touched) {
      const auto it = group.window.find(base);
      if (it == group.window.end()) continue;
      WindowBlock& block = it->second;
      block.touched = false;
      while (block.prefix < block.count() && block.slots[block.prefix].holder == Slot::settled) ++block.prefix;
      if (block.open == 0) finished.push_back({base, block.end(), block.bytes});
    }
    // The floor passes finished blocks at the front and stops at the first message that is not settled.
    auto front = group.window.begin();
    while (front != group.window.end() && front->second.open == 0) ++front;
    const std::uint64_t floor =
        front == group.window.end() ? group.row.cursor : std::min(front->second.base + front->second.prefix, group.row.cursor);
    rules::require(floor <= group.row.cursor && group.row.cursor <= queue.state.next_sequence,
                   "what is settled was handed out, and what was handed out is stored");
    if (floor > group.row.floor) {
      group.row.floor = floor;
      group.dirty = true;
    }
  }
  for (const auto& [base, end, bytes] : finished) {
    bool all = true;
    for (auto& [id, group] : queue.groups) all = all && group_is_done(group, base, end);
    if (!all) continue;
    erase_block(queue, base, end - base, bytes);
    for (auto& [id, group] : queue.groups) {
      const auto it = group.window.find(base);
      if (it == group.window.end()) continue;
      if (it->second.has_marks) turn.tx->erase(Table::marks, key::at(queue.id, id, base));
      group.window.erase(it);
    }
  }
  for (auto& [id, group] : queue.groups) write_marks(queue, group);
}

void Engine::State::erase_block(Queue& queue, std::uint64_t base, std::uint64_t count, std::uint64_t bytes) {
  if (!turn.tx->erase(Table::blocks, key::block(queue.id, base))) return;
  if (!queue.state.kept_counted) return;
  rules::require(queue.state.kept_messages >= count && queue.state.kept_bytes >= bytes, "what a block held is counted");
  queue.state.kept_messages -= count;
  queue.state.kept_bytes -= bytes;
  queue.dirty = true;
}

// Marks tell what is settled above the floor; blocks below the floor need none.
void Engine::State::write_marks(Queue& queue, Group& group) {
  for (const std::uint64_t base : group.touched) {
    const auto it = group.window.find(base);
    if (it == group.window.end() || it->second.end() <= group.row.floor) continue;
    WindowBlock& block = it->second;
    const bool front = group.row.floor >= block.base;  // the floor tells its prefix
    const std::uint32_t settled = block.count() - block.open;
    // Bits of an older row are a subset, or of records that are settled now: harmless.
    if (settled <= (front ? block.prefix : 0) && block.begun == 0) continue;
    turn.tx->put(Table::marks, key::at(queue.id, group.id, base), seal(bitmap(block)));
    block.has_marks = true;
  }
  group.touched.clear();
  while (!group.window.empty() && group.window.begin()->second.end() <= group.row.floor) {
    WindowBlock& block = group.window.begin()->second;
    if (block.has_marks) turn.tx->erase(Table::marks, key::at(queue.id, group.id, block.base));
    group.window.erase(group.window.begin());
  }
}

// After a restart: the blocks between floor and cursor, and who of them is settled.
void Engine::State::load_window(Queue& queue, Group& group) {
  std::uint64_t at = group.row.floor;
  format::Run run;
  bool fresh = false;
  while (at < group.row.cursor && read_block(queue, at, run, fresh) && run.first_sequence < group.row.cursor) {
    WindowBlock& block = open_window(group, run);
    const auto marks = turn.tx->get(Table::marks, key::at(queue.id, group.id, block.base));
    std::string_view bits, begun;
    if (marks) {
      const auto payload = unseal(*marks);
      const std::size_t bytes = (block.count() + 7) / 8;
      if (!payload || (payload->size() != bytes && payload->size() != 2 * bytes)) {
        if (!mend_marks(queue, group, block, *marks)) bury_unmarked(queue, group, block);
        group.window.erase(run.first_sequence);
        continue;
      }
      bits = payload->substr(0, bytes);
      begun = payload->substr(bytes);
      block.has_marks = true;
    }
    bool handed_out = false;
    for (std::uint32_t i = 0; i < block.count(); ++i) {
      if (block.slots[i].holder == Slot::settled) continue;
      if (bit(bits, i)) {
        block.slots[i].holder = Slot::settled;
        --block.open;
        if (block.prefix == i) ++block.prefix;
      } else if (block.base + i < group.row.cursor) {
        handed_out = true;
        if (bit(begun, i)) begin_slot(group, block, i, nullptr);
      }
    }
    if (block.open == 0) block.reserved = Reserved();
    if (handed_out) group.recovered_blocks.push_back(block.base);
    at = block.end();
  }
}

}  // namespace ackwire::engine
