#include "harness/task/pack.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/text.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

constexpr std::int64_t kFerPlusColumns = 10;

template <typename T>
TensorView view_of(DType dtype, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  return {dtype, std::move(shape), std::as_bytes(std::span(values))};
}

template <typename T>
std::span<const T> elements(const TensorView& tensor) {
  return {reinterpret_cast<const T*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(T)};
}

std::vector<std::string> names_from(const SafetensorsFile& file, const char* key) {
  const json names = json::parse(file.meta(key), nullptr, /*allow_exceptions=*/false);
  if (!names.is_array() ||
      !std::all_of(names.begin(), names.end(), [](const json& name) { return name.is_string(); }))
    fail(Exit::kIntegrity, "{}: metadata '{}' is not a list of names", file.path().string(), key);
  return names.get<std::vector<std::string>>();
}

/// Mien's own packs are aligned; a file from elsewhere may be valid and still not be.
template <typename T>
std::span<const T> aligned(const TensorView& tensor, const fs::path& path) {
  if (reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % alignof(T) != 0)
    fail(Exit::kIntegrity,
         "{}: a tensor is not aligned to its elements; prepare the dataset again",
         path.string());
  return elements<T>(tensor);
}

template <typename T>
void check_range(
    std::span<const T> values, T low, std::size_t below, const char* what, const fs::path& path) {
  for (const T value : values)
    if (value < low || value >= static_cast<T>(below))
      fail(Exit::kIntegrity,
           "{}: {} {} is out of range; prepare the dataset again",
           path.string(),
           what,
           value);
}

[[noreturn]] void fail_targets(const fs::path& path, const std::string& what) {
  fail(Exit::kIntegrity, "{}: {}; prepare the dataset again", path.string(), what);
}

std::map<std::string, TargetsView> targets_from(const SafetensorsFile& file, std::int64_t rows) {
  std::map<std::string, TargetsView> all;
  const auto text = file.metadata().find("targets");
  if (text == file.metadata().end()) return all;
  const json described = json::parse(text->second, nullptr, /*allow_exceptions=*/false);
  if (!described.is_object()) fail_targets(file.path(), "metadata 'targets' is no JSON object");
  for (const auto& [name, columns] : described.items()) {
    const TensorView& tensor = file.tensor(name, DType::kF32, 2);
    TargetsView view;
    try {
      columns.at("names").get_to(view.names);
      columns.at("std").get_to(view.std);
    } catch (const json::exception&) {
      fail_targets(file.path(), fmt::format("metadata of target '{}' lack names or std", name));
    }
    view.values = aligned<float>(tensor, file.path());
    const std::int64_t width = std::ssize(view.names);
    if (tensor.shape != std::vector{rows, width} ||
        (!view.std.empty() && std::ssize(view.std) != width))
      fail_targets(file.path(),
                   fmt::format("target '{}' is {} x {} for {} images, {} names, {} std",
                               name,
                               tensor.shape[0],
                               tensor.shape[1],
                               rows,
                               width,
                               view.std.size()));
    if (!std::ranges::all_of(view.values, [](float value) { return std::isfinite(value); }))
      fail_targets(file.path(), fmt::format("target '{}' has a number that is not finite", name));
    all.emplace(name, std::move(view));
  }
  return all;
}

json described(const std::map<std::string, Targets>& targets) {
  json all = json::object();
  for (const auto& [name, columns] : targets)
    all[name] = {{"names", columns.names}, {"std", columns.std}};
  return all;
}

}  // namespace

