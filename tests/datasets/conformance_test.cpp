// What every dataset in the table keeps: a whole entry, and a stand-in that the dataset's own
// reader accepts, the same bytes every time, with no subject in two splits.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <regex>
#include <set>

#include "datasets/inspect.h"
#include "datasets/registry.h"
#include "datasets/stand_in.h"
#include "harness/core/files.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

using testing::TempDir;

class EveryDataset : public ::testing::TestWithParam<const DatasetEntry*> {
 protected:
  const DatasetEntry& entry() const { return *GetParam(); }
  const SynthesizeOptions few_{.subjects = 4, .seed = 3};
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
  EXPECT_GE(entry().class_names.size(), 2u);
  EXPECT_GE(entry().split_names.size(), 1u);
  EXPECT_FALSE(entry().errata.empty());
  EXPECT_TRUE(entry().read && entry().sources && entry().synthesize);
  EXPECT_GE(entry().reader_version, 1);
  EXPECT_GE(entry().stand_in_version, 1);
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

TEST_P(EveryDataset, IsFoundByItsName) {
  EXPECT_EQ(&find_dataset(entry().name), &entry());
  EXPECT_ERROR(find_dataset(std::string(entry().name) + "x"), Exit::kUsage, "did you mean");
}

TEST_P(EveryDataset, StandInIsReadByTheRealReader) {
  const TempDir dir;
  entry().synthesize(dir.path(), few_);
  EXPECT_FALSE(entry().sources(dir.path()).empty());
  const Samples samples = entry().read(dir.path(), {});
  EXPECT_EQ(samples.data, DataKind::kStandIn);
  EXPECT_EQ(samples.dataset, entry().name);
  EXPECT_TRUE(std::ranges::equal(samples.class_names, entry().class_names));
  EXPECT_TRUE(std::ranges::equal(samples.split_names, entry().split_names));
  const std::set<std::int64_t> labels(samples.labels.begin(), samples.labels.end());
  EXPECT_EQ(labels.size(), entry().class_names.size());
  const std::set<std::string> ids(samples.ids.begin(), samples.ids.end());
  EXPECT_EQ(ids.size(), samples.labels.size()) << "sample ids are unique";
}

TEST_P(EveryDataset, StandInKeepsSubjectsApart) {
  const TempDir dir;
  entry().synthesize(dir.path(), few_);
  const Samples samples = entry().read(dir.path(), {});
  std::map<std::int32_t, std::set<std::int32_t>> splits_of_subject;
  for (std::size_t row = 0; row < samples.labels.size(); ++row)
    splits_of_subject[samples.subject[row]].insert(samples.split[row]);
  EXPECT_EQ(splits_of_subject.size(), static_cast<std::size_t>(few_.subjects));
  for (const auto& [subject, splits] : splits_of_subject) {
    EXPECT_GE(subject, 0);
    EXPECT_EQ(splits.size(), 1u) << "subject " << subject;
  }
}

TEST_P(EveryDataset, SameSeedGivesTheSamePackAndAnotherSeedAnother) {
  const TempDir dir;
  std::set<std::string> digests;
  for (const auto& [name, seed] : {std::pair("a", 3), {"b", 3}, {"c", 4}}) {
    std::filesystem::create_directory(dir / name);
    entry().synthesize(dir / name, {.subjects = 4, .seed = static_cast<std::uint64_t>(seed)});
    std::string sha256;
    write_pack(dir / "packs", entry().read(dir / name, {}), sha256);
    digests.insert(sha256);
  }
  EXPECT_EQ(digests.size(), 2u);
}

TEST_P(EveryDataset, PackOpensWithTheSamplesThatWereRead) {
  const TempDir dir;
  entry().synthesize(dir.path(), few_);
  const Samples samples = entry().read(dir.path(), {});
  std::string sha256;
  const Pack pack(write_pack(dir / "packs", samples, sha256));
  EXPECT_TRUE(std::ranges::equal(pack.labels(), samples.labels));
  EXPECT_TRUE(std::ranges::equal(pack.images(), samples.images));
  EXPECT_TRUE(std::ranges::equal(pack.subject(), samples.subject));
  EXPECT_EQ(pack.manifest(), samples.manifest);
  EXPECT_EQ(pack.manifest().find(dir.path().string()), std::string::npos) << "no paths in packs";
  std::int64_t sum = 0;
  for (const auto& split : class_counts(samples))
    for (const auto& count : split) sum += count.get<std::int64_t>();
  EXPECT_EQ(sum, pack.size());
}

TEST_P(EveryDataset, AlteredStandInIsNoticed) {
  const TempDir dir;
  entry().synthesize(dir.path(), few_);
  std::string marker = read_text(dir / kMarkerName);
  const std::size_t md5 = marker.find("\"md5\":\"") + 7;
  marker[md5] = marker[md5] == '0' ? '1' : '0';
  dir.write(kMarkerName, marker);
  EXPECT_ERROR(entry().read(dir.path(), {}), Exit::kIntegrity, "is made anew");
  dir.write(kMarkerName, "{}");
  EXPECT_ERROR(entry().read(dir.path(), {}), Exit::kIntegrity, "not a marker");
}

TEST(Datasets, NamesAreUnique) {
  std::set<std::string> names;
  for (const DatasetEntry* entry : datasets()) EXPECT_TRUE(names.insert(entry->name).second);
}

}  // namespace
}  // namespace mien
