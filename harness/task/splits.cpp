#include "harness/task/splits.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/random.h"

namespace mien {
namespace {

using Rows = std::vector<std::int64_t>;

/// What is never divided: an image, a sequence or a subject, with its labelled rows.
struct Unit {
  std::int64_t key;    // row, sequence or subject number
  std::int64_t label;  // of its first row
  Rows rows;
};

std::int64_t key_of(const Pack& pack, SplitUnit unit, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row);
  if (unit == SplitUnit::kSubject) return pack.subject()[at];
  if (unit == SplitUnit::kSequence) return pack.sequence()[at];
  return row;
}

/// By ascending key.
std::vector<Unit> units_of(const Pack& pack, SplitUnit unit) {
  std::map<std::int64_t, Unit> units;
  for (std::int64_t row = 0; row < pack.size(); ++row) {
    if (!pack.is_usable(row)) continue;
    const std::int64_t label = pack.labels()[static_cast<std::size_t>(row)];
    const std::int64_t key = key_of(pack, unit, row);
    if (key < 0)
      fail(Exit::kUsage,
           "{}: sample {} has no known {}; choose another splits.unit",
           pack.dataset(),
           pack.ids()[static_cast<std::size_t>(row)],
           name_of(unit));
    units.try_emplace(key, Unit{key, label, {}}).first->second.rows.push_back(row);
  }
  std::vector<Unit> sorted;
  for (auto& [key, found] : units) sorted.push_back(std::move(found));
  return sorted;
}

/// Indices of `units` by class, shuffled; people are one class, for a person shows several.
std::vector<std::vector<std::size_t>> shuffled_strata(const std::vector<Unit>& units,
                                                      const SplitRule& rule) {
  std::map<std::int64_t, std::vector<std::size_t>> strata;
  for (std::size_t i = 0; i < units.size(); ++i)
    strata[rule.unit == SplitUnit::kSubject ? 0 : units[i].label].push_back(i);
  SplitMix random(static_cast<std::uint64_t>(rule.seed));
  std::vector<std::vector<std::size_t>> result;
  for (auto& [label, members] : strata) {
    random.shuffle(members);
    result.push_back(std::move(members));
  }
  return result;
}

void append(Rows& rows, const Unit& unit) {
  rows.insert(rows.end(), unit.rows.begin(), unit.rows.end());
}

void sort_all(Fold& fold) {
  for (Rows* side : {&fold.train, &fold.validation, &fold.test})
    std::sort(side->begin(), side->end());
}

/// Which part each unit belongs to.
std::vector<std::int64_t> deal(const std::vector<Unit>& units,
                               const SplitRule& rule,
                               std::int64_t k) {
  std::vector<std::int64_t> part(units.size());
  std::int64_t next = 0;
  if (rule.unit == SplitUnit::kSubject || rule.folds == 0) {
    for (std::int64_t& one : part) one = next++ % k;
    return part;
  }
  // One hand deals all classes, so that the parts differ by one unit at most.
  for (const std::vector<std::size_t>& stratum : shuffled_strata(units, rule))
    for (const std::size_t member : stratum) part[member] = next++ % k;
  return part;
}

std::int64_t count_for(const std::vector<Unit>& units, const Pack& pack, const SplitRule& rule) {
  const std::int64_t n = std::ssize(units), k = rule.folds == 0 ? n : rule.folds;
  if (k < 2 || n < k)
    fail(Exit::kUsage,
         "{}: {} folds over {} {}s; at least two of each are needed",
         pack.dataset(),
         k,
         n,
         name_of(rule.unit));
  return k;
}

Fold fold_of(const Pack& pack, const SplitRule& rule, std::int64_t number) {
  const std::vector<Unit> units = units_of(pack, rule.unit);
  const std::int64_t k = count_for(units, pack, rule);
  if (number < 0 || number >= k)
    fail(Exit::kUsage, "{}: fold {} of {}", pack.dataset(), number + 1, k);
  const std::vector<std::int64_t> part = deal(units, rule, k);
  Fold fold;
  for (std::size_t i = 0; i < units.size(); ++i)
    append(part[i] == number ? fold.test : fold.train, units[i]);
  return fold;
}

Fold holdout(const Pack& pack, const SplitRule& rule) {
  const std::vector<Unit> units = units_of(pack, rule.unit);
  const double n = static_cast<double>(units.size());
  const double scale =
      rule.counts_of > 0 ? std::min(1.0, n / static_cast<double>(rule.counts_of)) : 1;
  const auto rounded = [](double count) { return static_cast<std::size_t>(std::llround(count)); };
  double share = rule.validation_share;
  if (rule.validation_total > 0 && n > 0)
    share = static_cast<double>(rule.validation_total) * scale / n;
  Fold fold;
  double owed = 0;  // validation units that rounding has not given out yet
  for (const std::vector<std::size_t>& stratum : shuffled_strata(units, rule)) {
    const double members = static_cast<double>(stratum.size());
    const std::size_t test = rule.test_per_class > 0
                                 ? rounded(static_cast<double>(rule.test_per_class) * scale)
                                 : rounded(rule.test_share * members);
    owed += share * members;
    const std::size_t validation = rounded(owed);
    owed -= static_cast<double>(validation);
    for (std::size_t i = 0; i < stratum.size(); ++i)
      append(i < test                ? fold.test
             : i < test + validation ? fold.validation
                                     : fold.train,
             units[stratum[i]]);
  }
  return fold;
}

Fold official(const Pack& pack, const SplitRule& rule) {
  const auto rows = [&](const std::vector<std::string>& splits) {
    return splits.empty() ? Rows() : pack.rows_of(splits);
  };
  return {rows(rule.train), rows(rule.validation), pack.rows_of(rule.test)};
}

}  // namespace

