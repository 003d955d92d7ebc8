// The maps of bench explain as panels: each map as colours over the face, with a bar that shows its
// scale.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "datasets/figures/sheet.h"
#include "datasets/images/image_io.h"
#include "datasets/images/mat_view.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/safetensors.h"

namespace mien {
namespace {

using nlohmann::json;
using Plane = cv::Mat1f;

constexpr int kLeastPx = 224;  // smallest side of a panel's picture
constexpr int kDigitPx = 8;    // about, of small text
constexpr int kBarPx = 12, kBarTextPx = 16;
constexpr int kTiles = 4;  // feature maps per row of a panel
constexpr std::array<std::uint8_t, 3> kGridColour = {60, 220, 60};
constexpr std::array<std::uint8_t, 3> kEdgeColour = {255, 180, 60};

/// Copies plane `index` of a tensor. Numbers that are not finite become 0.
Plane plane_of(const TensorView& tensor, std::int64_t index, int height, int width) {
  Plane plane(height, width);
  const std::size_t bytes = plane.total() * sizeof(float);
  std::memcpy(plane.data, tensor.bytes.data() + static_cast<std::size_t>(index) * bytes, bytes);
  for (float& value : plane)
    if (!std::isfinite(value)) value = 0;
  return plane;
}

std::pair<float, float> range_of(const Plane& plane) {
  double low = 0, high = 0;
  cv::minMaxLoc(plane, &low, &high);
  return {static_cast<float>(low), static_cast<float>(high)};
}

Plane scaled(const Plane& plane, int width, int height, int interpolation) {
  Plane out;
  cv::resize(plane, out, {width, height}, 0, 0, interpolation);
  return out;
}

// --- colours ------------------------------------------------------------------------------------

/// Returns 256 colours from blue over white to red.
const cv::Mat& diverging_colours() {
  static const cv::Mat colours = [] {
    cv::Mat3b table(256, 1);
    for (int i = 0; i < 256; ++i) {
      const double s = 2 * i / 255.0 - 1, fade = 1 - std::abs(s);
      table(i) = s < 0 ? cv::Vec3b(cv::Vec3d(200 + 55 * fade, 70 + 185 * fade, 20 + 235 * fade))
                       : cv::Vec3b(cv::Vec3d(40 + 215 * fade, 30 + 225 * fade, 190 + 65 * fade));
    }
    return table;
  }();
  return colours;
}

/// The colours of the values from `low` to `high`. A diverging scale is blue below 0, white at 0
/// and red above. Other scales are OpenCV's "inferno", whose lightness grows evenly.
struct Scale {
  float low = 0, high = 1;
  bool diverging = false;

  /// Returns each value as a share of the scale, 0 to 1.
  Plane shares(const Plane& values) const {
    if (!(high > low)) return Plane::zeros(values.size());
    return cv::Mat(cv::min(cv::max(values, low), high) - low) / (double{high} - low);
  }
  cv::Mat colours(const Plane& values) const {
    cv::Mat levels, out;
    shares(values).convertTo(levels, CV_8U, 255);
    if (diverging)
      cv::applyColorMap(levels, out, diverging_colours());
    else
      cv::applyColorMap(levels, out, cv::COLORMAP_INFERNO);
    return out;
  }
};

std::string number(float value) { return fmt::format("{:.3g}", value); }

/// Returns the picture above a bar that shows the scale with its smallest and largest value.
Image with_bar(const Image& picture, const Scale& scale) {
  Image whole = white_paper(picture.width, picture.height + 4 + kBarPx + kBarTextPx);
  paste(whole, picture, 0, 0);
  Plane ramp(1, picture.width);
  for (int x = 0; x < picture.width; ++x)
    ramp(x) = scale.low + static_cast<float>(x) / static_cast<float>(picture.width - 1) *
                              (scale.high - scale.low);
  paste(whole, image_of(cv::repeat(scale.colours(ramp), kBarPx, 1)), 0, picture.height + 4);
  const int line = picture.height + 4 + kBarPx + 12;
  draw_text(whole, 0, line, number(scale.low), kSmallText);
  const std::string high = number(scale.high);
  draw_text(
      whole, picture.width - kDigitPx * static_cast<int>(high.size()), line, high, kSmallText);
  return whole;
}

// --- one file of maps ---------------------------------------------------------------------------

class Explanation {
 public:
  explicit Explanation(const std::filesystem::path& path) : file_(path) {
    facts_ = json::parse(file_.meta("explanation"), nullptr, /*allow_exceptions=*/false);
    if (!facts_.is_object()) broken("its facts are not JSON");
    const TensorView& image = file_.tensor("image", DType::kU8, 3);
    channels_ = static_cast<int>(image.shape[0]);
    height_ = static_cast<int>(image.shape[1]);
    width_ = static_cast<int>(image.shape[2]);
    if ((channels_ != 1 && channels_ != 3) || height_ < 1 || width_ < 1 || height_ > kLargest ||
        width_ > kLargest)
      broken(fmt::format("the image is {}", fmt::join(image.shape, "x")));
    factor_ = (kLeastPx + std::max(width_, height_) - 1) / std::max(width_, height_);
    face_ = enlarged(image);
  }

