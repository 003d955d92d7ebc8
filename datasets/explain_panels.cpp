#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>

#include "datasets/explain_sheet.h"
#include "datasets/image_io.h"
#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/safetensors.h"

namespace mien {
namespace {

using nlohmann::json;

constexpr int kPanelPx = 224;  // least side of a panel's picture
constexpr int kDigitPx = 8;    // about, of small text
constexpr int kBarPx = 12, kBarTextPx = 16;
constexpr std::uint8_t kMargin = 225;  // gray around a smaller face
constexpr int kTiles = 4;              // feature maps in a row of a panel
constexpr std::array<std::uint8_t, 3> kGridColour = {60, 220, 60};
constexpr std::array<std::uint8_t, 3> kFrameColour = {255, 180, 60};

/// A plane of floats [height, width].
struct Plane {
  int width = 0, height = 0;
  std::vector<float> values;

  float at(int x, int y) const { return values[static_cast<std::size_t>(y * width + x)]; }
};

Plane plane_of(const TensorView& tensor, std::int64_t index, int height, int width) {
  Plane plane{width, height, std::vector<float>(static_cast<std::size_t>(width * height))};
  std::memcpy(plane.values.data(),
              tensor.bytes.data() + static_cast<std::size_t>(index) * plane.values.size() * 4,
              plane.values.size() * 4);
  for (float& value : plane.values)
    if (!std::isfinite(value)) value = 0;
  return plane;
}

/// Between four neighbours; pixel centres keep their place.
float bilinear(const Plane& plane, double x, double y) {
  x = std::clamp(x, 0.0, plane.width - 1.0);
  y = std::clamp(y, 0.0, plane.height - 1.0);
  const int left = static_cast<int>(x), top = static_cast<int>(y);
  const int right = std::min(left + 1, plane.width - 1),
            bottom = std::min(top + 1, plane.height - 1);
  const double u = x - left, v = y - top;
  return static_cast<float>((1 - v) * ((1 - u) * plane.at(left, top) + u * plane.at(right, top)) +
                            v * ((1 - u) * plane.at(left, bottom) + u * plane.at(right, bottom)));
}

std::uint8_t* pixel(Image& image, int x, int y) {
  return image.pixels.data() + (y * image.width + x) * image.channels;
}
const std::uint8_t* pixel(const Image& image, int x, int y) {
  return image.pixels.data() + (y * image.width + x) * image.channels;
}

// --- colours
// ----------------------------------------------------------------------------------------

/// 256 colours of a perceptually even scale, dark to bright.
const Image& heat_scale() {
  static const Image scale = [] {
    Image gray{256, 1, 1, std::vector<std::uint8_t>(256)};
    for (std::size_t i = 0; i < 256; ++i) gray.pixels[i] = static_cast<std::uint8_t>(i);
    return heat_colours(gray);
  }();
  return scale;
}

/// Which colours stand for `low` to `high`.
struct Scale {
  float low = 0, high = 1;
  bool diverging = false;  // blue below 0, white, red above; else heat_scale

  double share(float value) const {
    return high > low ? std::clamp<double>((value - low) / (high - low), 0, 1) : 0;
  }
  std::array<double, 3> colour(float value) const {
    const double t = share(value);
    if (!diverging) {
      const std::uint8_t* p = pixel(heat_scale(), static_cast<int>(std::lround(255 * t)), 0);
      return {double(p[0]), double(p[1]), double(p[2])};
    }
    const double s = 2 * t - 1, fade = 1 - std::abs(s);
    return s < 0 ? std::array<double, 3>{200 + 55 * fade, 70 + 185 * fade, 20 + 235 * fade}
                 : std::array<double, 3>{40 + 215 * fade, 30 + 225 * fade, 190 + 65 * fade};
  }
};

void put(std::uint8_t* p, const std::array<double, 3>& colour) {
  for (std::size_t c = 0; c < 3; ++c)
    p[c] = static_cast<std::uint8_t>(std::lround(std::clamp(colour[c], 0.0, 255.0)));
}

std::string number(float value) { return fmt::format("{:.3g}", value); }

/// The picture above a bar of its colours with their least and largest value.
Image with_bar(const Image& picture, const Scale& scale) {
  Image whole = white_paper(picture.width, picture.height + 4 + kBarPx + kBarTextPx);
  paste(whole, picture, 0, 0);
  for (int x = 0; x < picture.width; ++x) {
    const double t = static_cast<double>(x) / (picture.width - 1);
    const float value = static_cast<float>(scale.low + t * (scale.high - scale.low));
    for (int y = 0; y < kBarPx; ++y)
      put(pixel(whole, x, picture.height + 4 + y), scale.colour(value));
  }
  const int line = picture.height + 4 + kBarPx + 12;
  draw_text(whole, 0, line, number(scale.low), kSmallText);
  const std::string high = number(scale.high);
  draw_text(
      whole, picture.width - kDigitPx * static_cast<int>(high.size()), line, high, kSmallText);
  return whole;
}

// --- one file of maps
// -------------------------------------------------------------------------------

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
      broken("an image of " + fmt::format("{}", fmt::join(image.shape, "x")));
    factor_ = (kPanelPx + std::max(width_, height_) - 1) / std::max(width_, height_);
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
  int factor() const { return factor_; }

