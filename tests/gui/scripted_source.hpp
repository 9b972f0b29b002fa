// SPDX-License-Identifier: GPL-3.0-only
// A broker made of arithmetic: any number of dead letters, any state of the connection, with a record of what was asked.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bridge/data_source.hpp"

namespace ackwire::dashboard::test {

/// What the scripted broker holds. Shared by the sources of one test; thread-safe.
class Script {
 public:
  Script();

  void add_queue(const std::string& name, std::uint64_t dead);
  void remove_queue(const std::string& name);
  /// Lets `count` more letters die.
  void kill_more(const std::string& queue, std::uint64_t count);
  std::uint64_t dead(const std::string& queue) const;
  bool paused(const std::string& queue) const;
  /// The body and headers every dead letter shows; `attempts`: and how often each was begun.
  void set_letter(DeadLetter letter, std::optional<std::uint32_t> attempts = std::nullopt);

  /// What redrive, discard and pause answer although they did it; nullopt: the truth.
  void set_action_fault(std::optional<Error> fault);
  /// Another life of the same broker.
  void restart() { ++boot_epoch_; }
  /// Somebody else redrives a letter.
  void take_away(const std::string& queue, std::uint64_t sequence);
  void set_connected(bool connected, const std::string& reason = "connection refused");
  void set_refused(bool refused) { refused_ = refused; }
  void set_delay(Duration delay) { delay_ms_ = delay.count(); }

  struct Moved {
    std::string verb, queue, group;
    std::vector<std::uint64_t> sequences;
  };
  std::vector<Moved> moved() const;
  int page_reads() const { return page_reads_; }
  int polls() const { return polls_; }

  SourceFactory factory();

  static std::uint64_t sequence_of(std::uint64_t row) { return row * 3 + 7; }

 private:
  friend class ScriptedSource;
  struct Queue {
    QueueInfo info;
    std::uint64_t letters = 0;        ///< ever dead: rows 0..letters-1, less the removed
    std::set<std::uint64_t> removed;  ///< sequences
    bool emptied = false;
  };
  DeadLetter letter_at(std::uint64_t row) const;

  mutable std::mutex mutex_;
  std::map<std::string, Queue> queues_;
  std::optional<DeadLetter> letter_;
  std::optional<std::uint32_t> attempts_;
  std::optional<Error> action_fault_;
  std::uint32_t next_id_ = 1;
  std::vector<Moved> moved_;
  std::vector<std::weak_ptr<class ScriptedSource>> sources_;
  bool connected_ = true;
  std::string reason_;
  std::atomic<bool> refused_{false};
  std::atomic<std::uint64_t> boot_epoch_{1};
  std::atomic<std::int64_t> delay_ms_{0};
  std::atomic<int> page_reads_{0}, polls_{0};
};

}  // namespace ackwire::dashboard::test
