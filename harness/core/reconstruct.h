// From a network's numbers to a mesh, as ExpNet's published code does it.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "harness/core/face_model.h"

namespace mien {

/// V*3: mean + sum(std_i * identity[i] * identity mode i) + the same of expressions: a coefficient
/// counts standard deviations where `model` knows them, and is the coefficient itself where it does
/// not. The first modes are meant; missing coefficients count as 0. A model's mean holds the mean
/// expression (expMU) already.
/// Error (Exit::kPrecondition): more coefficients than `model` has modes.
std::vector<float> reconstruct(const FaceModel& model,
                               std::span<const float> identity,
                               std::span<const float> expression);

/// Row by row, the rotation by |axis| radians about `axis`, counter-clockwise seen against it.
std::array<double, 9> rotation_of(const std::array<double, 3>& axis);

/// Every vertex v becomes R v + t, with R the rotation by (pose[0], -pose[1], -pose[2]) and
/// t = (-pose[3], pose[4], pose[5]): radians and the model's unit, signs as published.
void apply_pose(std::vector<float>& vertices, std::span<const float, 6> pose);

}  // namespace mien
