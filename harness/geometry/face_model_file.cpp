// Face models in safetensors:
//
//   ours        mean F32 [V,3]; triangles I32 [T,3]; identity and expression F32 [components,V,3];
//               identity_std and expression_std F32 [components]; landmarks68 I32 [68]. Tensors
//               that a model does not have are absent. Metadata: format, name, licence,
//               millimetres, and the names of the components as JSON arrays.
//   ICT's pack  neutral, quads (I32 [F,4], -1 in the last column for a triangle), identity,
//               expression, landmarks68. Metadata: names joined by commas.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/safetensors.h"
#include "harness/geometry/face_model.h"

namespace mien {
namespace {

constexpr const char* kFormat = "mien-face-model-1";

// ---- writing -----------------------------------------------------------------------------------

template <typename T>
void put(std::map<std::string, TensorView>& tensors,
         const char* name,
         const std::vector<T>& values,
         std::vector<std::int64_t> shape) {
  if (values.empty()) return;
  tensors[name] = {std::is_same_v<T, float> ? DType::kF32 : DType::kI32,
                   std::move(shape),
                   std::as_bytes(std::span(values))};
}

}  // namespace

void save_face_model(const std::filesystem::path& path, const FaceModel& model) {
  const auto v = static_cast<std::int64_t>(model.vertices());
  const auto ids = static_cast<std::int64_t>(model.identity_components());
  const auto exs = static_cast<std::int64_t>(model.expression_components());
  std::map<std::string, TensorView> tensors;
  put(tensors, "mean", model.mean, {v, 3});
  put(tensors, "triangles", model.triangles, {std::ssize(model.triangles) / 3, 3});
  put(tensors, "identity", model.identity, {ids, v, 3});
  put(tensors, "expression", model.expression, {exs, v, 3});
  put(tensors, "identity_std", model.identity_std, {ids});
  put(tensors, "expression_std", model.expression_std, {exs});
  put(tensors, "landmarks68", model.landmarks68, {std::ssize(model.landmarks68)});
  write_safetensors(path,
                    tensors,
                    {{"format", kFormat},
                     {"name", model.name},
                     {"licence", model.licence},
                     {"millimetres", fmt::format("{}", model.millimetres)},
                     {"identity_names", nlohmann::json(model.identity_names).dump()},
                     {"expression_names", nlohmann::json(model.expression_names).dump()}});
}

// ---- reading -----------------------------------------------------------------------------------

namespace {

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path) {}

  std::string where(const std::string& name) const { return file_.path().string() + ": " + name; }
  bool has(const std::string& name) const { return file_.tensors().contains(name); }
  bool is_ours() const {
    const auto format = file_.metadata().find("format");
    return format != file_.metadata().end() && format->second == kFormat;
  }
  const std::string& meta(const std::string& key) const { return file_.meta(key); }

  /// Returns a tensor of the given shape, where -1 stands for any length.
  template <typename T>
  std::vector<T> tensor(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const DType dtype = std::is_same_v<T, float> ? DType::kF32 : DType::kI32;
    const TensorView& view = file_.tensor(name, dtype, shape.size());
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
      if (shape[axis] >= 0 && shape[axis] != view.shape[axis])
        fail_variable(where(name),
                      fmt::format("shape {}, expected {}", view.shape, fmt::join(shape, ", ")));
    std::vector<T> values(view.bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
    if constexpr (std::is_same_v<T, float>) require_finite(values, where(name));
    return values;
  }
  template <typename T>
  std::vector<T> optional(const std::string& name, const std::vector<std::int64_t>& shape) const {
    return has(name) ? tensor<T>(name, shape) : std::vector<T>();
  }

 private:
  SafetensorsFile file_;
};

std::vector<std::string> names_of(const Reader& file, const std::string& key) {
  const nlohmann::json names = nlohmann::json::parse(file.meta(key), nullptr, false);
  if (!names.is_array() || !std::ranges::all_of(names, [](auto& n) { return n.is_string(); }))
    fail_variable(file.where(key), "not a JSON array of names");
  return names;
}

double number_of(const Reader& file, const std::string& key) {
  const std::string& text = file.meta(key);
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || !(value >= 0 && value < 1e9))
    fail_variable(file.where(key), "not a number of millimetres");
  return value;
}

