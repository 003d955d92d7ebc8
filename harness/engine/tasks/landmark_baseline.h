// The baseline of networks that regress coefficients: the face model is fitted to 68 landmarks
// (geometry/landmark_fit). The landmarks are the true ones of the pack plus normal noise in px. The
// curve over the noise shows what a landmark detector with such an error would lead to.
#pragma once

#include <memory>

#include "harness/engine/train/augment.h"
#include "harness/engine/train/batches.h"
#include "harness/geometry/face_model.h"
#include "harness/task/pack.h"
#include "harness/task/record.h"
#include "models/model.h"

namespace mien {

/// A network and the images on which it is compared.
struct Comparison {
  const Pack& pack;
  const FaceModel& face_model;
  const Split& test;  // with targets; only its first 200 images are used
  std::shared_ptr<Model> network;
  const Card& card;
  const Augmenter& augmenter;
};

/// Checks what a comparison at `noise_px` needs. Errors (Exit::kUsage): there is noise to compare
/// at, but the pack has no landmarks or the face model is not given.
void check_landmarks(const Pack& pack, bool has_model, const std::vector<double>& noise_px);

/// Records for each noise the points "landmark_noise_px" of the sweep: fit_coefficient_error and
/// coefficient_error (of the network), in standard deviations; fit_ms and network_ms, medians over
/// the images. Times are CPU times of one thread for one image. The fit and the network, compiled
/// by models/inference, alternate. Neither time includes cropping the image. Errors: as
/// LandmarkFitter. REQUIRES: check_landmarks() passed.
void compare_with_landmarks(const Comparison& comparison,
                            const std::vector<double>& noise_px,
                            TaskRecord& record);

}  // namespace mien
