// The board: one row per experiment, variant, kind of data, profile and device class. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/claim.h"
#include "results/rows.h"

namespace mien {

/// In the order in which they are printed. Rows of two sections are never ranked together.
enum class Section { kRealFull, kRealPartial, kUnverified, kStandIn, kThroughput };
const char* title_of(Section section);
const char* name_of(Section section);  // machine-readable: "real-full"

enum class RowState { kMeasured, kFailed };
enum class IntervalKind { kNone, kWilson, kStored, kRange };
const char* name_of(IntervalKind kind);  // "none", "wilson", "stored", "range"

struct BoardRow {
  RowState state = RowState::kMeasured;
  Section section = Section::kRealFull;
  std::string experiment, model, variant, dataset;
  std::string external;     // kind of a model from outside; "" for a built-in one
  std::string file_sha256;  // of its file; a timing of another file is not its own
  DataKind data = DataKind::kReal;
  std::string profile;
  bool official = false;
  std::string device_class;
  std::string split;   // "official", "folds10-image" ...
  std::string device;  // GPU or CPU name; several joined by " + "; "" unknown
  std::string group_id;

  std::string metric, unit;    // empty in section kThroughput
  std::optional<Claim> claim;  // of this experiment and metric
  static constexpr double kUnmeasured = std::numeric_limits<double>::quiet_NaN();
  double measured = kUnmeasured;  // median over seeds, the folds of a seed pooled
  /// One seed: 95 %, Wilson's of a percentage, else the one that its task stored. Several: lowest
  /// and highest seed.
  IntervalKind interval = IntervalKind::kNone;
  double lower = kUnmeasured, upper = kUnmeasured;
  std::int64_t n = 0;  // scored samples of one seed, the fewest where they differ
  std::int64_t seeds = 0, folds = 0;

  double images_per_second = kUnmeasured;  // batch 32
  double latency_ms = kUnmeasured;         // batch 1
  std::string speed_profile;    // of the task that timed it; "external": by others; "": nobody did
  bool speed_official = false;  // likewise

  std::optional<Verdict> verdict;
  std::string reason;             // of the verdict or of its absence; of a failure: the message
  std::string failure;            // failed rows: state of the last attempt, "oom"
  std::int64_t failed_tasks = 0;  // tasks of this row that have no result
  std::int64_t taints = 0, notes = 0;
  MeshCounts meshes;          // of all its tasks together; strict_mm of the last
  std::vector<Leak> leaks;    // "test in train" summed over folds of one seed; empty: nobody looked
  std::int64_t ended_ns = 0;  // of the newest task; UTC
};

struct BoardOptions {
  /// Also rows of groups that a newer protocol, pack or metric version replaced.
  bool all = false;
};

struct Board {
  std::vector<BoardRow> rows;  // by section, experiment, variant, device class, newest first
};

Board make_board(const BoardInput& input, const BoardOptions& options = {});

}  // namespace mien
