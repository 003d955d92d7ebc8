// Reads ICT-FaceKit as its owners distribute it: a folder FaceXModel/ of OBJ files with one
// topology:
//
//   generic_neutral_mesh.obj   identity000.obj ...   <expression>.obj   vertex_indices.json
//
// A shape is neutral + sum(w * (file - neutral)), in about centimetres. A subset of the files is
// enough. vertex_indices.json lists the expressions.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "datasets/face_models/face_model_files.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/geometry/mesh.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr const char* kNeutral = "generic_neutral_mesh.obj";
constexpr const char* kIndices = "vertex_indices.json";

struct Indices {
  std::vector<std::string> expressions;
  std::vector<std::int32_t> landmarks68;
};

Indices read_indices(const fs::path& path) {
  const nlohmann::json json = nlohmann::json::parse(read_text(path), nullptr, false);
  try {
    return {json.at("expressions"), json.at("idx_to_landmark_verts")};
  } catch (const nlohmann::json::exception&) {
    fail(Exit::kPrecondition,
         "{}: needs the arrays expressions and idx_to_landmark_verts; download the file again",
         path.string());
  }
}

std::vector<std::string> identities_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, error)) {
    const fs::path name = file.path().filename();
    if (name.string().starts_with("identity") && name.extension() == ".obj")
      names.push_back(name.stem().string());
  }
  std::ranges::sort(names);
  return names;
}

/// Returns the offsets of `folder`/<name>.obj from the neutral mesh (modes*V*3).
std::vector<float> read_offsets(const fs::path& folder,
                                const std::vector<std::string>& names,
                                const Mesh& neutral) {
  const std::size_t size = neutral.vertices.size();
  std::vector<float> offsets(names.size() * size);
  parallel_for(names.size(), [&](std::size_t mode, int) {
    const fs::path path = folder / (names[mode] + ".obj");
    const Mesh mesh = read_obj(path);
    if (mesh.vertices.size() != size || mesh.triangles != neutral.triangles)
      fail(Exit::kPrecondition,
           "{}: {} vertices and {} triangles, which differ from {}; download both again",
           path.string(),
           mesh.vertices.size() / 3,
           mesh.triangles.size() / 3,
           kNeutral);
    std::ranges::transform(mesh.vertices,
                           neutral.vertices,
                           offsets.begin() + static_cast<std::ptrdiff_t>(mode * size),
                           std::minus());
  });
  return offsets;
}

}  // namespace

FaceModel load_ict_folder(const fs::path& folder) {
  const Indices indices = read_indices(folder / kIndices);
  Mesh neutral = read_obj(folder / kNeutral);
  FaceModel model;
  model.name = "ict-facekit";
  model.licence = "MIT, (c) 2020 USC Institute for Creative Technologies";
  model.millimetres = 10;
  model.identity_names = identities_in(folder);
  std::error_code ignored;
  for (const std::string& name : indices.expressions)
    if (fs::exists(folder / (name + ".obj"), ignored)) model.expression_names.push_back(name);
  model.identity = read_offsets(folder, model.identity_names, neutral);
  model.expression = read_offsets(folder, model.expression_names, neutral);
  model.landmarks68 = indices.landmarks68;
  if (model.landmarks68.size() != 68)
    fail_variable((folder / kIndices).string(),
                  fmt::format("{} landmarks, expected 68", model.landmarks68.size()));
  model.mean = std::move(neutral.vertices);
  model.triangles = std::move(neutral.triangles);
  require_indices(model.landmarks68, model.vertices(), (folder / kIndices).string());
  return model;
}

}  // namespace mien
