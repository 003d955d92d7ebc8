// What a person sees while work runs: a bar with the time left on a terminal, plain lines
// elsewhere. All of it goes to stderr; results go to stdout.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace mien {

/// Returns "45 s", "12 min" or "3.4 h".
std::string duration_text(double seconds);

/// Returns the columns of the terminal behind a descriptor, or 80 if it is not a terminal.
int terminal_columns(int descriptor);

/// Shows the tasks of a run.
class ProgressDisplay {
 public:
  /// `expected_seconds` is the sum over all tasks, of which `lanes` run at a time. `terminal`
  /// selects a bar instead of lines.
  ProgressDisplay(std::int64_t tasks, double expected_seconds, int lanes, bool terminal);
  ~ProgressDisplay();

  void started(const std::string& task, double expected_seconds);
  /// Shows that `fraction` of the task is done, and `what` it does now.
  void advanced(const std::string& task, double fraction, const std::string& what);
  /// Prints a remark of a task that goes on.
  void note(const std::string& task, const std::string& text);
  /// Prints the end of a task; `outcome` is "done in 12 s", "crashed: ...".
  void finished(const std::string& task, const std::string& outcome);
  /// Prints the end of a task that will start once more.
  void requeued(const std::string& task, const std::string& outcome);

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
  double waiting_seconds_;                    // expected, of tasks that have not started
  double spent_ = 0, expected_of_spent_ = 0;  // real and expected seconds of finished tasks
  int lanes_;
  bool terminal_, drawn_ = false;
  std::map<std::string, Running> running_;
};

/// Shows steps that follow each other, with the time that each is expected to take: a bar while
/// the step runs if stderr is a terminal, else one line before it starts.
class StepDisplay {
 public:
  /// Every line begins with `prefix`.
  explicit StepDisplay(std::string prefix);
  ~StepDisplay() { end(); }
  StepDisplay(const StepDisplay&) = delete;
  StepDisplay& operator=(const StepDisplay&) = delete;

  /// Starts a step, and ends the one before. 0 seconds mean that the time is unknown.
  void begin(const std::string& text, double expected_seconds);
  /// Draws the bar again. Call it a few times a second.
  void tick();
  /// Ends the step and removes the bar.
  void end();
  /// Prints a line above the bar.
  void line(const std::string& text);

 private:
  void clear();

  std::string prefix_, step_;
  double expected_seconds_ = 0;
  std::chrono::steady_clock::time_point start_;
  bool terminal_, drawn_ = false;
};

}  // namespace mien
