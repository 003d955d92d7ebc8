// Reads and writes are whole, and descriptors do not leak.
#include "harness/base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>

#include "tests/support/temp_dir.h"

namespace mien {
namespace {

TEST(Descriptors, AreClosed) {
  int number = -1;
  {
    const Descriptor descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(descriptor);
    number = descriptor.get();
    EXPECT_GE(::fcntl(number, F_GETFD), 0);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  EXPECT_FALSE(Descriptor(-1));
}

TEST(Descriptors, ReadUntilTheEnd) {
  const testing::TempDir dir;
  const Descriptor file(::open(dir.write("a", "12345").c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(3, ' ');
  EXPECT_EQ(read_fully(file.get(), text.data(), 3), 3);
  EXPECT_EQ(text, "123");
  EXPECT_EQ(read_fully(file.get(), text.data(), 3), 2) << "the file ends";
  EXPECT_EQ(read_some(file.get(), text.data(), 3), 0);
  EXPECT_EQ(read_fully(-1, text.data(), 3), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_FALSE(write_fully(file.get(), "x")) << "open for reading only";
}

/// A pipe takes 64 KiB at a time, and signals without SA_RESTART interrupt whoever waits.
TEST(Descriptors, SignalsEndNeitherReadsNorWrites) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &ignore, &before);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Descriptor in(ends[0]);
  Descriptor out(ends[1]);
  const std::string sent(1 << 20, 'x');
  std::string received(sent.size() + 1, ' ');
  const pthread_t reader = ::pthread_self();
  std::jthread writer([&] {
    for (std::size_t at = 0; at < sent.size(); at += sent.size() / 8) {
      ::pthread_kill(reader, SIGUSR1);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      EXPECT_TRUE(write_fully(out.get(), std::string_view(sent).substr(at, sent.size() / 8)));
    }
    out.reset();
  });
  EXPECT_EQ(read_fully(in.get(), received.data(), received.size()), std::ssize(sent));
  writer.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

}  // namespace
}  // namespace mien
