// Reads face models from MATLAB files: one table row per layout. Vertex numbers count from 1,
// unless a 0 shows that the file counts from 0. Modes are columns (3V x n) or rows (n x 3V) with
// coordinates x y z x y z ...
#include <algorithm>

#include "datasets/face_models/face_model_files.h"
#include "datasets/formats/mat_file.h"
#include "harness/base/error.h"

namespace mien {
namespace {

enum class Spread { kNone, kStd, kVariance };

/// The variables of one layout, "" where it has none.
struct MatLayout {
  const char *name, *licence;
  double millimetres;  // per unit, 0 if the owners do not state it
  const char *mean, *identity;
  const char* identity_spread;
  Spread spread;
  const char *expression_mean, *expression, *expression_std;
  const char *triangles, *landmarks;
};

constexpr const char* kBasel = "Basel Face Model: registration, non-commercial, do not pass on";

// clang-format off
constexpr MatLayout kLayouts[] = {
    // 01_MorphableModel.mat, micrometres
    {"bfm2009", kBasel, 0.001, "shapeMU", "shapePC", "shapeEV", Spread::kStd,
     "", "", "", "tl", ""},
    // BaselFaceModel_mod.mat, millimetres; the copy of Expression-Net has expressions
    {"bfm-mod", kBasel, 1, "BFM.shapeMU", "BFM.shapePC", "BFM.shapeEV", Spread::kStd,
     "BFM.expMU", "BFM.expPC", "BFM.expEV", "BFM.faces", ""},
    // BFM_model_front.mat of Deep3D, decimetres
    {"bfm-deep3d", kBasel, 100, "meanshape", "idBase", "", Spread::kNone,
     "", "exBase", "", "tri", "keypoints"},
    // HIFI3D++.mat; it is not stated whether its EVs are variances
    {"hifi3dpp", "REALY's authors: research only, do not pass on", 0,
     "mu_shape", "basis_shape", "", Spread::kNone, "", "basis_exp", "", "tri", ""},
    {"lyhm", "Headspace agreement: research only, do not pass on", 0,
     "shp.mu", "shp.eigVec", "shp.eigVal", Spread::kVariance, "", "", "", "tri.faces", ""},
};
// clang-format on

class MatReader {
 public:
  MatReader(MatFile& file, const MatLayout& layout) : file_(file), layout_(layout) {}

  FaceModel read() {
    FaceModel m;
    m.name = layout_.name;
    m.licence = layout_.licence;
    m.millimetres = layout_.millimetres;
    m.mean = mean();
    m.identity = modes(layout_.identity, m.mean.size());
    m.identity_names = numbered_names("identity", m.identity.size() / m.mean.size());
    m.identity_std = list(layout_.identity_spread, m.identity_components());
    if (layout_.spread == Spread::kVariance)
      take_roots(m.identity_std, file_.where(layout_.identity_spread));
    if (*layout_.expression && file_.has(layout_.expression)) read_expression(m);
    read_numbers(m);
    return m;
  }

 private:
  std::vector<float> mean() {
    const Matrix matrix = file_.transposed_matrix(layout_.mean);
    if ((matrix.rows != 1 && matrix.cols != 1) || matrix.values.size() % 3 != 0)
      fail_variable(
          file_.where(layout_.mean),
          fmt::format("{} x {} numbers, expected 3 per vertex", matrix.cols, matrix.rows));
    return matrix.values;
  }

  std::vector<float> modes(const char* name, std::size_t size) {
    return modes_of(file_.transposed_matrix(name), size, file_.where(name));
  }

  std::vector<float> list(const char* name, std::size_t count) {
    if (!*name) return {};
    std::vector<float> values = file_.transposed_matrix(name).values;
    if (values.size() != count)
      fail_variable(file_.where(name),
                    fmt::format("{} numbers for {} modes", values.size(), count));
    return values;
  }

  void read_expression(FaceModel& m) {
    m.expression = modes(layout_.expression, m.mean.size());
    m.expression_names = numbered_names("expression", m.expression.size() / m.mean.size());
    m.expression_std = list(layout_.expression_std, m.expression_components());
    if (!*layout_.expression_mean) return;
    const std::vector<float> offset = modes(layout_.expression_mean, m.mean.size());
    for (std::size_t i = 0; i < m.mean.size(); ++i) m.mean[i] += offset[i];
  }

  void read_numbers(FaceModel& m) {
    const std::string where = file_.where(layout_.triangles);
    m.triangles = triangles_of(file_.transposed_matrix(layout_.triangles), where);
    const std::int32_t first = std::ranges::find(m.triangles, 0) == m.triangles.end() ? 1 : 0;
    for (std::int32_t& vertex : m.triangles) vertex -= first;
    require_indices(m.triangles, m.vertices(), where);
    if (!*layout_.landmarks) return;
    const std::string points = file_.where(layout_.landmarks);
    m.landmarks68 = whole_numbers(file_.transposed_matrix(layout_.landmarks).values, points);
    if (m.landmarks68.size() != 68)
      fail_variable(points, fmt::format("{} landmarks, expected 68", m.landmarks68.size()));
    for (std::int32_t& vertex : m.landmarks68) vertex -= first;
    require_indices(m.landmarks68, m.vertices(), points);
  }

  MatFile& file_;
  const MatLayout& layout_;
};

}  // namespace

FaceModel load_mat_model(const std::filesystem::path& path) {
  MatFile file(path);
  std::vector<std::string> means;
  for (const MatLayout& layout : kLayouts) {
    if (file.has(layout.mean)) return MatReader(file, layout).read();
    means.push_back(layout.mean);
  }
  fail(Exit::kPrecondition,
       "{}: no face model found: none of the variables {} is in this MATLAB file",
       path.string(),
       fmt::join(means, ", "));
}

}  // namespace mien
