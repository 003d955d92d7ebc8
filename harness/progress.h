// What a person sees while tasks run: one bar with an ETA on a terminal, plain lines otherwise.
// Everything goes to stderr; results own stdout.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace mien {

/// "45 s", "12 min", "3.4 h".
std::string duration_text(double seconds);

/// Columns of the terminal behind a descriptor, 80 where it is none.
int terminal_columns(int descriptor);

class ProgressDisplay {
 public:
  /// `expected_seconds` of all tasks together, of which `lanes` run at a time; `terminal` chooses
  /// bar or lines.
  ProgressDisplay(std::int64_t tasks, double expected_seconds, int lanes, bool terminal);
  ~ProgressDisplay();

  void started(const std::string& task, double expected_seconds);
  /// `fraction` of this task, and what it is doing.
  void advanced(const std::string& task, double fraction, const std::string& what);
  /// Something to read while the task goes on.
  void note(const std::string& task, const std::string& text);
  /// `outcome` is the line's end: "done in 12 s", "crashed: ...".
  void finished(const std::string& task, const std::string& outcome);
  /// It will be started again.
  void set_aside(const std::string& task, const std::string& outcome);

 private:
  using Clock = std::chrono::steady_clock;
  struct Running {
    double expected_seconds = 0, fraction = 0;
    std::string what;
    Clock::time_point start, last_line;
  };

  void line(const std::string& text);
  void draw();
  double remaining_seconds() const;

  std::int64_t tasks_, finished_ = 0;
  double waiting_seconds_;                    // expected, of tasks not started yet
  double spent_ = 0, expected_of_spent_ = 0;  // finished tasks: how long, and how long expected
  int lanes_;
  bool terminal_, drawn_ = false;
  std::map<std::string, Running> running_;
};

}  // namespace mien
