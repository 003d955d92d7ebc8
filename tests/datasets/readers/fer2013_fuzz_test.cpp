// The fuzzer's target on a fixed stream of mutations, for compilers without libFuzzer.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/fer2013_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace mien::testing {
namespace {

using Bytes = std::string;

/// One small change: a byte, a piece cut out, a piece doubled, the end cut off, a telling word.
void mutate(Bytes& text, std::mt19937_64& random) {
  static constexpr const char* kWords[] = {
      "256", "-1", ",", "\n", "\r\n", "\"", " ", "  ", "x", "\xEF\xBB\xBF", "Training", "7", "0 0"};
  const std::size_t at = random() % text.size();
  const std::size_t length = std::min<std::size_t>(1 + random() % 40, text.size() - at);
  switch (random() % 5) {
    case 0:
      text[at] = static_cast<char>(random());
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(at, text.substr(at, length));
      break;
    case 3:
      text.resize(std::max<std::size_t>(3, at));
      break;
    default:
      text.insert(at, kWords[random() % std::size(kWords)]);
  }
}

TEST(Fer2013Fuzz, MutationsOfValidFilesNeverCrash) {
  const Fer2013Rows rows = random_rows(3, 7);
  const Bytes seeds[] = {csv_text(rows, {}),
                         csv_text(rows, {.columns = "ep", .line_end = "\r\n", .quotes = true}),
                         csv_text(rows, {.columns = "p"}),
                         csv_text(rows, {.columns = "eup", .blanks_in_header = true})};
  std::mt19937_64 random(20130401);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  int runs = 0;
  for (; runs < 20000 && std::chrono::steady_clock::now() < end; ++runs) {
    Bytes text = seeds[random() % 4];
    for (std::uint64_t change = random() % 4; change > 0; --change) mutate(text, random);
    text = std::string{static_cast<char>(random()), static_cast<char>(random())} + text;
    ASSERT_EQ(
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), 0);
  }
  EXPECT_GT(runs, 100);
}

}  // namespace
}  // namespace mien::testing
