// A published figure, and the rules that judge a measurement against it. Pure: no files, no clock.
//
// judge() asks in this order and stops at the first answer:
//
//   1  nothing measured                                           no verdict
//   2  a seed's value is not a number, a percentage off 0..100, or
//        a length or an error below 0                             INVALID
//   3  data not real, or row not official                         no verdict, ever
//   4  the claim's value or metric is unknown, or nobody has set
//        a margin for its unit                                    UNTESTABLE
//   5  the protocol is known to differ                            PROTOCOL_MISMATCH, no arithmetic
//   6  five seeds or more: Student-t intervals of their mean decide
//        90 % interval inside claim +- margin (two one-sided tests at 5 %), and the mean rounds to
//        the printed figure or the 95 % interval holds it         REPRODUCED
//        95 % interval holds the claim, margin not shown          WITHIN_NOISE
//        95 % interval wholly beyond claim +- margin              EXCEEDS / NOT_REPRODUCED
//        anything else                                            INCONCLUSIVE
//   7  one to four seeds say nothing about the spread between trainings, so only a gap that no
//        seed is expected to close counts: the 95 % interval of *every* seed (Wilson's for a
//        percentage, else the one that the task stored) lies on the same side of the claim by more
//        than margin + allowance                                  EXCEEDS / NOT_REPRODUCED
//        anything else                                            INCONCLUSIVE, "2 seeds of 5"
//   8  fixed answers, such as a folder of meshes that somebody hands in: there is no training whose
//        spread could be seen, so one measurement decides, without rules 6 and 7 and without an
//        allowance. The claim is of such answers too, and of the same people where n is the same:
//        value inside claim +- margin, n is the claim's           REPRODUCED
//        the same, n is another one or unknown                    WITHIN_NOISE
//        stored 95 % interval wholly beyond claim +- margin       EXCEEDS / NOT_REPRODUCED
//        anything else                                            INCONCLUSIVE
//   9  a tainted measurement flatters itself (say, an epoch picked on the test split): it can still
//        fall short, but REPRODUCED, WITHIN_NOISE and EXCEEDS become INCONCLUSIVE
//
// A claim whose n or protocol is unknown is still judged: what its paper leaves open is an
// assumption of the config, counted beside the verdict. A field in which we *know* to differ is not
// an assumption; it belongs in `differs`.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/pack.h"
#include "harness/core/statistics.h"

namespace mien {

/// Seeds below which intervals over seeds are not computed.
inline constexpr std::size_t kSeedsNeeded = 5;

/// How far from a claim a figure of some unit may lie. Choices, not measurements.
struct Tolerance {
  const char* unit;
  double margin;     // differences that do not matter; of a percentage at least two samples
  double allowance;  // how far unseen seeds may move a result
};
inline constexpr Tolerance kTolerances[] = {{"%", 0.5, 2.0}, {"mm", 0.05, 0.2}, {"sd", 0.02, 0.08}};

/// A fault of a published figure that a person has looked at: the checker counts it as known.
struct KnownFault {
  std::string row, column;  // of a published table; empty: any
  std::string rule;         // of claim_lint.h
  std::string reason;       // one clause
  std::int64_t line = 1;    // of the file
};

/// One published figure as its paper prints it; unknown fields stay the word "unknown".
struct Claim {
  std::string id;                   // "deepemo-fer2013"
  std::string source;               // "Minaee & Abdolrashidi, arXiv 1902.01019"
  std::string locator = "unknown";  // "Table 2"
  std::string metric = "accuracy";
  std::string unit = "%";
  double value = std::numeric_limits<double>::quiet_NaN();  // NaN: unknown
  std::int64_t decimals = 2;                                // as printed
  std::string n = "unknown";                                // test images
  std::string protocol = "unknown";
  std::string grade = "U";  // how well the figure is established: V M S I C D R U
  /// Fields in which our protocol is known to differ; not empty = PROTOCOL_MISMATCH.
  std::vector<std::string> differs;
  std::vector<KnownFault> known;  // of this figure; never stored
};
/// True where the claim has a figure and names what it measures.
bool is_testable(const Claim& claim);
/// The figure with the decimals its paper prints, "70.02", or "unknown".
std::string printed(const Claim& claim);

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
const char* name_of(Verdict verdict);  // machine-readable: "NOT_REPRODUCED"
/// On the board: "below"; where less is better "worse".
const char* short_word(Verdict verdict, const std::string& unit = "%");

/// For millimetres, standard deviations and times less is better; for everything else more.
bool lower_is_better(const std::string& unit);

/// What one seed scored, its folds pooled.
struct SeedScore {
  double value = 0;    // in the claim's unit
  std::int64_t n = 0;  // scored samples; 0 unknown
  /// 95 %, as the task stored it; not used of a percentage, which has Wilson's. NaN: none.
  Interval interval = {std::numeric_limits<double>::quiet_NaN(),
                       std::numeric_limits<double>::quiet_NaN()};
};

struct Measured {
  std::vector<SeedScore> seeds;
  DataKind data = DataKind::kReal;
  bool official = false;
  bool tainted = false;  // a note of kind "taint" is attached
  bool fixed = false;    // answers from outside that no training varies
};

struct Judgement {
  std::optional<Verdict> verdict;  // none: rules 1 and 3
  std::string reason;              // one clause
};

/// Applies the rules above. `margin`: in the claim's unit, positive; none: that of its unit.
Judgement judge(const Claim& claim,
                const Measured& measured,
                std::optional<double> margin = std::nullopt);

}  // namespace mien
