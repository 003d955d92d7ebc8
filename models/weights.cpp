#include "models/weights.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/safetensors.h"

namespace mien {
namespace {

using nlohmann::json;

std::vector<std::pair<std::string, torch::Tensor>> state_of(const Model& model) {
  std::vector<std::pair<std::string, torch::Tensor>> state;
  for (const auto& parameter : model.named_parameters())
    state.emplace_back(parameter.key(), parameter.value());
  for (const auto& buffer : model.named_buffers()) state.emplace_back(buffer.key(), buffer.value());
  return state;
}

DType dtype_of(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat:
      return DType::kF32;
    case torch::kDouble:
      return DType::kF64;
    case torch::kHalf:
      return DType::kF16;
    case torch::kBFloat16:
      return DType::kBF16;
    case torch::kLong:
      return DType::kI64;
    default:
      MIEN_UNREACHABLE("a weight has a dtype that safetensors files of Mien do not carry");
  }
}

torch::ScalarType scalar_type_of(DType dtype) {
  switch (dtype) {
    case DType::kU8:
      return torch::kByte;
    case DType::kI8:
      return torch::kChar;
    case DType::kBool:
      return torch::kBool;
    case DType::kI16:
      return torch::kShort;
    case DType::kI32:
      return torch::kInt;
    case DType::kI64:
      return torch::kLong;
    case DType::kF16:
      return torch::kHalf;
    case DType::kBF16:
      return torch::kBFloat16;
    case DType::kF32:
      return torch::kFloat;
    case DType::kF64:
      return torch::kDouble;
  }
  return torch::kFloat;
}

/// Quotes text of a file for a message, on one line.
std::string shown(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

// --- name maps

json parse_map(const std::filesystem::path& path) {
  std::set<std::string> keys;
  std::string twice;
  const auto watch = [&](int depth, json::parse_event_t event, json& key) {
    if (event == json::parse_event_t::key && depth == 1 && !keys.insert(key).second) twice = key;
    return true;
  };
  json document = json::parse(read_text(path), watch, /*allow_exceptions=*/false);
  if (!document.is_object())
    fail(Exit::kUsage,
         "{}: not a JSON object; a name map is {{\"name in the model\": \"name in the file\"}}",
         path.string());
  if (!twice.empty())
    fail(Exit::kUsage, "{}: {} occurs twice; keep one", path.string(), shown(twice));
  return document;
}

std::vector<std::string> read_ignored(const json& value, const std::string& where) {
  std::vector<std::string> names;
  for (const json& name : value) {
    if (!value.is_array() || !name.is_string())
      fail(Exit::kUsage, "{}: expected a list of names", where);
    names.push_back(name);
  }
  return names;
}

std::vector<std::int64_t> read_axes(const json& value, const std::string& where) {
  std::vector<std::int64_t> axes;
  std::set<std::int64_t> seen;
  for (const json& axis : value) {
    if (value.is_array() && axis.is_number_unsigned()) axes.push_back(axis);
    if (axes.empty() || axes.back() >= static_cast<std::int64_t>(value.size()) ||
        !seen.insert(axes.back()).second)
      break;
  }
  if (!value.is_array() || value.empty() || seen.size() != value.size())
    fail(Exit::kUsage,
         "{}: axes {} are not an order of 0 to {}",
         where,
         value.dump(),
         std::max<std::size_t>(value.size(), 1) - 1);
  return axes;
}

WeightSource read_source(const json& value, const std::string& where) {
  if (value.is_null()) return {};
  const bool whole = value.is_object();
  WeightSource source;
  const json name = whole ? value.value("from", json()) : value;
  if (name.is_string()) source.name = name;
  const std::size_t keys = whole && value.contains("axes") ? 2 : 1;
  if (source.name.empty() || (whole && value.size() != keys))
    fail(Exit::kUsage,
         "{}: expected \"name\", {{\"from\": \"name\", \"axes\": [1, 0]}} or null",
         where);
  if (keys == 2) source.axes = read_axes(value.at("axes"), where);
  return source;
}

bool is_ignored(const WeightMap& map, const std::string& name) {
  for (const std::string& ignored : map.ignored) {
    const std::string_view stem = std::string_view(ignored).substr(0, ignored.find('*'));
    if (name == ignored || (ignored.ends_with('*') && name.starts_with(stem))) return true;
  }
  return false;
}

using State = std::vector<std::pair<std::string, torch::Tensor>>;

void check_map(const WeightMap& map, const State& state) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state) names.push_back(name);
  for (const auto& [name, source] : map.ours)
    if (std::ranges::find(names, name) == names.end())
      fail(Exit::kUsage,
           "name map: the model has no tensor {}{}",
           shown(name),
           suggest(name, names));
}

