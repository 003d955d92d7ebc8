#include "harness/system/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "tests/support/expect_error.h"

namespace mien {
namespace {

Command shell(const std::string& script) { return {{"/bin/sh", "-c", script}, {}, 0}; }

TEST(Process, KeepsBothStreamsAndTheExitCode) {
  const Output output = run_to_end(shell("echo out; echo err >&2; exit 7"), false);
  EXPECT_EQ(output.out, "out\n");
  EXPECT_EQ(output.err, "err\n");
  EXPECT_EQ(output.exited.exit_code, 7);
  EXPECT_EQ(output.exited.signal, 0);
  EXPECT_GT(output.exited.peak_rss_bytes, 0);
}

TEST(Process, ReadsMoreThanAPipeHolds) {
  const Output output = run_to_end(shell("head -c 3000000 /dev/zero | tr '\\0' x"), false);
  EXPECT_EQ(output.out.size(), 3'000'000u);
}

TEST(Process, TellsASignalFromAnExitCode) {
  EXPECT_EQ(run_to_end(shell("kill -9 $$"), false).exited.signal, SIGKILL);
}

TEST(Process, AddsToTheEnvironment) {
  Command command = shell("printf %s \"$MIEN_PROBE\"");
  command.environment["MIEN_PROBE"] = "a b";
  EXPECT_EQ(run_to_end(command, false).out, "a b");
}

TEST(Process, MissingProgramIsOneLine) {
  EXPECT_ERROR(run_to_end({{"/nonexistent/worker"}, {}, 0}, false),
               Exit::kPrecondition,
               "/nonexistent/worker: cannot start");
}

TEST(Process, KillsTheWholeGroup) {
  Process process(shell("sleep 60 & sleep 60 & wait"));
  process.kill(SIGTERM);
  EXPECT_EQ(process.wait().signal, SIGTERM);
  std::string text;
  for (int i = 0; i < 100 && process.read_out(text); ++i) ::usleep(20'000);
  EXPECT_EQ(process.out(), -1) << "a child of the child still holds the pipe";
}

TEST(Process, DestructorLeavesNoChild) {
  pid_t pid = -1;
  {
    const Process process(shell("sleep 60"));
    pid = process.pid();
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Process, MemoryLimitHolds) {
  Command command{
      {"/usr/bin/env", "sh", "-c", "head -c 400000000 /dev/zero | tail -c 399999999 >/dev/null"},
      {},
      64 << 20};
  const Output output = run_to_end(command, false);
  EXPECT_TRUE(output.exited.exit_code != 0 || output.exited.signal != 0 || !output.err.empty());
}

}  // namespace
}  // namespace mien
