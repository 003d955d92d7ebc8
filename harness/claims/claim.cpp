// One function per group of rules of claim.h.
#include "harness/claims/claim.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace mien {
namespace {

constexpr EnumNames<Verdict> kShortWords = {{"reproduced", Verdict::kReproduced},
                                            {"above", Verdict::kExceeds},
                                            {"reproduced (low power)", Verdict::kWithinNoise},
                                            {"below", Verdict::kNotReproduced},
                                            {"not comparable", Verdict::kProtocolMismatch},
                                            {"inconclusive", Verdict::kInconclusive},
                                            {"untestable", Verdict::kUntestable},
                                            {"invalid", Verdict::kInvalid}};

bool is_percentage(const Claim& claim) { return claim.unit == "%"; }

/// Returns null for a unit without a tolerance.
const Tolerance* tolerance_of(const Claim& claim) {
  for (const Tolerance& known : kTolerances)
    if (known.unit == claim.unit) return &known;
  return nullptr;
}

/// A figure of ours with its unit.
std::string shown(double value, const Claim& claim) {
  return fmt::format("{:.{}f}", value, is_percentage(claim) ? 2 : 3);
}

/// +1 where the interval lies above claim + margin, -1 below claim - margin, else 0.
int side_of(const Interval& interval, double claim, double margin) {
  if (interval.lower > claim + margin) return 1;
  if (interval.upper < claim - margin) return -1;
  return 0;
}

Verdict verdict_beyond(int side, const Claim& claim) {
  return (side > 0) != lower_is_better(claim.unit) ? Verdict::kExceeds : Verdict::kNotReproduced;
}

/// Rounds to the decimals that the paper prints.
bool prints_alike(double value, const Claim& claim) {
  return fmt::format("{:.{}f}", value, claim.decimals) == printed(claim);
}

/// A percentage of n samples cannot resolve less than single samples: two of them always pass.
double margin_for(const Claim& claim, const Measured& measured, double margin) {
  if (!is_percentage(claim)) return margin;
  for (const SeedScore& seed : measured.seeds)
    if (seed.n > 0) margin = std::max(margin, 200.0 / static_cast<double>(seed.n));
  return margin;
}

std::string invalid_value(const Claim& claim, const Measured& measured) {
  for (const SeedScore& seed : measured.seeds) {
    if (!seed.value || !std::isfinite(*seed.value)) return "a seed has no finite value";
    if (is_percentage(claim) && (*seed.value < 0 || *seed.value > 100))
      return "a percentage lies outside 0..100";
    if (lower_is_better(claim.unit) && *seed.value < 0) return "an error lies below 0";
  }
  return "";
}

Judgement by_interval(const Claim& claim, const Measured& measured, double margin) {
  std::vector<double> values;
  for (const SeedScore& seed : measured.seeds) values.push_back(*seed.value);
  const Interval wide = mean_interval(values, 0.95), narrow = mean_interval(values, 0.90);
  const double centre = mean(values);
  const double claimed = *claim.value;
  const bool holds = wide.lower <= claimed && claimed <= wide.upper;
  const bool equivalent = narrow.lower > claimed - margin && narrow.upper < claimed + margin;
  const std::string summary = fmt::format("mean {}, 95 % interval {}..{} of {} seeds",
                                          shown(centre, claim),
                                          shown(wide.lower, claim),
                                          shown(wide.upper, claim),
                                          values.size());
  if (equivalent && (holds || prints_alike(centre, claim))) return {Verdict::kReproduced, summary};
  if (holds) return {Verdict::kWithinNoise, summary + "; too wide to tell whether they agree"};
  if (const int side = side_of(wide, claimed, margin))
    return {verdict_beyond(side, claim), summary};
  return {Verdict::kInconclusive, summary + "; misses the claim by less than the margin"};
}

/// 95 % of one seed alone; none where nothing says how far it may vary.
std::optional<Interval> interval_of(const SeedScore& seed, const Claim& claim) {
  if (!is_percentage(claim)) return seed.interval;
  if (seed.n <= 0) return std::nullopt;
  const std::int64_t hits = std::llround(*seed.value / 100 * static_cast<double>(seed.n));
  const Interval share = wilson(hits, seed.n);
  return Interval{share.lower * 100, share.upper * 100};
}

/// The side of the claim on which the interval of every single seed lies by more than `distance`; 0
/// where one does not.
int common_side(const Claim& claim, const Measured& measured, double distance) {
  int common = 0;
  for (const SeedScore& seed : measured.seeds) {
    const std::optional<Interval> interval = interval_of(seed, claim);
    const int side = interval ? side_of(*interval, *claim.value, distance) : 0;
    if (side == 0 || (common != 0 && side != common)) return 0;
    common = side;
  }
  return common;
}

Judgement by_few_seeds(const Claim& claim, const Measured& measured, double margin) {
  const int side = common_side(claim, measured, margin + tolerance_of(claim)->allowance);
  if (side == 0)
    return {
        Verdict::kInconclusive,
        fmt::format("{} of {} seeds: too few for a verdict", measured.seeds.size(), kSeedsNeeded)};
  Interval all = *interval_of(measured.seeds.front(), claim);
  for (const SeedScore& seed : measured.seeds) {
    const Interval one = *interval_of(seed, claim);
    all = {std::min(all.lower, one.lower), std::max(all.upper, one.upper)};
  }
  return {verdict_beyond(side, claim),
          fmt::format("measured {}..{} {}, claim {}: too far apart for chance",
                      shown(all.lower, claim),
                      shown(all.upper, claim),
                      claim.unit,
                      printed_with_unit(claim))};
}

Judgement by_fixed(const Claim& claim, const Measured& measured, double margin) {
  const SeedScore& only = measured.seeds.front();
  const std::optional<Interval> interval = interval_of(only, claim);
  const std::string summary = fmt::format("{} {} of {} samples; the claim's n is {}",
                                          shown(*only.value, claim),
                                          claim.unit,
                                          only.n,
                                          claim.n);
  // A difference of exactly the margin, say 2.356 - 2.306, is not always that of the doubles.
  if (std::abs(*only.value - *claim.value) <= margin * (1 + 1e-9))
    return {claim.n == std::to_string(only.n) ? Verdict::kReproduced : Verdict::kWithinNoise,
            summary};
  if (const int side = interval ? side_of(*interval, *claim.value, margin) : 0)
    return {verdict_beyond(side, claim), summary};
  return {Verdict::kInconclusive, summary + "; the gap may be due to which subjects were scored"};
}

std::string why_no_verdict(const Measured& measured) {
  if (measured.data == DataKind::kStandIn) return "stand-in data: no verdict";
  if (measured.data == DataKind::kUnverified) return "unverified data: no verdict";
  return measured.official ? "" : "not the full protocol: no verdict";
}

}  // namespace

