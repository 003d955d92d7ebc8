// The tables around ExpNet: face boxes in, crops out; coefficients in, meshes out.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "datasets/expnet_crop.h"

namespace mien {

/// What became of a table. A row that cannot be used is left out and named, the others are done.
struct RowsResult {
  nlohmann::ordered_json report;
  std::vector<std::string> problems;  // one line each: "faces.csv:3: column 5 (FACE_WIDTH): ..."
};

/// Rows `ID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT` (px; further columns are read over; FILE is
/// taken from the table's folder): writes ID.png for each into `out`, and crops.csv with their
/// windows. An ID is a file name without folder, and there once.
/// Report: {"rows", "written", "failed", "out", "side_px", "jpeg_quality" (null without)}.
/// Errors (Exit::kPrecondition): no table, a column that is missing, no row, cannot be written.
RowsResult crop_faces(const std::filesystem::path& table,
                      const std::filesystem::path& out,
                      const CropOptions& options);

enum class MeshFormat { kPly, kObj };

struct MeshOptions {
  MeshFormat format = MeshFormat::kPly;
  bool pose = true;  // where the table has one
};

/// Rows `ID, s0, s1 ..., e0, e1 ..., p0 ... p5` with any or no number of shape and expression
/// coefficients, and with a pose or none; t0, t1 ... (texture) is read over. Writes
/// ID_Shape_Expr_Pose.ply (.obj) into `out`, or ID_Shape_Expr.ply where no pose was applied, by
/// reconstruct.h; triangles face outwards.
/// Report: {"rows", "written", "failed", "out", "model", "vertices", "shape", "expression", "pose",
/// "shape_std", "expression_std"}: numbers of coefficients, and whether they count standard
/// deviations.
/// Errors (Exit::kPrecondition): those of load_face_model, no table, a column of another name, more
/// coefficients than modes, no row, cannot be written.
RowsResult write_meshes(const std::filesystem::path& table,
                        const std::filesystem::path& face_model,
                        const std::filesystem::path& out,
                        const MeshOptions& options);

}  // namespace mien
