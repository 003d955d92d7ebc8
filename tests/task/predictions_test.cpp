// Predictions are joined by sample id and class name, and nothing is guessed.
#include "harness/task/predictions.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

class Predictions : public ::testing::Test {
 protected:
  Predictions() : pack(four_samples()) {}

  std::filesystem::path four_samples() {
    Samples s;
    s.dataset = "faces";
    s.class_names = {"anger", "joy", "fear"};
    s.split_names = {"all"};
    s.height = s.width = 1;
    s.images = {0, 1, 2, 3};
    s.labels = {0, 1, 2, 0};
    s.subject = s.sequence = {-1, -1, -1, -1};
    s.split = {0, 0, 0, 0};
    s.ids = {"a.png", "b,2.png", "c.png", "d.png"};
    s.manifest = "{}";
    std::string ignored;
    return write_pack(folder.path(), s, ignored);
  }
  ExternalScores read(const std::string& text, const std::vector<std::int64_t>& rows = {0, 1, 3}) {
    return read_predictions(folder.write("p.csv", text), pack, rows);
  }

  testing::TempDir folder;
  Pack pack;
};

constexpr const char* kGood =
    "\xef\xbb\xbfsample,joy,fear,anger\r\n"
    "d.png, 1 ,2,3\r\n"
    "\"b,2.png\",4,5,-6.5e0\r\n"
    "\r\n"
    "elsewhere.png,0,0,0\r\n"
    "c.png,0,0,0\r\n"
    "a.png,7,8,9";

TEST_F(Predictions, JoinsByIdAndPermutesByClassName) {
  const ExternalScores found = read(kGood);
  EXPECT_EQ(found.scores, (std::vector<float>{9, 7, 8, -6.5, 4, 5, 3, 1, 2}));
  EXPECT_EQ(found.lines, 5);
  EXPECT_EQ(found.unknown, 1) << "told, not refused: every scored sample has its scores";
}

TEST_F(Predictions, LabelsAreScoresOfOneClass) {
  EXPECT_EQ(read("sample,label\na.png,fear\nd.png,anger\n", {0, 3}).scores,
            (std::vector<float>{0, 0, 1, 1, 0, 0}));
}

TEST_F(Predictions, EveryFaultIsNamed) {
  const std::string head = "sample,anger,joy,fear\n";
  struct Case {
    std::string text;
    Exit code;
    std::string message;
  };
  const Case cases[] = {
      {"", Exit::kPrecondition, "p.csv:1: must begin with 'sample,'"},
      {"anger,joy,fear\n", Exit::kPrecondition, "p.csv:1: must begin with"},
      {"sample\na.png\n", Exit::kPrecondition, "p.csv:1: must begin with"},
      {"sample,anger,joy\n",
       Exit::kUsage,
       "p.csv:1: the classes are anger, joy; the dataset's are anger, joy, fear"},
      {"sample,anger,joy,joy\n", Exit::kUsage, "each once"},
      {"sample,anger,joy,Fear\n", Exit::kUsage, "anger, joy, Fear; the dataset's"},
      {"sample,label\na.png,rage\n", Exit::kUsage, "p.csv:2: label 'rage' is no class"},
      {head + "a.png,1,2\n", Exit::kPrecondition, "p.csv:2: 3 cells, the first line has 4"},
      {head + "a.png,1,2,x\n", Exit::kPrecondition, "p.csv:2: score 'x' is no finite number"},
      {head + "a.png,1,2,\n", Exit::kPrecondition, "score ''"},
      {head + "a.png,1,nan,2\n", Exit::kPrecondition, "score 'nan'"},
      {head + "a.png,1,2,inf\n", Exit::kPrecondition, "score 'inf'"},
      {head + "a.png,1,2,1e99\n", Exit::kPrecondition, "score '1e99'"},
      {head + "\"a.png,1,2,3\n", Exit::kPrecondition, "p.csv:2: a quote is not closed"},
      {head + "a.png,1,2,3\na.png,1,2,3\n",
       Exit::kPrecondition,
       "p.csv:3: sample 'a.png' stands in line 2 already"},
      {head + "a.png,1,2,3\n",
       Exit::kPrecondition,
       "p.csv: 2 of 3 scored samples have no line (b,2.png, d.png)"},
      {head + "A.png,1,2,3\nd.png,1,2,3\n",
       Exit::kPrecondition,
       "(a.png, b,2.png); 1 samples of the file are not in faces (A.png)"},
  };
  for (const Case& c : cases) EXPECT_ERROR(read(c.text), c.code, c.message);
  EXPECT_ERROR(read_predictions(folder / "none.csv", pack, {0}), Exit::kPrecondition, "none.csv");
}

TEST_F(Predictions, NoPrefixOfAFileCrashes) {
  const std::string text = kGood;
  for (std::size_t length = 0; length < text.size(); ++length) {
    try {
      read(text.substr(0, length));
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace mien
