// Plain rows that the store answers and the board is made of: no SQL above, no formatting below.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/core/audit.h"
#include "harness/core/claim.h"
#include "harness/core/task.h"

namespace mien {

/// Meshes that a reconstruction could not score, or only mirrored. NaN: the task scores none.
struct MeshCounts {
  double failed = std::nan(""), missing = std::nan(""), reflected = std::nan("");
  double strict_mm = std::nan("");  // the error with each of the first two charged
};

/// The test metric of one done task that is not of kind throughput.
struct ScoreRow {
  std::string experiment, model, variant, dataset;
  DataKind data = DataKind::kReal;
  std::string profile;
  bool official = false;
  std::string device_class, split, group_id;
  std::int64_t seed = 0, fold = 0;
  std::string metric, unit;
  double value = 0;             // NaN: not a number
  double lower = 0, upper = 0;  // NaN: none
  std::int64_t n = 0;           // scored samples
  std::string device;           // GPU name, else CPU name, else ""
  std::int64_t ended_ns = 0;    // UTC
  std::int64_t taints = 0, notes = 0;
  std::vector<Leak> leaks;       // empty: nobody looked
  std::string external = {};     // kind of a model from outside; "" for a built-in one
  std::string file_sha256 = {};  // of its file
  double external_images_per_second = std::nan("");  // measured by others; NaN: not
  MeshCounts meshes = {};
};

/// One done throughput task. NaN where a batch size was not timed.
struct SpeedRow {
  std::string experiment, model, variant, profile;
  bool official = false;
  std::string device_class, device;
  double images_per_second = 0;                 // batch 32
  double latency_ms = 0;                        // batch 1
  std::int64_t ended_ns = 0;                    // UTC
  std::string external = {}, file_sha256 = {};  // as in ScoreRow
};

/// A task without a done attempt, and what its last attempt said.
struct FailureRow {
  TaskKind kind = TaskKind::kAccuracy;
  std::string experiment, model, variant, dataset;
  DataKind data = DataKind::kReal;
  std::string profile;
  bool official = false;
  std::string device_class, split, group_id;
  std::string state, message;
  std::int64_t ended_ns = 0;  // UTC
  std::string external = {};  // as in ScoreRow
};

/// Everything a board is made of.
struct BoardInput {
  std::vector<ScoreRow> scores;
  std::vector<SpeedRow> speeds;
  std::vector<FailureRow> failures;
  std::map<std::string, std::vector<Claim>> claims;  // by experiment
};

}  // namespace mien
