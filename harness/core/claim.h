// A published figure, and the rules that judge a measurement against it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/pack.h"
#include "harness/core/statistics.h"

namespace mien {

/// One published figure as its paper prints it; unknown fields stay the word "unknown".
struct Claim {
  std::string id;       // "deepemo-fer2013"
  std::string source;   // "Minaee & Abdolrashidi, arXiv 1902.01019"
  std::string locator;  // "Table 2", or "unknown"
  std::string metric = "accuracy";
  std::string unit = "%";
  double value = 0;
  std::int64_t decimals = 2;       // as printed
  std::string n = "unknown";       // test images, or "unknown"
  std::string protocol = "unknown";
  std::string grade = "U";         // V M S I C D R U
  /// Fields in which our protocol is known to differ; not empty = PROTOCOL_MISMATCH.
  std::vector<std::string> differs;
};

enum class Verdict {
  kReproduced,
  kExceeds,
  kWithinNoise,
  kNotReproduced,
  kProtocolMismatch,
  kInconclusive,
  kUntestable,
  kInvalid,
};
const char* name_of(Verdict verdict);    // stored: "NOT_REPRODUCED"
const char* short_word(Verdict verdict); // on the board: "below"

struct Measured {
  std::vector<double> seeds;  // the metric per seed, in the claim's unit
  std::int64_t correct = 0, n = 0;  // pooled over seeds: hits and scored samples of one seed each
  DataKind data = DataKind::kReal;
  bool official = false;
};

struct Judgement {
  std::optional<Verdict> verdict;  // none for stand-ins and unofficial rows
  std::string reason;              // one clause
};

/// Rules in order: stand-in or unofficial: no verdict; known differences: PROTOCOL_MISMATCH; fewer
/// than five seeds: INCONCLUSIVE unless the Wilson interval of the best seed excludes the claim by
/// more than `margin`; else the interval over seeds decides. `margin` is in the claim's unit.
Judgement judge(const Claim& claim, const Measured& measured, double margin = 0.5);

}  // namespace mien