// --- tensors of the file to tensors of the model

/// Reports damage as Exit::kPrecondition, because weights come from a user.
std::unique_ptr<SafetensorsFile> open_weights(const std::filesystem::path& path) {
  try {
    return std::make_unique<SafetensorsFile>(path);
  } catch (const Error& error) {
    throw Error(Exit::kPrecondition, error.what());
  }
}

/// Returns a tensor over the bytes of `view`, or over a copy if they are not aligned.
torch::Tensor tensor_of(const TensorView& view) {
  const torch::ScalarType type = scalar_type_of(view.dtype);
  std::byte* bytes = const_cast<std::byte*>(view.bytes.data());
  if (reinterpret_cast<std::uintptr_t>(bytes) % size_of(view.dtype) == 0)
    return torch::from_blob(bytes, view.shape, type);
  const torch::Tensor copy = torch::empty(view.shape, type);
  if (!view.bytes.empty()) std::memcpy(copy.data_ptr(), bytes, view.bytes.size());
  return copy;
}

bool is_alike(torch::ScalarType ours, torch::ScalarType theirs) {
  return c10::isFloatingType(ours) ? c10::isFloatingType(theirs)
                                   : c10::isIntegralType(theirs, /*includeBool=*/false);
}

/// The tensors with one kind of fault. A message shows the first few.
struct Faults {
  const char* kind;
  std::vector<std::string> names = {};

  std::string line() const {
    constexpr std::size_t kShown = 8;
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kShown));
    std::string line =
        fmt::format("{} {}: {}", names.size(), kind, fmt::join(names.begin(), end, ", "));
    if (names.size() > kShown) line += fmt::format(" and {} more", names.size() - kShown);
    return line;
  }
};

/// Matches the tensors of the file with those of the model. Nothing is written before all fit.
class Matching {
 public:
  Matching(const SafetensorsFile& file, const LoadOptions& options)
      : file_(file), options_(options) {}

  void match(const std::string& ours, const torch::Tensor& tensor) {
    const auto mapped = options_.map.ours.find(ours);
    const WeightSource source =
        mapped == options_.map.ours.end() ? WeightSource{ours, {}} : mapped->second;
    const auto found = file_.tensors().find(source.name);
    if (source.name.empty()) {
      stayed_.push_back(ours);
    } else if (found == file_.tensors().end() && options_.partial) {
      stayed_.push_back(ours);
    } else if (found == file_.tensors().end()) {
      missing_.names.push_back(shown(source.name));
    } else if (!used_.insert(source.name).second) {
      twice_.names.push_back(shown(source.name));
    } else {
      take(tensor, source, found->second);
    }
  }

  std::vector<std::string> finish() {
    for (const auto& [name, view] : file_.tensors())
      if (!used_.contains(name) && !is_ignored(options_.map, name))
        extra_.names.push_back(shown(name));
    refuse_faults();
    if (options_.partial && copies_.empty())
      fail(Exit::kPrecondition,
           "{}: none of the model's tensors is in it; `bench weights show` lists what is",
           file_.path().string());
    for (const auto& [ours, theirs] : copies_) torch::Tensor(ours).copy_(theirs);
    return std::move(stayed_);
  }