  /// A map of the image's size; none where the file has none.
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
  /// Channels of a row, at most 16.
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
  /// Nearest neighbour, BGR; planes of the file are gray, or red, green, blue.
  Image enlarged(const TensorView& image) const {
    Image big = white_paper(width_ * factor_, height_ * factor_);
    const auto* planes = reinterpret_cast<const std::uint8_t*>(image.bytes.data());
    for (int y = 0; y < big.height; ++y)
      for (int x = 0; x < big.width; ++x)
        for (int c = 0; c < 3; ++c) {
          const int plane = channels_ == 1 ? 0 : 2 - c;
          pixel(big, x, y)[c] = planes[(plane * height_ + y / factor_) * width_ + x / factor_];
        }
    return big;
  }

  SafetensorsFile file_;
  json facts_;
  int channels_ = 1, width_ = 0, height_ = 0, factor_ = 1;
  Image face_;
};

/// The face in gray under the map's colours: the higher the value, the less of the face is left.
Image blended(const Explanation& found, const Plane& map, const Scale& scale) {
  constexpr double kLeast = 0.25, kMost = 0.75;
  Image picture = found.face();
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const float value =
          bilinear(map, (x + 0.5) / found.factor() - 0.5, (y + 0.5) / found.factor() - 0.5);
      std::uint8_t* p = pixel(picture, x, y);
      const double gray = (p[0] + p[1] + p[2]) / 3.0;
      const double opaque = kLeast + (kMost - kLeast) * scale.share(value);
      const std::array<double, 3> colour = scale.colour(value);
      put(p,
          {(1 - opaque) * gray + opaque * colour[0],
           (1 - opaque) * gray + opaque * colour[1],
           (1 - opaque) * gray + opaque * colour[2]});
    }
  return picture;
}

// --- panels
// -----------------------------------------------------------------------------------------

bool is_class(const Explanation& found) { return !found.text("class").empty(); }

/// "", or that what is shown is a mean.
std::string mean_of(const Explanation& found) {
  return is_class(found) ? fmt::format(" Mean of {} images.", found.whole("images")) : "";
}

Panel image_panel(const Explanation& found) {
  return {is_class(found) ? "Mean image" : "Image",
          fmt::format("What the model is given{}.{}",
                      found.flag("ten_crops") ? ": the centre of ten crops" : "",
                      mean_of(found)),
          found.face()};
}

Panel drop_panel(const Explanation& found, const Plane& map) {
  constexpr float kLeastHigh = 0.01f;  // a map without a loss is not blown up
  const auto [low, high] = std::ranges::minmax(map.values);
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
                      mean_of(found)),
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
                  mean_of(found)),
      with_bar(blended(found, map, scale), scale)};
}

Panel saliency_panel(const Explanation& found, const Plane& map) {
  const Scale scale{0, std::max(std::ranges::max(map.values), 1e-12f)};
  return {"Saliency",
          fmt::format("|d logit of {} / d input|, the largest of the channels.{}",
                      found.text("explained"),
                      mean_of(found)),
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
                  mean_of(found)),
      with_bar(blended(found, map, scale), scale)};
}

