#include "datasets/convert/arrays.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using Json = nlohmann::ordered_json;

struct Bf16 {
  std::uint16_t bits;
};
struct F16 {
  std::uint16_t bits;
};

template <typename T>
double number(T value) {
  return static_cast<double>(value);
}
double number(Bf16 value) { return std::bit_cast<float>(std::uint32_t{value.bits} << 16); }
double number(F16 value) {
  const int exponent = (value.bits >> 10) & 31, fraction = value.bits & 1023;
  double magnitude = std::ldexp(1024 + fraction, exponent - 25);
  if (exponent == 0) magnitude = std::ldexp(fraction, -24);
  if (exponent == 31) magnitude = fraction == 0 ? HUGE_VAL : std::nan("");
  return value.bits >> 15 ? -magnitude : magnitude;
}

struct Summary {
  double min = HUGE_VAL, max = -HUGE_VAL, sum = 0;
  std::int64_t finite = 0, not_finite = 0;
};

template <typename T>
Summary summary_as(std::span<const std::byte> bytes) {
  Summary summary;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
    T stored;
    std::memcpy(&stored, &bytes[at], sizeof stored);
    const double value = number(stored);
    if (!std::isfinite(value)) {
      ++summary.not_finite;
      continue;
    }
    ++summary.finite;
    summary.min = std::min(summary.min, value);
    summary.max = std::max(summary.max, value);
    summary.sum += value;
  }
  return summary;
}

Summary summary_of(const TensorView& tensor) {
  switch (tensor.dtype) {
    case DType::kU8:
    case DType::kBool:
      return summary_as<std::uint8_t>(tensor.bytes);
    case DType::kI8:
      return summary_as<std::int8_t>(tensor.bytes);
    case DType::kI16:
      return summary_as<std::int16_t>(tensor.bytes);
    case DType::kI32:
      return summary_as<std::int32_t>(tensor.bytes);
    case DType::kI64:
      return summary_as<std::int64_t>(tensor.bytes);
    case DType::kF16:
      return summary_as<F16>(tensor.bytes);
    case DType::kBF16:
      return summary_as<Bf16>(tensor.bytes);
    case DType::kF32:
      return summary_as<float>(tensor.bytes);
    case DType::kF64:
      return summary_as<double>(tensor.bytes);
  }
  return {};
}

Json tensor_json(const std::string& name, const TensorView& tensor) {
  const Summary summary = summary_of(tensor);
  const auto known = [&](double value) { return summary.finite > 0 ? Json(value) : Json(); };
  return {{"name", name},
          {"dtype", name_of(tensor.dtype)},
          {"shape", tensor.shape},
          {"min", known(summary.min)},
          {"max", known(summary.max)},
          {"mean", known(summary.sum / static_cast<double>(summary.finite))},
          {"not_finite", summary.not_finite}};
}

NpyArray read_npy(const fs::path& path) {
  const MappedFile file(path);
  return parse_npy({file.data(), file.size()}, path.string());
}

/// The file comes from a user, so a fault is a precondition and not damage of our own files.
std::unique_ptr<SafetensorsFile> open_safetensors(const fs::path& path) {
  try {
    return std::make_unique<SafetensorsFile>(path);
  } catch (const Error& error) {
    throw Error(Exit::kPrecondition, error.what());
  }
}

}  // namespace

ArrayFile::ArrayFile(const fs::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".npz") {
    arrays_ = read_npz(path);
  } else if (ending == ".npy") {
    arrays_.emplace(path.stem().string(), read_npy(path));
  } else if (ending == ".safetensors") {
    mapped_ = open_safetensors(path);
    tensors_ = mapped_->tensors();
  } else {
    fail(Exit::kUsage,
         "{}: its name ends neither in .npz, .npy nor .safetensors; convert .pt, .pth and .ckpt "
         "files "
         "in Python (models/README.md, Weights)",
         path.string());
  }
  for (const auto& [name, array] : arrays_) tensors_.emplace(name, array.view());
}

std::map<std::string, std::string> ArrayFile::metadata() const {
  return mapped_ ? mapped_->metadata() : std::map<std::string, std::string>();
}

Json convert_arrays(const std::vector<fs::path>& inputs, const fs::path& out) {
  if (out.extension() != ".safetensors")
    fail(Exit::kUsage, "{}: call the output NAME.safetensors", out.string());
  std::vector<std::unique_ptr<ArrayFile>> files;
  std::map<std::string, TensorView> tensors;
  std::int64_t not_finite = 0;
  for (const fs::path& input : inputs) {
    files.push_back(std::make_unique<ArrayFile>(input));
    for (const auto& [name, tensor] : files.back()->tensors()) {
      if (name == "__metadata__")
        fail(Exit::kPrecondition, "{}: an array must not be called {}", input.string(), name);
      if (!tensors.emplace(name, tensor).second)
        fail(Exit::kPrecondition,
             "{}: array {} is in an earlier input too; convert them one by one",
             input.string(),
             nlohmann::json(name).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
      not_finite += summary_of(tensor).not_finite;
    }
  }
  const std::string sha256 = write_safetensors(out, tensors, {});
  return {{"out", out.string()},
          {"sha256", sha256},
          {"bytes", fs::file_size(out)},
          {"tensors", tensors.size()},
          {"not_finite", not_finite}};
}

Json describe_arrays(const fs::path& path) {
  const ArrayFile file(path);
  Json tensors = Json::array();
  for (const auto& [name, tensor] : file.tensors()) tensors.push_back(tensor_json(name, tensor));
  return {{"file", path.string()}, {"metadata", file.metadata()}, {"tensors", tensors}};
}

}  // namespace mien
