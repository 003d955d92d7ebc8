// Whole or absent, also when the disk is full.
#include "harness/base/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;

std::size_t entries(const TempDir& dir) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir.path()), {}));
}

TEST(ReadText, GivesTheWholeFile) {
  const TempDir dir;
  const std::string text(100'000, 'x');
  EXPECT_EQ(read_text(dir.write("a", text)), text);
  EXPECT_EQ(read_text(dir.write("empty", "")), "");
}

TEST(ReadText, RefusesWhatIsNoFile) {
  const TempDir dir;
  EXPECT_ERROR(read_text(dir / "none"), Exit::kPrecondition, "none: cannot open: No such file");
  EXPECT_ERROR(read_text(dir.path()), Exit::kPrecondition, "not a regular file");
  EXPECT_ERROR(MappedFile(dir.path()), Exit::kPrecondition, "not a regular file");
  EXPECT_ERROR(read_text("/dev/null"), Exit::kPrecondition, "not a regular file");
}

TEST(MappedFile, MapsContentAndMoves) {
  const TempDir dir;
  MappedFile file(dir.write("a", "abc"));
  const MappedFile moved(std::move(file));
  ASSERT_EQ(moved.size(), 3u);
  EXPECT_EQ(std::memcmp(moved.data(), "abc", 3), 0);
  EXPECT_EQ(MappedFile(dir.write("empty", "")).size(), 0u);
}

TEST(AtomicFile, AppearsOnlyWhenCommitted) {
  const TempDir dir;
  {
    AtomicFile file(dir / "a");
    file.write("half");
    EXPECT_FALSE(fs::exists(dir / "a"));
  }
  EXPECT_EQ(entries(dir), 0u);
  write_text(dir / "a", "whole");
  EXPECT_EQ(read_text(dir / "a"), "whole");
  EXPECT_EQ(entries(dir), 1u);
}

TEST(AtomicFile, KeepsTheOldFileUntilCommitted) {
  const TempDir dir;
  dir.write("a", "old");
  {
    AtomicFile file(dir / "a");
    file.write("new");
  }
  EXPECT_EQ(read_text(dir / "a"), "old");
}

TEST(AtomicFile, CreatesParents) {
  const TempDir dir;
  write_text(dir / "x/y/z", "deep");
  EXPECT_EQ(read_text(dir / "x/y/z"), "deep");
}

TEST(AtomicFile, SaysWhyItCannot) {
  const TempDir dir;
  dir.write("file", "");
  EXPECT_ERROR(write_text(dir / "file/below", ""), Exit::kPrecondition, "cannot create");
  fs::create_directories(dir / "taken/full");
  EXPECT_ERROR(write_text(dir / "taken", "x"), Exit::kPrecondition, "taken: cannot write");
  EXPECT_EQ(entries(dir), 2u);
}

TEST(AtomicFile, SurvivesAFullDisk) {
  const TempDir dir;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int code = 1;
    try {
      write_text(dir / "a", std::string(5000, 'x'));
    } catch (const Error& error) {
      code = static_cast<int>(error.code());
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(Exit::kPrecondition));
  EXPECT_EQ(entries(dir), 0u);
}

TEST(Paths, FollowTheEnvironment) {
  ::setenv("MIEN_CACHE", "/c", 1);
  EXPECT_EQ(paths::cache(), "/c");
  ::unsetenv("MIEN_CACHE");
  ::setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(paths::cache(), "/x/mien");
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("MIEN_DATA", "", 1);  // empty counts as unset
  EXPECT_EQ(paths::data().filename(), "mien-data");
  ::unsetenv("MIEN_DATA");
  EXPECT_TRUE(fs::is_directory(paths::binaries()));
}

}  // namespace
}  // namespace mien
