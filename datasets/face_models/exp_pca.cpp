// Exp_Pca.bin, expressions over the 53,215 vertices of a cut BFM 2009, without a neutral face:
//
//   i32 n; f32 mean[3V]; f32 basis[n][3V]      std_exp.txt beside it: n standard deviations
//
// The `mean` of the model is the mean offset. The model has neither identities nor triangles.
#include <charconv>
#include <cstring>

#include "datasets/face_models/face_model_files.h"
#include "harness/base/error.h"
#include "harness/base/files.h"

namespace mien {
namespace {

constexpr std::size_t kNumbers = 3 * 53215;

std::vector<float> read_stds(const std::filesystem::path& path, std::size_t count) {
  const std::string text = read_text(path);
  std::vector<float> values;
  for (const char *at = text.data(), *end = at + text.size(); at < end;) {
    if (std::string_view(" \t\r\n,").find(*at) != std::string_view::npos) {
      ++at;
      continue;
    }
    float value = 0;
    const auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc()) fail_variable(path.string(), "not a list of numbers");
    values.push_back(value);
    at = stop;
  }
  require_finite(values, path.string());
  if (values.size() != count)
    fail_variable(path.string(), fmt::format("{} numbers for {} modes", values.size(), count));
  return values;
}

}  // namespace

bool is_exp_pca(const std::string& head, std::uintmax_t bytes) {
  std::int32_t modes = 0;
  if (head.size() < sizeof modes) return false;
  std::memcpy(&modes, head.data(), sizeof modes);
  return modes > 0 && bytes == 4 + 4 * kNumbers * (1 + static_cast<std::uintmax_t>(modes));
}

FaceModel load_exp_pca(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::size_t modes = file.size() / 4 / kNumbers - 1;
  FaceModel model;
  model.name = "exp-pca";
  model.licence = "unclear (derived from FaceWarehouse): research only, do not pass on";
  model.millimetres = 0;
  model.mean.resize(kNumbers);
  model.expression.resize(modes * kNumbers);
  std::memcpy(model.mean.data(), file.data() + 4, 4 * kNumbers);
  std::memcpy(model.expression.data(), file.data() + 4 + 4 * kNumbers, 4 * modes * kNumbers);
  require_finite(model.mean, path.string() + ": mean");
  require_finite(model.expression, path.string() + ": basis");
  model.expression_names = numbered_names("expression", modes);
  std::error_code ignored;
  const std::filesystem::path stds = path.parent_path() / "std_exp.txt";
  if (std::filesystem::exists(stds, ignored)) model.expression_std = read_stds(stds, modes);
  return model;
}

}  // namespace mien
