// Which rows of a pack train, select and test: a deterministic function of the pack and a rule.
//
//   official   the dataset's own splits, by name
//   holdout    one random division into train, validation and test, stratified by class
//   folds      k-fold: fold f tests on part f and trains on the rest; nothing validates
//
// A unit is never divided: with `subject` all images of a person land on one side. Folds over
// subjects follow a published rule that needs no random number: subject ids in ascending order,
// part f holds every k-th from the f-th on (Emotion-FAN's CK+ list can be regenerated so). Folds
// over images and sequences are dealt out class by class after a shuffle by `seed`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/fields.h"
#include "harness/core/pack.h"

namespace mien {

enum class SplitScheme { kOfficial, kHoldout, kFolds };
enum class SplitUnit { kImage, kSequence, kSubject };

inline constexpr Choice<SplitScheme> kSplitSchemes[] = {{"official", SplitScheme::kOfficial},
                                                        {"holdout", SplitScheme::kHoldout},
                                                        {"folds", SplitScheme::kFolds}};
inline constexpr Choice<SplitUnit> kSplitUnits[] = {{"image", SplitUnit::kImage},
                                                    {"sequence", SplitUnit::kSequence},
                                                    {"subject", SplitUnit::kSubject}};

struct SplitRule {
  SplitScheme scheme = SplitScheme::kOfficial;
  std::vector<std::string> train = {"Training"};
  std::vector<std::string> validation = {"PublicTest"};
  std::vector<std::string> test = {"PrivateTest"};
  SplitUnit unit = SplitUnit::kImage;
  std::int64_t folds = 10;
  double validation_share = 0.1, test_share = 0.2;
  std::int64_t validation_total = 0, test_per_class = 0, counts_of = 0;
  std::int64_t seed = 1;
};

/// Fields of a rule; `prefix` is "splits." inside a protocol and "" in a table of datasets.
template <typename V, typename R>
void visit_splits(V& v, R& r, const std::string& prefix) {
  using I = std::int64_t;
  constexpr I kMany = 1'000'000'000;
  v.choice(prefix + "scheme", r.scheme, kSplitSchemes, "where the sides come from");
  v.texts(prefix + "train", r.train, "official: splits that train, by the dataset's names");
  v.texts(prefix + "validation",
          r.validation,
          "official: splits that select the epoch and drive plateau; may be empty");
  v.texts(prefix + "test", r.test, "official: splits that are scored, once, at the end");
  v.choice(prefix + "unit", r.unit, kSplitUnits, "holdout, folds: what is never divided");
  v.number(prefix + "folds", r.folds, I{0}, I{1000}, "folds: how many; 0 = leave one unit out");
  v.number(prefix + "validation_share", r.validation_share, 0.0, 0.9, "holdout: part of the units");
  v.number(prefix + "test_share", r.test_share, 0.0, 0.9, "holdout: part of the units");
  v.number(prefix + "validation_total",
           r.validation_total,
           I{0},
           kMany,
           "holdout: units instead of a share; 0 = use the share");
  v.number(prefix + "test_per_class",
           r.test_per_class,
           I{0},
           kMany,
           "holdout: units of each class instead of a share; 0 = use the share");
  v.number(prefix + "counts_of",
           r.counts_of,
           I{0},
           kMany,
           "holdout: the two counts above are of so many units and scale with what there is; 0 = "
           "never");
  v.number(prefix + "seed", r.seed, I{0}, kMany, "holdout, folds: of the shuffle");
}

/// A few words without blanks, for tables and file names: "official", "folds10-subject",
/// "leave-one-subject-out", "holdout-image".
std::string name_of(const SplitRule& rule);

/// Rows of the pack, ascending; rows without a label are in none.
struct Fold {
  std::vector<std::int64_t> train, validation, test;
};

/// How many folds the rule gives on this pack; 1 unless the scheme is folds.
/// Error (Exit::kUsage): fewer units than folds, or the pack does not know the unit.
std::int64_t fold_count(const Pack& pack, const SplitRule& rule);

/// Errors (Exit::kUsage): `fold` out of range; a split that the dataset does not have; the pack
/// does not know the unit. (Exit::kPrecondition): nothing to train on or nothing to test on.
Fold make_fold(const Pack& pack, const SplitRule& rule, std::int64_t fold);

/// All of them. Errors: as for make_fold.
std::vector<Fold> folds_of(const Pack& pack, const SplitRule& rule);

/// Whether every labelled image is known to show somebody.
bool knows_subjects(const Pack& pack);
/// Whether no person is on two sides of any fold. REQUIRES: knows_subjects(pack).
bool keeps_subjects_whole(const Pack& pack, const SplitRule& rule);
/// The honest twin of a rule: as many folds, or sides as large, over people instead of images;
/// official splits become a holdout with the same shares. REQUIRES: knows_subjects(pack).
SplitRule over_subjects(const Pack& pack, const SplitRule& rule);

/// SHA-256 over one line per row, "<side>\t<sample id>\n", sides in order train, validation, test.
std::string digest(const Pack& pack, const Fold& fold);
/// Of several folds: SHA-256 over their digests, one per line; of one its own.
std::string digest(const Pack& pack, const std::vector<Fold>& folds);

}  // namespace mien
