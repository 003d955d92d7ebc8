// What a network that regresses coefficients is compared with: landmarks are found, and the face
// model is fitted to them (mesh/landmark_fit). Here they are the true 68 of the pack, which no
// detector gives, plus normal noise in px: the curve over the noise is what a detector that is so
// far off would lead to.
#pragma once

#include <memory>

#include "harness/core/face_model.h"
#include "harness/core/pack.h"
#include "harness/core/record.h"
#include "harness/engine/augment.h"
#include "harness/engine/batches.h"
#include "models/model.h"

namespace mien {

/// One network and the images on which it is compared.
struct Comparison {
  const Pack& pack;
  const FaceModel& face_model;
  const Split& test;  // with targets; the first 200 of its images count
  std::shared_ptr<Model> network;
  const Card& card;
  const Augmenter& augmenter;
};

/// Errors (Exit::kUsage): there is noise to compare at, but no landmarks in the pack, or no model.
void check_landmarks(const Pack& pack, bool has_model, const std::vector<double>& noise_px);

/// For each noise, points "landmark_noise_px" of the sweep: fit_coefficient_error and
/// coefficient_error (the network's own), in standard deviations; fit_ms and network_ms, medians
/// over the images. Times are thread CPU time on one thread of the CPU, of one image at a time, the
/// fit and the network made ready (models/inference) by turns; cutting the image is in neither.
/// Errors: as LandmarkFitter. REQUIRES: check_landmarks.
void compare_with_landmarks(const Comparison& comparison,
                            const std::vector<double>& noise_px,
                            TaskRecord& record);

}  // namespace mien
