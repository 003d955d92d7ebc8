// One reader per file format of face models; face_models.cpp chooses. Ours: core/face_model.h.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "harness/core/face_model.h"

namespace mien {

/// `count` names "<stem>000", "<stem>001" ...
std::vector<std::string> numbered_names(const std::string& stem, std::size_t count);

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

FaceModel load_ict_folder(const std::filesystem::path& folder);  // with generic_neutral_mesh.obj
FaceModel load_mat_model(const std::filesystem::path& path);     // BFM 2009, Deep3D, HIFI3D++, LYHM
FaceModel load_hdf_model(const std::filesystem::path& path);     // BFM 2017 and 2019
FaceModel load_sfm_model(const std::filesystem::path& path);     // Surrey, with its blendshapes
FaceModel load_exp_pca(const std::filesystem::path& path);       // Exp_Pca.bin: expressions only

/// Whether a file of this beginning and size is of that format.
bool is_sfm_model(const std::string& head);
bool is_exp_pca(const std::string& head, std::uintmax_t bytes);

}  // namespace mien
