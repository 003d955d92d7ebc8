// Converts the modes of any morphable model to principal components: orthonormal, with the standard
// deviation of each coefficient. The modes of the source may be facial actions, blendshapes or the
// modes of a scanned population. Networks regress coefficients in these modes (Chang et al.,
// "ExpNet", FG 2018: 99 of identity, 29 of expression).
#pragma once

#include <cstddef>

#include "datasets/faces/face_request.h"
#include "datasets/faces/head.h"

namespace mien {

inline constexpr std::size_t kIdentityComponents = 99, kExpressionComponents = 29;  // as in ExpNet

/// Returns `model` in at most the given numbers of principal components, by falling standard
/// deviation. There are fewer where the model spans fewer dimensions. Every mode has length 1 over
/// its V*3 numbers, and its largest number in magnitude is positive. identity_std and
/// expression_std are in the model's unit.
///
/// Modes with standard deviations (identity: 1 each if unknown) count as independent and normal
/// about the mean. Expressions without them count as blendshapes, each as frequent as the neutral
/// face, and their mean moves into `mean`. All modes together span every shape of `model` within
/// rounding (1e-3 mm).
FaceModel principal_model(const FaceModel& model,
                          std::size_t identities = kIdentityComponents,
                          std::size_t expressions = kExpressionComponents);

/// Returns the head of `kind` for drawing, in principal components and mm. It makes no actions.
/// Errors: those of installed_head.
Head principal_head(FaceHead kind);

/// Returns a user's model (face_models.h) in principal components, completed with eyes, teeth and
/// the back of a head. Error (Exit::kPrecondition): it does not have 68 landmarks and a unit.
Head principal_head(const FaceModel& model);

}  // namespace mien
