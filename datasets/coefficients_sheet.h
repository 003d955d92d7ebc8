// The picture side of `bench explain` for models that regress coefficients: the head that the
// numbers make, over the picture and alone, and the numbers beside the true ones. A safetensors of
//
//   image      U8  [3, S, S]  RGB, square           predicted  F32 [K]  expression coefficients
//   truth      F32 [K]        where it is known      identity   F32 [I]  where it is known, else
//   mean pose       F32 [6]        before the standard camera (portrait.h), where it is known
//
// and in its metadata `title`: lines for the head of the sheet; `notes`: lines for its foot, or
// none. Coefficients as `reconstruct` takes them, in standard deviations.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "datasets/explain_sheet.h"

namespace mien {

/// Panels: the picture; the predicted head over it (with a pose); the predicted head from the
/// front; its distance from the true one (with a truth); and below a bar per coefficient.
/// Errors: those of load_face_model; Exit::kIntegrity where `file` is not such a file;
/// Exit::kPrecondition where it has more coefficients than the model has modes.
ExplainSheet coefficients_sheet(const std::filesystem::path& file,
                                const std::filesystem::path& face_model);

}  // namespace mien
