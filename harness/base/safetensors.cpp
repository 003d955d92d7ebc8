#include "harness/base/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/digest.h"
#include "harness/base/error.h"

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

namespace mien {
namespace {

using nlohmann::json;

constexpr std::size_t kWriteBytes = std::size_t{8} << 20;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's limit

/// Refuses duplicate keys, which most JSON parsers silently merge.
json parse_strict(std::string_view text, const std::string& file) {
  std::vector<std::set<std::string>> keys;
  std::string duplicate;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      duplicate = parsed.get<std::string>();
    return true;
  };
  json header = json::parse(text, watch, /*allow_exceptions=*/false);
  if (header.is_discarded() || !header.is_object() || !text.starts_with('{'))
    fail(Exit::kIntegrity, "{}: header is not a JSON object; the file is corrupt", file);
  if (!duplicate.empty())
    fail(Exit::kIntegrity,
         "{}: header names {} twice; the file is corrupt",
         file,
         json(duplicate).dump());
  return header;
}

DType read_dtype(const json& tensor, const std::string& where) {
  const auto dtype = tensor.find("dtype");
  if (dtype == tensor.end() || !dtype->is_string()) fail(Exit::kIntegrity, "{}: no dtype", where);
  if (const auto known = find_enum<DType>(dtype->get_ref<const std::string&>())) return *known;
  fail(Exit::kIntegrity, "{}: dtype {} is not supported", where, dtype->dump());
}

std::vector<std::int64_t> read_shape(const json& tensor, const std::string& where) {
  const auto shape = tensor.find("shape");
  if (shape == tensor.end() || !shape->is_array()) fail(Exit::kIntegrity, "{}: no shape", where);
  std::vector<std::int64_t> sizes;
  for (const json& size : *shape) {
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > INT64_MAX)
      fail(Exit::kIntegrity, "{}: bad shape {}", where, shape->dump());
    sizes.push_back(size.get<std::int64_t>());
  }
  return sizes;
}

TensorView read_tensor(const json& tensor,
                       std::span<const std::byte> data,
                       const std::string& where) {
  if (!tensor.is_object()) fail(Exit::kIntegrity, "{}: not an object", where);
  TensorView view{read_dtype(tensor, where), read_shape(tensor, where), {}};
  const auto offsets = tensor.find("data_offsets");
  if (offsets == tensor.end() || !offsets->is_array() || offsets->size() != 2 ||
      !(*offsets)[0].is_number_unsigned() || !(*offsets)[1].is_number_unsigned())
    fail(Exit::kIntegrity, "{}: no data_offsets", where);
  const std::uint64_t begin = (*offsets)[0], end = (*offsets)[1];
  if (begin > end || end > data.size())
    fail(Exit::kIntegrity,
         "{}: data_offsets {} lie outside the file's {} data bytes; the file "
         "is truncated or corrupt",
         where,
         offsets->dump(),
         data.size());
  if (bytes_needed(view.shape, size_of(view.dtype)) != static_cast<std::int64_t>(end - begin))
    fail(Exit::kIntegrity,
         "{}: shape and dtype do not fill data_offsets {}",
         where,
         offsets->dump());
  view.bytes = data.subspan(begin, end - begin);
  return view;
}

void check_coverage(const std::map<std::string, TensorView>& tensors,
                    std::span<const std::byte> data,
                    const std::string& file) {
  std::vector<const TensorView*> order;
  for (const auto& [name, tensor] : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const TensorView* a, const TensorView* b) {
    return std::pair(a->bytes.data(), a->bytes.size()) <
           std::pair(b->bytes.data(), b->bytes.size());
  });
  const std::byte* at = data.data();
  for (const TensorView* tensor : order) {
    if (tensor->bytes.data() != at)
      fail(Exit::kIntegrity, "{}: tensors overlap or leave a gap; the file is corrupt", file);
    at += tensor->bytes.size();
  }
  if (at != data.data() + data.size())
    fail(Exit::kIntegrity,
         "{}: {} bytes after the last tensor; the file is corrupt",
         file,
         data.data() + data.size() - at);
}

}  // namespace

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::kU8:
    case DType::kI8:
    case DType::kBool:
      return 1;
    case DType::kI16:
    case DType::kF16:
    case DType::kBF16:
      return 2;
    case DType::kI32:
    case DType::kF32:
      return 4;
    case DType::kI64:
    case DType::kF64:
      return 8;
  }
  MIEN_UNREACHABLE("a DType without a size");
}

std::optional<std::int64_t> bytes_needed(std::span<const std::int64_t> shape,
                                         std::size_t element_bytes) {
  auto bytes = static_cast<std::int64_t>(element_bytes);
  for (const std::int64_t size : shape)
    if (__builtin_mul_overflow(bytes, size, &bytes)) return std::nullopt;
  return bytes;
}

std::int64_t TensorView::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

