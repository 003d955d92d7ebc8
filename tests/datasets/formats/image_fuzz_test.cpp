// The fuzzer's target on a fixed stream of mutations, for compilers without libFuzzer.
#include <gtest/gtest.h>

#include <random>

#include "datasets/images/image_io.h"
#include "harness/base/files.h"
#include "tests/support/temp_dir.h"

extern "C" int fuzz_image(const std::uint8_t* data, std::size_t size);

namespace mien::testing {
namespace {

/// One small change: a byte, a piece cut out, a piece doubled, the end cut off.
void mutate(std::string& text, std::mt19937_64& random) {
  const std::size_t at = 1 + random() % (text.size() - 1);
  const std::size_t length = std::min<std::size_t>(1 + random() % 16, text.size() - at);
  switch (random() % 5) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(at, text.substr(at, length));
      break;
    case 2:
      text.resize(std::max<std::size_t>(3, at));
      break;
    default:
      text[at] = static_cast<char>(random());
  }
}

TEST(ImageFuzz, MutationsOfValidFilesNeverCrash) {
  const TempDir dir;
  const Image image{12, 10, 1, std::vector<std::uint8_t>(120, 77)};
  std::vector<std::string> seeds;
  for (const char* name : {"a.png", "a.jpg", "a.tiff"}) {
    write_image(dir / name, image);
    seeds.push_back(static_cast<char>(seeds.size()) + read_text(dir / name));
  }
  std::string landmarks = "\x03";
  for (int i = 0; i < 68; ++i) landmarks += "1.5e+01 2.25\n";
  seeds.push_back(landmarks);
  std::mt19937_64 random(20261120);
  ::testing::internal::CaptureStderr();  // what the decoders say of damaged files
  for (int run = 0; run < 3000; ++run) {
    std::string text = seeds[random() % seeds.size()];
    for (std::uint64_t change = random() % 4; change > 0; --change) mutate(text, random);
    ASSERT_EQ(fuzz_image(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), 0);
  }
  ::testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace mien::testing
