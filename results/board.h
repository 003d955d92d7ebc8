// Makes the board from rows of the store: one row per experiment, variant, kind of data, profile,
// split and device class. No function here reads a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/enum_names.h"
#include "harness/claims/claim.h"
#include "results/rows.h"

namespace mien {

/// The parts of a board, in the order in which they are printed. Rows of different sections are
/// never compared.
enum class Section { kRealFull, kRealPartial, kUnverified, kStandIn, kThroughput };
template <>
inline constexpr EnumNames<Section> kEnumNames<Section> = {{"real-full", Section::kRealFull},
                                                           {"real-partial", Section::kRealPartial},
                                                           {"unverified", Section::kUnverified},
                                                           {"stand-in", Section::kStandIn},
                                                           {"throughput", Section::kThroughput}};
/// Returns the heading of a section.
const char* title_of(Section section);

enum class RowState { kMeasured, kFailed };
/// What the interval of a row is. kWilson: of one seed, a percentage. kStored: of one seed, as its
/// task stored it. kRange: lowest and highest of several seeds.
enum class IntervalKind { kNone, kWilson, kStored, kRange };
template <>
inline constexpr EnumNames<IntervalKind> kEnumNames<IntervalKind> = {
    {"none", IntervalKind::kNone},
    {"wilson", IntervalKind::kWilson},
    {"stored", IntervalKind::kStored},
    {"range", IntervalKind::kRange}};

/// One line of the board.
struct BoardRow {
  RowState state = RowState::kMeasured;
  Section section = Section::kRealFull;
  std::string experiment, model, variant, dataset;
  std::string external;     // kind of an external model; "" for a built-in one
  std::string file_sha256;  // of its file; timings of other files do not belong to it
  DataKind data = DataKind::kReal;
  std::string profile;
  bool official = false;
  std::string device_class;
  std::string split;   // "official", "folds10-image" ...
  std::string device;  // GPU or CPU name; several joined by " + "; "" unknown
  std::string group_id;

  std::string metric, unit;        // empty in section kThroughput
  std::optional<Claim> claim;      // of this experiment and metric
  std::optional<double> measured;  // median over seeds, the folds of a seed pooled
  std::optional<Interval> interval;
  IntervalKind interval_kind = IntervalKind::kNone;
  std::int64_t n = 0;  // scored samples of one seed, the fewest where they differ
  std::int64_t seeds = 0, folds = 0;

  std::optional<double> images_per_second;  // batch 32
  std::optional<double> latency_ms;         // batch 1
  std::string speed_profile;    // of the timing task; "external": by others; "": not timed
  bool speed_official = false;  // of the timing task

  std::optional<Verdict> verdict;
  std::string reason;             // for the verdict or its absence; of a failed row its message
  std::string failure;            // of a failed row: state of the last attempt, "oom"
  std::int64_t failed_tasks = 0;  // tasks of this row that have no result
  std::int64_t taints = 0, notes = 0;
  std::optional<MeshCounts> meshes;  // summed over its tasks; strict_mm of the last
  std::vector<Leak>
      leaks;  // "test in train", summed over the folds of one seed; empty: not audited
  std::int64_t ended_ns = 0;  // of the newest task; UTC
};

struct BoardOptions {
  /// Keeps rows of groups that a newer protocol, pack or metric version replaced.
  bool all = false;
};

struct Board {
  std::vector<BoardRow> rows;  // by section, experiment, variant, device class, newest first
};

/// Groups the tasks by experiment and protocol, and joins each group with its claim, its speed and
/// its verdict.
Board make_board(const BoardInput& input, const BoardOptions& options = {});

}  // namespace mien
