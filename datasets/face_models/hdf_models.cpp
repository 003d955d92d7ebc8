// Basel Face Model 2017 and 2019 in HDF5:
//
//   {shape,expression}/model/mean          3V numbers, x y z x y z ...
//   {shape,expression}/model/pcaBasis      3V x n
//   {shape,expression}/model/pcaVariance   n: variances, not standard deviations
//   [shape/]representer/cells              3 x T vertex numbers from 0
//
// A shape is both means plus both sums of modes.
#include "datasets/face_models/face_model_files.h"
#include "datasets/formats/hdf_file.h"
#include "harness/base/error.h"

namespace mien {
namespace {

struct HdfPca {
  std::vector<float> mean, modes, std;
};

HdfPca read_pca(const HdfFile& file, const std::string& group, std::size_t size) {
  HdfPca pca{file.matrix(group + "mean").values, {}, file.matrix(group + "pcaVariance").values};
  if (pca.mean.size() % 3 != 0 || (size > 0 && pca.mean.size() != size))
    fail_variable(file.where(group + "mean"),
                  fmt::format("{} numbers, expected 3 per vertex", pca.mean.size()));
  const std::string basis = group + "pcaBasis";
  pca.modes = modes_of(file.matrix(basis), pca.mean.size(), file.where(basis));
  const std::size_t modes = pca.modes.size() / pca.mean.size();
  if (pca.std.size() != modes)
    fail_variable(file.where(group + "pcaVariance"),
                  fmt::format("{} numbers for {} modes", pca.std.size(), modes));
  take_roots(pca.std, file.where(group + "pcaVariance"));
  return pca;
}

void read_expression(const HdfFile& file, FaceModel& model) {
  HdfPca expression = read_pca(file, "expression/model/", model.mean.size());
  for (std::size_t i = 0; i < model.mean.size(); ++i) model.mean[i] += expression.mean[i];
  model.expression_names = numbered_names("expression", expression.std.size());
  model.expression = std::move(expression.modes);
  model.expression_std = std::move(expression.std);
}

}  // namespace

FaceModel load_hdf_model(const std::filesystem::path& path) {
  const HdfFile file(path);
  if (!file.has("shape/model/mean"))
    fail(Exit::kPrecondition,
         "{}: shape/model/mean is missing; give the HDF5 file of BFM 2017 or 2019",
         path.string());
  HdfPca shape = read_pca(file, "shape/model/", 0);
  FaceModel model;
  model.name = "bfm-hdf5";
  model.licence = "Basel Face Model: registration, non-commercial, do not pass on";
  model.millimetres = 0;  // not in the file
  model.identity_names = numbered_names("identity", shape.std.size());
  model.mean = std::move(shape.mean);
  model.identity = std::move(shape.modes);
  model.identity_std = std::move(shape.std);
  if (file.has("expression/model/mean")) read_expression(file, model);
  const char* cells =
      file.has("shape/representer/cells") ? "shape/representer/cells" : "representer/cells";
  model.triangles = triangles_of(file.matrix(cells), file.where(cells));
  require_indices(model.triangles, model.vertices(), file.where(cells));
  return model;
}

}  // namespace mien
