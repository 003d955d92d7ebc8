// Defines a published figure (a claim) and the rules that judge a measurement against it. All
// functions here are pure: they read no files and no clock.
//
// judge() applies these rules in order. The first rule that gives an answer decides.
//
//   1  Nothing was measured: no verdict.
//   2  A seed has no finite value, a percentage lies outside 0..100, or a length or an error lies
//      below 0: INVALID.
//   3  The data are not real, or the row is not official: no verdict, ever.
//   4  The claim's value or metric is unknown, or its unit has no margin (kTolerances):
//      UNTESTABLE.
//   5  The protocol is known to differ from the claim's: PROTOCOL_MISMATCH, without arithmetic.
//   6  Five seeds or more: the Student-t intervals of their mean decide.
//      REPRODUCED: the 90 % interval lies inside claim +- margin (two one-sided tests at 5 %), and
//        the mean rounds to the printed figure or the 95 % interval contains the claim.
//      WITHIN_NOISE: the 95 % interval contains the claim, but is too wide for REPRODUCED.
//      EXCEEDS or NOT_REPRODUCED: the 95 % interval lies wholly beyond claim +- margin.
//      INCONCLUSIVE: anything else.
//   7  One to four seeds do not show how far trainings differ. Only a gap that no further seed is
//      expected to close counts.
//      EXCEEDS or NOT_REPRODUCED: the 95 % interval of *every* seed (Wilson's of a percentage,
//        else the one that the task stored) lies on the same side of the claim, by more than
//        margin + allowance.
//      INCONCLUSIVE: anything else.
//   8  Results that involve no training, such as submitted meshes or finished weights: one
//      measurement decides, without rules 6 and 7 and without an allowance.
//      REPRODUCED: the value lies inside claim +- margin, and n equals the claim's n.
//      WITHIN_NOISE: the same, but n differs or the claim's n is unknown.
//      EXCEEDS or NOT_REPRODUCED: the stored 95 % interval lies wholly beyond claim +- margin.
//      INCONCLUSIVE: anything else.
//   9  A taint (say, the epoch was selected on the test split) makes a measurement look better
//      than it is. A tainted measurement can still be NOT_REPRODUCED, but REPRODUCED,
//      WITHIN_NOISE and EXCEEDS become INCONCLUSIVE.
//
// A claim with an unknown n or protocol is still judged. What a paper leaves open is an assumption
// of the config and is counted beside the verdict. A field in which our protocol is *known* to
// differ belongs in `differs`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/enum_names.h"
#include "harness/base/statistics.h"
#include "harness/task/pack.h"

namespace mien {

/// The fewest seeds over which an interval is computed.
inline constexpr std::size_t kSeedsNeeded = 5;

/// How far from a claim a figure of some unit may lie. These are choices, not measurements.
struct Tolerance {
  const char* unit;
  double margin;     // differences that do not matter; of a percentage at least two samples
  double allowance;  // how far unseen seeds may move a result
};
inline constexpr Tolerance kTolerances[] = {{"%", 0.5, 2.0}, {"mm", 0.05, 0.2}, {"sd", 0.02, 0.08}};

/// A fault of a published figure that a person has looked at. `bench claims lint` counts it as
/// known.
struct KnownFault {
  std::string row, column;  // of a published table; empty: any
  std::string rule;         // of lint.h
  std::string reason;       // one clause
  std::int64_t line = 1;    // of the file
};

/// One published figure as its paper prints it. A text that is not known is the word "unknown".
struct Claim {
  std::string id;                   // "deepemo-fer2013"
  std::string source;               // "Minaee & Abdolrashidi, arXiv 1902.01019"
  std::string locator = "unknown";  // "Table 2"
  std::string metric = "accuracy";
  std::string unit = "%";
  std::optional<double> value;  // none: looked for and not found
  std::int64_t decimals = 2;    // as printed
  std::string n = "unknown";    // test images
  std::string protocol = "unknown";
  std::string grade = "U";  // how well the figure is established: V M S I C D R U
  /// Fields in which our protocol is known to differ. Any field makes the claim PROTOCOL_MISMATCH.
  std::vector<std::string> differs;
  std::vector<KnownFault> known;  // of this figure; never stored
};
/// Returns true if the claim has a figure and names what it measures.
bool is_testable(const Claim& claim);
/// Returns the figure with the decimals that its paper prints, "70.02", or "unknown".
std::string printed(const Claim& claim);
/// Returns the figure with its unit, "70.02 %" or "2.306 mm", or "unknown".
std::string printed_with_unit(const Claim& claim);

/// What a measurement says about a claim.
enum class Verdict {
  kReproduced,
  kExceeds,  // better than claimed
  kWithinNoise,
  kNotReproduced,  // worse than claimed
  kProtocolMismatch,
  kInconclusive,
  kUntestable,
  kInvalid,
};
template <>
inline constexpr EnumNames<Verdict> kEnumNames<Verdict> = {
    {"REPRODUCED", Verdict::kReproduced},
    {"EXCEEDS", Verdict::kExceeds},
    {"WITHIN_NOISE", Verdict::kWithinNoise},
    {"NOT_REPRODUCED", Verdict::kNotReproduced},
    {"PROTOCOL_MISMATCH", Verdict::kProtocolMismatch},
    {"INCONCLUSIVE", Verdict::kInconclusive},
    {"UNTESTABLE", Verdict::kUntestable},
    {"INVALID", Verdict::kInvalid}};
/// Returns the word of the board: "below", or "worse" for a unit in which less is better.
const char* short_word(Verdict verdict, const std::string& unit = "%");

/// Returns true for millimetres, standard deviations and times, and false for all other units.
bool lower_is_better(const std::string& unit);

/// The result of one seed, its folds pooled.
struct SeedScore {
  std::optional<double> value;  // in the claim's unit; none: the task stored no number
  std::int64_t n = 0;           // scored samples; 0 unknown
  /// 95 %, as the task stored it. A percentage gets Wilson's interval instead.
  std::optional<Interval> interval = {};
};

/// What is compared with a claim.
struct Measured {
  std::vector<SeedScore> seeds;
  DataKind data = DataKind::kReal;
  bool official = false;
  bool tainted = false;  // a note of kind "taint" is attached
  bool fixed = false;    // results that involve no training: rule 8
};

/// The answer of judge().
struct Judgement {
  std::optional<Verdict> verdict;  // none: rules 1 and 3
  std::string reason;              // one clause
};

/// Applies the rules at the top of this file. `margin` is in the claim's unit and positive; without
/// it the margin of kTolerances applies.
Judgement judge(const Claim& claim,
                const Measured& measured,
                std::optional<double> margin = std::nullopt);

}  // namespace mien
