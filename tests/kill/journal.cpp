#include "journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace kill_test {

Journal::Journal(const std::filesystem::path& file)
    : descriptor_(open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) {
  if (descriptor_ >= 0) return;
  std::perror(file.c_str());
  std::exit(1);
}

Journal::~Journal() {
  write();
  close(descriptor_);
}

void Journal::add(const Entry& entry) {
  text_ += entry.kind;
  text_ += ' ' + entry.name + ' ' + std::to_string(entry.sequence) + ' ' + std::to_string(entry.epoch) + ' ' +
           std::to_string(entry.delivery) + '\n';
}

void Journal::write() {
  std::string_view left = text_;
  while (!left.empty()) {
    const ssize_t put = ::write(descriptor_, left.data(), left.size());
    if (put < 0) {
      std::perror("journal");
      std::exit(1);
    }
    left.remove_prefix(static_cast<std::size_t>(put));
  }
  text_.clear();
}

void read_journals(const std::filesystem::path& directory, const std::function<void(const Entry&)>& see) {
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    std::ifstream in(file.path());
    for (std::string line; std::getline(in, line) && !in.eof();) {
      std::istringstream fields(line);
      Entry entry;
      char kind = 0;
      if (fields >> kind >> entry.name >> entry.sequence >> entry.epoch >> entry.delivery) {
        entry.kind = static_cast<Entry::Kind>(kind);
        see(entry);
      }
    }
  }
}

}  // namespace kill_test
