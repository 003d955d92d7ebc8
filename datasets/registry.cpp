// A dataset's entry is at the end of its file in readers/, its stand-in in stand_ins/.
#include "datasets/registry.h"

#include <algorithm>

#include "harness/base/error.h"

namespace mien {

extern const DatasetEntry kFer2013, kCkplus, kCkplus48, kJaffe, kFerg, kMmi, kEmotiw17, kRealy,
    kSynth3dmm;
extern const StandIn kFer2013StandIn, kCkplusStandIn, kCkplus48StandIn, kJaffeStandIn, kFergStandIn,
    kMmiStandIn, kEmotiw17StandIn, kRealyStandIn, kSynth3dmmStandIn;

namespace {

constexpr const DatasetEntry* kDatasets[] = {
    &kFer2013, &kCkplus, &kCkplus48, &kJaffe, &kFerg, &kMmi, &kEmotiw17, &kRealy, &kSynth3dmm};
constexpr const StandIn* kStandIns[] = {&kFer2013StandIn,
                                        &kCkplusStandIn,
                                        &kCkplus48StandIn,
                                        &kJaffeStandIn,
                                        &kFergStandIn,
                                        &kMmiStandIn,
                                        &kEmotiw17StandIn,
                                        &kRealyStandIn,
                                        &kSynth3dmmStandIn};

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

const StandIn& stand_in_of(const DatasetEntry& entry) {
  const auto found = std::ranges::find_if(kStandIns, [&](const StandIn* stand_in) {
    return std::string_view(stand_in->dataset) == entry.name;
  });
  MIEN_ASSERT(found != std::end(kStandIns));
  return **found;
}

}  // namespace mien