std::string name_of(const SplitRule& rule) {
  const std::string unit = name_of(rule.unit);
  if (rule.scheme == SplitScheme::kOfficial) return "official";
  if (rule.scheme == SplitScheme::kHoldout) return "holdout-" + unit;
  if (rule.folds == 0) return "leave-one-" + unit + "-out";
  return fmt::format("folds{}-{}", rule.folds, unit);
}

std::int64_t fold_count(const Pack& pack, const SplitRule& rule) {
  if (rule.scheme != SplitScheme::kFolds) return 1;
  return count_for(units_of(pack, rule.unit), pack, rule);
}

Fold make_fold(const Pack& pack, const SplitRule& rule, std::int64_t number) {
  if (rule.scheme != SplitScheme::kFolds && number != 0)
    fail(Exit::kUsage,
         "{}: fold {}, but {} has one only",
         pack.dataset(),
         number + 1,
         name_of(rule));
  Fold fold = rule.scheme == SplitScheme::kOfficial  ? official(pack, rule)
              : rule.scheme == SplitScheme::kHoldout ? holdout(pack, rule)
                                                     : fold_of(pack, rule, number);
  sort_all(fold);
  const bool trains = rule.scheme != SplitScheme::kOfficial || !rule.train.empty();
  if ((trains && fold.train.empty()) || fold.test.empty())
    fail(Exit::kPrecondition,
         "{}: {} leaves {} images to train on and {} to test on; choose another split",
         pack.dataset(),
         name_of(rule),
         fold.train.size(),
         fold.test.size());
  return fold;
}

std::vector<Fold> folds_of(const Pack& pack, const SplitRule& rule) {
  std::vector<Fold> folds;
  for (std::int64_t number = 0; number < fold_count(pack, rule); ++number)
    folds.push_back(make_fold(pack, rule, number));
  return folds;
}

bool knows_subjects(const Pack& pack) {
  for (std::int64_t row = 0; row < pack.size(); ++row)
    if (pack.is_usable(row) && pack.subject()[static_cast<std::size_t>(row)] < 0) return false;
  return true;
}

bool is_subject_disjoint(const Pack& pack, const SplitRule& rule) {
  for (std::int64_t number = 0; number < fold_count(pack, rule); ++number) {
    const Fold fold = make_fold(pack, rule, number);
    std::map<std::int32_t, const Rows*> side_of;
    for (const Rows* side : {&fold.train, &fold.validation, &fold.test})
      for (const std::int64_t row : *side) {
        const std::int32_t subject = pack.subject()[static_cast<std::size_t>(row)];
        if (side_of.try_emplace(subject, side).first->second != side) return false;
      }
  }
  return true;
}

SplitRule subject_disjoint(const Pack& pack, const SplitRule& rule) {
  SplitRule control = rule;
  control.unit = SplitUnit::kSubject;
  if (rule.scheme == SplitScheme::kFolds) {
    std::set<std::int32_t> subjects;
    for (std::int64_t row = 0; row < pack.size(); ++row)
      if (pack.is_usable(row)) subjects.insert(pack.subject()[static_cast<std::size_t>(row)]);
    if (std::cmp_greater(rule.folds, subjects.size())) control.folds = 0;
    return control;
  }
  const Fold fold = make_fold(pack, rule, 0);
  const double all =
      static_cast<double>(fold.train.size() + fold.validation.size() + fold.test.size());
  control.scheme = SplitScheme::kHoldout;
  control.validation_total = control.test_per_class = control.counts_of = 0;
  control.validation_share = static_cast<double>(fold.validation.size()) / all;
  control.test_share = static_cast<double>(fold.test.size()) / all;
  return control;
}

std::string digest(const Pack& pack, const Fold& fold) {
  Digest sha256;
  const auto add = [&](const char* side, const Rows& rows) {
    for (const std::int64_t row : rows)
      sha256.update(fmt::format("{}\t{}\n", side, pack.ids()[static_cast<std::size_t>(row)]));
  };
  add("train", fold.train);
  add("validation", fold.validation);
  add("test", fold.test);
  return sha256.hex();
}

std::string digest(const Pack& pack, const std::vector<Fold>& folds) {
  if (folds.size() == 1) return digest(pack, folds[0]);
  std::string lines;
  for (const Fold& fold : folds) lines += digest(pack, fold) + "\n";
  return sha256_hex(lines);
}

}  // namespace mien
