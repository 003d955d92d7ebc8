// What the FER2013 reader makes of every layout, and of the real files where they are.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "datasets/formats/archive.h"
#include "datasets/formats/pixel_text.h"
#include "datasets/registry.h"
#include "harness/base/files.h"
#include "tests/support/expect_error.h"
#include "tests/support/fer2013_text.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien::testing {
namespace {

const ReadOptions kAsItIs{.accept_unverified = true};

Samples read(const fs::path& source) { return find_dataset("fer2013").read(source, kAsItIs); }

void expect_equal(const Samples& samples, const Fer2013Rows& rows) {
  EXPECT_EQ(samples.images, rows.images);
  EXPECT_EQ(samples.labels, rows.labels);
  EXPECT_EQ(samples.split, rows.split);
}

std::string layout_of(const Samples& samples) {
  return ordered_json::parse(samples.manifest).at("layout");
}

TEST(Fer2013, ReadsTheWholeFile) {
  const TempDir dir;
  const Fer2013Rows rows = random_rows(9, 1);
  dir.write("fer2013.csv", csv_text(rows, {}));
  const Samples samples = read(dir.path());
  expect_equal(samples, rows);
  EXPECT_EQ(samples.data, DataKind::kUnverified);
  EXPECT_EQ(samples.channels, 1);
  EXPECT_EQ(samples.height, 48);
  EXPECT_EQ(samples.width, 48);
  EXPECT_EQ(samples.ids.front(), "row00000");
  EXPECT_EQ(samples.ids.back(), "row00008");
  EXPECT_EQ(samples.subject, std::vector<std::int32_t>(9, -1));
  EXPECT_EQ(samples.sequence, std::vector<std::int32_t>(9, -1));
  EXPECT_EQ(samples.split_names,
            (std::vector<std::string>{"Training", "PublicTest", "PrivateTest"}));
}

TEST(Fer2013, ReadsIcmlFaceDataByHeaderNames) {
  const TempDir dir;
  const Fer2013Rows rows = random_rows(5, 2);
  dir.write("icml_face_data.csv", csv_text(rows, {.columns = "eup", .blanks_in_header = true}));
  expect_equal(read(dir.path()), rows);
}

TEST(Fer2013, ReadsTrainAloneAsTraining) {
  const TempDir dir;
  Fer2013Rows rows = random_rows(5, 3);
  rows.split.assign(5, 0);
  dir.write("train.csv", csv_text(rows, {.columns = "ep", .line_end = "\r\n", .quotes = true}));
  const Samples samples = read(dir.path());
  expect_equal(samples, rows);
  EXPECT_EQ(layout_of(samples), "train.csv");
}

TEST(Fer2013, ReadsTrainAndTestWithoutTestLabels) {
  const TempDir dir;
  Fer2013Rows train = random_rows(2, 4);
  dir.write("train.csv", csv_text(train, {.columns = "ep"}));
  std::string blank_row;
  for (std::size_t i = 0; i < kFer2013Pixels; ++i) blank_row += i > 0 ? " 0" : "0";
  std::string test = "pixels\n";
  for (int row = 0; row < 7178; ++row) test += blank_row + "\n";
  dir.write("test.csv", test);
  const Samples samples = read(dir.path());
  ASSERT_EQ(samples.labels.size(), 7180u);
  EXPECT_EQ(layout_of(samples), "train.csv+test.csv");
  EXPECT_EQ(samples.labels[1], train.labels[1]);
  EXPECT_EQ(samples.labels[2], -1);
  EXPECT_EQ(std::count(samples.split.begin(), samples.split.end(), 0), 2);
  EXPECT_EQ(std::count(samples.split.begin(), samples.split.end(), 1), 3589);
  EXPECT_EQ(samples.split[2 + 3588], 1);
  EXPECT_EQ(samples.split[2 + 3589], 2);
  dir.write("test.csv", "pixels\n" + blank_row + "\n");
  EXPECT_ERROR(read(dir.path()), Exit::kPrecondition, "1 rows, expected 7178");
}

TEST(Fer2013, PrefersTheFilesInTorchvisionsOrder) {
  const TempDir dir;
  const Fer2013Rows first = random_rows(3, 5), second = random_rows(4, 6),
                    third = random_rows(5, 7);
  dir.write("train.csv", csv_text(third, {.columns = "ep"}));
  EXPECT_EQ(read(dir.path()).labels.size(), 5u);
  dir.write("icml_face_data.csv", csv_text(second, {}));
  EXPECT_EQ(read(dir.path()).labels.size(), 4u);
  dir.write("fer2013.csv", csv_text(first, {}));
  EXPECT_EQ(read(dir.path()).labels.size(), 3u);
}

TEST(Fer2013, ReadsPublishedArchives) {
  const Fer2013Rows rows = random_rows(40, 8);
  const std::string text = csv_text(rows, {});
  for (const char* name : {"fer2013.tar.gz", "fer2013.tgz", "archive.zip"}) {
    const TempDir dir;
    write_archive(dir / name, {{"fer2013/README", "hello"}, {"fer2013/fer2013.csv", text}});
    const Samples samples = read(dir.path());
    expect_equal(samples, rows);
    const ordered_json source = ordered_json::parse(samples.manifest).at("sources").at(0);
    EXPECT_EQ(source.at("file"), std::string(name) + "!fer2013/fer2013.csv");
    EXPECT_EQ(source.at("bytes"), text.size());
  }
}

TEST(Fer2013, TakesTheBestMemberOfAnArchiveAndTheOpenFileBeforeAnyArchive) {
  const TempDir dir;
  const Fer2013Rows rows = random_rows(3, 9), other = random_rows(2, 10);
  write_archive(dir / "challenge.tar.gz",
                {{"c/train.csv", csv_text(other, {.columns = "ep"})},
                 {"c/icml_face_data.csv", csv_text(rows, {.columns = "eup"})}});
  EXPECT_EQ(layout_of(read(dir.path())), "icml_face_data.csv");
  dir.write("train.csv", csv_text(other, {.columns = "ep"}));
  EXPECT_EQ(layout_of(read(dir.path())), "train.csv");
}

TEST(Fer2013, AnyDressGivesTheSameArrays) {
  const TempDir dir;
  std::mt19937_64 random(11);
  for (int round = 0; round < 60; ++round) {
    const Fer2013Rows rows = random_rows(1 + random() % 6, random());
    Dress dress{.line_end = random() % 2 ? "\n" : "\r\n",
                .blanks_in_header = random() % 2 == 0,
                .quotes = random() % 2 == 0,
                .byte_order_mark = random() % 4 == 0};
    dress.columns = random() % 2 ? "epu" : "epux";
    std::shuffle(dress.columns.begin(), dress.columns.end(), random);
    const std::string text = csv_text(rows, dress);
    CsvLines lines(open_file(dir.write("m.csv", text)));
    Fer2013Rows found;
    read_fer2013_csv(lines, Fer2013Csv::kWhole, found);
    ASSERT_EQ(found.images, rows.images) << dress.columns;
    ASSERT_EQ(found.labels, rows.labels);
    ASSERT_EQ(found.split, rows.split);
  }
}

TEST(Pixels, FastAndSlowParserAgreeOnEveryOneOfTheSmallTexts) {
  // All texts of up to five of these characters, against the slow reader.
  const std::string_view alphabet = " 0259x";
  for (int length = 0; length <= 5; ++length) {
    int texts = 1;
    for (int i = 0; i < length; ++i) texts *= static_cast<int>(alphabet.size());
    for (int code = 0; code < texts; ++code) {
      std::string buffer(kSlackBytes, '7');
      for (int i = 0, rest = code; i < length; ++i, rest /= 6)
        buffer += alphabet[static_cast<std::size_t>(rest % 6)];
      buffer += std::string(kSlackBytes, '7');
      const std::string_view cell =
          std::string_view(buffer).substr(kSlackBytes, static_cast<std::size_t>(length));
      for (const std::size_t count : {1u, 2u, 3u}) {
        std::vector<std::uint8_t> out(count);
        ASSERT_EQ(parse_pixels(cell, out), explain_pixels(cell, count).empty())
            << "'" << cell << "'";
      }
    }
  }
}

// ---- FER+ ---------------------------------------------------------------------------------------

constexpr const char* kFerPlusHeader =
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n";

std::string votes_text(const Fer2013Rows& rows) {
  std::string text = kFerPlusHeader;
  for (std::size_t row = 0; row < rows.split.size(); ++row)
    text += fmt::format("{},fer{:07}.png,{},0,0,0,0,0,0,0,0,{}\n",
                        kUsageNames[rows.split[row]],
                        row + 5,  // names do not follow rows
                        10 - row % 3,
                        row % 3);
  return text;
}

TEST(Fer2013, JoinsVotesByRowOrder) {
  const TempDir dir;
  const Fer2013Rows rows = random_rows(6, 12);
  dir.write("fer2013.csv", csv_text(rows, {}));
  dir.write("ferplus-fer2013new.csv", votes_text(rows));
  const Samples samples = read(dir.path());
  ASSERT_EQ(samples.ferplus.size(), 60u);
  EXPECT_EQ(samples.ferplus[0], 10);
  EXPECT_EQ(samples.ferplus[20], 8);
  EXPECT_EQ(samples.ferplus[29], 2);
  EXPECT_EQ(ordered_json::parse(samples.manifest).at("ferplus").at("rows"), 6);
}

TEST(Fer2013, VotesMustBelongToTheSameRows) {
  const TempDir dir;
  const Fer2013Rows rows = random_rows(4, 13);
  dir.write("fer2013.csv", csv_text(rows, {}));
  Fer2013Rows other = rows;
  other.split[1] = 2;
  const fs::path votes = dir.write("fer2013new.csv", votes_text(other));
  EXPECT_ERROR(read(dir.path()),
               Exit::kPrecondition,
               votes.string() + ":3: Usage is 'PrivateTest', but row 1 of the images is Training");
  other = random_rows(5, 13);
  dir.write("fer2013new.csv", kFerPlusHeader);
  EXPECT_ERROR(read(dir.path()), Exit::kPrecondition, "0 rows for 4 images");
  other = rows;
  other.split.push_back(2);
  dir.write("fer2013new.csv", votes_text(other));
  EXPECT_ERROR(read(dir.path()), Exit::kPrecondition, ":6: more rows than there are images");
}

TEST(Fer2013, VotesOfTheTestSplitsMayFollowATrainingSplitThatStandsAlone) {
  const TempDir dir;
  const Fer2013Rows whole = random_rows(6, 14);
  Fer2013Rows train = whole;
  train.labels.resize(3);
  train.split.resize(3);
  train.images.resize(3 * kFer2013Pixels);
  dir.write("train.csv", csv_text(train, {.columns = "ep"}));
  dir.write("fer2013new.csv", votes_text(whole));
  EXPECT_EQ(read(dir.path()).ferplus.size(), 30u);
}

// ---- the real files -----------------------------------------------------------------------------

fs::path real_folder() {
  const fs::path folder = paths::data() / "fer2013";
  return fs::exists(folder / "fer2013.csv") ? folder : fs::path();
}

TEST(Fer2013, RealFilesGiveThePublishedFacts) {
  const fs::path folder = real_folder();
  if (folder.empty()) GTEST_SKIP() << "no real fer2013.csv under $MIEN_DATA/fer2013";
  const Samples samples = find_dataset("fer2013").read(folder, {});
  EXPECT_EQ(samples.data, DataKind::kReal);  // digests and counts agree, else an error
  const ordered_json manifest = ordered_json::parse(samples.manifest);
  const ordered_json& twins = manifest.at("duplicates");
  EXPECT_EQ(twins.at("distinct_images"), 34034);
  EXPECT_EQ(twins.at("identical_groups"), 1516);
  EXPECT_EQ(twins.at("groups_with_conflicting_labels"), 57);
  EXPECT_EQ(twins.at("groups_spanning_splits"), 557);
  const ordered_json& leaks = twins.at("rows_also_in_Training");
  EXPECT_EQ(leaks.at("PrivateTest").at("rows"), 288);
  EXPECT_EQ(leaks.at("PrivateTest").at("same_label"), 279);
  EXPECT_EQ(leaks.at("PublicTest").at("rows"), 280);
  EXPECT_EQ(leaks.at("PublicTest").at("same_label"), 273);
  EXPECT_EQ(manifest.at("constant_images"),
            (ordered_json{{"Training", 11}, {"PublicTest", 1}, {"PrivateTest", 0}}));
}

}  // namespace
}  // namespace mien::testing
