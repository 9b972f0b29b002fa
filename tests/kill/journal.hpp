// What producers and consumers saw, kept outside the system under test. Lines survive the SIGKILL of their writer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace kill_test {

/// One thing that happened. Text form: "KIND NAME SEQUENCE EPOCH DELIVERY".
struct Entry {
  enum Kind : char {
    attempted = 'A',  ///< about to be published
    confirmed = 'C',  ///< a receipt came
    refused = 'E',    ///< refused by a code that the test does not expect; the name is the code
    received = 'R',
    damaged = 'B',  ///< received with other bytes than were published
    acked = 'K',    ///< an ack was applied
  };
  Kind kind = attempted;
  std::string name = "-";
  std::uint64_t sequence = 0, epoch = 0, delivery = 0;
};

/// Appends entries to a file. Not thread-safe.
class Journal {
 public:
  explicit Journal(const std::filesystem::path& file);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  void add(const Entry& entry);
  /// Writes what was added in one append; returns after the kernel has it.
  void write();

 private:
  int descriptor_;
  std::string text_;
};

/// Every whole line of every file in `directory`. A cut last line is left out: its writer was killed in it.
void read_journals(const std::filesystem::path& directory, const std::function<void(const Entry&)>& see);

}  // namespace kill_test
