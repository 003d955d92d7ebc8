#include "datasets/face_models/sfm.h"

#include <algorithm>
#include <cstring>

#include "datasets/face_models/face_model_files.h"
#include "harness/base/error.h"
#include "harness/base/files.h"

namespace mien {
namespace {

/// Takes values from the front of a file image and never reads past its end.
class Bytes {
 public:
  Bytes(std::span<const std::byte> image, const std::string& name) : left_(image), name_(name) {}

  std::string where(const std::string& variable) const { return name_ + ": " + variable; }

  template <typename T>
  T take(const std::string& variable) {
    T value;
    need(sizeof value, variable);
    std::memcpy(&value, left_.data(), sizeof value);
    left_ = left_.subspan(sizeof value);
    return value;
  }
  template <typename T>
  std::vector<T> take_all(std::size_t count, const std::string& variable) {
    if (count > left_.size() / sizeof(T)) need(left_.size() + 1, variable);
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), left_.data(), count * sizeof(T));
    left_ = left_.subspan(count * sizeof(T));
    return values;
  }
  /// Takes a count of elements of at least `bytes_each`.
  std::size_t take_count(std::size_t bytes_each, const std::string& variable) {
    const auto count = take<std::uint64_t>(variable);
    if (count > left_.size() / bytes_each) need(left_.size() + 1, variable);
    return count;
  }
  /// Takes a matrix and returns its transpose, because the file stores columns.
  Matrix take_matrix(const std::string& variable) {
    const auto rows = take<std::int32_t>(variable), cols = take<std::int32_t>(variable);
    if (rows < 0 || cols < 0)
      fail_variable(where(variable), fmt::format("{} x {} numbers", rows, cols));
    Matrix m{static_cast<std::size_t>(cols), static_cast<std::size_t>(rows), {}};
    m.values = take_all<float>(m.rows * m.cols, variable);
    require_finite(m.values, where(variable));
    return m;
  }
  void require_end() const {
    if (!left_.empty()) fail_variable(name_, fmt::format("{} bytes after its end", left_.size()));
  }

 private:
  void need(std::size_t bytes, const std::string& variable) const {
    if (bytes > left_.size()) fail_variable(where(variable), "the file is cut short");
  }

  std::span<const std::byte> left_;
  const std::string& name_;
};

struct SfmPca {
  Matrix mean, basis, eigenvalues;
  std::vector<std::int32_t> triangles;
};

SfmPca take_pca(Bytes& bytes, const std::string& prefix) {
  SfmPca pca;
  pca.mean = bytes.take_matrix(prefix + "mean");
  pca.basis = bytes.take_matrix(prefix + "basis");
  pca.eigenvalues = bytes.take_matrix(prefix + "eigenvalues");
  const std::size_t triangles = bytes.take_count(12, prefix + "triangles");
  pca.triangles = bytes.take_all<std::int32_t>(triangles * 3, prefix + "triangles");
  return pca;
}

}  // namespace

FaceModel parse_sfm(std::span<const std::byte> image, const std::string& name) {
  Bytes bytes(image, name);
  if (const auto version = bytes.take<std::uint32_t>("version"); version != 1)
    fail_variable(bytes.where("version"), fmt::format("{}, expected 1", version));
  SfmPca shape = take_pca(bytes, "");
  take_pca(bytes, "colour ");
  bytes.take_all<double>(2 * bytes.take_count(16, "uv"), "uv");
  bytes.require_end();

  FaceModel model;
  model.name = "surrey-sfm";
  model.licence = "University of Surrey: non-commercial, do not pass on";
  model.mean = std::move(shape.mean.values);
  if (model.mean.empty() || model.mean.size() % 3 != 0 || shape.mean.rows != 1)
    fail_variable(bytes.where("mean"), fmt::format("{} numbers", model.mean.size()));
  const std::size_t modes = shape.basis.rows;
  if (shape.basis.cols != model.mean.size() || shape.eigenvalues.values.size() != modes)
    fail_variable(bytes.where("basis"),
                  fmt::format("{} x {} numbers for a mean of {} and {} eigenvalues",
                              shape.basis.cols,
                              modes,
                              model.mean.size(),
                              shape.eigenvalues.values.size()));
  model.identity = std::move(shape.basis.values);
  model.identity_names = numbered_names("identity", modes);
  model.identity_std = std::move(shape.eigenvalues.values);
  take_roots(model.identity_std, bytes.where("eigenvalues"));
  model.triangles = std::move(shape.triangles);
  require_indices(model.triangles, model.vertices(), bytes.where("triangles"));
  return model;
}

void parse_blendshapes(std::span<const std::byte> image,
                       const std::string& name,
                       FaceModel& model) {
  Bytes bytes(image, name);
  const std::size_t count = bytes.take_count(16, "count");
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t length = bytes.take_count(1, "name");
    const std::vector<char> letters = bytes.take_all<char>(length, "name");
    // Messages show the name, so it must be printable.
    if (!std::ranges::all_of(letters, [](char c) { return c > ' ' && c < '\x7f'; }))
      fail_variable(bytes.where("name"), "not a name");
    const std::string mode(letters.begin(), letters.end());
    const Matrix offsets = bytes.take_matrix(mode);
    if (offsets.values.size() != model.mean.size())
      fail_variable(bytes.where(mode),
                    fmt::format("{} numbers for {}", offsets.values.size(), model.mean.size()));
    model.expression_names.push_back(mode);
    model.expression.insert(model.expression.end(), offsets.values.begin(), offsets.values.end());
  }
  bytes.require_end();
}

bool is_sfm_model(const std::string& head) {
  std::int32_t words[3] = {};  // version, rows and columns of the mean
  if (head.size() < sizeof words) return false;
  std::memcpy(words, head.data(), sizeof words);
  return words[0] == 1 && words[1] > 0 && words[2] == 1;
}

FaceModel load_sfm_model(const std::filesystem::path& path) {
  const MappedFile file(path);
  FaceModel model = parse_sfm({file.data(), file.size()}, path.string());
  const std::filesystem::path beside =
      path.parent_path() / fmt::format("expression_blendshapes_{}.bin", model.vertices());
  std::error_code ignored;
  if (!std::filesystem::exists(beside, ignored)) return model;
  const MappedFile blendshapes(beside);
  parse_blendshapes({blendshapes.data(), blendshapes.size()}, beside.string(), model);
  return model;
}

}  // namespace mien
