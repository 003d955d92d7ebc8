// Weights from elsewhere: all faults on one line, other names, axes and dtypes, and a way to Python
// and back. Files of our own are in the conformance suite.
#include "models/weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <set>

#include "harness/base/files.h"
#include "harness/base/safetensors.h"
#include "models/registry.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using testing::TempDir;

std::shared_ptr<Model> make(const char* name, const char* variant, std::uint64_t seed) {
  torch::manual_seed(seed);
  return find_model(name, variant).make({7, 0.5});
}
std::shared_ptr<Model> make_linear(std::uint64_t seed = 1) {
  return make("linear", "softmax", seed);
}

std::map<std::string, torch::Tensor> state_of(const Model& model) {
  std::map<std::string, torch::Tensor> state;
  for (const auto& parameter : model.named_parameters())
    state[parameter.key()] = parameter.value().detach();
  for (const auto& buffer : model.named_buffers()) state[buffer.key()] = buffer.value();
  return state;
}

void expect_same(const Model& a, const Model& b) {
  const auto first = state_of(a), second = state_of(b);
  for (const auto& [name, tensor] : first)
    EXPECT_TRUE(torch::equal(tensor, second.at(name))) << name;
}

DType dtype_of(const torch::Tensor& tensor) {
  if (tensor.scalar_type() == torch::kDouble) return DType::kF64;
  if (tensor.scalar_type() == torch::kHalf) return DType::kF16;
  if (tensor.scalar_type() == torch::kBFloat16) return DType::kBF16;
  if (tensor.scalar_type() == torch::kLong) return DType::kI64;
  return DType::kF32;
}

fs::path write(const fs::path& path, std::map<std::string, torch::Tensor> tensors) {
  std::map<std::string, TensorView> views;
  for (auto& [name, tensor] : tensors) {
    tensor = tensor.contiguous();
    const auto* bytes = static_cast<const std::byte*>(tensor.data_ptr());
    views[name] = {
        dtype_of(tensor), tensor.sizes().vec(), {bytes, static_cast<std::size_t>(tensor.nbytes())}};
  }
  write_safetensors(path, views, {});
  return path;
}

TEST(Weights, AllFaultsAreOnOneLineAndNothingIsLoaded) {
  const TempDir dir;
  const std::shared_ptr<Model> source = make("deepemotion", "fig", 1);
  auto tensors = state_of(*source);
  tensors.erase("fc1.weight");
  tensors["fc2.weight"] = tensors["fc2.weight"].t();
  tensors["conv1.bias"] = torch::tensor({NAN, 0.f, INFINITY, 0.f, 0.f, 0.f, 0.f, 0.f, 0.f, 0.f});
  tensors["conv2.bias"] = torch::zeros({10}, torch::kLong);
  tensors["norm\n.bias"] = torch::zeros({3});
  for (int i = 0; i < 12; ++i) tensors[fmt::format("x{:02}", i)] = torch::zeros({1});
  const fs::path path = write(dir / "w.safetensors", tensors);

  const std::shared_ptr<Model> model = make("deepemotion", "fig", 2);
  const auto load = [&] { load_weights(*model, path); };
  for (const char* part : {R"(w.safetensors: 1 missing: "fc1.weight"; )",
                           R"(; 13 extra: "norm\n.bias", "x00", "x01", )",
                           R"("x06" and 5 more; )",
                           R"(; 2 mis-shaped: "conv2.bias" is I64 10, the model's F32 10, )",
                           R"("fc2.weight" is F32 50x7, the model's F32 7x50)",
                           R"(; 1 not finite: "conv1.bias" (2 numbers); )"})
    EXPECT_ERROR(load(), Exit::kPrecondition, part);
  expect_same(*model, *make("deepemotion", "fig", 2));
}

TEST(Weights, FloatingDtypesAreConverted) {
  const TempDir dir;
  for (const torch::ScalarType dtype : {torch::kHalf, torch::kBFloat16, torch::kDouble}) {
    const std::shared_ptr<Model> source = make_linear(1), model = make_linear(2);
    auto tensors = state_of(*source);
    for (auto& [name, tensor] : tensors) tensor = tensor.to(dtype);
    load_weights(*model, write(dir / "w.safetensors", tensors));
    for (const auto& [name, tensor] : state_of(*model))
      EXPECT_TRUE(torch::equal(tensor, tensors.at(name).to(torch::kFloat))) << name;
  }
  const double large = 1e300;  // finite there, not here
  const auto model = make_linear();
  auto tensors = state_of(*model);
  tensors["fc.bias"] = torch::full({7}, large, torch::kDouble);
  EXPECT_ERROR(load_weights(*model, write(dir / "w.safetensors", tensors)),
               Exit::kPrecondition,
               "not finite: \"fc.bias\" (7 numbers)");
}