  const json& facts() const { return facts_; }
  std::string text(const char* key) const {
    const auto found = facts_.find(key);
    return found != facts_.end() && found->is_string() ? found->get<std::string>() : "";
  }
  double value(const char* key) const {
    const auto found = facts_.find(key);
    return found != facts_.end() && found->is_number() ? found->get<double>() : 0;
  }
  std::int64_t whole(const char* key) const { return std::llround(value(key)); }
  bool flag(const char* key) const { return facts_.value(key, json()) == json(true); }

  const Image& face() const { return face_; }

  /// Returns a map of the image's size, or nothing if the file does not have it.
  std::optional<Plane> map(const std::string& name) const {
    const TensorView* tensor = find(name, 2);
    if (tensor == nullptr) return std::nullopt;
    if (tensor->shape[0] != height_ || tensor->shape[1] != width_)
      broken(name + " is not of the image's size");
    return plane_of(*tensor, 0, height_, width_);
  }
  std::optional<std::array<float, 6>> theta() const {
    const TensorView* tensor = find("theta", 2);
    if (tensor == nullptr) return std::nullopt;
    if (tensor->elements() != 6) broken("theta is not 2x3");
    std::array<float, 6> values;
    std::memcpy(values.data(), tensor->bytes.data(), sizeof values);
    for (float& value : values)
      if (!std::isfinite(value)) value = 0;
    return values;
  }
  /// Returns the channels of a row, at most 16.
  std::vector<Plane> features(const std::string& row) const {
    const TensorView* tensor = find("features." + row, 3);
    std::vector<Plane> planes;
    if (tensor == nullptr) return planes;
    if (tensor->shape[1] > kLargest || tensor->shape[2] > kLargest || tensor->elements() == 0)
      broken("features." + row + " has no or too large maps");
    for (std::int64_t i = 0; i < std::min<std::int64_t>(tensor->shape[0], kTiles * kTiles); ++i)
      planes.push_back(plane_of(
          *tensor, i, static_cast<int>(tensor->shape[1]), static_cast<int>(tensor->shape[2])));
    return planes;
  }

 private:
  static constexpr int kLargest = 1024;  // px

  [[noreturn]] void broken(const std::string& what) const {
    fail(Exit::kIntegrity, "{}: {}; run bench explain again", file_.path().string(), what);
  }
  const TensorView* find(const std::string& name, std::size_t rank) const {
    const auto found = file_.tensors().find(name);
    return found == file_.tensors().end() ? nullptr : &file_.tensor(name, DType::kF32, rank);
  }
  /// Returns the image as BGR, enlarged by a whole factor.
  Image enlarged(const TensorView& image) const {
    const auto* planes = reinterpret_cast<const std::uint8_t*>(image.bytes.data());
    const Image face = converted(picture_of_planes(planes, channels_, width_, height_), 0, 3);
    cv::Mat big;
    cv::resize(view_of(face), big, {}, factor_, factor_, cv::INTER_NEAREST);
    return image_of(big);
  }

