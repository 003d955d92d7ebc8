#include "datasets/figures/error_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "datasets/figures/mesh_view.h"
#include "datasets/figures/sheet.h"
#include "datasets/images/image_io.h"
#include "datasets/images/mat_view.h"
#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/base/safetensors.h"
#include "harness/task/realy_regions.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

constexpr int kViewWidth = 400, kViewHeight = 480, kBorder = 16, kHeader = 64;  // px
constexpr int kBarLeft = kBorder + 2 * kViewWidth + 24, kBarWidth = 18, kTick = 5;
constexpr int kWidth = kBarLeft + kBarWidth + 62, kHeight = kHeader + kViewHeight + kBorder + 8;
constexpr float kSideDegrees = 60;
constexpr float kDegree = 0.0174532925f;
/// A scan shows through a prediction that is nearer by less than this, mm. Where regions overlap,
/// the earlier one is visible.
constexpr float kLift = 20, kLiftStep = 2;
constexpr ScreenColour kGray{176, 176, 176};

// ---- the file ----------------------------------------------------------------------------------

template <typename T>
std::span<const T> values_of(const TensorView& tensor) {
  return {reinterpret_cast<const T*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(T)};
}

[[noreturn]] void fail_errors_file(const SafetensorsFile& file, const std::string& what) {
  fail(Exit::kIntegrity, "{}: {}; score the mesh again", file.path().string(), what);
}

std::vector<Vec3> points(const SafetensorsFile& file, const std::string& name) {
  const TensorView& tensor = file.tensor(name, DType::kF32, 2);
  if (tensor.shape[1] != 3) fail_errors_file(file, fmt::format("{} is not [n, 3]", name));
  const std::span<const float> values = values_of<float>(tensor);
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
    fail_errors_file(file, fmt::format("{} has a number that is not finite", name));
  std::vector<Vec3> all;
  for (std::size_t i = 0; i + 2 < values.size(); i += 3)
    all.push_back({values[i], values[i + 1], values[i + 2]});
  return all;
}

MeshLayer layer(const SafetensorsFile& file, const std::string& name) {
  MeshLayer layer{points(file, name + ".vertices"), {}, {kGray}, 0};
  const auto corners = values_of<std::int32_t>(file.tensor(name + ".triangles", DType::kI32, 2));
  layer.triangles.assign(corners.begin(), corners.end());
  for (const std::int32_t corner : layer.triangles)
    if (corner < 0 || corner >= std::ssize(layer.vertices))
      fail_errors_file(file, fmt::format("{} has corner {}", name, corner));
  return layer;
}

MeshLayer region_layer(const SafetensorsFile& file, std::size_t number) {
  const std::string name = kRealyRegions[number];
  MeshLayer region = layer(file, name);
  const auto errors = values_of<float>(file.tensor(name + ".errors", DType::kF32, 1));
  if (errors.size() != region.vertices.size())
    fail_errors_file(file, fmt::format("{} has {} errors", name, errors.size()));
  if (!std::ranges::all_of(errors, [](float mm) { return std::isfinite(mm); }))
    fail_errors_file(file, fmt::format("{} has an error that is not finite", name));
  region.colours.clear();
  for (const float mm : errors) region.colours.push_back(scale_colour(mm / kErrorScaleMm));
  region.lift = kLift + kLiftStep * static_cast<float>(std::size(kRealyRegions) - number);
  return region;
}

// ---- the views ---------------------------------------------------------------------------------

Vec3 mean_of(const std::vector<Vec3>& points, std::size_t first, std::size_t last) {
  Vec3 sum;
  for (std::size_t i = first; i <= last; ++i) sum += points[i];
  return sum * (1 / static_cast<float>(last - first + 1));
}

/// The coordinate frame of a face. Its eyes and mouth tell the directions right, up and front.
struct FaceFrame {
  Vec3 right, up, front, middle;

  explicit FaceFrame(const std::vector<Vec3>& keypoints) {
    const Vec3 one = mean_of(keypoints, 36, 41), other = mean_of(keypoints, 42, 47);
    const Vec3 eyes = (one + other) * 0.5f, mouth = mean_of(keypoints, 48, 59);
    right = normalized(other - one);
    const Vec3 rise = eyes - mouth;
    up = normalized(rise - right * dot(rise, right));
    front = cross(right, up);
    middle = (eyes + mouth) * 0.5f;
  }
  Vec3 operator()(const Vec3& p) const {
    const Vec3 d = p - middle;
    return {dot(d, right), dot(d, up), dot(d, front)};
  }
};

Vec3 turned(const Vec3& p, float degrees) {
  const float c = std::cos(degrees * kDegree), s = std::sin(degrees * kDegree);
  return {c * p.x + s * p.z, p.y, c * p.z - s * p.x};
}

std::vector<MeshLayer> turned(std::vector<MeshLayer> layers, float degrees) {
  for (MeshLayer& layer : layers)
    for (Vec3& p : layer.vertices) p = turned(p, degrees);
  return layers;
}

