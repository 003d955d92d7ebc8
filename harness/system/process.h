// Child processes. Each runs in its own process group, is read through two pipes, and never
// outlives us.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mien {

struct Command {
  std::vector<std::string> arguments;              // arguments[0] is the program's path
  std::map<std::string, std::string> environment;  // added to the environment of this process
  std::int64_t memory_limit_bytes = 0;             // of data (RLIMIT_DATA); 0 = none
};

/// How a child ended.
struct Exited {
  int exit_code = 0;  // meaningful if `signal` is 0
  int signal = 0;
  std::int64_t peak_rss_bytes = 0;
};

/// A running child. When this process ends, in whatever way, the kernel sends the child SIGTERM.
/// Destroying a Process kills its group.
class Process {
 public:
  /// Starts the program. Error (Exit::kPrecondition): it cannot be started.
  explicit Process(const Command& command);
  ~Process();
  Process(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  int out() const { return out_; }  // descriptors for poll; -1 once closed
  int err() const { return err_; }

  /// Appends what can be read without waiting. Returns false once the pipe is at its end.
  bool read_out(std::string& text) { return read_some(out_, text); }
  bool read_err(std::string& text) { return read_some(err_, text); }

  /// Sends `signal` to the whole group.
  void kill(int signal) const;
  /// Waits until the child ends.
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

/// Runs a command to its end and returns what it printed. `pass_err` also copies its stderr to
/// ours.
Output run_to_end(const Command& command, bool pass_err);

/// Does the same and calls `watch` with each new part of its stderr, at least ten times a second;
/// the part may be empty.
Output run_to_end(const Command& command, const std::function<void(const std::string& err)>& watch);

}  // namespace mien
