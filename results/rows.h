// Declares the rows that the store reads for a board. They hold neither SQL nor formatted text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/claims/claim.h"
#include "harness/task/audit.h"
#include "harness/task/task.h"

namespace mien {

/// How many meshes a reconstruction could not score, or scored only mirrored.
struct MeshCounts {
  double failed = 0, missing = 0, reflected = 0;
  std::int64_t all = 0;  // that there should be
  /// The error in mm if each failed and missing mesh is charged (`strict`).
  std::optional<double> strict_mm = {};
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
  std::optional<double> value = {};       // none: the task stored no finite number
  std::optional<Interval> interval = {};  // 95 %, as the task stored it
  std::int64_t n = 0;                     // scored samples
  std::string device = {};                // GPU name, else CPU name, else ""
  std::int64_t ended_ns = 0;              // UTC
  std::int64_t taints = 0, notes = 0;
  std::vector<Leak> leaks = {};  // empty: not audited
  /// Kind of an external model, or "" for a built-in one, and the digest of its file.
  std::string external = {}, file_sha256 = {};
  std::optional<double> external_images_per_second = {};  // as measured by others
  std::optional<MeshCounts> meshes = {};                  // of a reconstruction
};

/// One done throughput task.
struct SpeedRow {
  std::string experiment, model, variant, profile;
  bool official = false;
  std::string device_class, device;
  std::optional<double> images_per_second = {};  // batch 32; none: not timed
  std::optional<double> latency_ms = {};         // batch 1; none: not timed
  std::int64_t ended_ns = 0;                     // UTC
  std::string external = {}, file_sha256 = {};   // as in ScoreRow
};

/// A task without a done attempt, with the state and message of its last attempt.
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

/// Everything that a board is made of.
struct BoardInput {
  std::vector<ScoreRow> scores;
  std::vector<SpeedRow> speeds;
  std::vector<FailureRow> failures;
  std::map<std::string, std::vector<Claim>> claims;  // by experiment
};

}  // namespace mien
