// Licence-free faces from formulas: a height field as the scan, another as the prediction. The
// values of the published toolkit on them are known.
#pragma once

#include <cmath>
#include <functional>
#include <numbers>

#include "harness/base/files.h"
#include "harness/geometry/mesh.h"
#include "harness/realy/realy.h"

namespace mien::testing {

using Height = std::function<double(double, double)>;

inline double true_height(double x, double y) {
  const double a = x / 1.3, b = (y + 0.2) / 2.2;
  return 5 - 0.045 * x * x - 0.02 * y * y + 2.2 * std::exp(-(a * a + b * b)) +
         0.05 * std::sin(1.7 * x) * std::cos(1.3 * y);
}

inline double predicted_height(double x, double y) {
  const double a = x / 1.4, b = y / 2.3;
  return 5 - 0.05 * x * x - 0.018 * y * y + 1.9 * std::exp(-(a * a + b * b)) +
         0.08 * std::sin(1.1 * x + 0.3) * std::cos(0.9 * y);
}

/// As a file with six decimals gives it back.
inline float written(double value) { return static_cast<float>(std::round(value * 1e6) / 1e6); }

inline void add_point(Mesh& mesh, double x, double y, double z) {
  for (const double value : {x, y, z}) mesh.vertices.push_back(written(value));
}

/// Adds nx x ny points over [x0, x1] x [y0, y1]; index j * nx + i, each cell two triangles.
inline void add_grid(
    Mesh& mesh, double x0, double x1, int nx, double y0, double y1, int ny, const Height& height) {
  const auto base = static_cast<std::int32_t>(mesh.vertices.size() / 3);
  for (int j = 0; j < ny; ++j)
    for (int i = 0; i < nx; ++i) {
      const double x = x0 + (x1 - x0) * i / (nx - 1), y = y0 + (y1 - y0) * j / (ny - 1);
      add_point(mesh, x, y, height(x, y));
    }
  for (int j = 0; j + 1 < ny; ++j)
    for (int i = 0; i + 1 < nx; ++i) {
      const std::int32_t a = base + j * nx + i, b = a + 1, c = b + nx, d = a + nx;
      mesh.triangles.insert(mesh.triangles.end(), {a, b, c, a, c, d});
    }
}

/// Grid of spacing `h`.
inline void add_patch(Mesh& mesh, double x0, double x1, double y0, double y1, double h) {
  add_grid(mesh,
           x0,
           x1,
           static_cast<int>(std::lround((x1 - x0) / h)) + 1,
           y0,
           y1,
           static_cast<int>(std::lround((y1 - y0) / h)) + 1,
           true_height);
}

/// (x, y) of the 85 keypoints.
inline std::vector<std::pair<double, double>> formula_keypoints() {
  constexpr double kPi = std::numbers::pi;
  std::vector<std::pair<double, double>> points;
  const auto arc = [&](double x, double y, double rx, double ry, double angle) {
    points.emplace_back(x + rx * std::cos(angle), y + ry * std::sin(angle));
  };
  for (int k = 0; k < 17; ++k) arc(0, 0, 8, 8, kPi + k * kPi / 16);
  for (int k = 0; k < 10; ++k)
    points.emplace_back(-6 + 12.0 * k / 9, 5.5 + 0.5 * std::sin(kPi * k / 9));
  for (int k = 0; k < 4; ++k) points.emplace_back(0, 4 - 1.2 * k);
  for (int k = 0; k < 5; ++k) points.emplace_back(-1.2 + 0.6 * k, -1.2);
  for (int k = 0; k < 6; ++k) arc(-3.2, 3.6, 1.4, 0.4, kPi - k * kPi / 3);
  for (int k = 0; k < 6; ++k) arc(3.2, 3.6, 1.4, 0.4, kPi - k * kPi / 3);
  for (int k = 0; k < 12; ++k) arc(0, -3.7, 2.5, 0.9, kPi - k * kPi / 6);
  for (int k = 0; k < 8; ++k) arc(0, -3.7, 2, 0.4, kPi - k * kPi / 4);
  for (int k = 0; k < 17; ++k) arc(0, 0, 7, 6, 2 * kPi * k / 17);
  return points;
}

inline Mesh formula_template(int side) {
  Mesh mesh;
  add_grid(mesh, -9, 9, side, -9, 9, side, predicted_height);
  return mesh;
}

inline std::array<KeypointPosition, kKeypoints> formula_positions(int side) {
  const int cells = side - 1;
  const double size = 18.0 / cells;
  std::array<KeypointPosition, kKeypoints> positions;
  const auto points = formula_keypoints();
  for (std::size_t k = 0; k < positions.size(); ++k) {
    const double u = (points[k].first + 9) / size, v = (points[k].second + 9) / size;
    const int i = std::min(static_cast<int>(u), cells - 1);
    const int j = std::min(static_cast<int>(v), cells - 1);
    const double s = u - i, t = v - j;
    const int cell = j * cells + i;
    positions[k] = s >= t ? KeypointPosition{2 * cell, 1 - s, s - t}
                          : KeypointPosition{2 * cell + 1, 1 - t, s};
  }
  return positions;
}

inline Topology formula_topology(int side) {
  const Mesh mesh = formula_template(side);
  return {"SYN", points_of(mesh), mesh.triangles, formula_positions(side)};
}

/// 12.3 R v + (5, -7, 30) of the template's surface; `mirror` -1 reflects it in x.
inline Mesh formula_prediction(int side, double mirror = 1) {
  Mesh mesh;
  add_grid(mesh, -9, 9, side, -9, 9, side, predicted_height);
  const Eigen::Matrix3d rotation = [] {
    const auto about = [](int axis, double angle) {
      Eigen::Matrix3d r = Eigen::Matrix3d::Identity();
      const int a = (axis + 1) % 3, b = (axis + 2) % 3;
      r(a, a) = r(b, b) = std::cos(angle);
      r(a, b) = -std::sin(angle);
      r(b, a) = std::sin(angle);
      return r;
    };
    return (about(2, 0.2) * about(1, -0.3) * about(0, 0.1)).eval();
  }();
  for (int j = 0; j < side; ++j)
    for (int i = 0; i < side; ++i) {
      const double x = -9 + 18.0 * i / (side - 1), y = -9 + 18.0 * j / (side - 1);
      const Eigen::Vector3d moved =
          12.3 * rotation * Eigen::Vector3d(x, y, predicted_height(x, y)) +
          Eigen::Vector3d(5, -7, 30);
      for (std::size_t axis = 0; axis < 3; ++axis)
        mesh.vertices[static_cast<std::size_t>(j * side + i) * 3 + axis] =
            written(moved[static_cast<Eigen::Index>(axis)] * (axis == 0 ? mirror : 1));
    }
  return mesh;
}

inline Mesh formula_region(int region, double h) {
  Mesh mesh;
  if (region == 0) add_patch(mesh, -2, 2, -2, 4, h);
  if (region == 1) add_patch(mesh, -3.5, 3.5, -6, -2, h);
  if (region == 2) add_patch(mesh, -6.5, 6.5, 2.5, 7.5, h);
  if (region == 3) {
    add_patch(mesh, -7.5, -3.5, -5, 2.5, h);
    add_patch(mesh, 3.5, 7.5, -5, 2.5, h);
  }
  return mesh;
}

/// Every triangle with three vertices of its own.
inline Mesh as_soup(const Mesh& mesh) {
  Mesh soup;
  for (const std::int32_t corner : mesh.triangles) {
    soup.triangles.push_back(static_cast<std::int32_t>(soup.triangles.size()));
    for (std::size_t axis = 0; axis < 3; ++axis)
      soup.vertices.push_back(mesh.vertices[static_cast<std::size_t>(corner) * 3 + axis]);
  }
  return soup;
}

inline Mesh formula_keypoint_mesh() {
  Mesh mesh;
  for (const auto& [x, y] : formula_keypoints()) add_point(mesh, x, y, true_height(x, y));
  return mesh;
}

inline void set_region(Scan& scan, int region, const Mesh& mesh) {
  auto& part = scan.regions[static_cast<std::size_t>(region)];
  part.vertices = points_of(mesh);
  part.triangles = mesh.triangles;
  part.merged = merge_region(part.vertices, part.triangles);
}

inline Scan formula_scan(double h) {
  Scan scan;
  scan.subject = 1;
  scan.mm_per_unit = 8.754064;
  scan.keypoints = points_of(formula_keypoint_mesh());
  for (int region = 0; region < kRegions; ++region)
    set_region(scan, region, formula_region(region, h));
  return scan;
}

}  // namespace mien::testing