SafetensorsView SafetensorsView::parse(std::span<const std::byte> image, const std::string& name) {
  if (image.size() < 8)
    fail(Exit::kIntegrity, "{}: {} bytes are too few for a safetensors file", name, image.size());
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, image.data(), 8);
  if (header_bytes > kMaxHeaderBytes || header_bytes > image.size() - 8)
    fail(Exit::kIntegrity,
         "{}: header length {} exceeds the file; it is truncated or not a "
         "safetensors file",
         name,
         header_bytes);
  const json header = parse_strict(
      {reinterpret_cast<const char*>(image.data()) + 8, static_cast<std::size_t>(header_bytes)},
      name);
  const std::span<const std::byte> data = image.subspan(8 + header_bytes);
  SafetensorsView view;
  for (const auto& [key, value] : header.items()) {
    if (key == "__metadata__") {
      if (!value.is_object())
        fail(Exit::kIntegrity,
             "{}: __metadata__ is not a map of strings; the file is corrupt",
             name);
      for (const auto& [meta_key, meta_value] : value.items()) {
        if (!meta_value.is_string())
          fail(Exit::kIntegrity, "{}: metadata {} is not a string", name, json(meta_key).dump());
        view.metadata[meta_key] = meta_value.get<std::string>();
      }
      continue;
    }
    // dump() escapes line breaks: a hostile name must not break the one line of a message.
    const std::string where = fmt::format("{}: tensor {}", name, json(key).dump());
    view.tensors.emplace(key, read_tensor(value, data, where));
  }
  check_coverage(view.tensors, data, name);
  return view;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path),
      file_(path),
      view_(SafetensorsView::parse({file_.data(), file_.size()}, path.string())) {}

const TensorView& SafetensorsFile::tensor(const std::string& name,
                                          DType dtype,
                                          std::size_t rank) const {
  const auto found = tensors().find(name);
  if (found == tensors().end())
    fail(Exit::kIntegrity, "{}: no tensor '{}'; prepare the dataset again", path_.string(), name);
  const TensorView& tensor = found->second;
  if (tensor.dtype != dtype || tensor.shape.size() != rank)
    fail(Exit::kIntegrity,
         "{}: tensor '{}' is {} of rank {}, expected {} of rank {}",
         path_.string(),
         name,
         name_of(tensor.dtype),
         tensor.shape.size(),
         name_of(dtype),
         rank);
  return tensor;
}

const std::string& SafetensorsFile::meta(const std::string& key) const {
  const auto found = metadata().find(key);
  if (found == metadata().end())
    fail(Exit::kIntegrity, "{}: no metadata '{}'; prepare the dataset again", path_.string(), key);
  return found->second;
}

SafetensorsHeader safetensors_header(const std::map<std::string, TensorView>& tensors,
                                     const std::map<std::string, std::string>& metadata) {
  SafetensorsHeader header;
  for (const auto& [name, tensor] : tensors) header.order.push_back(name);
  // Widest elements first keeps every tensor aligned to its own element size.
  std::stable_sort(header.order.begin(), header.order.end(), [&](const auto& a, const auto& b) {
    return size_of(tensors.at(a).dtype) > size_of(tensors.at(b).dtype);
  });
  nlohmann::ordered_json text = nlohmann::ordered_json::object();
  if (!metadata.empty()) text["__metadata__"] = metadata;
  std::size_t at = 0;
  for (const std::string& name : header.order) {
    const TensorView& tensor = tensors.at(name);
    const std::size_t end = at + tensor.bytes.size();
    text[name] = {
        {"dtype", name_of(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string body;
  try {
    body = text.dump();
  } catch (const json::exception&) {  // names from a file system may hold any bytes
    fail(Exit::kPrecondition,
         "a name or text for a safetensors header is not UTF-8; rename the file");
  }
  body.resize((body.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = body.size();
  header.bytes.assign(reinterpret_cast<const char*>(&length), 8);
  header.bytes += body;
  return header;
}

std::string write_safetensors(const std::filesystem::path& path,
                              const std::map<std::string, TensorView>& tensors,
                              const std::map<std::string, std::string>& metadata,
                              const Written& written) {
  const SafetensorsHeader header = safetensors_header(tensors, metadata);
  AtomicFile file(path);
  Digest digest;
  const auto put = [&](std::span<const std::byte> bytes) {
    file.write(bytes.data(), bytes.size());
    digest.update(bytes.data(), bytes.size());
  };
  put(std::as_bytes(std::span(header.bytes)));
  for (const std::string& name : header.order) {
    const std::span<const std::byte> bytes = tensors.at(name).bytes;
    for (std::size_t at = 0; at < bytes.size(); at += kWriteBytes) {
      const auto part = bytes.subspan(at, std::min(kWriteBytes, bytes.size() - at));
      put(part);
      if (written) written(part);
    }
  }
  file.commit();
  return digest.hex();
}

}  // namespace mien
