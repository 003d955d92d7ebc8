// Draws pictures of a morphable head from known coefficients.
#pragma once

#include <array>
#include <vector>

#include "datasets/faces/head.h"
#include "datasets/images/image.h"

namespace mien {

inline constexpr int kSynthPictures = 10;  // per subject

/// The ground truth of a picture; coefficients in standard deviations.
struct SynthTruth {
  std::vector<float> identity, expression;
  std::array<float, 6> pose{};         // as RenderTarget::pose
  std::array<float, 136> landmarks{};  // x and y of the 68, px, as RenderTarget::landmarks
};

/// Draws the coefficients of picture `number` of `subject`: independent, normal, clamped to +-2.2.
/// The identity depends on the subject alone. Leaves pose and landmarks at zero.
SynthTruth draw_truth(const FaceModel& model, std::uint64_t seed, int subject, int number);

/// The picture, RGB of kSynthSide px a side, of `head` in principal modes (principal_head.h) with
/// these coefficients, taken by the standard camera (harness/geometry/camera.h); fills in
/// truth.pose and truth.landmarks. Skin and hair are the subject's; pose, light, occlusion, blur
/// and resolution are drawn from (seed, subject, number).
Image draw_synth(const Head& head, std::uint64_t seed, int subject, int number, SynthTruth& truth);

}  // namespace mien