fs::path write_pack(const fs::path& directory, const Samples& s, std::string& sha256) {
  const std::int64_t n = static_cast<std::int64_t>(s.labels.size());
  std::optional<MappedFile> image_file;
  if (!s.image_file.empty()) image_file.emplace(s.image_file);
  TensorView images = view_of(DType::kU8, {n, s.channels, s.height, s.width}, s.images);
  if (image_file) images.bytes = {image_file->data(), image_file->size()};
  MIEN_ASSERT(std::ssize(images.bytes) == images.elements());
  MIEN_ASSERT(std::ssize(s.ids) == n && std::ssize(s.split) == n);
  MIEN_ASSERT(std::ssize(s.subject) == n && std::ssize(s.sequence) == n);
  for (const std::string& id : s.ids)
    if (id.empty() || id.find('\n') != std::string::npos)
      fail(Exit::kPrecondition,
           "{}: sample id {} is empty or has a line break; rename the file",
           s.dataset,
           json(id).dump(-1, ' ', false, json::error_handler_t::replace));
  std::map<std::string, TensorView> tensors = {
      {"images", images},
      {"labels", view_of(DType::kI64, {n}, s.labels)},
      {"subject", view_of(DType::kI32, {n}, s.subject)},
      {"sequence", view_of(DType::kI32, {n}, s.sequence)},
      {"split", view_of(DType::kI32, {n}, s.split)},
  };
  if (!s.ferplus.empty()) {
    MIEN_ASSERT(std::ssize(s.ferplus) == n * kFerPlusColumns);
    tensors.emplace("ferplus", view_of(DType::kU8, {n, kFerPlusColumns}, s.ferplus));
  }
  for (const auto& [name, targets] : s.targets) {
    const std::int64_t width = std::ssize(targets.names);
    MIEN_ASSERT(!tensors.contains(name) && std::ssize(targets.values) == n * width);
    tensors.emplace(name, view_of(DType::kF32, {n, width}, targets.values));
  }
  std::map<std::string, std::string> metadata = {
      {"dataset", s.dataset},
      {"data", name_of(s.data)},
      {"class_names", json(s.class_names).dump()},
      {"split_names", json(s.split_names).dump()},
      {"ids", fmt::format("{}", fmt::join(s.ids, "\n"))},
      {"manifest", s.manifest},
  };
  if (!s.targets.empty()) metadata["targets"] = described(s.targets).dump();
  const fs::path unnamed =
      directory / fmt::format("{}-unnamed-{}.safetensors", s.dataset, ::getpid());
  sha256 = write_safetensors(unnamed, tensors, metadata, [&](std::span<const std::byte> part) {
    if (image_file && part.data() >= images.bytes.data() &&
        part.data() < images.bytes.data() + images.bytes.size())
      image_file->release(part);
  });
  const fs::path named =
      directory / fmt::format("{}-{}.safetensors", s.dataset, sha256.substr(0, 16));
  std::error_code error;
  fs::rename(unnamed, named, error);
  if (error) fail(Exit::kPrecondition, "{}: cannot rename: {}", named.string(), error.message());
  return named;
}

Pack::Pack(const fs::path& path)
    : file_(path),
      images_(file_.tensor("images", DType::kU8, 4)),
      labels_(aligned<std::int64_t>(file_.tensor("labels", DType::kI64, 1), path)),
      split_(aligned<std::int32_t>(file_.tensor("split", DType::kI32, 1), path)),
      subject_(aligned<std::int32_t>(file_.tensor("subject", DType::kI32, 1), path)),
      sequence_(aligned<std::int32_t>(file_.tensor("sequence", DType::kI32, 1), path)),
      class_names_(names_from(file_, "class_names")),
      split_names_(names_from(file_, "split_names")),
      ids_(lines_of(file_.meta("ids"))) {
  const std::size_t n = static_cast<std::size_t>(size());
  if (labels_.size() != n || split_.size() != n || subject_.size() != n || sequence_.size() != n ||
      ids_.size() != n)
    fail(Exit::kIntegrity,
         "{}: {} images but {} labels, {} splits, {} subjects, {} sequences, {} ids; prepare "
         "the dataset again",
         path.string(),
         n,
         labels_.size(),
         split_.size(),
         subject_.size(),
         sequence_.size(),
         ids_.size());
  check_range(labels_, std::int64_t{-1}, class_names_.size(), "label", path);
  check_range(split_, 0, split_names_.size(), "split", path);
  targets_ = targets_from(file_, size());
}

std::span<const std::uint8_t> Pack::images() const { return elements<std::uint8_t>(images_); }

std::vector<std::int64_t> Pack::rows_of(const std::vector<std::string>& splits) const {
  std::vector<bool> wanted(split_names_.size(), false);
  for (const std::string& name : splits) {
    const auto found = std::find(split_names_.begin(), split_names_.end(), name);
    if (found == split_names_.end())
      fail(Exit::kUsage, "{}: no split '{}'{}", dataset(), name, suggest(name, split_names_));
    wanted[static_cast<std::size_t>(found - split_names_.begin())] = true;
  }
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < size(); ++row) {
    const std::size_t at = static_cast<std::size_t>(row);
    if (wanted[static_cast<std::size_t>(split_[at])] && is_usable(row)) rows.push_back(row);
  }
  if (rows.empty())
    fail(Exit::kPrecondition,
         "{}: no usable sample in {}; bring a copy of the dataset that "
         "has these, with labels",
         path().string(),
         fmt::join(splits, ", "));
  return rows;
}

}  // namespace mien
