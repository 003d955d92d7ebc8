// Finds leaks: images of one side of a split about which another side tells too much. They inflate
// accuracies. A kind of leak says what the earlier side contains:
//
//   subject      another image of the same person
//   sequence     another frame of the same sequence or clip
//   identical    the same image, pixel for pixel
//   near         the same photograph encoded, cropped or lit a little differently, or the next
//   frame
//                of a film
//   conflicting  an identical image with another label
//
// Two tests find `near`. A perceptual hash proposes the pairs that differ in at most kHashBits
// bits. It holds the signs of the 63 lowest non-constant DCT coefficients of the image at 32x32,
// relative to their median. The normalised correlation of the two images at 24x24 must then reach
// kNearCorrelation. On FER2013 the hash proposes 16 of 28,709 training images per test image and
// misses no pair above 0.95. The pairs of one thousand test images were inspected: between 0.947
// and 1 each pair shows the same photograph; at 0.91 different people appear.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/task/splits.h"

namespace mien {

inline constexpr int kHashBits = 14;
inline constexpr double kNearCorrelation = 0.95;

/// A leak: `rows` of the `of` rows of a side have it.
struct Leak {
  std::string side;  // "test in train", "validation in train", "test in validation"
  std::string kind;  // as listed above
  std::int64_t rows = 0, of = 0;
};

/// Counts every kind of leak for every pair of sides that are not empty, zeros included. Leaves out
/// `subject` and `sequence` where the pack does not know them: unknown is not zero.
std::vector<Leak> audit(const Pack& pack, const Fold& fold);
/// Does the same for all folds of a split and adds up their counts.
std::vector<Leak> audit(const Pack& pack, std::span<const Fold> folds);

/// Returns "test in train (of 3589): 288 identical, 12 conflicting; ...", without zeros, or
/// "no leak found".
std::string summary(const std::vector<Leak>& leaks);

}  // namespace mien
