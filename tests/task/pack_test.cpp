// A pack comes back as it was written, and a pack that is not one is refused.
#include "harness/task/pack.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "harness/base/digest.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;

Samples samples() {
  Samples s;
  s.dataset = "tiny";
  s.data = DataKind::kStandIn;
  s.class_names = {"angry", "happy"};
  s.split_names = {"train", "test"};
  s.height = 2;
  s.width = 3;
  for (int i = 0; i < 4 * 6; ++i) s.images.push_back(static_cast<std::uint8_t>(i));
  s.labels = {0, 1, -1, 1};
  s.subject = {5, -1, 6, 7};
  s.sequence = {-1, -1, -1, -1};
  s.split = {0, 0, 0, 1};
  s.ids = {"a", "b b", "c", "ü"};
  s.manifest = "{}";
  return s;
}

TEST(Pack, RoundTrip) {
  const TempDir dir;
  std::string sha256;
  const fs::path path = write_pack(dir.path(), samples(), sha256);
  EXPECT_EQ(path.filename(), "tiny-" + sha256.substr(0, 16) + ".safetensors");
  EXPECT_EQ(sha256_file(path), sha256);
  const Pack pack(path);
  const Samples s = samples();
  EXPECT_EQ(pack.size(), 4);
  EXPECT_EQ(std::vector(pack.image_shape().begin(), pack.image_shape().end()),
            (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(std::vector(pack.images().begin(), pack.images().end()), s.images);
  EXPECT_EQ(std::vector(pack.labels().begin(), pack.labels().end()), s.labels);
  EXPECT_EQ(std::vector(pack.split().begin(), pack.split().end()), s.split);
  EXPECT_EQ(std::vector(pack.subject().begin(), pack.subject().end()), s.subject);
  EXPECT_EQ(pack.ids(), s.ids);
  EXPECT_EQ(pack.class_names(), s.class_names);
  EXPECT_EQ(pack.split_names(), s.split_names);
  EXPECT_EQ(pack.dataset(), "tiny");
  EXPECT_EQ(pack.data(), DataKind::kStandIn);
}

TEST(Pack, SameSamplesSameFile) {
  const TempDir dir;
  std::string first, second;
  EXPECT_EQ(write_pack(dir.path(), samples(), first), write_pack(dir.path(), samples(), second));
  EXPECT_EQ(first, second);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1);
  Samples other = samples();
  other.images[0] ^= 1;
  write_pack(dir.path(), other, second);
  EXPECT_NE(first, second);
}

TEST(Pack, RowsOfSplits) {
  const TempDir dir;
  std::string sha256;
  const Pack pack(write_pack(dir.path(), samples(), sha256));
  EXPECT_EQ(pack.rows_of({"train"}), (std::vector<std::int64_t>{0, 1}));  // row 2 has no label
  EXPECT_EQ(pack.rows_of({"test", "train"}), (std::vector<std::int64_t>{0, 1, 3}));
  EXPECT_ERROR(pack.rows_of({"tets"}), Exit::kUsage, "no split 'tets': did you mean test?");
  EXPECT_ERROR(pack.rows_of({}), Exit::kPrecondition, "no usable sample");
}

TEST(Pack, RefusesIdsThatDoNotFitOnALine) {
  const TempDir dir;
  std::string sha256;
  for (const char* id : {"", "a\nb"}) {
    Samples s = samples();
    s.ids[3] = id;
    EXPECT_ERROR(write_pack(dir.path(), s, sha256), Exit::kPrecondition, "sample id");
  }
}

TEST(Pack, RefusesWhatDisagrees) {
  const TempDir dir;
  std::string sha256;
  Samples s = samples();
  s.labels[0] = 2;
  EXPECT_ERROR(
      Pack(write_pack(dir.path(), s, sha256)), Exit::kIntegrity, "label 2 is out of range");
  s = samples();
  s.split[0] = -1;
  EXPECT_ERROR(
      Pack(write_pack(dir.path(), s, sha256)), Exit::kIntegrity, "split -1 is out of range");
  EXPECT_ERROR(Pack(dir.write("x", "no pack")), Exit::kIntegrity, "too few");
  write_safetensors(dir / "empty", {}, {});
  EXPECT_ERROR(Pack(dir / "empty"), Exit::kIntegrity, "no tensor 'images'");
}

TEST(Pack, RefusesAnUnknownKindOfData) {
  EXPECT_ERROR(stored_enum<DataKind>("fake", "kind of data"),
               Exit::kIntegrity,
               "'fake' is not a kind of data (known: real, unverified, stand-in)");
  for (const DataKind kind : {DataKind::kReal, DataKind::kUnverified, DataKind::kStandIn})
    EXPECT_EQ(stored_enum<DataKind>(name_of(kind), "kind of data"), kind);
}

Samples with_targets() {
  Samples s = samples();
  s.targets["coefficients"] = {{"e0", "e1"}, {2, 3}, {0, 1, 2, 3, 4, 5, 6, 7}};
  s.targets["pose"] = {{"p0"}, {}, {-1, -2, -3, -4}};
  return s;
}

TEST(Pack, HoldsTargets) {
  const TempDir dir;
  std::string sha256, without;
  const Samples s = with_targets();
  const Pack pack(write_pack(dir.path(), s, sha256));
  ASSERT_EQ(pack.targets().size(), 2u);
  const TargetsView& coefficients = pack.targets().at("coefficients");
  const Targets& given = s.targets.at("coefficients");
  EXPECT_EQ(coefficients.names, given.names);
  EXPECT_EQ(coefficients.std, given.std);
  EXPECT_TRUE(std::ranges::equal(coefficients.values, given.values));
  EXPECT_TRUE(pack.targets().at("pose").std.empty());
  EXPECT_TRUE(Pack(write_pack(dir.path(), samples(), without)).targets().empty());
}

TEST(Pack, RefusesTargetsThatDisagree) {
  const TempDir dir;
  std::string sha256;
  Samples s = with_targets();
  s.targets["pose"].std = {1, 2};
  EXPECT_ERROR(Pack(write_pack(dir.path(), s, sha256)), Exit::kIntegrity, "1 names, 2 std");
  s = with_targets();
  s.targets["pose"].values[2] = std::numeric_limits<float>::infinity();
  EXPECT_ERROR(Pack(write_pack(dir.path(), s, sha256)), Exit::kIntegrity, "not finite");
}

TEST(Pack, SurvivesRandomDamage) {
  const TempDir dir;
  std::string sha256;
  const std::string good = read_text(write_pack(dir.path(), with_targets(), sha256));
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = good;
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits)
      bytes[random() % bytes.size()] = "0123456789[],\"x"[random() % 15];
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    try {
      const Pack pack(dir.write("damaged", bytes));
      pack.rows_of(pack.split_names());
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace mien
