#include "verdict.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "journal.hpp"

namespace kill_test {
namespace {

constexpr std::size_t examples_most = 20;

/// (boot epoch, delivery): the order of the hand-overs of one message.
using Moment = std::pair<std::uint64_t, std::uint64_t>;

struct Seen {
  std::uint64_t sequence = 0;  ///< 0: none known
  bool attempted = false, confirmed = false, delivered = false, left = false;
};

class Judge {
 public:
  void see(const Entry& entry) {
    switch (entry.kind) {
      case Entry::attempted:
        verdict_.attempted += !messages_[entry.name].attempted;
        messages_[entry.name].attempted = true;
        break;
      case Entry::confirmed:
        verdict_.confirmed += !messages_[entry.name].confirmed;
        messages_[entry.name].confirmed = true;
        verdict_.repeats_suppressed += entry.delivery != 0;
        place(entry.name, entry.sequence);
        break;
      case Entry::received:
        verdict_.delivered += !messages_[entry.name].delivered;
        verdict_.redelivered += messages_[entry.name].delivered;
        messages_[entry.name].delivered = true;
        place(entry.name, entry.sequence);
        last_delivery_[entry.sequence] = std::max(last_delivery_[entry.sequence], Moment{entry.epoch, entry.delivery});
        break;
      case Entry::acked:
        ++verdict_.acked;
        last_ack_[entry.sequence] = std::max(last_ack_[entry.sequence], Moment{entry.epoch, entry.delivery});
        break;
      case Entry::damaged: wrong(verdict_.damaged, "damaged", entry.name, entry.sequence); break;
      case Entry::refused: wrong(verdict_.refused, "refused", entry.name, 0); break;
    }
  }

  void see(const Left& left) {
    ++verdict_.left;
    messages_[left.name].left = true;
    place(left.name, left.sequence);
  }

  Verdict conclude() {
    for (const auto& [name, seen] : messages_) {
      if (seen.confirmed && !seen.delivered && !seen.left) wrong(verdict_.lost, "lost", name, seen.sequence);
      if ((seen.delivered || seen.left) && !seen.attempted) wrong(verdict_.phantoms, "phantom", name, seen.sequence);
    }
    for (const auto& [sequence, acked] : last_ack_) {
      if (last_delivery_[sequence] > acked) wrong(verdict_.resurrected, "delivered after its ack", "-", sequence);
    }
    return std::move(verdict_);
  }

 private:
  void wrong(std::uint64_t& count, const char* what, const std::string& name, std::uint64_t sequence) {
    ++count;
    if (verdict_.examples.size() < examples_most) {
      verdict_.examples.push_back(std::string(what) + ": " + name + " at sequence " + std::to_string(sequence));
    }
  }

  /// One name, one sequence, for ever.
  void place(const std::string& name, std::uint64_t sequence) {
    Seen& seen = messages_[name];
    if (seen.sequence == 0) seen.sequence = sequence;
    if (seen.sequence != sequence) wrong(verdict_.stored_twice, "stored twice", name, sequence);
    const auto [owner, fresh] = owners_.try_emplace(sequence, name);
    if (!fresh && owner->second != name) wrong(verdict_.reused, "sequence used twice", name, sequence);
  }

  Verdict verdict_;
  std::unordered_map<std::string, Seen> messages_;
  std::unordered_map<std::uint64_t, std::string> owners_;
  std::unordered_map<std::uint64_t, Moment> last_delivery_, last_ack_;
};

}  // namespace

Verdict judge(const std::filesystem::path& journals, const std::vector<Left>& left) {
  Judge judge;
  read_journals(journals, [&judge](const Entry& entry) { judge.see(entry); });
  for (const Left& message : left) judge.see(message);
  return judge.conclude();
}

}  // namespace kill_test
