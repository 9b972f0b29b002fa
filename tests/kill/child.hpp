// A process of the kill test. It does not outlive this one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace kill_test {

class Child {
 public:
  Child() = default;
  /// Starts `arguments`; what it writes goes to `log_file` (appended), or where ours goes when empty.
  explicit Child(const std::vector<std::string>& arguments, const std::string& log_file = {});
  Child(Child&& other) noexcept : pid_(other.pid_) { other.pid_ = 0; }
  Child& operator=(Child&& other) noexcept;
  /// Kills it when it still runs.
  ~Child();

  void signal(int number) const;
  /// Waits for its end and returns the status as a shell gives it, or -1 after `most`.
  int wait(std::chrono::milliseconds most);
  /// SIGKILL, and waits.
  void kill();
  bool running();

 private:
  pid_t pid_ = 0;
};

}  // namespace kill_test
