#include "datasets/figures/coefficients_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "datasets/face_models/face_models.h"
#include "datasets/figures/mesh_view.h"
#include "datasets/images/face_square.h"
#include "datasets/images/image_io.h"
#include "datasets/images/mat_view.h"
#include "harness/base/error.h"
#include "harness/base/safetensors.h"
#include "harness/base/text.h"
#include "harness/geometry/camera.h"
#include "harness/geometry/reconstruct.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr int kPanelPx = 288, kLargest = 4096;
constexpr float kOpacity = 0.55f;
constexpr double kDistanceScaleMm = 5;
constexpr ScreenColour kClay{205, 200, 192}, kPredicted{38, 98, 160}, kTruth{190, 190, 190};

// ---- the file ----------------------------------------------------------------------------------

[[noreturn]] void fail_sample(const SafetensorsFile& file, const std::string& what) {
  fail(Exit::kIntegrity, "{}: {}; write it again with bench explain", file.path().string(), what);
}

/// Returns the numbers of a tensor, or nothing if the file does not have it.
std::vector<float> numbers(const SafetensorsFile& file, const char* name) {
  if (!file.tensors().contains(name)) return {};
  const TensorView& tensor = file.tensor(name, DType::kF32, 1);
  const auto* first = reinterpret_cast<const float*>(tensor.bytes.data());
  std::vector<float> values(first, first + tensor.elements());
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
    fail_sample(file, fmt::format("{} has a number that is not finite", name));
  return values;
}

Image picture_in(const SafetensorsFile& file) {
  const TensorView& planes = file.tensor("image", DType::kU8, 3);
  const std::int64_t side = planes.shape[1];
  if (planes.shape[0] != 3 || planes.shape[2] != side || side < 1 || side > kLargest)
    fail_sample(file, fmt::format("the image is {}, not 3xSxS", fmt::join(planes.shape, "x")));
  const Image image = picture_of_planes(reinterpret_cast<const std::uint8_t*>(planes.bytes.data()),
                                        3,
                                        static_cast<int>(side),
                                        static_cast<int>(side));
  return crop(image, whole_square(image.width, image.height), kPanelPx);
}

struct Regressed {
  Image picture;
  std::vector<float> predicted, truth, identity, pose;
  std::vector<std::string> title, notes;

  explicit Regressed(const fs::path& path) {
    const SafetensorsFile file(path);
    picture = picture_in(file);
    predicted = numbers(file, "predicted");
    truth = numbers(file, "truth");
    identity = numbers(file, "identity");
    pose = numbers(file, "pose");
    if (predicted.empty()) fail_sample(file, "there are no predicted coefficients");
    if (!truth.empty() && truth.size() != predicted.size())
      fail_sample(file, fmt::format("{} predicted, {} true", predicted.size(), truth.size()));
    if (!pose.empty() && pose.size() != 6)
      fail_sample(file, fmt::format("the pose has {} numbers, not 6", pose.size()));
    title = lines_of(file.meta("title"));
    if (file.metadata().contains("notes")) notes = lines_of(file.meta("notes"));
  }
};

// ---- the head ----------------------------------------------------------------------------------

std::vector<Vec3> points_of(const std::vector<float>& shape) {
  std::vector<Vec3> points;
  for (std::size_t i = 0; i + 2 < shape.size(); i += 3)
    points.push_back({shape[i], shape[i + 1], shape[i + 2]});
  return points;
}

Panel over_picture(const Regressed& sample, const FaceModel& model, std::vector<float> shape) {
  apply_pose(shape, std::span(sample.pose).first<6>());
  const std::vector<MeshLayer> layers = {{points_of(shape), model.triangles, {kClay}, 0}};
  Panel panel{"prediction over it", "with the pose of the sample", sample.picture};
  draw_meshes(
      panel.picture,
      layers,
      [](const Vec3& p) {
        constexpr float kCentre = kPanelPx / 2.0f, kFocalPx = kFocal * kPanelPx;
        return Vec3{kCentre - kFocalPx * p.x / p.z, kCentre + kFocalPx * p.y / p.z, p.z};
      },
      kOpacity);
  return panel;
}

/// Returns a shape from the front, in the frame that holds the mean head.
Image from_the_front(const FaceModel& model,
                     const std::vector<float>& shape,
                     std::vector<ScreenColour> colours) {
  Vec3 low{1e9f, 1e9f, 0}, high{-1e9f, -1e9f, 0};
  for (const Vec3& p : points_of(model.mean)) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y), 0};
    high = {std::max(high.x, p.x), std::max(high.y, p.y), 0};
  }
  const Vec3 centre = (low + high) * 0.5f;
  const float px = 0.94f * kPanelPx / std::max({high.x - low.x, high.y - low.y, 1e-6f});
  Image view = white_paper(kPanelPx, kPanelPx);
  const std::vector<MeshLayer> layers = {
      {points_of(shape), model.triangles, std::move(colours), 0}};
  draw_meshes(view, layers, [&](const Vec3& p) {
    return Vec3{
        kPanelPx / 2.0f + px * (p.x - centre.x), kPanelPx / 2.0f - px * (p.y - centre.y), p.z};
  });
  return view;
}