  SafetensorsFile file_;
  json facts_;
  int channels_ = 1, width_ = 0, height_ = 0, factor_ = 1;
  Image face_;
};

/// Returns the face in gray under the colours of the map. Higher values cover more of the face.
Image blended(const Explanation& found, const Plane& map, const Scale& scale) {
  constexpr double kLeast = 0.25, kMost = 0.75;
  const Image& face = found.face();
  const Plane values = scaled(map, face.width, face.height, cv::INTER_LINEAR);
  const Plane opacity = cv::Mat(kLeast + (kMost - kLeast) * scale.shares(values));
  cv::Mat gray, picture;
  cv::transform(view_of(face), gray, cv::Matx33f::all(1.0f / 3));
  cv::blendLinear(scale.colours(values), gray, opacity, cv::Mat(1 - opacity), picture);
  return image_of(picture);
}

// --- panels -------------------------------------------------------------------------------------

bool is_class(const Explanation& found) { return !found.text("class").empty(); }

/// Returns the words that a picture is a mean, or "" for a single image.
std::string mean_words(const Explanation& found) {
  return is_class(found) ? fmt::format(" Mean of {} images.", found.whole("images")) : "";
}

Panel image_panel(const Explanation& found) {
  return {is_class(found) ? "Mean image" : "Image",
          fmt::format("What the model is given{}.{}",
                      found.flag("ten_crops") ? ": the centre of ten crops" : "",
                      mean_words(found)),
          found.face()};
}

Panel drop_panel(const Explanation& found, const Plane& map) {
  constexpr float kLeastHigh = 0.01f;  // keeps a map without any loss dark
  const auto [low, high] = range_of(map);
  const Scale scale{0, std::max(high, kLeastHigh)};
  const std::string below =
      low < -0.005f
          ? fmt::format(" Where it rises instead (by up to {}) the scale shows 0.", number(-low))
          : "";
  return {"Occlusion: lost probability",
          fmt::format("How much probability of {} a black square (pixel value 0) takes away; per "
                      "pixel, the mean of the squares over it.{}{}",
                      found.text("explained"),
                      below,
                      mean_words(found)),
          with_bar(blended(found, map, scale), scale)};
}

Panel breaks_panel(const Explanation& found, const Plane& map) {
  const Scale scale{0, 1};
  const double broken = found.value("broken");
  return {
      "Occlusion: broken predictions",
      fmt::format("Share of the squares over a pixel that change the prediction; of all squares "
                  "{:.1f} %.{}",
                  100 * broken,
                  mean_words(found)),
      with_bar(blended(found, map, scale), scale)};
}

Panel saliency_panel(const Explanation& found, const Plane& map) {
  const Scale scale{0, std::max(range_of(map).second, 1e-12f)};
  return {"Saliency",
          fmt::format("|d logit of {} / d input|, the largest of the channels.{}",
                      found.text("explained"),
                      mean_words(found)),
          with_bar(blended(found, map, scale), scale)};
}

Panel gradcam_panel(const Explanation& found, const Plane& map) {
  const Scale scale{0, 1};
  const std::string warped =
      found.text("theta_row").empty() ? "" : " Led back through the spatial transformer.";
  return {
      "Grad-CAM, row " + found.text("gradcam_row"),
      fmt::format("For {}, in the last row with spatial size; 1 is the image's largest value.{}{}",
                  found.text("explained"),
                  warped,
                  mean_words(found)),
      with_bar(blended(found, map, scale), scale)};
}

Panel weights_panel(const Explanation& found, const Plane& map) {
  const auto [low, high] = range_of(map);
  const float largest = std::max({-low, high, 1e-12f});
  const Scale scale{-largest, largest, /*diverging=*/true};
  const Image& face = found.face();
  const Image picture =
      image_of(scale.colours(scaled(map, face.width, face.height, cv::INTER_NEAREST)));
  return {"Weights of " + found.text("explained"),
          "What a bright pixel adds to the logit: red for the class, blue against it.",
          with_bar(picture, scale)};
}

/// A lattice of 9x9 points over the square [-1, 1]^2, moved by `theta`. The face is drawn smaller
/// than in other panels, because the transformer may sample outside of it.
struct SamplingGrid {
  static constexpr int kPoints = 9;
  const std::array<float, 6>& theta;
  cv::Rect face;  // px