const char* short_word(Verdict verdict, const std::string& unit) {
  if (lower_is_better(unit) && verdict == Verdict::kExceeds) return "better";
  if (lower_is_better(unit) && verdict == Verdict::kNotReproduced) return "worse";
  return text_in(kShortWords, verdict);
}

bool lower_is_better(const std::string& unit) {
  return unit == "mm" || unit == "sd" || unit == "s" || unit == "ms" || unit == "us" ||
         unit == "ns";
}

bool is_testable(const Claim& claim) {
  return claim.value && !claim.metric.empty() && claim.metric != "unknown";
}

std::string printed(const Claim& claim) {
  return claim.value ? fmt::format("{:.{}f}", *claim.value, claim.decimals) : "unknown";
}

std::string printed_with_unit(const Claim& claim) {
  return claim.value ? printed(claim) + " " + claim.unit : "unknown";
}

Judgement judge(const Claim& claim, const Measured& measured, std::optional<double> margin) {
  MIEN_ASSERT(!margin || *margin > 0);
  if (measured.seeds.empty()) return {std::nullopt, "not measured"};
  if (const std::string why = invalid_value(claim, measured); !why.empty())
    return {Verdict::kInvalid, why};
  if (const std::string why = why_no_verdict(measured); !why.empty()) return {std::nullopt, why};
  if (!is_testable(claim)) return {Verdict::kUntestable, "the published figure is unknown"};
  const Tolerance* tolerance = tolerance_of(claim);
  if (!tolerance)
    return {Verdict::kUntestable, fmt::format("no margin is set for the unit '{}'", claim.unit)};
  if (!claim.differs.empty())
    return {Verdict::kProtocolMismatch, fmt::format("differs: {}", fmt::join(claim.differs, ", "))};
  const double wide_margin = margin_for(claim, measured, margin.value_or(tolerance->margin));
  const auto rule = measured.fixed                          ? by_fixed
                    : measured.seeds.size() >= kSeedsNeeded ? by_interval
                                                            : by_few_seeds;
  Judgement judgement = rule(claim, measured, wide_margin);
  if (measured.tainted && judgement.verdict != Verdict::kNotReproduced &&
      judgement.verdict != Verdict::kInconclusive)
    return {Verdict::kInconclusive, "tainted measurement; " + judgement.reason};
  return judgement;
}

}  // namespace mien