Panel weights_panel(const Explanation& found, const Plane& map) {
  float largest = 1e-12f;
  for (const float value : map.values) largest = std::max(largest, std::abs(value));
  const Scale scale{-largest, largest, /*diverging=*/true};
  Image picture = found.face();
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x)
      put(pixel(picture, x, y), scale.colour(map.at(x / found.factor(), y / found.factor())));
  return {"Weights of " + found.text("explained"),
          "What a bright pixel adds to the logit: red for the class, blue against it.",
          with_bar(picture, scale)};
}

/// A lattice of 9x9 points over the square [-1, 1]^2 as `theta` moves it, lines between them. The
/// face is smaller here, since the transformer may look outside of it.
Panel grid_panel(const Explanation& found, const std::array<float, 6>& theta) {
  constexpr int kPoints = 9;
  const Image& face = found.face();
  const int width = face.width * 4 / 5, height = face.height * 4 / 5;
  const int left = (face.width - width) / 2, top = (face.height - height) / 2;
  Image big = white_paper(face.width, face.height);
  std::ranges::fill(big.pixels, kMargin);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      std::copy_n(pixel(face, x * 5 / 4, y * 5 / 4), 3, pixel(big, left + x, top + y));
  const auto place = [&](int column, int row) {
    const double x = 2.0 * column / (kPoints - 1) - 1, y = 2.0 * row / (kPoints - 1) - 1;
    const double u = theta[0] * x + theta[1] * y + theta[2];
    const double v = theta[3] * x + theta[4] * y + theta[5];
    const auto px = [](double t, int side, int margin) {
      return std::clamp(margin + (t + 1) / 2 * side, -1e4, 1e4);
    };
    return std::array{px(u, width, left), px(v, height, top)};
  };
  const auto line = [&](std::array<double, 2> from, std::array<double, 2> to, auto colour) {
    draw_line(big, from[0], from[1], to[0], to[1], colour);
  };
  for (int row = 0; row < kPoints; ++row)
    for (int column = 0; column < kPoints; ++column) {
      if (column + 1 < kPoints) line(place(column, row), place(column + 1, row), kGridColour);
      if (row + 1 < kPoints) line(place(column, row), place(column, row + 1), kGridColour);
    }
  for (int i = 0; i + 1 < kPoints; ++i)  // the upper edge, so that a turned grid can be told
    line(place(i, 0), place(i + 1, 0), kFrameColour);
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
              mean_of(found)),
          big};
}

/// 4x4 channels, all on one scale.
Panel features_panel(const Explanation& found, const json& item, const std::vector<Plane>& planes) {
  const auto text = [&](const char* key) {
    const auto at = item.find(key);
    return at != item.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  float low = 0, high = 1e-12f;
  for (const Plane& plane : planes) {
    low = std::min(low, std::ranges::min(plane.values));
    high = std::max(high, std::ranges::max(plane.values));
  }
  const Scale scale{low, high};
  const int side = found.face().width, tiles = planes.size() == 1 ? 1 : kTiles;
  const int cell = side / tiles, inner = cell - (tiles > 1 ? 2 : 0);
  Image picture = white_paper(side, cell * ((static_cast<int>(planes.size()) + tiles - 1) / tiles));
  for (std::size_t i = 0; i < planes.size(); ++i) {
    const int left = static_cast<int>(i) % tiles * cell, top = static_cast<int>(i) / tiles * cell;
    for (int y = 0; y < inner; ++y)
      for (int x = 0; x < inner; ++x)
        put(pixel(picture, left + x, top + y),
            scale.colour(planes[i].at(x * planes[i].width / inner, y * planes[i].height / inner)));
  }
  const json of = item.value("of", json());
  return {"Row " + text("row") + fmt::format(", {}x{}", planes[0].height, planes[0].width),
          fmt::format("{}: the {} strongest of {} channels, one scale.{}",
                      text("operation"),
                      planes.size(),
                      of.is_number() ? of.dump() : "?",
                      mean_of(found)),
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
    notes.push_back("Stand-in data (synthetic): says that the code runs, nothing about the paper.");
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
