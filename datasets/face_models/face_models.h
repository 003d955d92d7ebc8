// Reads morphable face models from the files that their owners distribute. The content of a file
// decides its format, not its name. README.md lists the formats.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/geometry/face_model.h"

namespace mien {

/// Reads a file or the folder of ICT-FaceKit. Turns triangles that face inwards.
/// Error (Exit::kPrecondition, with file and variable): the file does not exist, has an unknown
/// format, is cut short, or holds sizes that do not fit, an index out of range or a number that is
/// not finite. Pickles are refused, because loading one runs code.
FaceModel load_face_model(const std::filesystem::path& path);

/// Returns {"name","licence","millimetres_per_unit","vertices","triangles","identity_modes",
///  "expression_modes","identity_std","expression_std","landmarks68","size_mm": [x, y, z]}.
/// Unknown values are null. Errors: those of load_face_model.
nlohmann::ordered_json describe_face_model(const std::filesystem::path& path);

/// Loads `path`, writes it to `out` with save_face_model and returns its description.
nlohmann::ordered_json pack_face_model(const std::filesystem::path& path,
                                       const std::filesystem::path& out);

}  // namespace mien
