// What every dataset in the table keeps: a whole entry, and a stand-in that the dataset's own
// reader accepts, the same bytes every time, with no subject on two sides of a published split.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>

#include "datasets/registry.h"
#include "datasets/tree/inspect.h"
#include "datasets/tree/stand_in_marker.h"
#include "datasets/tree/tree.h"
#include "harness/base/files.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

using testing::TempDir;

constexpr std::uint64_t kSeed = 3;

/// Writes the smallest stand-in of the dataset and returns its number of subjects.
int synthesize_smallest(const DatasetEntry& entry, const fs::path& out, std::uint64_t seed) {
  const int subjects = stand_in_of(entry).fewest;
  write_stand_in(stand_in_of(entry), out, {.subjects = subjects, .seed = seed});
  return subjects;
}

/// The smallest stand-in of one dataset and what its reader makes of it: made once for all tests.
struct SmallStandIn {
  explicit SmallStandIn(const DatasetEntry& entry)
      : subjects(synthesize_smallest(entry, dir.path(), kSeed)),
        samples(entry.read(dir.path(), {})),
        manifest(ordered_json::parse(samples.manifest)) {}

  TempDir dir;
  int subjects;
  Samples samples;
  ordered_json manifest;
};

class EveryDataset : public ::testing::TestWithParam<const DatasetEntry*> {
 protected:
  const DatasetEntry& entry() const { return *GetParam(); }
  const SmallStandIn& stand_in() const {
    static std::map<const DatasetEntry*, std::unique_ptr<SmallStandIn>> all;
    std::unique_ptr<SmallStandIn>& one = all[&entry()];
    if (!one) one = std::make_unique<SmallStandIn>(entry());
    return *one;
  }
};

std::string name_of_entry(const ::testing::TestParamInfo<const DatasetEntry*>& info) {
  return info.param->name;
}

INSTANTIATE_TEST_SUITE_P(Table,
                         EveryDataset,
                         ::testing::ValuesIn(datasets().begin(), datasets().end()),
                         name_of_entry);

bool is_text(const char* text) { return text && *text; }

TEST_P(EveryDataset, HasAWholeEntry) {
  for (const char* text :
       {entry().name, entry().title, entry().licence, entry().how_to_obtain, entry().tree})
    EXPECT_TRUE(is_text(text));
  EXPECT_TRUE(std::regex_match(entry().name, std::regex("[a-z0-9]+")));
  EXPECT_NE(entry().class_names.size(), 1u) << "none where nothing is classified";
  EXPECT_GE(entry().split_names.size(), 1u);
  EXPECT_FALSE(entry().errata.empty());
  EXPECT_TRUE(entry().read && entry().sources && stand_in_of(entry()).write);
  EXPECT_GE(entry().reader_version, 1);
  EXPECT_GE(stand_in_of(entry()).version, 1);
  for (const KnownFile& file : entry().files)
    EXPECT_TRUE(std::regex_match(file.md5, std::regex("[0-9a-f]{32}"))) << file.name;
}

TEST_P(EveryDataset, PublishesCountsForEverySplitAndClassOrNone) {
  if (entry().counts.empty()) return;
  ASSERT_EQ(entry().counts.size(), entry().split_names.size());
  for (std::size_t split = 0; split < entry().counts.size(); ++split) {
    EXPECT_STREQ(entry().counts[split].split, entry().split_names[split]);
    EXPECT_EQ(entry().counts[split].per_class.size(), entry().class_names.size());
  }
}

TEST_P(EveryDataset, NamesFrameRulesOnceAndExplainsThem) {
  std::set<std::string> names;
  for (const FrameRule& rule : entry().frame_rules) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_TRUE(is_text(rule.meaning)) << rule.name;
  }
}

TEST_P(EveryDataset, NamesSplitsOnceAndByItsOwnNames) {
  ASSERT_FALSE(entry().named_splits.empty()) << "the first one is what `official` means";
  const std::set<std::string> own(entry().split_names.begin(), entry().split_names.end());
  std::set<std::string> names;
  for (const NamedSplit& split : entry().named_splits) {
    EXPECT_TRUE(names.insert(split.name).second) << split.name;
    EXPECT_TRUE(is_text(split.source)) << split.name;
    if (split.rule.scheme != SplitScheme::kOfficial) continue;
    EXPECT_FALSE(split.rule.test.empty()) << split.name;
    for (const auto* side : {&split.rule.train, &split.rule.validation, &split.rule.test})
      for (const std::string& name : *side) EXPECT_TRUE(own.contains(name)) << name;
  }
}

TEST_P(EveryDataset, IsFoundByItsName) {
  EXPECT_EQ(&find_dataset(entry().name), &entry());
  EXPECT_ERROR(find_dataset(std::string(entry().name) + "x"), Exit::kUsage, "did you mean");
}

TEST_P(EveryDataset, StandInIsReadByTheRealReader) {
  EXPECT_FALSE(entry().sources(stand_in().dir.path()).empty());
  const Samples& samples = stand_in().samples;
  EXPECT_EQ(samples.data, DataKind::kStandIn);
  EXPECT_EQ(samples.dataset, entry().name);
  EXPECT_TRUE(std::ranges::equal(samples.class_names, entry().class_names));
  EXPECT_TRUE(std::ranges::equal(samples.split_names, entry().split_names));
  EXPECT_EQ(stand_in().manifest.at("stand_in").at("seed"), kSeed);
  EXPECT_FALSE(samples.labels.empty());
  const std::set<std::string> ids(samples.ids.begin(), samples.ids.end());
  EXPECT_EQ(ids.size(), samples.labels.size()) << "sample ids are unique";
  for (const ordered_json& problem : stand_in().manifest.value("problems", ordered_json::array()))
    EXPECT_TRUE(problem.at("reason").get<std::string>().ends_with("no face found")) << problem;
}

