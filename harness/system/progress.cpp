#include "harness/system/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "harness/base/clock.h"

namespace mien {
namespace {

constexpr std::chrono::seconds kLineEvery{15};  // without a terminal
constexpr int kBarCells = 24;

std::string bar(double fraction) {
  const int full = std::clamp(static_cast<int>(fraction * kBarCells), 0, kBarCells);
  return fmt::format("[{:#<{}}{:.<{}}]", "", full, "", kBarCells - full);
}

constexpr const char* kClearLine = "\r\x1b[K";

/// Replaces the terminal's current line, cut to its width.
void draw_line(std::string text) {
  text.resize(std::min(text.size(), static_cast<std::size_t>(terminal_columns(STDERR_FILENO) - 1)));
  fmt::print(stderr, "{}{}", kClearLine, text);
  std::fflush(stderr);
}

}  // namespace

int terminal_columns(int descriptor) {
  struct winsize size {};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string duration_text(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 90 * 60) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

ProgressDisplay::ProgressDisplay(std::int64_t tasks,
                                 double expected_seconds,
                                 int lanes,
                                 bool terminal)
    : tasks_(tasks), waiting_seconds_(expected_seconds), lanes_(lanes), terminal_(terminal) {}

ProgressDisplay::~ProgressDisplay() {
  if (drawn_) std::fputs(kClearLine, stderr);
}

void ProgressDisplay::line(const std::string& text) {
  fmt::print(stderr, "{}{}\n", drawn_ ? kClearLine : "", text);
  drawn_ = false;
  if (terminal_ && !running_.empty()) draw();
}

/// Estimates running tasks from their own pace, and waiting tasks from the ratio of real to
/// expected time so far.
double ProgressDisplay::remaining_seconds() const {
  double running = 0, longest = 0, spent = spent_, expected = expected_of_spent_;
  for (const auto& [name, task] : running_) {
    const double elapsed = seconds_since(task.start);
    const double total =
        task.fraction > 0.02 ? elapsed / task.fraction : std::max(task.expected_seconds, elapsed);
    running += total - elapsed;
    longest = std::max(longest, total - elapsed);
    spent += total;
    expected += task.expected_seconds;
  }
  const double pace = expected > 0 ? spent / expected : 1;
  return std::max(longest, (running + pace * waiting_seconds_) / lanes_);
}

void ProgressDisplay::draw() {
  double fraction = static_cast<double>(finished_);
  std::string what;
  for (const auto& [name, task] : running_) {
    fraction += task.fraction;
    if (what.empty()) what = name + (task.what.empty() ? "" : "  " + task.what);
  }
  if (running_.size() > 1) what += fmt::format("  (+{} more)", running_.size() - 1);
  std::string text = fmt::format("{} {}/{}  ETA {}  {}",
                                 bar(fraction / static_cast<double>(tasks_)),
                                 finished_,
                                 tasks_,
                                 duration_text(remaining_seconds()),
                                 what);
  draw_line(std::move(text));
  drawn_ = true;
}

void ProgressDisplay::started(const std::string& task, double expected_seconds) {
  const Clock::time_point now = Clock::now();
  running_[task] = {expected_seconds, 0, "", now, now};
  waiting_seconds_ -= expected_seconds;
  if (terminal_)
    draw();
  else
    line(fmt::format("started   {} (expected {})", task, duration_text(expected_seconds)));
}

void ProgressDisplay::advanced(const std::string& task, double fraction, const std::string& what) {
  Running& running = running_[task];
  running.fraction = std::clamp(fraction, 0.0, 1.0);
  running.what = what;
  if (terminal_) {
    draw();
  } else if (Clock::now() - running.last_line >= kLineEvery) {
    running.last_line = Clock::now();
    line(fmt::format("running   {}  {:.0f} %  {}  ETA {}",
                     task,
                     100 * running.fraction,
                     what,
                     duration_text(remaining_seconds())));
  }
}

void ProgressDisplay::note(const std::string& task, const std::string& text) {
  line(fmt::format("{:9} {}  {}", "", task, text));
}

void ProgressDisplay::requeued(const std::string& task, const std::string& outcome) {
  const auto found = running_.find(task);
  if (found != running_.end()) {
    waiting_seconds_ += found->second.expected_seconds;
    running_.erase(found);
  }
  line(fmt::format("{:9} {}  {}", "", task, outcome));
}

void ProgressDisplay::finished(const std::string& task, const std::string& outcome) {
  const auto found = running_.find(task);
  if (found != running_.end()) {
    spent_ += seconds_since(found->second.start);
    expected_of_spent_ += found->second.expected_seconds;
    running_.erase(found);
  }
  ++finished_;
  line(fmt::format("{:9} {}  {}", fmt::format("{}/{}", finished_, tasks_), task, outcome));
}

StepDisplay::StepDisplay(std::string prefix)
    : prefix_(std::move(prefix)), terminal_(::isatty(STDERR_FILENO)) {}

void StepDisplay::begin(const std::string& text, double expected_seconds) {
  end();
  step_ = text;
  expected_seconds_ = expected_seconds;
  start_ = std::chrono::steady_clock::now();
  if (!terminal_)
    line(expected_seconds > 0
             ? fmt::format("{}, about {}", text, duration_text(std::ceil(expected_seconds)))
             : text);
  tick();
}

void StepDisplay::tick() {
  if (!terminal_ || step_.empty()) return;
  const double seconds = seconds_since(start_);
  // The share is time spent of time expected, so it waits below the end if the guess was short.
  constexpr double kMost = 0.98;
  draw_line(expected_seconds_ > 0 ? fmt::format("{} {}, {} of about {}",
                                                bar(std::min(kMost, seconds / expected_seconds_)),
                                                step_,
                                                duration_text(seconds),
                                                duration_text(std::ceil(expected_seconds_)))
                                  : fmt::format("{}, {}", step_, duration_text(seconds)));
  drawn_ = true;
}

void StepDisplay::end() {
  step_.clear();
  clear();
}

void StepDisplay::line(const std::string& text) {
  clear();
  fmt::print(stderr, "{}{}\n", prefix_, text);
  tick();
}

void StepDisplay::clear() {
  if (drawn_) std::fputs(kClearLine, stderr);
  drawn_ = false;
}

}  // namespace mien
