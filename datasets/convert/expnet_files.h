// Converts the tables of ExpNet: face boxes to crops, coefficients to meshes.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "datasets/convert/expnet_crop.h"

namespace mien {

/// The result of converting a table. Rows that cannot be used are left out and named.
struct RowsResult {
  nlohmann::ordered_json report;
  std::vector<std::string> problems;  // one line each: "faces.csv:3: column 5 (FACE_WIDTH): ..."
};

/// Reads rows `ID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT` (px; FILE is relative to the table;
/// other columns are ignored). Writes one ID.png per row and crops.csv with the windows into `out`.
/// An ID is a file name without folder and occurs once.
/// Report: {"rows", "written", "failed", "out", "side_px", "jpeg_quality" (null without JPEG)}.
/// Error (Exit::kPrecondition): the table or a column is missing; there is no row; `out` cannot be
/// written.
RowsResult crop_faces(const std::filesystem::path& table,
                      const std::filesystem::path& out,
                      const CropOptions& options);

enum class MeshFormat { kPly, kObj };

struct MeshOptions {
  MeshFormat format = MeshFormat::kPly;
  bool pose = true;  // apply the pose where the table has one
};

/// Reads rows `ID, s0, s1 ..., e0, e1 ..., p0 ... p5` with any number of shape and expression
/// coefficients and an optional pose; t0, t1 ... (texture) are ignored. Writes
/// ID_Shape_Expr_Pose.ply
/// (.obj) into `out`, or ID_Shape_Expr.ply without a pose (reconstruct.h). Triangles face outwards.
/// Report: {"rows", "written", "failed", "out", "model", "vertices", "shape", "expression", "pose",
/// "shape_std", "expression_std"}: the numbers of coefficients, and whether they are in standard
/// deviations.
/// Error (Exit::kPrecondition): those of load_face_model; the table is missing, has a column of
/// another name, has more coefficients than the model has modes, or has no row; `out` cannot be
/// written.
RowsResult write_meshes(const std::filesystem::path& table,
                        const std::filesystem::path& face_model,
                        const std::filesystem::path& out,
                        const MeshOptions& options);

}  // namespace mien
