#include "harness/realy/files.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr float kFarthest = 1e9F;  // larger coordinates are damage, whatever the unit

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

template <typename T>
bool parse_number(std::string_view text, T& value) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size() && !text.empty();
}

fs::path require_folder(const fs::path& path, const fs::path& root) {
  if (!fs::is_directory(path))
    fail(Exit::kPrecondition,
         "{}: no folder {} in it; give the folder that contains REALY_HIFI3D_keypoints, "
         "REALY_scan_region and data",
         root.string(),
         path.filename().string());
  return path;
}

std::vector<std::string> topologies_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".obj") names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

bool is_mesh(const fs::path& path) {
  return path.extension() == ".obj" || path.extension() == ".ply";
}

/// Reads "12_3" as subject 12, order 123. Returns false if the name has another form.
bool parse_name(const std::string& name, PredictionFile& file) {
  std::string digits = name;
  std::erase(digits, '_');
  return parse_number(std::string_view(name).substr(0, name.find('_')), file.subject) &&
         file.subject >= 0 && parse_number<std::int64_t>(digits, file.order);
}

}  // namespace

RealyFolders::RealyFolders(const fs::path& root) {
  if (!fs::is_directory(root))
    fail(Exit::kPrecondition, "{}: no such folder; check --data", root.string());
  // The toolkit's repository has all three in its folder data/.
  const bool inside = fs::is_directory(root / "data" / "REALY_scan_region");
  const fs::path scans = inside ? root / "data" : root;
  keypoints = require_folder(scans / "REALY_HIFI3D_keypoints", root);
  regions = require_folder(scans / "REALY_scan_region", root);
  data = fs::exists(root / "metrical_scale.txt") ? root : require_folder(root / "data", root);
}

Mesh read_mesh(const fs::path& path) {
  Mesh mesh = path.extension() == ".ply" ? read_ply(path) : read_obj(path);
  for (std::size_t i = 0; i < mesh.vertices.size(); ++i)
    if (!(std::abs(mesh.vertices[i]) < kFarthest))
      fail(Exit::kPrecondition,
           "{}: vertex {} has a coordinate of {}; fetch the file again",
           path.string(),
           i / 3 + 1,
           mesh.vertices[i]);
  return mesh;
}

std::array<KeypointPosition, kKeypoints> parse_keypoint_positions(std::string_view text,
                                                                  std::size_t triangles,
                                                                  const std::string& name) {
  const auto list = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array())
    fail(Exit::kPrecondition, "{}: not a JSON list of keypoints; fetch it again", name);
  if (list.size() != kKeypoints)
    fail(Exit::kPrecondition,
         "{}: {} keypoints, expected {}; fetch it again",
         name,
         list.size(),
         kKeypoints);
  std::array<KeypointPosition, kKeypoints> positions;
  for (std::size_t k = 0; k < positions.size(); ++k) {
    const auto& entry = list[k];
    const bool is_triple =
        entry.is_array() && entry.size() == 3 &&
        std::ranges::all_of(entry, [](const auto& value) { return value.is_number(); });
    if (!is_triple)
      fail(Exit::kPrecondition, "{}: keypoint {} is not [triangle, weight, weight]", name, k);
    const double triangle = entry[0].get<double>();
    positions[k].w0 = entry[1].get<double>();
    positions[k].w1 = entry[2].get<double>();
    if (!(triangle >= 0 && triangle < static_cast<double>(triangles)) ||
        triangle != std::floor(triangle))
      fail(Exit::kPrecondition,
           "{}: keypoint {} lies on triangle {} of {}; is this the file of this template?",
           name,
           k,
           triangle,
           triangles);
    if (!(std::abs(positions[k].w0) < 1e3 && std::abs(positions[k].w1) < 1e3))
      fail(Exit::kPrecondition,
           "{}: keypoint {} has weights {}, {}; fetch it again",
           name,
           k,
           positions[k].w0,
           positions[k].w1);
    positions[k].triangle = static_cast<std::int32_t>(triangle);
  }
  return positions;
}

Topology read_topology(const RealyFolders& folders, const std::string& name) {
  const fs::path mesh_path = folders.data / (name + ".obj");
  const fs::path positions_path = folders.data / (name + ".txt");
  if (!fs::exists(mesh_path))
    fail(Exit::kPrecondition,
         "{}: no such template{}",
         mesh_path.string(),
         suggest(name, topologies_in(folders.data)));
  const Mesh mesh = read_mesh(mesh_path);
  if (!fs::exists(positions_path))
    fail(Exit::kPrecondition,
         "{}: the template's keypoints are missing; put the file there",
         positions_path.string());
  return {.name = name,
          .vertices = points_of(mesh),
          .triangles = mesh.triangles,
          .keypoints = parse_keypoint_positions(
              read_text(positions_path), mesh.triangles.size() / 3, positions_path.string())};
}

