// The readers of the file formats of face models, and the checks that they share. face_models.cpp
// chooses the reader. harness/geometry/face_model.h reads and writes Mien's own format.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "datasets/formats/matrix.h"
#include "harness/geometry/face_model.h"

namespace mien {

/// Returns `count` names: "<stem>000", "<stem>001" and so on.
std::vector<std::string> numbered_names(const std::string& stem, std::size_t count);

// The functions below fail with Exit::kPrecondition and name `where`, the file and variable.

/// Returns the modes one after another (modes*size). The rows of the matrix are the modes, or its
/// columns if only they fit.
std::vector<float> modes_of(Matrix matrix, std::size_t size, const std::string& where);
/// Returns the stored vertex numbers (T*3) of a 3xT or Tx3 matrix of whole numbers.
std::vector<std::int32_t> triangles_of(const Matrix& matrix, const std::string& where);
/// Converts to whole numbers and fails at a fraction.
std::vector<std::int32_t> whole_numbers(std::span<const float> values, const std::string& where);
/// Replaces variances by standard deviations.
void take_roots(std::vector<float>& variances, const std::string& where);

FaceModel load_ict_folder(const std::filesystem::path& folder);  // with generic_neutral_mesh.obj
FaceModel load_mat_model(const std::filesystem::path& path);     // BFM 2009, Deep3D, HIFI3D++, LYHM
FaceModel load_hdf_model(const std::filesystem::path& path);     // BFM 2017 and 2019
FaceModel load_sfm_model(const std::filesystem::path& path);     // Surrey, with its blendshapes
FaceModel load_exp_pca(const std::filesystem::path& path);       // Exp_Pca.bin: expressions only

/// Return whether a file with this beginning and size has that format.
bool is_sfm_model(const std::string& head);
bool is_exp_pca(const std::string& head, std::uintmax_t bytes);

}  // namespace mien