 private:
  void take(const torch::Tensor& ours, const WeightSource& source, const TensorView& view) {
    torch::Tensor theirs = tensor_of(view);
    const bool axes_fit = source.axes.empty() || source.axes.size() == view.shape.size();
    if (axes_fit && !source.axes.empty()) theirs = theirs.permute(source.axes);
    if (!axes_fit || theirs.sizes() != ours.sizes() ||
        !is_alike(ours.scalar_type(), theirs.scalar_type())) {
      const std::string axes = source.axes.empty() ? "" : fmt::format(" with axes {}", source.axes);
      misshapen_.names.push_back(fmt::format("{} is {} {}{}, the model's {} {}",
                                             shown(source.name),
                                             name_of(view.dtype),
                                             size_text(view.shape),
                                             axes,
                                             name_of(dtype_of(ours)),
                                             size_text(ours.sizes())));
      return;
    }
    theirs = theirs.to(ours.scalar_type());
    const auto bad = theirs.numel() - torch::isfinite(theirs).sum().item<std::int64_t>();
    if (bad > 0) infinite_.names.push_back(fmt::format("{} ({} numbers)", shown(source.name), bad));
    copies_.emplace_back(ours, theirs);
  }

  static std::string size_text(torch::IntArrayRef sizes) {
    return sizes.empty() ? "scalar" : fmt::format("{}", fmt::join(sizes, "x"));
  }

  void refuse_faults() const {
    std::vector<std::string> lines;
    for (const Faults* faults : {&missing_, &extra_, &misshapen_, &infinite_, &twice_})
      if (!faults->names.empty()) lines.push_back(faults->line());
    if (lines.empty()) return;
    fail(Exit::kPrecondition,
         "{}: {}; bring weights of this model and variant, or a name map",
         file_.path().string(),
         fmt::join(lines, "; "));
  }

  const SafetensorsFile& file_;
  const LoadOptions& options_;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> copies_;  // ours, theirs
  std::set<std::string> used_;
  std::vector<std::string> stayed_;
  Faults missing_{"missing"}, extra_{"extra"}, misshapen_{"mis-shaped"}, infinite_{"not finite"},
      twice_{"used twice"};
};

}  // namespace

std::string save_weights(const Model& model,
                         const std::filesystem::path& path,
                         const std::map<std::string, std::string>& metadata) {
  torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> owners;  // keep the packed copies alive until they are written
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : state_of(model)) {
    owners.push_back(tensor.detach().to(torch::kCPU).contiguous());
    const torch::Tensor& packed = owners.back();
    views.emplace(name,
                  TensorView{dtype_of(packed),
                             packed.sizes().vec(),
                             {static_cast<const std::byte*>(packed.data_ptr()),
                              static_cast<std::size_t>(packed.nbytes())}});
  }
  return write_safetensors(path, views, metadata);
}

WeightMap read_weight_map(const std::filesystem::path& path) {
  const json document = parse_map(path);
  WeightMap map;
  for (const auto& [key, value] : document.items()) {
    const std::string where = fmt::format("{}: {}", path.string(), shown(key));
    if (key == "*about*") continue;
    if (key == "*ignore*") {
      map.ignored = read_ignored(value, where);
    } else {
      map.ours[key] = read_source(value, where);
    }
  }
  return map;
}

std::vector<std::string> load_weights(Model& model,
                                      const std::filesystem::path& path,
                                      const LoadOptions& options) {
  torch::NoGradGuard no_grad;
  const auto state = state_of(model);
  check_map(options.map, state);
  const std::unique_ptr<SafetensorsFile> file = open_weights(path);
  Matching matching(*file, options);
  for (const auto& [name, tensor] : state) matching.match(name, tensor);
  return matching.finish();
}

Snapshot take_snapshot(const Model& model) {
  Snapshot snapshot;
  for (const auto& [name, tensor] : state_of(model)) snapshot.push_back(tensor.detach().clone());
  return snapshot;
}

void restore_snapshot(Model& model, const Snapshot& snapshot) {
  torch::NoGradGuard no_grad;
  const auto state = state_of(model);
  MIEN_ASSERT(state.size() == snapshot.size());
  for (std::size_t i = 0; i < state.size(); ++i) torch::Tensor(state[i].second).copy_(snapshot[i]);
}

}  // namespace mien
