#include "datasets/images/face_square.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace mien {
namespace {

constexpr std::size_t kLandmarks = 68;
constexpr double kFarAway = 1e5;  // px: no picture that is decoded is so large
constexpr double kLift = 0.06;    // of the square's side

constexpr std::string_view kBlanks = " \t\r";

/// Takes one number off the front of `line`; false where there is none.
bool take_number(std::string_view& line, double& value) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || !(std::abs(value) < kFarAway)) return false;  // NaN too
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  return line.empty() || kBlanks.find(line.front()) != kBlanks.npos;
}

}  // namespace

std::vector<FacePoint> parse_landmarks(std::string_view text, std::string& fault) {
  fault.clear();
  std::vector<FacePoint> points;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.find_first_not_of(kBlanks) == line.npos) continue;
    FacePoint point;
    if (!take_number(line, point.x) || !take_number(line, point.y) ||
        line.find_first_not_of(kBlanks) != line.npos) {
      fault = fmt::format("line {}: not two numbers x y", number);
      return {};
    }
    points.push_back(point);
  }
  if (points.size() != kLandmarks) {
    fault = fmt::format("{} landmarks, not {}", points.size(), kLandmarks);
    return {};
  }
  return points;
}

Square face_square(std::span<const FacePoint> points, double margin) {
  const auto [left, right] = std::ranges::minmax(points, {}, &FacePoint::x);
  const auto [top, bottom] = std::ranges::minmax(points, {}, &FacePoint::y);
  const double side = margin * std::max(right.x - left.x, bottom.y - top.y);
  return {(left.x + right.x - side) / 2, (top.y + bottom.y - side) / 2 - kLift * side, side};
}

Square resized(const Square& square, double factor) {
  const double grow = square.side * (factor - 1) / 2;
  return {square.left - grow, square.top - grow, square.side * factor};
}

Square whole_square(int width, int height) {
  const double side = std::max(width, height);
  return {(width - side) / 2, (height - side) / 2, side};
}

}  // namespace mien
