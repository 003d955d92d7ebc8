// Child processes: spawned in their own group, watched through two pipes, never left behind.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mien {

struct Command {
  std::vector<std::string> arguments;              // arguments[0] is the program's path
  std::map<std::string, std::string> environment;  // added to ours
  std::int64_t memory_limit_bytes = 0;             // of data (RLIMIT_DATA); 0 = none
};

/// How a child ended.
struct Exited {
  int exit_code = 0;  // meaningful where signal is 0
  int signal = 0;
  std::int64_t peak_rss_bytes = 0;
};

/// A running child. It dies with us: the kernel sends it SIGTERM when we are gone, however we went.
/// Destroying a Process kills its group.
class Process {
 public:
  /// Error (Exit::kPrecondition): the program cannot be started.
  explicit Process(const Command& command);
  ~Process();
  Process(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  int out() const { return out_; }  // descriptors for poll; -1 once closed
  int err() const { return err_; }

  /// Appends what can be read now without waiting; false once the pipe is at its end.
  bool read_out(std::string& text) { return read_some(out_, text); }
  bool read_err(std::string& text) { return read_some(err_, text); }

  /// Sends `signal` to the whole group.
  void kill(int signal) const;
  /// Waits for the end.
  Exited wait();

 private:
  static bool read_some(int& descriptor, std::string& text);

  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
};

struct Output {
  Exited exited;
  std::string out, err;
};

/// Runs a command to its end and returns what it printed. `pass_err` copies its stderr to ours.
Output run_to_end(const Command& command, bool pass_err);

}  // namespace mien
