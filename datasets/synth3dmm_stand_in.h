// Pictures of a morphable head with the coefficients that they were drawn from.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/head.h"

namespace mien {

inline constexpr int kSynthSide = 227;  // px: the crop that ExpNet's and FacePoseNet's code makes
inline constexpr int kSynthPictures = 10;  // per subject

/// What a picture shows; coefficients in standard deviations.
struct SynthTruth {
  std::vector<float> identity, expression;
  std::array<float, 6> pose{};         // as Exposure::pose
  std::array<float, 136> landmarks{};  // x and y of the 68, px, as Exposure::landmarks
};

/// Coefficients of picture `number` of `subject`: independent, normal, cut at +-2.2; identity
/// depends on the subject alone. Pose and landmarks are left open.
SynthTruth draw_truth(const FaceModel& model, std::uint64_t seed, int subject, int number);

/// The picture, RGB of kSynthSide px a side, of `head` in principal modes (morphable.h) with these
/// coefficients, taken by the standard camera (portrait.h); fills in truth.pose and
/// truth.landmarks. Skin and hair are the subject's; pose, light, occlusion, blur and resolution
/// are drawn from (seed, subject, number).
Image draw_synth(const Head& head, std::uint64_t seed, int subject, int number, SynthTruth& truth);

/// Writes pictures, both tables and model.safetensors below `out`, on all cores.
/// Errors (Exit::kPrecondition): options.face_model cannot be read or drawn, or has no expressions.
void write_synth3dmm(const std::filesystem::path& out, const SynthesizeOptions& options);

}  // namespace mien
