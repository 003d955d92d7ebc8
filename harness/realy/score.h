// Scores a folder of predicted meshes: what `bench realy score` does.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/realy/mesh_score.h"

namespace mien {

struct ScoreRequest {
  std::filesystem::path data, predictions;
  std::string topology;
  std::filesystem::path mask = {};  // "" = none
  std::vector<RealyProtocol> protocols = {RealyProtocol::kCompat, RealyProtocol::kStrict};
  int jobs = 1;                    // threads
  int views = 0;                   // pictures per subject; 0 = largest number of any subject
  std::filesystem::path out = {};  // folder of results; "" = keeps and resumes nothing
  bool error_text = false;         // writes REALY_error.txt, as the toolkit does
  bool keep_meshes = false;        // writes region_align_save/, as the toolkit does
  bool pictures = false;           // writes pictures/<name>.safetensors for meshes without a .png
  // Meshes and pictures are those of the first protocol.
};

struct ScoreAnswer {
  RealyReport report;
  bool complete = true;  // every mesh and every region was scored, every picture was written
};

/// Scores every mesh of the folder with `jobs` threads. The results do not depend on their number.
/// Prints one line per mesh and per problem on stderr. With `out`, each finished mesh is kept as
/// meshes/<name>.json and taken from there the next time, as long as none of its inputs changed;
/// the report is written as report.json.
///
/// compat leaves out failed and missing meshes, as the toolkit does. strict charges each of them
/// with the larger of two errors: the template's error on that subject, and the largest error of
/// the scored meshes. Error (Exit::kPrecondition): the data, the template, the mask or the scales
/// cannot be used.
ScoreAnswer score_predictions(const ScoreRequest& request);

}  // namespace mien