TEST(Weights, OtherNamesAndAxesByAMap) {
  const TempDir dir;
  const std::shared_ptr<Model> source = make("deepemotion", "fig", 1);
  auto tensors = state_of(*source);
  const auto rename = [&](const char* from, const char* to, torch::IntArrayRef order) {
    tensors[to] = tensors[from].permute(order);
    tensors.erase(from);
  };
  rename("conv2.weight", "conv2/weights", {2, 3, 1, 0});  // OIHW -> HWIO
  rename("fc1.weight", "fc1/weights", {1, 0});
  rename("fc1.bias", "fc1/biases", {0});
  tensors["adam/step"] = tensors["epoch"] = torch::zeros({});
  const fs::path path = write(dir / "w.safetensors", tensors);
  LoadOptions options{read_weight_map(dir.write("map.json", R"({
    "*about*": "a test", "*ignore*": ["adam/*", "epoch"],
    "conv2.weight": {"from": "conv2/weights", "axes": [3, 2, 0, 1]},
    "fc1.weight": {"from": "fc1/weights", "axes": [1, 0]},
    "fc1.bias": "fc1/biases"})"))};
  const std::shared_ptr<Model> model = make("deepemotion", "fig", 2);
  EXPECT_TRUE(load_weights(*model, path, options).empty());
  expect_same(*model, *source);

  options.map.ignored = {"adam", "epoc*"};
  EXPECT_ERROR(load_weights(*model, path, options), Exit::kPrecondition, "1 extra: \"adam/step\"");
  options.map.ours["fc1.weight"].axes = {2, 1, 0};
  EXPECT_ERROR(load_weights(*model, path, options),
               Exit::kPrecondition,
               "\"fc1/weights\" is F32 810x50 with axes [2, 1, 0], the model's F32 50x810");
  options.map.ours["fc1.weight"] = {"fc2.weight", {}};
  EXPECT_ERROR(load_weights(*model, path, options), Exit::kPrecondition, "1 used twice");
  options.map.ours = {{"fc1.weigth", {"a", {}}}};
  EXPECT_ERROR(load_weights(*model, path, options), Exit::kUsage, "did you mean fc1.weight");
}

TEST(Weights, MapsThatAreNoneAreRefused) {
  const TempDir dir;
  const auto refused = [&](const char* text, const char* why) {
    EXPECT_ERROR(read_weight_map(dir.write("m.json", text)), Exit::kUsage, why);
  };
  refused("", "not a JSON object");
  refused("[]", "not a JSON object");
  refused(R"({"a": "b", "a": "c"})", "\"a\" occurs twice");
  refused(R"({"a": 1})", "m.json: \"a\": expected");
  refused(R"({"a": ""})", "expected");
  refused(R"({"a": {"axes": [0]}})", "expected");
  refused(R"({"a": {"from": "b", "axis": [0]}})", "expected");
  refused(R"({"a": {"from": "b", "axes": [0, 0]}})", "axes [0,0] are not an order of 0 to 1");
  refused(R"({"a": {"from": "b", "axes": [1]}})", "not an order of 0 to 0");
  refused(R"({"a": {"from": "b", "axes": []}})", "not an order of 0 to 0");
  refused(R"({"a": {"from": "b", "axes": [-1, 0]}})", "not an order of 0 to 1");
  refused(R"({"a": {"from": "b", "axes": "10"}})", "not an order of 0 to 0");
  refused(R"({"*ignore*": "a"})", "expected a list of names");
  refused(R"({"*ignore*": [1]})", "expected a list of names");
  EXPECT_ERROR(read_weight_map(dir / "no.json"), Exit::kPrecondition, "no.json");
}

TEST(Weights, APartIsLoadedOnlyWhereAsked) {
  const TempDir dir;
  const fs::path path = write(dir / "w.safetensors", {{"fc.bias", torch::ones({7})}});
  const std::shared_ptr<Model> model = make_linear(3);
  EXPECT_ERROR(load_weights(*model, path), Exit::kPrecondition, "1 missing: \"fc.weight\"");
  LoadOptions options;
  options.partial = true;
  EXPECT_EQ(load_weights(*model, path, options), std::vector<std::string>{"fc.weight"});
  EXPECT_TRUE(torch::equal(state_of(*model)["fc.bias"], torch::ones({7})));
  EXPECT_TRUE(torch::equal(state_of(*model)["fc.weight"], state_of(*make_linear(3))["fc.weight"]));
  const fs::path other = write(dir / "other.safetensors", {});
  EXPECT_ERROR(load_weights(*model, other, options), Exit::kPrecondition, "none of the model's");
  options.map.ours["fc.weight"] = {};  // null in a map: allowed to stay, in whole loads too
  options.partial = false;
  EXPECT_EQ(load_weights(*model, path, options), std::vector<std::string>{"fc.weight"});
}

TEST(Weights, CutFilesAreRefused) {
  const TempDir dir;
  const std::shared_ptr<Model> null = make("null", "majority", 1);
  save_weights(*null, dir / "w.safetensors", {});
  for (std::uintmax_t length = fs::file_size(dir / "w.safetensors"); length-- > 0;) {
    fs::resize_file(dir / "w.safetensors", length);
    EXPECT_ERROR(load_weights(*null, dir / "w.safetensors"), Exit::kPrecondition, "w.safetensors");
  }
}

struct Shipped {
  const char *file, *model, *variant;
  bool whole;  // names a source for every tensor that has another name there
};
constexpr Shipped kShipped[] = {
    {"deepemotion-tutorial640", "deepemotion", "tutorial640", false},
    {"expnet-heads", "expnet", "resnet101", false},
    {"expnet-tf", "expnet", "resnet101", true},
    {"shapenet-heads", "shapenet", "resnet101", false},
    {"shapenet-tf", "shapenet", "resnet101", true},
};

TEST(Weights, ShippedMapsFitTheirModels) {
  std::size_t files = 0;
  const fs::path folder = fs::path(MIEN_SOURCE_DIR) / "configs/weights";
  for (const auto& entry : fs::directory_iterator(folder))
    files += entry.path().extension() == ".json";
  EXPECT_EQ(files, std::size(kShipped)) << "a map in " << folder << " that no test knows";
  std::map<std::string, std::map<std::string, torch::Tensor>> states;
  for (const Shipped& shipped : kShipped) {
    SCOPED_TRACE(shipped.file);
    const WeightMap map = read_weight_map(folder / (std::string(shipped.file) + ".json"));
    auto& state = states[shipped.model];
    if (state.empty()) state = state_of(*make(shipped.model, shipped.variant, 1));
    if (shipped.whole) {
      EXPECT_EQ(map.ours.size(), state.size());
    }
    std::set<std::string> theirs;
    for (const auto& [ours, source] : map.ours) {
      ASSERT_TRUE(state.contains(ours)) << ours;
      if (source.name.empty()) continue;
      EXPECT_TRUE(theirs.insert(source.name).second) << source.name << " twice";
      if (source.axes.empty()) continue;
      EXPECT_EQ(static_cast<std::int64_t>(source.axes.size()), state.at(ours).dim()) << ours;
    }
  }
}

/// What the published .npz of ExpNet's last layer becomes with `bench weights convert`.
TEST(Weights, ExpNetsPublishedLastLayerIsAPart) {
  const TempDir dir;
  const torch::Tensor weights = torch::randn({2048, 29}), biases = torch::randn({29});
  const fs::path path =
      write(dir / "w.safetensors", {{"ini_weights_expr", weights}, {"ini_biases_expr", biases}});
  const std::shared_ptr<Model> model = make("expnet", "resnet101", 1);
  LoadOptions options;
  options.map = read_weight_map(fs::path(MIEN_SOURCE_DIR) / "configs/weights/expnet-heads.json");
  options.partial = true;
  const std::vector<std::string> stayed = load_weights(*model, path, options);
  auto state = state_of(*model);
  EXPECT_EQ(stayed.size(), state.size() - 2);
  EXPECT_TRUE(torch::equal(state.at("fc.weight"), weights.t()));
  EXPECT_TRUE(torch::equal(state.at("fc.bias"), biases));
}

/// MIEN_PYTHON is asked where it is set, else python3.
TEST(Weights, PythonReadsAndWritesTheSameBits) {
  const TempDir dir;
  const std::shared_ptr<Model> source = make("deepemotion", "fig", 1);
  auto tensors = state_of(*source);
  tensors["norm.num_batches_tracked"] = torch::tensor(7, torch::kLong);
  write(dir / "in.safetensors", tensors);
  const std::string command = fmt::format("'{}' '{}/ci/weights_roundtrip.py' '{}' '{}'",
                                          paths::environment("MIEN_PYTHON", "python3"),
                                          MIEN_SOURCE_DIR,
                                          (dir / "in.safetensors").string(),
                                          (dir / "out.safetensors").string());
  const int status = std::system(command.c_str());
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code == 77 || code == 127) GTEST_SKIP() << "no Python with NumPy; set MIEN_PYTHON to one";
  ASSERT_EQ(code, 0);
  const std::shared_ptr<Model> back = make("deepemotion", "fig", 2);
  LoadOptions options;
  options.map.ignored = {"norm.*"};
  EXPECT_TRUE(load_weights(*back, dir / "out.safetensors", options).empty());
  expect_same(*back, *source);
  const SafetensorsFile file(dir / "out.safetensors");
  const TensorView& steps = file.tensor("norm.num_batches_tracked", DType::kI64, 0);
  EXPECT_EQ(std::to_integer<int>(steps.bytes[0]), 7);
}

}  // namespace
}  // namespace mien
