// Converts the coefficients and the pose that a network predicts to vertices, as ExpNet's published
// code does.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "harness/geometry/face_model.h"

namespace mien {

/// Returns V*3 coordinates: mean + sum(std_i * identity[i] * identity component i), plus the same
/// sum of the expression. Where `model` has no standard deviations, std_i is 1. Coefficients belong
/// to the first components; missing ones count as 0. The mean of a model includes the mean
/// expression (expMU). Error (Exit::kPrecondition): there are more coefficients than components.
std::vector<float> reconstruct(const FaceModel& model,
                               std::span<const float> identity,
                               std::span<const float> expression);

/// Returns, row by row, the matrix of the rotation by |axis| radians about `axis`,
/// counter-clockwise when the axis points at the viewer.
std::array<double, 9> rotation_of(const std::array<double, 3>& axis);

/// Replaces every vertex v by R v + t, where R is the rotation by (pose[0], -pose[1], -pose[2]) and
/// t = (-pose[3], pose[4], pose[5]), in radians and the model's unit. The signs are ExpNet's.
void apply_pose(std::vector<float>& vertices, std::span<const float, 6> pose);

}  // namespace mien