TEST_P(EveryDataset, StandInKeepsSubjectsApart) {
  const Samples& samples = stand_in().samples;
  std::map<std::int32_t, std::set<std::int32_t>> splits_of_subject;
  for (std::size_t row = 0; row < samples.labels.size(); ++row)
    if (samples.subject[row] >= 0)
      splits_of_subject[samples.subject[row]].insert(samples.split[row]);
  EXPECT_LE(splits_of_subject.size(), static_cast<std::size_t>(stand_in().subjects));
  const SplitRule& rule = entry().named_splits.front().rule;
  if (rule.scheme != SplitScheme::kOfficial || rule.train.empty()) return;
  for (const auto& [subject, splits] : splits_of_subject)
    EXPECT_EQ(splits.size(), 1u) << "subject " << subject;
}

TEST_P(EveryDataset, SameSeedGivesTheSamePackFromMemoryAndFromAFile) {
  const TempDir dir;
  const auto digest_of_pack = [&](const Samples& samples) {
    std::string sha256;
    write_pack(dir / "packs", samples, sha256);
    return sha256;
  };
  fs::create_directory(dir / "again");
  synthesize_smallest(entry(), dir / "again", kSeed);
  EXPECT_EQ(digest_of_pack(entry().read(dir / "again", {.workspace = dir / "work"})),
            digest_of_pack(stand_in().samples));
}

TEST_P(EveryDataset, PackOpensWithTheSamplesThatWereRead) {
  const TempDir dir;
  const Samples& samples = stand_in().samples;
  std::string sha256;
  const Pack pack(write_pack(dir / "packs", samples, sha256));
  EXPECT_TRUE(std::ranges::equal(pack.labels(), samples.labels));
  EXPECT_TRUE(std::ranges::equal(pack.images(), samples.images));
  EXPECT_TRUE(std::ranges::equal(pack.subject(), samples.subject));
  EXPECT_EQ(pack.manifest(), samples.manifest);
  EXPECT_EQ(pack.manifest().find(stand_in().dir.path().string()), std::string::npos)
      << "no paths in packs";
  std::int64_t sum = 0;
  for (const auto& split : class_counts(samples))
    for (const auto& count : split) sum += count.get<std::int64_t>();
  EXPECT_EQ(sum, pack.size());
}

TEST_P(EveryDataset, CountsWhatBecameOfEveryPicture) {
  const ordered_json& manifest = stand_in().manifest;
  if (!manifest.contains("tree")) GTEST_SKIP() << "no tree of pictures";
  const std::int64_t used = manifest.at("n_used"), no_face = manifest.at("n_no_face");
  EXPECT_EQ(used, std::ssize(stand_in().samples.labels));
  EXPECT_EQ(manifest.at("n_failed"), 0);
  EXPECT_EQ(manifest.at("n_total"), used + no_face);
}

TEST_P(EveryDataset, AlteredStandInIsNoticed) {
  const TempDir dir;
  fs::copy(stand_in().dir.path(), dir.path(), fs::copy_options::recursive);
  const std::string marker = read_text(dir / kMarkerName);
  if (const std::size_t md5 = marker.find("\"md5\":\""); md5 != std::string::npos) {
    std::string other = marker;
    other[md5 + 7] = other[md5 + 7] == '0' ? '1' : '0';
    dir.write(kMarkerName, other);
    EXPECT_ERROR(entry().read(dir.path(), {}), Exit::kIntegrity, "is made anew");
  }
  dir.write(kMarkerName, "{}");
  EXPECT_ERROR(entry().read(dir.path(), {}), Exit::kIntegrity, "not a stand-in marker");
}

/// The first picture or clip among the files that a read looked at.
std::optional<std::string> a_picture(const fs::path& hashes) {
  std::smatch match;
  const std::string lines = read_text(hashes);
  const std::regex picture("  (.*\\.(png|tiff?|jpe?g|avi))\n", std::regex::icase);
  if (!std::regex_search(lines, match, picture)) return std::nullopt;
  return match[1];
}

TEST_P(EveryDataset, HalfCopiedPictureIsNamedAndLeftOut) {
  if (!stand_in().manifest.contains("tree")) GTEST_SKIP() << "no tree of pictures";
  const TempDir dir;
  const fs::path copy = dir / "copy";
  fs::copy(stand_in().dir.path(), copy, fs::copy_options::recursive);
  fs::remove(copy / kMarkerName);
  const ReadOptions options{.accept_unverified = true, .workspace = dir / "work"};
  EXPECT_NE(entry().read(copy, options).data, DataKind::kStandIn);
  const std::optional<std::string> victim = a_picture(dir / "work" / kTreeFiles);
  ASSERT_TRUE(victim);
  fs::resize_file(copy / *victim, fs::file_size(copy / *victim) / 2);
  const Samples samples = entry().read(copy, {.accept_unverified = true});
  const ordered_json manifest = ordered_json::parse(samples.manifest);
  // A cut clip may still hold the frame that is wanted.
  EXPECT_GE(manifest.at("n_failed"), victim->ends_with(".avi") ? 0 : 1);
  EXPECT_TRUE(std::ranges::any_of(manifest.at("problems"), [&](const ordered_json& problem) {
    return problem.at("path") == *victim;
  })) << manifest.at("problems");
  EXPECT_ERROR(entry().read(copy, {.accept_unverified = true, .strict = true}),
               Exit::kPrecondition,
               "without --strict");
}

TEST(Datasets, NamesAreUnique) {
  std::set<std::string> names;
  for (const DatasetEntry* entry : datasets()) EXPECT_TRUE(names.insert(entry->name).second);
}

}  // namespace
}  // namespace mien