FaceModel read_ours(const Reader& file) {
  FaceModel model;
  model.name = file.meta("name");
  model.licence = file.meta("licence");
  model.millimetres = number_of(file, "millimetres");
  model.mean = file.tensor<float>("mean", {-1, 3});
  model.triangles = file.optional<std::int32_t>("triangles", {-1, 3});
  model.identity_names = names_of(file, "identity_names");
  model.expression_names = names_of(file, "expression_names");
  const auto v = static_cast<std::int64_t>(model.vertices());
  const auto ids = static_cast<std::int64_t>(model.identity_components());
  const auto exs = static_cast<std::int64_t>(model.expression_components());
  if (ids > 0) model.identity = file.tensor<float>("identity", {ids, v, 3});
  if (exs > 0) model.expression = file.tensor<float>("expression", {exs, v, 3});
  model.identity_std = file.optional<float>("identity_std", {ids});
  model.expression_std = file.optional<float>("expression_std", {exs});
  model.landmarks68 = file.optional<std::int32_t>("landmarks68", {68});
  return model;
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

/// Adds (a,b,c) and (a,c,d); only the first if d < 0.
void add_quad(std::vector<std::int32_t>& triangles, std::span<const std::int32_t, 4> q) {
  triangles.insert(triangles.end(), {q[0], q[1], q[2]});
  if (q[3] >= 0) triangles.insert(triangles.end(), {q[0], q[2], q[3]});
}

FaceModel read_ict(const Reader& file) {
  FaceModel model;
  model.name = "ict-facekit";
  model.licence = "MIT, (c) 2020 USC Institute for Creative Technologies";
  model.millimetres = 10;
  model.mean = file.tensor<float>("neutral", {-1, 3});
  const auto v = static_cast<std::int64_t>(model.vertices());
  model.identity_names = split_at_commas(file.meta("identity_names"));
  model.expression_names = split_at_commas(file.meta("expression_names"));
  model.identity = file.tensor<float>("identity", {std::ssize(model.identity_names), v, 3});
  model.expression = file.tensor<float>("expression", {std::ssize(model.expression_names), v, 3});
  const std::vector<std::int32_t> quads = file.tensor<std::int32_t>("quads", {-1, 4});
  for (std::size_t i = 0; i < quads.size(); i += 4)
    add_quad(model.triangles, std::span<const std::int32_t, 4>(&quads[i], 4));
  model.landmarks68 = file.tensor<std::int32_t>("landmarks68", {68});
  return model;
}

FaceModel read_packed(const std::filesystem::path& path) {
  const Reader file(path);
  FaceModel model;
  if (file.is_ours()) {
    model = read_ours(file);
  } else if (file.has("neutral") && file.has("quads")) {
    model = read_ict(file);
  } else {
    fail(Exit::kPrecondition,
         "{}: a safetensors file without a face model; expected one that `--out` wrote, or the "
         "packed ICT-FaceKit (tensors neutral, quads, identity, expression, landmarks68)",
         path.string());
  }
  if (model.mean.empty()) fail_variable(path.string(), "no vertices");
  require_indices(model.triangles, model.vertices(), file.where("triangles"));
  require_indices(model.landmarks68, model.vertices(), file.where("landmarks68"));
  face_outwards(model);
  return model;
}

}  // namespace

FaceModel load_packed_model(const std::filesystem::path& path) {
  try {
    return read_packed(path);
  } catch (const Error& error) {  // damage in a pack of ours is bad input here
    throw Error(Exit::kPrecondition, error.what());
  }
}

}  // namespace mien
