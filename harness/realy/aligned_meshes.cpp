#include "harness/realy/aligned_meshes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/safetensors.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr double kFullScale = 0.5;  // units

/// Returns one channel of the colour map "jet": a trapezoid around `centre`.
double jet(double value, double centre) {
  return std::clamp(1.5 - std::abs(4 * value - centre), 0.0, 1.0);
}

/// Writes a mesh as OBJ, with a colour per vertex unless `errors` is empty.
void write(const fs::path& path,
           const Points& vertices,
           const Triangles& triangles,
           const std::vector<double>& errors) {
  fmt::memory_buffer text;
  const auto out = fmt::appender(text);
  for (Eigen::Index i = 0; i < vertices.rows(); ++i) {
    fmt::format_to(out, "v {:.6f} {:.6f} {:.6f}", vertices(i, 0), vertices(i, 1), vertices(i, 2));
    if (!errors.empty()) {
      const double value = std::min(errors[static_cast<std::size_t>(i)] / kFullScale, 1.0);
      fmt::format_to(out, " {:.4f} {:.4f} {:.4f}", jet(value, 3), jet(value, 2), jet(value, 1));
    }
    fmt::format_to(out, "\n");
  }
  for (std::size_t t = 0; t < triangles.size(); t += 3)
    fmt::format_to(
        out, "f {} {} {}\n", triangles[t] + 1, triangles[t + 1] + 1, triangles[t + 2] + 1);
  write_text(path, {text.data(), text.size()});
}

}  // namespace

void write_aligned_meshes(const fs::path& folder, const ScoredPrediction& prediction) {
  const AlignedPrediction& aligned = prediction.aligned;
  write(folder / "at_global.obj", aligned.vertices, aligned.triangles, {});
  for (std::size_t r = 0; r < kRegions; ++r) {
    const std::optional<RegionMeshes>& meshes = prediction.scores[r].meshes;
    if (!meshes) continue;
    const MergedRegion& merged = prediction.scan.regions[r].merged;
    const auto file = [&](const char* what) {
      return folder / fmt::format("{}_{}.obj", what, kRealyRegions[r]);
    };
    write(file("at"), meshes->aligned, aligned.triangles, {});
    write(file("deform"), meshes->deformed, merged.triangles, {});
    write(file("error"), merged.vertices, merged.triangles, meshes->errors);
  }
}

void write_error_map(const fs::path& path, const ScoredPrediction& prediction) {
  std::map<std::string, std::vector<float>> floats;
  std::map<std::string, TensorView> tensors;
  const double mm = prediction.scan.mm_per_unit;
  const auto add_points = [&](const std::string& name, const Points& points) {
    std::vector<float>& values = floats[name];
    for (Eigen::Index i = 0; i < points.rows(); ++i)
      for (Eigen::Index axis = 0; axis < 3; ++axis)
        values.push_back(static_cast<float>(mm * points(i, axis)));
    tensors.insert({name, {DType::kF32, {points.rows(), 3}, std::as_bytes(std::span(values))}});
  };
  const auto add_triangles = [&](const std::string& name, const Triangles& triangles) {
    tensors.insert(
        {name, {DType::kI32, {std::ssize(triangles) / 3, 3}, std::as_bytes(std::span(triangles))}});
  };
  nlohmann::ordered_json regions;
  add_points("prediction.vertices", prediction.aligned.vertices);
  add_triangles("prediction.triangles", prediction.aligned.triangles);
  add_points("keypoints", prediction.scan.keypoints);
  for (std::size_t r = 0; r < kRegions; ++r) {
    const std::string name = kRealyRegions[r];
    const RegionScore& score = prediction.scores[r];
    regions[name] = nullptr;
    if (!score.meshes) continue;
    regions[name] = score.error_mm;
    const MergedRegion& merged = prediction.scan.regions[r].merged;
    add_points(name + ".vertices", merged.vertices);
    add_triangles(name + ".triangles", merged.triangles);
    std::vector<float>& errors = floats[name + ".errors"];
    for (const double error : score.meshes->errors)
      errors.push_back(static_cast<float>(mm * error));
    tensors.insert(
        {name + ".errors", {DType::kF32, {std::ssize(errors)}, std::as_bytes(std::span(errors))}});
  }
  const nlohmann::ordered_json score = {{"name", prediction.name},
                                        {"subject", prediction.scan.subject},
                                        {"mode", name_of(prediction.protocol)},
                                        {"regions", regions}};
  std::error_code ignored;  // the write reports it
  fs::create_directories(path.parent_path(), ignored);
  write_safetensors(path, tensors, {{"score", score.dump()}});
}

}  // namespace mien
