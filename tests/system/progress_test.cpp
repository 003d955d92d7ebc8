#include "harness/system/progress.h"

#include <gtest/gtest.h>

namespace mien {
namespace {

// Stderr of a test is not a terminal.
TEST(Steps, AreOneLineEachWithTheExpectedTime) {
  ::testing::internal::CaptureStderr();
  {
    StepDisplay steps("bench: ");
    steps.begin("jaffe: drawing 213 synthetic pictures", 2.8);
    steps.tick();
    steps.line("a picture was left out");
    steps.begin("jaffe: reading 214 files", 0);
    steps.end();
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "bench: jaffe: drawing 213 synthetic pictures, about 3 s\n"
            "bench: a picture was left out\n"
            "bench: jaffe: reading 214 files\n");
}

TEST(Tasks, AreLinesThatNameThemAndTheirEnd) {
  ::testing::internal::CaptureStderr();
  {
    ProgressDisplay display(2, 20, 1, /*terminal=*/false);
    display.started("net@faces seed 1", 10);
    display.requeued("net@faces seed 1", "oom: out of memory");
    display.started("net@faces seed 1", 10);
    display.finished("net@faces seed 1", "done in 9 s");
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "started   net@faces seed 1 (expected 10 s)\n"
            "          net@faces seed 1  oom: out of memory\n"
            "started   net@faces seed 1 (expected 10 s)\n"
            "1/2       net@faces seed 1  done in 9 s\n");
}

}  // namespace
}  // namespace mien