struct Box {
  Vec3 low{1e9f, 1e9f, 1e9f}, high{-1e9f, -1e9f, -1e9f};

  void add(const std::vector<MeshLayer>& layers) {
    for (const MeshLayer& layer : layers)
      for (const Vec3& p : layer.vertices) {
        low = {std::min(low.x, p.x), std::min(low.y, p.y), 0};
        high = {std::max(high.x, p.x), std::max(high.y, p.y), 0};
      }
  }
  /// Returns the px per mm at which the box fits into a view.
  float scale() const {
    const float width = std::max(high.x - low.x, 1.0f), height = std::max(high.y - low.y, 1.0f);
    return std::min((kViewWidth - 16) / width, (kViewHeight - 8) / height);
  }
};

Image view_of(const std::vector<MeshLayer>& layers, float px_per_mm) {
  Box box;
  box.add(layers);
  Image view = white_paper(kViewWidth, kViewHeight);
  const Vec3 centre = (box.low + box.high) * 0.5f;
  draw_meshes(view, layers, [&](const Vec3& p) {
    return Vec3{kViewWidth / 2.0f + px_per_mm * (p.x - centre.x),
                kViewHeight / 2.0f - px_per_mm * (p.y - centre.y),
                p.z};
  });
  return view;
}

// ---- the sheet ---------------------------------------------------------------------------------

void draw_bar(Image& sheet) {
  for (int y = 0; y < kViewHeight; ++y) {
    const ScreenColour colour = scale_colour(1 - (y + 0.5) / kViewHeight);
    view_of(sheet)(cv::Rect(kBarLeft, kHeader + y, kBarWidth, 1))
        .setTo(cv::Scalar(colour.z, colour.y, colour.x));
  }
  constexpr int kRight = kBarLeft + kBarWidth;
  for (int mm = 0; mm <= static_cast<int>(kErrorScaleMm); ++mm) {
    const int y = kHeader + static_cast<int>((kViewHeight - 1) * (1 - mm / kErrorScaleMm));
    draw_line(sheet, kRight, y, kRight + kTick, y, {0, 0, 0});
    const bool last = mm == static_cast<int>(kErrorScaleMm);
    draw_text(sheet, kRight + kTick + 4, y + 5, fmt::format("{}{} mm", mm, last ? "+" : ""), 0.4);
  }
}

std::string facts_of(const json& score) {
  return fmt::format("{}   subject {}   {}   REALY error per region",
                     score.at("name").get<std::string>(),
                     score.at("subject").get<int>(),
                     score.at("mode").get<std::string>());
}

std::string regions_of(const json& score) {
  std::string text;
  for (const char* name : kRealyRegions) {
    const json& mm = score.at("regions").at(name);
    text += fmt::format(
        "{} {}   ", name, mm.is_number() ? fmt::format("{:.3f} mm", mm.get<double>()) : "failed");
  }
  return text;
}

json score_in(const SafetensorsFile& file) {
  json score = json::parse(file.meta("score"), nullptr, /*allow_exceptions=*/false);
  if (!score.is_object()) fail_errors_file(file, "metadata 'score' is not a JSON object");
  return score;
}

}  // namespace

Image error_map(const fs::path& path) try {
  const SafetensorsFile file(path);
  const json score = score_in(file);
  const std::vector<Vec3> keypoints = points(file, "keypoints");
  if (keypoints.size() != 85) fail_errors_file(file, fmt::format("{} keypoints", keypoints.size()));
  const FaceFrame frame(keypoints);
  std::vector<MeshLayer> front = {layer(file, "prediction")};
  for (std::size_t r = 0; r < std::size(kRealyRegions); ++r)
    if (score.at("regions").at(kRealyRegions[r]).is_number())
      front.push_back(region_layer(file, r));
  for (MeshLayer& one : front)
    for (Vec3& p : one.vertices) p = frame(p);
  const std::vector<MeshLayer> side = turned(front, -kSideDegrees);
  Box box, side_box;
  box.add(front);
  side_box.add(side);
  const float px_per_mm = std::min(box.scale(), side_box.scale());

  Image sheet = white_paper(kWidth, kHeight);
  draw_text(sheet, kBorder, 24, facts_of(score));
  draw_text(sheet, kBorder, 48, regions_of(score));
  paste(sheet, view_of(front, px_per_mm), kBorder, kHeader);
  paste(sheet, view_of(side, px_per_mm), kBorder + kViewWidth, kHeader);
  draw_bar(sheet);
  return sheet;
} catch (const json::exception&) {
  fail(Exit::kIntegrity, "{}: metadata 'score' lacks a field; score the mesh again", path.string());
}

nlohmann::ordered_json draw_error_maps(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  if (error) fail(Exit::kPrecondition, "{}: {}", folder.string(), error.message());
  std::ranges::sort(files);
  parallel_for(files.size(), [&](std::size_t i, int) {
    write_image(fs::path(files[i]).replace_extension(".png"), error_map(files[i]));
    fs::remove(files[i]);
  });
  return {{"folder", folder.string()}, {"drawn", files.size()}};
}

}  // namespace mien
