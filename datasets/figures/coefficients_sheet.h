// Draws the sheets of `bench explain` for models that regress coefficients: the head that the
// coefficients make, over the picture and alone, and the coefficients beside the true ones. The
// input is a safetensors file:
//
//   image      U8  [3, S, S]  RGB, square
//   predicted  F32 [K]        expression coefficients
//   truth      F32 [K]        if known
//   identity   F32 [I]        if known; otherwise the mean person is drawn
//   pose       F32 [6]        in front of the standard camera (camera.h), if known
//
// The metadata `title` holds the lines at the head of the sheet and `notes`, which may be missing,
// the lines at its foot. Coefficients are in standard deviations, as `reconstruct` takes them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "datasets/figures/sheet.h"

namespace mien {

/// Returns these panels: the picture; the predicted head over it (if a pose is known); the
/// predicted head from the front; its distance from the true head (if a truth is known); and below
/// a bar per coefficient. Errors: those of load_face_model. Error (Exit::kIntegrity): `file` is not
/// such a file. Error (Exit::kPrecondition): it has more coefficients than the model has modes.
ExplainSheet coefficients_sheet(const std::filesystem::path& file,
                                const std::filesystem::path& face_model);

}  // namespace mien