Panel difference_panel(const FaceModel& model,
                       const std::vector<float>& shape,
                       const std::vector<float>& truth) {
  const std::vector<Vec3> here = points_of(shape), there = points_of(truth);
  const double mm = model.millimetres > 0 ? model.millimetres : 1;
  std::vector<ScreenColour> colours;
  double sum = 0, most = 0;
  for (std::size_t v = 0; v < here.size(); ++v) {
    const double distance = mm * length(here[v] - there[v]);
    colours.push_back(scale_colour(distance / kDistanceScaleMm));
    sum += distance;
    most = std::max(most, distance);
  }
  const char* unit = model.millimetres > 0 ? "mm" : "of the model's unit";
  return {"distance from the true head",
          fmt::format("of its vertices: mean {:.2f}, most {:.2f} {}; dark 0, yellow {} and more",
                      sum / static_cast<double>(here.size()),
                      most,
                      unit,
                      kDistanceScaleMm),
          from_the_front(model, shape, std::move(colours))};
}

// ---- the numbers -------------------------------------------------------------------------------

constexpr int kBarsWidth = 4 * kPanelPx + 3 * 16, kBarsHeight = 190, kScaleWidth = 36, kFoot = 20;

/// The vertical axis of a bar chart, from `limit` at the top to -limit.
struct ValueAxis {
  double limit;
  int row(double value) const {
    constexpr double kHalf = (kBarsHeight - kFoot - 10) / 2.0;
    return static_cast<int>(std::lround(5 + kHalf * (1 - value / limit)));
  }
};

void draw_scale(Image& bars, const ValueAxis& axis) {
  const int step = std::max(1, static_cast<int>(axis.limit / 3));
  for (int value = -static_cast<int>(axis.limit); value <= axis.limit; value += step) {
    const int y = axis.row(value);
    const std::uint8_t gray = value == 0 ? 90 : 225;
    draw_line(bars, kScaleWidth - 6, y, kBarsWidth - 1, y, {gray, gray, gray});
    draw_text(bars, 2, y + 4, fmt::format("{:3}", value), kSmallText);
  }
}

double mean_difference(const std::vector<float>& a, const std::vector<float>& b) {
  return std::transform_reduce(a.begin(),
                               a.end(),
                               b.begin(),
                               0.0,
                               std::plus(),
                               [](double x, double y) { return std::abs(x - y); }) /
         static_cast<double>(a.size());
}

Panel bars_panel(const Regressed& sample) {
  double limit = 3;
  for (const auto* values : {&sample.predicted, &sample.truth})
    for (const float value : *values) limit = std::max(limit, std::ceil(double{std::abs(value)}));
  const ValueAxis axis{limit};
  Image bars = white_paper(kBarsWidth, kBarsHeight);
  draw_scale(bars, axis);
  const int count = static_cast<int>(sample.predicted.size());
  const auto left_of = [&](double k) {
    return kScaleWidth + static_cast<int>((kBarsWidth - kScaleWidth) * k / count);
  };
  const auto bar = [&](float value, double from, double to, const ScreenColour& colour) {
    const int top = axis.row(std::max(value, 0.0f)), bottom = axis.row(std::min(value, 0.0f)) + 1;
    const int left = left_of(from), right = std::max(left_of(to), left + 1);
    cv::rectangle(view_of(bars),
                  cv::Rect(left, top, right - left, bottom - top),
                  cv::Scalar(colour.z, colour.y, colour.x),
                  cv::FILLED);
  };
  for (int k = 0; k < count; ++k) {
    const auto at = static_cast<std::size_t>(k);
    if (!sample.truth.empty()) bar(sample.truth[at], k + 0.12, k + 0.5, kTruth);
    bar(sample.predicted[at], k + 0.5, k + 0.88, kPredicted);
    if (count <= 40)
      draw_text(bars, left_of(k + 0.3), kBarsHeight - 6, fmt::format("e{}", k), kSmallText);
  }
  std::string caption = "blue: predicted";
  if (!sample.truth.empty())
    caption += fmt::format("; gray: true; mean absolute difference {:.3f}",
                           mean_difference(sample.predicted, sample.truth));
  return {"expression coefficients in standard deviations", caption, bars};
}

}  // namespace

ExplainSheet coefficients_sheet(const fs::path& path, const fs::path& face_model) {
  const Regressed sample(path);
  const FaceModel model = load_face_model(face_model);
  const std::vector<float> shape = reconstruct(model, sample.identity, sample.predicted);
  ExplainSheet sheet{sample.title, sample.notes, {{"picture", "", sample.picture}}, {}};
  if (!sample.pose.empty()) sheet.panels.push_back(over_picture(sample, model, shape));
  sheet.panels.push_back({"prediction from the front",
                          sample.identity.empty() ? "of the mean person" : "of this person",
                          from_the_front(model, shape, {kClay})});
  if (!sample.truth.empty())
    sheet.panels.push_back(
        difference_panel(model, shape, reconstruct(model, sample.identity, sample.truth)));
  sheet.wide.push_back(bars_panel(sample));
  return sheet;
}

}  // namespace mien
