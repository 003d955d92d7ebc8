// What one side of a split knows of another: the leaks that inflate accuracies in this field.
//
//   subject      the person is on the earlier side too
//   sequence     another frame of the same sequence or clip is
//   identical    the same image is, pixel for pixel
//   near         not identical, but the same photograph re-encoded, re-cropped or re-lit a little,
//   or
//                the next frame of the film
//   conflicting  an identical image is, under another label
//
// `near` is two tests. A perceptual hash (signs of the 63 lowest non-constant DCT coefficients of
// the image at 32x32, against their median) proposes pairs that differ in at most kHashBits bits;
// the normalised correlation of the two images at 24x24 must then reach kNearCorrelation. On
// FER2013 the hash proposes 16 of 28,709 training images per test image and misses no pair above
// 0.95, and of the pairs between 0.947 and 1 that were looked at (one thousand test images) all
// showed one and the same photograph, while at 0.91 different people appear.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/core/splits.h"

namespace mien {

inline constexpr int kHashBits = 14;
inline constexpr double kNearCorrelation = 0.95;

/// One finding: `rows` of the `of` rows of one side.
struct Leak {
  std::string side;  // "test in train", "validation in train", "test in validation"
  std::string kind;  // as listed above
  std::int64_t rows = 0, of = 0;
};

/// Every kind for every pair of sides that are not empty, zeros included. What the pack does not
/// record (subjects, sequences) is left out: unknown is not zero.
std::vector<Leak> audit(const Pack& pack, const Fold& fold);
/// The same of all folds of a split, added up in the order in which they first occur.
std::vector<Leak> audit(const Pack& pack, std::span<const Fold> folds);

/// "test in train: 288 of 3589 identical, 12 conflicting; ..." without zeros; "no leak found".
std::string summary(const std::vector<Leak>& leaks);

}  // namespace mien
