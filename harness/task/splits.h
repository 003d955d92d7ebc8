// Divides the rows of a pack into train, validation and test. The division is a deterministic
// function of the pack and a rule. A rule has one of three schemes:
//
//   official   the dataset's own splits, by name
//   holdout    one random division into train, validation and test, stratified by class
//   folds      k-fold cross-validation: fold f tests on part f and trains on the rest, without
//              validation images
//
// A rule never divides a unit: with `subject`, all images of a person are on one side. Folds over
// subjects need no random number: with subject ids in ascending order, part f holds every k-th
// subject from the f-th on. This published rule regenerates Emotion-FAN's list for CK+. Folds over
// images and sequences are dealt out class by class after a shuffle by `seed`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/enum_names.h"
#include "harness/task/pack.h"

namespace mien {

enum class SplitScheme { kOfficial, kHoldout, kFolds };
enum class SplitUnit { kImage, kSequence, kSubject };

template <>
inline constexpr EnumNames<SplitScheme> kEnumNames<SplitScheme> = {
    {"official", SplitScheme::kOfficial},
    {"holdout", SplitScheme::kHoldout},
    {"folds", SplitScheme::kFolds}};
template <>
inline constexpr EnumNames<SplitUnit> kEnumNames<SplitUnit> = {{"image", SplitUnit::kImage},
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

/// Visits the fields of a rule (fields.h). `prefix` is "splits." inside a protocol and "" in a
/// table of datasets.
template <typename V, typename R>
void visit_splits(V& v, R& r, const std::string& prefix) {
  using I = std::int64_t;
  constexpr I kMany = 1'000'000'000;
  v.choice(prefix + "scheme", r.scheme, "where the sides come from");
  v.texts(prefix + "train", r.train, "official: splits that train, by the dataset's names");
  v.texts(prefix + "validation",
          r.validation,
          "official: splits that select the epoch and drive plateau; may be empty");
  v.texts(prefix + "test", r.test, "official: splits that are scored, once, at the end");
  v.choice(prefix + "unit", r.unit, "holdout, folds: what is never divided");
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

/// Returns a name without blanks for tables and files: "official", "folds10-subject",
/// "leave-one-subject-out", "holdout-image".
std::string name_of(const SplitRule& rule);

/// The rows of the pack on each side, in ascending order. Rows that are not usable are on none.
struct Fold {
  std::vector<std::int64_t> train, validation, test;
};

/// Returns the number of folds of the rule on this pack; 1 unless the scheme is folds.
/// Errors (Exit::kUsage): fewer units than folds; the pack does not know the unit of every row.
std::int64_t fold_count(const Pack& pack, const SplitRule& rule);

/// Returns one fold, counted from 0.
/// Errors (Exit::kUsage): `fold` is out of range; the dataset has no such split; the pack does not
/// know the unit of every row. (Exit::kPrecondition): no image to train on, or none to test on.
Fold make_fold(const Pack& pack, const SplitRule& rule, std::int64_t fold);

/// Returns all folds. Errors: as for make_fold.
std::vector<Fold> folds_of(const Pack& pack, const SplitRule& rule);

/// Returns true when the pack knows the subject of every usable image.
bool knows_subjects(const Pack& pack);
/// Returns true when no subject is on two sides of any fold. REQUIRES: knows_subjects(pack).
bool is_subject_disjoint(const Pack& pack, const SplitRule& rule);
/// Returns the subject-disjoint control of a rule: as many folds, or sides of the same size, over
/// subjects instead of images. Official splits become a holdout with the same shares. Folds become
/// leave-one-subject-out where there are fewer subjects than folds. REQUIRES: knows_subjects(pack).
SplitRule subject_disjoint(const Pack& pack, const SplitRule& rule);

/// Returns the SHA-256 over one line per row, "<side>\t<sample id>\n", first train, then
/// validation, then test.
std::string digest(const Pack& pack, const Fold& fold);
/// Returns the SHA-256 over the digests of several folds, one per line, or the digest of the only
/// fold.
std::string digest(const Pack& pack, const std::vector<Fold>& folds);

}  // namespace mien