  std::array<double, 2> point(int column, int row) const {
    const double x = 2.0 * column / (kPoints - 1) - 1, y = 2.0 * row / (kPoints - 1) - 1;
    const double u = theta[0] * x + theta[1] * y + theta[2];
    const double v = theta[3] * x + theta[4] * y + theta[5];
    return {std::clamp(face.x + (u + 1) / 2 * face.width, -1e4, 1e4),
            std::clamp(face.y + (v + 1) / 2 * face.height, -1e4, 1e4)};
  }
  void draw(Image& picture) const {
    const auto line = [&](std::array<double, 2> from, std::array<double, 2> to, auto colour) {
      draw_line(picture, from[0], from[1], to[0], to[1], colour);
    };
    for (int row = 0; row < kPoints; ++row)
      for (int column = 0; column < kPoints; ++column) {
        if (column + 1 < kPoints) line(point(column, row), point(column + 1, row), kGridColour);
        if (row + 1 < kPoints) line(point(column, row), point(column, row + 1), kGridColour);
      }
    for (int i = 0; i + 1 < kPoints; ++i)  // the upper edge shows how the grid is turned
      line(point(i, 0), point(i + 1, 0), kEdgeColour);
  }
};

Panel grid_panel(const Explanation& found, const std::array<float, 6>& theta) {
  const Image& face = found.face();
  const int width = face.width * 4 / 5, height = face.height * 4 / 5;
  const cv::Rect place((face.width - width) / 2, (face.height - height) / 2, width, height);
  Image picture = white_paper(face.width, face.height);
  view_of(picture).setTo(cv::Scalar::all(225));
  cv::Mat small = view_of(picture)(place);
  cv::resize(view_of(face), small, small.size(), 0, 0, cv::INTER_NEAREST);
  SamplingGrid{theta, place}.draw(picture);
  return {"Sampling grid",
          fmt::format(
              "Where row {} (2x3 numbers) puts the grid from which {} samples; its upper edge is "
              "blue. theta = [{:.2f} {:.2f} {:.2f}; {:.2f} {:.2f} {:.2f}].{}",
              found.text("theta_row"),
              found.text("warp_row"),
              theta[0],
              theta[1],
              theta[2],
              theta[3],
              theta[4],
              theta[5],
              mean_words(found)),
          picture};
}

/// Returns at most 4x4 channels on one scale.
Panel features_panel(const Explanation& found, const json& item, const std::vector<Plane>& planes) {
  const auto text = [&](const char* key) {
    const auto at = item.find(key);
    return at != item.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  float low = 0, high = 1e-12f;
  for (const Plane& plane : planes) {
    const auto [least, most] = range_of(plane);
    low = std::min(low, least);
    high = std::max(high, most);
  }
  const Scale scale{low, high};
  const int side = found.face().width, tiles = planes.size() == 1 ? 1 : kTiles;
  const int cell = side / tiles, inner = cell - (tiles > 1 ? 2 : 0);
  Image picture = white_paper(side, cell * ((static_cast<int>(planes.size()) + tiles - 1) / tiles));
  for (std::size_t i = 0; i < planes.size(); ++i) {
    const int left = static_cast<int>(i) % tiles * cell, top = static_cast<int>(i) / tiles * cell;
    paste(picture,
          image_of(scale.colours(scaled(planes[i], inner, inner, cv::INTER_NEAREST))),
          left,
          top);
  }
  const json of = item.value("of", json());
  return {"Row " + text("row") + fmt::format(", {}x{}", planes[0].rows, planes[0].cols),
          fmt::format("{}: the {} strongest of {} channels, one scale.{}",
                      text("operation"),
                      planes.size(),
                      of.is_number() ? of.dump() : "?",
                      mean_words(found)),
          with_bar(picture, scale)};
}

void add_feature_panels(const Explanation& found, ExplainSheet& sheet) {
  const json list = found.facts().value("features", json::array());
  if (!list.is_array()) return;
  for (const json& item : list) {
    if (!item.is_object() || !item.value("row", json()).is_string()) continue;
    const std::vector<Plane> planes = found.features(item.at("row").get<std::string>());
    if (!planes.empty()) sheet.panels.push_back(features_panel(found, item, planes));
  }
}

std::vector<std::string> header_of(const Explanation& found) {
  const auto text = [&](const char* key) { return found.text(key); };
  std::vector<std::string> lines = {fmt::format("{} ({}) on {}: {} data, profile {}",
                                                text("model"),
                                                text("variant"),
                                                text("dataset"),
                                                text("data"),
                                                text("profile"))};
  if (is_class(found))
    lines.push_back(fmt::format(
        "class {}: {} of {} {} images{}, {} of them predicted right, mean probability {:.3f}",
        text("class"),
        found.whole("images"),
        found.whole("of"),
        text("split"),
        found.whole("images") < found.whole("of") ? ", evenly spread" : "",
        found.whole("correct"),
        found.value("probability")));
  else
    lines.push_back(fmt::format("{} sample {}: truth {}, predicted {} with probability {:.3f}",
                                text("split"),
                                text("sample"),
                                text("truth"),
                                text("predicted"),
                                found.value("probability")));
  lines.push_back("weights of task " + text("task"));
  return lines;
}

std::vector<std::string> notes_of(const Explanation& found) {
  std::vector<std::string> notes;
  const bool size = found.flag("default_size"), stride = found.flag("default_stride");
  const char* ours = size && stride ? " (our choices: the paper gives neither)"
                     : size         ? " (the size is our choice: the paper gives none)"
                     : stride       ? " (the stride is our choice: the paper gives none)"
                                    : "";
  notes.push_back(fmt::format(
      "Occlusion after Minaee & Abdolrashidi (arXiv 1902.01019): a square of {} px moves "
      "by {} px{}, {} positions; zeroed before normalisation.",
      found.whole("size_px"),
      found.whole("stride_px"),
      ours,
      found.whole("squares")));
  if (found.flag("ten_crops"))
    notes.push_back(
        "The prediction is the mean of ten crops, as the protocol has it; the maps are of the "
        "centre crop.");
  if (found.text("gradcam_row").empty())
    notes.push_back("No Grad-CAM and no feature maps: the model has no row with spatial size.");
  if (found.text("data") == "stand-in")
    notes.push_back(
        "Stand-in data (synthetic): checks the program, cannot be compared with the paper.");
  return notes;
}

}  // namespace

ExplainSheet read_explanation(const std::filesystem::path& maps) {
  const Explanation found(maps);
  ExplainSheet sheet{header_of(found), notes_of(found), {image_panel(found)}};
  const auto add = [&](const char* name, Panel (*make)(const Explanation&, const Plane&)) {
    if (const std::optional<Plane> map = found.map(name)) sheet.panels.push_back(make(found, *map));
  };
  add("drop_map", drop_panel);
  add("breaks_map", breaks_panel);
  add("saliency", saliency_panel);
  add("gradcam", gradcam_panel);
  add("class_weights", weights_panel);
  if (const auto theta = found.theta()) sheet.panels.push_back(grid_panel(found, *theta));
  add_feature_panels(found, sheet);
  return sheet;
}

}  // namespace mien
