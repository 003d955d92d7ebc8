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

FaceModel load_packed_model(const std::filesystem::path& path);  // .safetensors, ours and ICT's
FaceModel load_ict_folder(const std::filesystem::path& folder);  // with generic_neutral_mesh.obj

}  // namespace mien
