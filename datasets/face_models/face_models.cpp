#include "datasets/face_models/face_models.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "datasets/face_models/face_model_files.h"
#include "harness/base/error.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {

namespace {

// ---- which format ------------------------------------------------------------------------------

constexpr const char* kFormats =
    "safetensors (Mien's, packed ICT-FaceKit), the folder of ICT-FaceKit, MATLAB (BFM 2009, "
    "BaselFaceModel_mod, BFM_model_front, HIFI3D++, LYHM), HDF5 (BFM 2017, 2019), sfm_shape_*.bin "
    "or Exp_Pca.bin";

/// Returns the first bytes of a file, fewer if it is shorter.
std::string head_of(const fs::path& path) {
  std::string head(16, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(Exit::kPrecondition, "{}: cannot be opened; is the path right?", path.string());
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return head;
}

bool is_safetensors(const std::string& head, std::uintmax_t bytes) {
  if (head.size() < 9 || head[8] != '{') return false;
  std::uint64_t header = 0;
  std::memcpy(&header, head.data(), sizeof header);
  return header < bytes;
}

bool is_pickle(const std::string& head, const fs::path& path) {
  return path.extension() == ".pkl" ||
         (head.size() > 1 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5);
}

[[noreturn]] void fail_unknown(const fs::path& path) {
  fail(Exit::kPrecondition,
       "{}: unknown format of a face model; expected {}",
       path.string(),
       kFormats);
}

FaceModel load_folder(const fs::path& path) {
  for (const fs::path& folder : {path, path / "FaceXModel"})
    if (std::error_code ignored; fs::exists(folder / "generic_neutral_mesh.obj", ignored))
      return load_ict_folder(folder);
  fail(Exit::kPrecondition,
       "{}: generic_neutral_mesh.obj is missing; give the folder FaceXModel of ICT-FaceKit",
       path.string());
}

FaceModel load_file(const fs::path& path) {
  const std::string head = head_of(path);
  if (is_pickle(head, path))
    fail(Exit::kPrecondition,
         "{}: a pickle (as FLAME is distributed), and loading a pickle runs the code in it; if you "
         "trust the file, convert it to one of: {}",
         path.string(),
         kFormats);
  const std::uintmax_t bytes = fs::file_size(path);
  if (is_safetensors(head, bytes)) return load_packed_model(path);
  if (head.starts_with("MATLAB ")) return load_mat_model(path);
  if (head.starts_with("\x89HDF\r\n\x1a\n")) return load_hdf_model(path);
  if (is_exp_pca(head, bytes)) return load_exp_pca(path);
  if (is_sfm_model(head)) return load_sfm_model(path);
  fail_unknown(path);
}

ordered_json describe(const FaceModel& model) {
  std::array<float, 3> low, high;
  low.fill(std::numeric_limits<float>::max());
  high.fill(std::numeric_limits<float>::lowest());
  for (std::size_t i = 0; i < model.mean.size(); ++i) {
    low[i % 3] = std::min(low[i % 3], model.mean[i]);
    high[i % 3] = std::max(high[i % 3], model.mean[i]);
  }
  ordered_json size = nullptr, unit = nullptr;
  if (model.millimetres > 0) {
    unit = model.millimetres;
    size = ordered_json::array();
    for (std::size_t axis = 0; axis < 3; ++axis)
      size.push_back(std::round((high[axis] - low[axis]) * model.millimetres * 10) / 10);
  }
  return {{"name", model.name},
          {"licence", model.licence},
          {"millimetres_per_unit", unit},
          {"vertices", model.vertices()},
          {"triangles", model.triangles.size() / 3},
          {"identity_modes", model.identity_components()},
          {"expression_modes", model.expression_components()},
          {"identity_std", !model.identity_std.empty()},
          {"expression_std", !model.expression_std.empty()},
          {"landmarks68", !model.landmarks68.empty()},
          {"size_mm", size}};
}

}  // namespace

FaceModel load_face_model(const fs::path& path) {
  std::error_code ignored;
  FaceModel model = fs::is_directory(path, ignored) ? load_folder(path) : load_file(path);
  face_outwards(model);
  return model;
}

ordered_json describe_face_model(const fs::path& path) { return describe(load_face_model(path)); }

ordered_json pack_face_model(const fs::path& path, const fs::path& out) {
  const FaceModel model = load_face_model(path);
  save_face_model(out, model);
  return describe(model);
}

}  // namespace mien
