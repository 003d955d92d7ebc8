// Morphable face models from the files in which their owners hand them out. A format is known by
// its content, not by its name; the table is in datasets/README.md.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/core/face_model.h"

namespace mien {

/// Reads a file, or the folder of ICT-FaceKit. Triangles are turned to face outwards where the file
/// has them the other way round. Errors (Exit::kPrecondition, with file and variable): no such
/// file, no format that is read, cut short, sizes that do not fit, an index out of range, a number
/// that is not finite; and pickles, which would run code.
FaceModel load_face_model(const std::filesystem::path& path);

/// {"name","licence","millimetres_per_unit","vertices","triangles","identity_modes",
///  "expression_modes","identity_std","expression_std","landmarks68","size_mm": [x, y, z]}.
/// Unknown values are null. Errors: those of load_face_model.
nlohmann::ordered_json describe_face_model(const std::filesystem::path& path);

/// Loads `path`, writes it to `out` as save_face_model does, and describes it.
nlohmann::ordered_json pack_face_model(const std::filesystem::path& path,
                                       const std::filesystem::path& out);

}  // namespace mien
