// The table of datasets: one line each, naming the entry at the end of the dataset's own file.
#include "datasets/registry.h"

#include "harness/core/error.h"

namespace mien {

extern const DatasetEntry kFer2013;
extern const DatasetEntry kCkplus, kCkplus48, kJaffe, kFerg;
extern const DatasetEntry kMmi, kEmotiw17;
extern const DatasetEntry kRealy;
extern const DatasetEntry kSynth3dmm;

namespace {

constexpr const DatasetEntry* kDatasets[] = {
    &kFer2013,
    &kCkplus,
    &kCkplus48,
    &kJaffe,
    &kFerg,
    &kMmi,
    &kEmotiw17,
    &kRealy,
    &kSynth3dmm,
};

}  // namespace

std::span<const DatasetEntry* const> datasets() { return kDatasets; }

const DatasetEntry& find_dataset(std::string_view name) {
  std::vector<std::string> known;
  for (const DatasetEntry* entry : datasets()) {
    if (name == entry->name) return *entry;
    known.push_back(entry->name);
  }
  fail(Exit::kUsage, "no dataset '{}'{}", name, suggest(name, known));
}

}  // namespace mien
