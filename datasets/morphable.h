// Morphable models behind one interface: whatever modes a head comes with (facial actions,
// blendshapes, the modes of a scanned population), out come its principal modes, orthonormal, with
// the standard deviation of each coefficient. Coefficients counted in these are what networks
// regress (Chang et al., "ExpNet", FG 2018: 99 of identity, 29 of expression).
#pragma once

#include <cstddef>

#include "datasets/faces.h"
#include "datasets/head.h"

namespace mien {

inline constexpr std::size_t kIdentityModes = 99, kExpressionModes = 29;  // as ExpNet has them

/// `model` in its principal modes, by falling standard deviation, at most so many of each kind;
/// fewer where it spans fewer dimensions. Modes have unit length over their V*3 numbers and their
/// largest number is positive; identity_std and expression_std are in the model's unit. With
/// standard deviations (identity: 1 each where unknown) the modes are taken as independent and
/// normal about the mean; expressions without them as blendshapes, each as frequent as the neutral
/// face, whose mean moves into `mean`. With all modes every shape of `model` is a shape of this one
/// but for rounding (1e-3 mm).
FaceModel principal_model(const FaceModel& model,
                          std::size_t identities = kIdentityModes,
                          std::size_t expressions = kExpressionModes);

/// The head of `kind` for drawing, in principal modes and mm. It makes no actions.
/// Errors: those of installed_head.
Head morphable_head(FaceHead kind);

/// The same of a model that a user brings (face_models.h), completed with eyes, teeth and the back
/// of a head. Error (Exit::kPrecondition): it has no 68 landmarks or no unit.
Head morphable_head(const FaceModel& brought);

}  // namespace mien