std::string topology_with(const RealyFolders& folders, std::size_t vertices) {
  std::vector<std::string> all, found;
  for (const std::string& name : topologies_in(folders.data)) {
    const std::size_t count = read_obj(folders.data / (name + ".obj")).vertices.size() / 3;
    all.push_back(fmt::format("{} ({})", name, count));
    if (count == vertices) found.push_back(name);
  }
  if (found.size() == 1) return found.front();
  fail(Exit::kPrecondition,
       "{}: {} of the templates have the {} vertices of the face model, expected one: {}",
       folders.data.string(),
       found.size(),
       vertices,
       fmt::join(all, ", "));
}

std::vector<char> read_mask(const fs::path& path, const Topology& topology) {
  const std::string text = read_text(path);
  std::vector<char> mask;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view word = trimmed(std::string_view(text).substr(at, end - at));
    at = end + 1;
    if (word.empty() && at > text.size()) break;  // a comma at the end
    double value = -1;
    if (!parse_number(word, value) || (value != 0 && value != 1))
      fail(Exit::kPrecondition,
           "{}: value {} is neither 0 nor 1; write them with commas between",
           path.string(),
           mask.size() + 1);
    mask.push_back(value == 1);
  }
  const auto vertices = static_cast<std::size_t>(topology.vertices.rows());
  if (mask.size() != vertices)
    fail(Exit::kPrecondition,
         "{}: {} values, the topology {} has {} vertices",
         path.string(),
         mask.size(),
         topology.name,
         vertices);
  return mask;
}

std::vector<double> read_scales(const RealyFolders& folders) {
  const fs::path path = folders.data / "metrical_scale.txt";
  const std::string text = read_text(path);
  std::vector<double> scales;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view word = trimmed(std::string_view(text).substr(at, end - at));
    at = end + 1;
    if (word.empty() && at >= text.size()) break;
    double value = 0;
    if (!parse_number(word, value) || !std::isfinite(value) || value <= 0)
      fail(Exit::kPrecondition,
           "{}:{}: not a positive number; fetch it again",
           path.string(),
           scales.size() + 1);
    scales.push_back(value);
  }
  if (scales.empty())
    fail(Exit::kPrecondition, "{}: no scale in it; fetch it again", path.string());
  return scales;
}

Scan read_scan(const RealyFolders& folders, const std::vector<double>& scales, int subject) {
  const fs::path keypoints = folders.keypoints / fmt::format("{}.obj", subject);
  if (subject < 1 || static_cast<std::size_t>(subject) > scales.size())
    fail(Exit::kPrecondition,
         "subject {}: the scales are of subjects 1 to {}",
         subject,
         scales.size());
  Scan scan;
  scan.subject = subject;
  scan.mm_per_unit = scales[static_cast<std::size_t>(subject) - 1];
  scan.keypoints = points_of(read_mesh(keypoints));
  if (scan.keypoints.rows() != kKeypoints)
    fail(Exit::kPrecondition,
         "{}: {} keypoints, expected {}; fetch it again",
         keypoints.string(),
         scan.keypoints.rows(),
         kKeypoints);
  for (std::size_t r = 0; r < kRegions; ++r) {
    const fs::path path =
        folders.regions / std::to_string(subject) / fmt::format("{}.obj", kRealyRegions[r]);
    const Mesh mesh = read_mesh(path);
    if (mesh.triangles.empty())
      fail(Exit::kPrecondition, "{}: no triangle in it; fetch it again", path.string());
    scan.regions[r].vertices = points_of(mesh);
    scan.regions[r].triangles = mesh.triangles;
    scan.regions[r].merged = merge_region(scan.regions[r].vertices, mesh.triangles);
  }
  return scan;
}

std::vector<int> subjects_in(const RealyFolders& folders) {
  std::set<int> subjects;
  for (const auto& entry : fs::directory_iterator(folders.keypoints)) {
    int subject = 0;
    if (entry.path().extension() == ".obj" && parse_number(entry.path().stem().string(), subject) &&
        subject > 0)
      subjects.insert(subject);
  }
  return {subjects.begin(), subjects.end()};
}

std::vector<PredictionFile> list_predictions(const fs::path& folder) {
  if (!fs::is_directory(folder))
    fail(Exit::kPrecondition, "{}: no such folder; check --predictions", folder.string());
  std::vector<PredictionFile> files;
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!is_mesh(entry.path())) continue;
    PredictionFile file{.path = entry.path(), .name = entry.path().stem().string()};
    if (!parse_name(file.name, file)) file.subject = -1;
    if (!names.insert(file.name).second)
      fail(Exit::kPrecondition,
           "{}: exists twice, as .obj and as .ply; remove one",
           (folder / file.name).string());
    files.push_back(std::move(file));
  }
  if (files.empty())
    fail(
        Exit::kPrecondition, "{}: no .obj and no .ply in it; check --predictions", folder.string());
  std::ranges::sort(files, {}, [](const auto& f) { return std::tuple(f.order, f.name); });
  return files;
}

}  // namespace mien
