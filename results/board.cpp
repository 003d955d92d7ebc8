#include "results/board.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "harness/base/error.h"
#include "harness/base/statistics.h"

namespace mien {
namespace {

const std::string kMeshes = name_of(ExternalKind::kMeshes);

constexpr EnumNames<Section> kTitles = {
    {"Real data, full protocol", Section::kRealFull},
    {"Real data, smoke or changed settings: no verdict on the paper", Section::kRealPartial},
    {"Unverified data: no verdict on the paper", Section::kUnverified},
    {"Stand-in data (synthetic): checks the program, cannot be compared with the paper",
     Section::kStandIn},
    {"Throughput only", Section::kThroughput}};

Section section_of(DataKind data, bool official) {
  if (data == DataKind::kStandIn) return Section::kStandIn;
  if (data == DataKind::kUnverified) return Section::kUnverified;
  return official ? Section::kRealFull : Section::kRealPartial;
}

/// Copies the members that ScoreRow and FailureRow share.
template <typename R>
BoardRow head_of(const R& source) {
  BoardRow row;
  row.section = section_of(source.data, source.official);
  row.experiment = source.experiment;
  row.model = source.model;
  row.variant = source.variant;
  row.dataset = source.dataset;
  row.data = source.data;
  row.profile = source.profile;
  row.official = source.official;
  row.device_class = source.device_class;
  row.split = source.split;
  row.group_id = source.group_id;
  row.external = source.external;
  return row;
}

/// Rows that compete for one line of the board; the newest group of a cell is shown.
auto cell_of(const BoardRow& row) {
  return std::tie(row.section,
                  row.experiment,
                  row.variant,
                  row.data,
                  row.profile,
                  row.official,
                  row.split,
                  row.device_class);
}

/// Correct samples of an accuracy. REQUIRES: the score has a value.
std::int64_t hits_of(const ScoreRow& score) {
  return std::llround(*score.value / 100 * static_cast<double>(score.n));
}

/// Folds of one seed as one measurement: weighted by their samples where these are known.
SeedScore pool(const std::vector<const ScoreRow*>& folds) {
  if (folds.size() == 1) return {folds[0]->value, folds[0]->n, folds[0]->interval};
  double weighted = 0, plain = 0;
  std::int64_t n = 0;
  for (const ScoreRow* fold : folds) n += fold->n;
  for (const ScoreRow* fold : folds) {
    if (!fold->value) return {std::nullopt, n};
    plain += *fold->value;
    weighted += *fold->value * static_cast<double>(fold->n);
  }
  if (n > 0) return {weighted / static_cast<double>(n), n};
  return {plain / static_cast<double>(folds.size()), 0};
}

using Group = std::vector<const ScoreRow*>;

std::vector<SeedScore> scores_by_seed(const Group& group) {
  std::map<std::int64_t, Group> seeds;
  for (const ScoreRow* score : group) seeds[score->seed].push_back(score);
  std::vector<SeedScore> scores;
  for (const auto& [seed, folds] : seeds) scores.push_back(pool(folds));
  return scores;
}

void set_interval(BoardRow& row, const Group& group, const std::vector<SeedScore>& seeds) {
  if (seeds.size() > 1) {
    const auto by_value = [](const SeedScore& a, const SeedScore& b) { return a.value < b.value; };
    const auto [low, high] = std::minmax_element(seeds.begin(), seeds.end(), by_value);
    row.interval_kind = IntervalKind::kRange;
    row.interval = Interval{*low->value, *high->value};
  } else if (row.unit == "%" && seeds[0].n > 0 && *seeds[0].value >= 0 && *seeds[0].value <= 100) {
    std::int64_t hits = 0;
    for (const ScoreRow* fold : group) hits += hits_of(*fold);
    const Interval share = wilson(hits, seeds[0].n);
    row.interval_kind = IntervalKind::kWilson;
    row.interval = Interval{share.lower * 100, share.upper * 100};
  } else if (row.unit != "%" && seeds[0].interval) {
    row.interval_kind = IntervalKind::kStored;
    row.interval = seeds[0].interval;
  }
}

void set_meshes(BoardRow& row, const Group& group) {
  for (const ScoreRow* score : group) {
    if (!score->meshes) continue;
    MeshCounts& sum = row.meshes ? *row.meshes : row.meshes.emplace();
    sum.failed += score->meshes->failed;
    sum.missing += score->meshes->missing;
    sum.reflected += score->meshes->reflected;
    sum.all += score->meshes->all;
    sum.strict_mm = score->meshes->strict_mm;
  }
}

/// How much of what was scored was seen in training, the folds of the first seed together.
void set_leaks(BoardRow& row, const Group& group) {
  for (const ScoreRow* score : group) {
    if (score->seed != group.front()->seed) continue;
    for (const Leak& leak : score->leaks) {
      if (leak.side != "test in train") continue;
      const auto same = std::find_if(row.leaks.begin(), row.leaks.end(), [&](const Leak& known) {
        return known.kind == leak.kind;
      });
      if (same == row.leaks.end()) {
        row.leaks.push_back(leak);
      } else {
        same->rows += leak.rows;
        same->of += leak.of;
      }
    }
  }
}

std::string joined(const std::set<std::string>& names) {
  return fmt::format("{}", fmt::join(names, " + "));
}

void set_measurement(BoardRow& row, const Group& group, const std::vector<SeedScore>& seeds) {
  std::vector<double> values;
  std::set<std::int64_t> folds;
  std::set<std::string> devices;
  row.n = seeds.front().n;
  for (const SeedScore& seed : seeds) {
    if (seed.value) values.push_back(*seed.value);
    row.n = std::min(row.n, seed.n);
  }
  for (const ScoreRow* score : group) {
    folds.insert(score->fold);
    if (!score->device.empty()) devices.insert(score->device);
    row.taints += score->taints;
    row.notes += score->notes;
    row.ended_ns = std::max(row.ended_ns, score->ended_ns);
  }
  row.seeds = std::ssize(seeds);
  row.folds = static_cast<std::int64_t>(folds.size());
  row.device = joined(devices);
  // The median of the seeds that are left would hide the seed that gave no number.
  if (values.size() < seeds.size()) return;
  row.measured = median(values);
  set_interval(row, group, seeds);
}

const Claim* claim_for(const BoardInput& input, const BoardRow& row) {
  const auto found = input.claims.find(row.experiment);
  if (found == input.claims.end() || found->second.empty()) return nullptr;
  for (const Claim& claim : found->second)
    if (claim.metric == row.metric) return &claim;
  // A claim whose metric the paper leaves open is shown, and judged untestable.
  const Claim& first = found->second.front();
  return row.metric.empty() || first.metric == "unknown" ? &first : nullptr;
}

BoardRow measured_row(const Group& group, const BoardInput& input) {
  BoardRow row = head_of(*group.front());
  row.metric = group.front()->metric;
  row.unit = group.front()->unit;
  row.file_sha256 = group.front()->file_sha256;
  row.images_per_second = group.front()->external_images_per_second;
  if (row.images_per_second) row.speed_profile = "external";
  const std::vector<SeedScore> seeds = scores_by_seed(group);
  set_measurement(row, group, seeds);
  set_leaks(row, group);
  set_meshes(row, group);
  const Claim* claim = claim_for(input, row);
  if (claim) row.claim = *claim;
  Claim none;
  none.metric = "unknown";
  const Judgement judgement = judge(claim ? *claim : none,
                                    {.seeds = seeds,
                                     .data = row.data,
                                     .official = row.official,
                                     .tainted = row.taints > 0,
                                     .fixed = row.external == kMeshes});
  row.verdict = judgement.verdict;
  row.reason = judgement.reason;
  if (!claim && judgement.verdict == Verdict::kUntestable) {
    row.verdict.reset();
    row.reason = "no claim";
  }
  return row;
}

/// One row per group whose tasks have all failed; elsewhere failures are only counted.
void add_failures(const BoardInput& input, std::vector<BoardRow>& rows) {
  std::map<std::string, std::size_t> by_group;
  for (std::size_t i = 0; i < rows.size(); ++i)
    by_group[rows[i].experiment + '\n' + rows[i].group_id] = i;
  for (const FailureRow& failure : input.failures) {
    const auto [known, added] =
        by_group.emplace(failure.experiment + '\n' + failure.group_id, rows.size());
    if (added) {
      rows.push_back(head_of(failure));
      rows.back().state = RowState::kFailed;
      if (failure.kind == TaskKind::kThroughput) rows.back().section = Section::kThroughput;
    }
    BoardRow& row = rows[known->second];
    ++row.failed_tasks;
    if (row.state != RowState::kFailed || failure.ended_ns < row.ended_ns) continue;
    row.failure = failure.state;
    row.reason = failure.message;
    row.ended_ns = failure.ended_ns;
    if (const Claim* claim = claim_for(input, row)) row.claim = *claim;
  }
}

/// Official before unofficial, then newest.
bool is_better(const SpeedRow& a, const SpeedRow& b) {
  return std::tie(a.official, a.ended_ns) > std::tie(b.official, b.ended_ns);
}

/// The timing of the same model on the same machine; a row never borrows another machine's speed.
void add_speed(const BoardInput& input, BoardRow& row, std::set<const SpeedRow*>& used) {
  const SpeedRow* best = nullptr;
  for (const SpeedRow& speed : input.speeds) {
    if (speed.model != row.model || speed.variant != row.variant ||
        speed.device_class != row.device_class || speed.device != row.device ||
        speed.file_sha256 != row.file_sha256)
      continue;
    used.insert(&speed);
    if (!best || is_better(speed, *best)) best = &speed;
  }
  if (!best) return;
  row.images_per_second = best->images_per_second;
  row.latency_ms = best->latency_ms;
  row.speed_profile = best->profile;
  row.speed_official = best->official;
}

BoardRow speed_only_row(const SpeedRow& speed) {
  BoardRow row;
  row.section = Section::kThroughput;
  row.experiment = speed.experiment;
  row.model = speed.model;
  row.variant = speed.variant;
  row.external = speed.external;
  row.profile = row.speed_profile = speed.profile;
  row.official = row.speed_official = speed.official;
  row.device_class = speed.device_class;
  row.device = speed.device;
  row.images_per_second = speed.images_per_second;
  row.latency_ms = speed.latency_ms;
  row.ended_ns = speed.ended_ns;
  return row;
}

void add_speeds(const BoardInput& input, std::vector<BoardRow>& rows) {
  std::set<const SpeedRow*> used;
  for (BoardRow& row : rows)
    if (row.state == RowState::kMeasured) add_speed(input, row, used);
  std::map<std::tuple<std::string, std::string, std::string, std::string>, const SpeedRow*> rest;
  for (const SpeedRow& speed : input.speeds) {
    if (used.contains(&speed)) continue;
    const SpeedRow*& best = rest[{speed.model, speed.variant, speed.device_class, speed.device}];
    if (!best || is_better(speed, *best)) best = &speed;
  }
  for (const auto& [key, speed] : rest) rows.push_back(speed_only_row(*speed));
}

bool comes_before(const BoardRow& a, const BoardRow& b) {
  // "cuda" before "cpu", "full" before "smoke".
  const auto key = [](const BoardRow& row) {
    return std::tuple(row.section,
                      row.experiment,
                      row.variant,
                      row.data,
                      !row.official,
                      row.profile,
                      row.split,
                      row.device_class != "cuda",
                      -row.ended_ns,
                      row.group_id,
                      row.device);
  };
  return key(a) < key(b);
}

/// Keeps of each cell its newest measured group, and a failed one only where nothing is newer.
void keep_newest(std::vector<BoardRow>& rows) {
  std::vector<BoardRow> kept;
  for (BoardRow& row : rows) {
    const auto same = [&](const BoardRow& other) {
      return row.section != Section::kThroughput && cell_of(other) == cell_of(row);
    };
    const bool measured_before = std::any_of(kept.begin(), kept.end(), [&](const BoardRow& other) {
      return same(other) && other.state == RowState::kMeasured;
    });
    const bool failed_before = std::any_of(kept.begin(), kept.end(), [&](const BoardRow& other) {
      return same(other) && other.state == RowState::kFailed;
    });
    if (measured_before || (failed_before && row.state == RowState::kFailed)) continue;
    kept.push_back(std::move(row));
  }
  rows = std::move(kept);
}

}  // namespace

const char* title_of(Section section) { return text_in(kTitles, section); }

Board make_board(const BoardInput& input, const BoardOptions& options) {
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (const ScoreRow& score : input.scores)
    groups[{score.experiment, score.group_id}].push_back(&score);
  Board board;
  for (const auto& [key, group] : groups) board.rows.push_back(measured_row(group, input));
  add_failures(input, board.rows);
  add_speeds(input, board.rows);
  std::sort(board.rows.begin(), board.rows.end(), comes_before);
  // Sorted newest first, so the first row of a cell is the one to keep.
  if (!options.all) keep_newest(board.rows);
  return board;
}

}  // namespace mien
