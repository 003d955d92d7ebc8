// Which rows of a pack train, select and test: a deterministic function of the pack and a rule.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/pack.h"

namespace mien {

enum class SplitScheme {
  kOfficial,  // the dataset's own splits, by name
  kHoldout,   // one random division into train, validation and test
  kFolds,     // k-fold: fold k tests on part k and trains on the rest
};
/// What is never divided: every image of it lands on one side.
enum class SplitUnit { kImage, kSequence, kSubject };

const char* name_of(SplitScheme scheme);  // "official", "holdout", "folds"
const char* name_of(SplitUnit unit);      // "image", "sequence", "subject"

struct SplitRule {
  SplitScheme scheme = SplitScheme::kOfficial;
  std::vector<std::string> train = {"Training"};  // kOfficial: names of the pack's splits
  std::vector<std::string> validation = {"PublicTest"};
  std::vector<std::string> test = {"PrivateTest"};
  SplitUnit unit = SplitUnit::kImage;
  std::int64_t folds = 10;            // kFolds; 0: as many as there are units (leave one out)
  double validation_share = 0.1;      // kHoldout
  double test_share = 0.2;            // kHoldout
  std::int64_t validation_total = 0;  // kHoldout: images instead of a share; 0 = use the share
  std::int64_t test_per_class = 0;    // kHoldout: images per class instead of a share
  std::int64_t seed = 1;
};

}  // namespace mien
