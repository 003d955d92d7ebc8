// A temporary folder is empty at the start and gone at the end.
#include "harness/base/temp_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "harness/base/files.h"
#include "tests/support/expect_error.h"

namespace mien {
namespace {

namespace fs = std::filesystem;

TEST(TempFolders, AreGoneWithTheirContent) {
  fs::path path;
  {
    const TempFolder first, second;
    path = first.path();
    EXPECT_NE(first.path(), second.path());
    EXPECT_TRUE(fs::is_empty(path));
    write_text(first / "below/file", "x");
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(TempFolders, LoseWhatAnInterruptedRunLeft) {
  const TempFolder parent;
  write_text(parent / "named/left", "x");
  {
    const TempFolder named(parent / "named");
    EXPECT_TRUE(fs::is_empty(named.path()));
  }
  EXPECT_FALSE(fs::exists(parent / "named"));
}

TEST(TempFolders, SayWhyThereIsNone) {
  const TempFolder parent;
  write_text(parent / "file", "x");
  EXPECT_ERROR(TempFolder(parent / "file/below"), Exit::kPrecondition, "below: cannot create");
  const std::string before = paths::environment("TMPDIR");
  ::setenv("TMPDIR", (parent / "none").c_str(), 1);
  EXPECT_THROW(TempFolder(), std::exception);
  before.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", before.c_str(), 1);
}

}  // namespace
}  // namespace mien
