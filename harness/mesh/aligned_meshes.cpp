#include "harness/mesh/aligned_meshes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/safetensors.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr double kFullScale = 0.5;  // units

/// One channel of the map "jet": a trapezoid around `centre`.
double jet(double value, double centre) {
  return std::clamp(1.5 - std::abs(4 * value - centre), 0.0, 1.0);
}

/// `errors`: empty, or one per vertex.
void write(const fs::path& path,
           const Points& vertices,
           const Corners& corners,
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
  for (std::size_t t = 0; t < corners.size(); t += 3)
    fmt::format_to(out, "f {} {} {}\n", corners[t] + 1, corners[t + 1] + 1, corners[t + 2] + 1);
  write_text(path, {text.data(), text.size()});
}

}  // namespace

void write_aligned_meshes(const fs::path& folder,
                          const Placed& placed,
                          const Scan& scan,
                          const std::array<RegionScore, kRegions>& scores) {
  write(folder / "at_global.obj", placed.vertices, placed.corners, {});
  for (std::size_t r = 0; r < kRegions; ++r) {
    const RegionScore& score = scores[r];
    if (!score.failure.empty()) continue;
    const MergedRegion& merged = scan.regions[r].merged;
    const auto file = [&](const char* what) {
      return folder / fmt::format("{}_{}.obj", what, kRegionNames[r]);
    };
    write(file("at"), score.aligned, placed.corners, {});
    write(file("deform"), score.deformed, merged.corners, {});
    write(file("error"), merged.vertices, merged.corners, score.errors);
  }
}

void write_error_map(const fs::path& path, const ErrorMap& map) {
  std::map<std::string, std::vector<float>> floats;
  std::map<std::string, TensorView> tensors;
  const double mm = map.scan.mm_per_unit;
  const auto add_points = [&](const std::string& name, const Points& points) {
    std::vector<float>& values = floats[name];
    for (Eigen::Index i = 0; i < points.rows(); ++i)
      for (Eigen::Index axis = 0; axis < 3; ++axis)
        values.push_back(static_cast<float>(mm * points(i, axis)));
    tensors.insert({name, {DType::kF32, {points.rows(), 3}, std::as_bytes(std::span(values))}});
  };
  const auto add_corners = [&](const std::string& name, const Corners& corners) {
    tensors.insert(
        {name, {DType::kI32, {std::ssize(corners) / 3, 3}, std::as_bytes(std::span(corners))}});
  };
  nlohmann::ordered_json regions;
  add_points("prediction.vertices", map.placed.vertices);
  add_corners("prediction.triangles", map.placed.corners);
  add_points("keypoints", map.scan.keypoints);
  for (std::size_t r = 0; r < kRegions; ++r) {
    const std::string name = kRegionNames[r];
    const RegionScore& score = map.scores[r];
    regions[name] = nullptr;
    if (!score.failure.empty()) continue;
    regions[name] = score.error_mm;
    const MergedRegion& merged = map.scan.regions[r].merged;
    add_points(name + ".vertices", merged.vertices);
    add_corners(name + ".triangles", merged.corners);
    std::vector<float>& errors = floats[name + ".errors"];
    for (const double error : score.errors) errors.push_back(static_cast<float>(mm * error));
    tensors.insert(
        {name + ".errors", {DType::kF32, {std::ssize(errors)}, std::as_bytes(std::span(errors))}});
  }
  const nlohmann::ordered_json score = {{"name", map.name},
                                        {"subject", map.scan.subject},
                                        {"mode", name_of(map.mode)},
                                        {"regions", regions}};
  std::error_code ignored;  // the write says it
  fs::create_directories(path.parent_path(), ignored);
  write_safetensors(path, tensors, {{"score", score.dump()}});
}

}  // namespace mien
