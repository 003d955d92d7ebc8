// One reader per file format of face models; face_models.cpp chooses. Shared checks on top.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "datasets/face_model.h"

namespace mien {

/// `where` names file and variable: "BFM.mat: shapePC". All errors here are Exit::kPrecondition.
[[noreturn]] void fail_variable(const std::string& where, const std::string& what);
void require_finite(std::span<const float> values, const std::string& where);
/// `count` names "<stem>000", "<stem>001" ...
std::vector<std::string> numbered_names(const std::string& stem, std::size_t count);
/// Adds (a,b,c) and (a,c,d); a triangle where d < 0.
void add_quad(std::vector<std::int32_t>& triangles, std::span<const std::int32_t, 4> corners);
/// REQUIRES: every vertex number below `vertices`.
void require_indices(std::span<const std::int32_t> indices,
                     std::size_t vertices,
                     const std::string& where);

/// Numbers in rows and columns, row by row.
struct Matrix {
  std::size_t rows = 0, cols = 0;
  std::vector<float> values;
};
/// modes*size, mode by mode, from a matrix whose rows (or else columns) are the modes.
std::vector<float> modes_of(Matrix matrix, std::size_t size, const std::string& where);
/// Vertex numbers as they are stored, T*3, from a 3xT (or else Tx3) matrix of whole numbers.
std::vector<std::int32_t> triangles_of(const Matrix& matrix, const std::string& where);
std::vector<std::int32_t> whole_numbers(std::span<const float> values, const std::string& where);
/// Standard deviations from variances.
void take_roots(std::vector<float>& variances, const std::string& where);

FaceModel load_packed_model(const std::filesystem::path& path);  // .safetensors, ours and ICT's
FaceModel load_ict_folder(const std::filesystem::path& folder);  // with generic_neutral_mesh.obj
FaceModel load_mat_model(const std::filesystem::path& path);     // BFM 2009, Deep3D, HIFI3D++, LYHM
FaceModel load_hdf_model(const std::filesystem::path& path);     // BFM 2017 and 2019
FaceModel load_sfm_model(const std::filesystem::path& path);     // Surrey, with its blendshapes
FaceModel load_exp_pca(const std::filesystem::path& path);       // Exp_Pca.bin: expressions only

/// Whether a file of this beginning and size is of that format.
bool is_sfm_model(const std::string& head);
bool is_exp_pca(const std::string& head, std::uintmax_t bytes);

}  // namespace mien
