// A folder of predictions to a report: what `bench realy score` does.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/mesh/realy.h"

namespace mien {

struct ScoreRequest {
  std::filesystem::path data, predictions;
  std::string topology;
  std::filesystem::path mask;  // "" none
  std::vector<Mode> modes = {Mode::kCompat, Mode::kStrict};
  int jobs = 1;
  int views = 0;              // pictures per subject; 0: the most that any subject has
  std::filesystem::path out;  // "" none: nothing is kept, nothing is resumed
  bool error_text = false;    // REALY_error.txt, as the toolkit writes it
  bool keep_meshes = false;   // region_align_save/, as the toolkit writes it, of the first mode
  bool pictures = false;  // pictures/<name>.safetensors where there is no .png, of the first mode
};

/// The report, and whether something could not be scored.
struct ScoreAnswer {
  nlohmann::ordered_json report;
  bool complete = true;  // no mesh and no region failed, no picture lacks
};

/// Scores every mesh of the folder; `jobs` threads, equal results for any number of them. One line
/// per mesh and per problem on stderr. With `out`, each finished mesh is kept as meshes/<name>.json
/// and taken from there the next time, as long as no input of it changed.
///
/// The report: {"schema", "topology", "masked", "subjects", "views", "resumed",
/// "predictions_sha256" (names and content of the meshes, template, mask, modes, views),
/// "truth_sha256" (scales, keypoints, regions), "stand_in", "seconds",
/// "modes": {<mode>: {"scored", "failed", "charged", "reflected", "hit_cap", "all_mm",
///   "regions": {<region>: {"mean_mm", "median_mm", "std_mm", "scan_to_mesh_mm", ...} or null}}},
/// "missing": [{"subject", "meshes"}],
/// "meshes": [{"name", "subject", "seconds", "modes": {<mode>: {"failure"} or
///   {"regions": {<region>: {"error_mm", "scan_to_mesh_mm", "failure" where there is no error,
///     "reflected", "hit_cap", "rigid_errors" (one per fit), "solves" (one per solve),
///     "dropped_share", "held_vertices", ...}}}}}]}.
/// "all_mm" is the mean of the four region means. compat leaves failed
/// and missing meshes out, as the toolkit does; strict charges each with the larger of two errors,
/// the template's on that subject and the worst of the scored meshes.
/// Errors: what is wrong with the data, the template, the mask or the scales.
ScoreAnswer score_predictions(const ScoreRequest& request);

}  // namespace mien
