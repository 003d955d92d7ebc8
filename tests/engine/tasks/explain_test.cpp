// The file that a task's explanation becomes.
#include "harness/engine/tasks/explain.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "harness/base/safetensors.h"
#include "harness/engine/train/batches.h"
#include "models/registry.h"
#include "models/weights.h"
#include "tests/engine/tasks/noise_images.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

/// Seven classes of noise; a linear model that nobody trained.
class ExplainTask : public ::testing::Test {
 protected:
  ExplainTask() {
    Samples s;
    s.dataset = "noise";
    s.data = DataKind::kStandIn;
    s.class_names = {"anger", "disgust", "fear", "happy", "sad", "surprise", "neutral"};
    s.split_names = {"Training", "PublicTest", "PrivateTest"};
    s.height = s.width = 48;
    s.manifest = "{}";
    const torch::Tensor images = noise(42);
    s.images.assign(images.data_ptr<std::uint8_t>(),
                    images.data_ptr<std::uint8_t>() + images.numel());
    for (int i = 0; i < 42; ++i) {
      s.labels.push_back(i % 6);  // nobody is neutral
      s.split.push_back(i % 3);
      s.subject.push_back(-1);
      s.sequence.push_back(-1);
      s.ids.push_back("image" + std::to_string(100 + i));
    }
    options.pack = write_pack(folder.path(), s, task.pack_sha256);
    options.weights = folder / "weights.safetensors";
    options.out = folder / "maps.safetensors";
    save_weights(*made("linear", "softmax"), options.weights, {});
    task.experiment = "linear@noise";
    task.model = "linear";
    task.variant = "softmax";
    task.dataset = "noise";
  }
  nlohmann::json facts() {
    explain(task, options, [](double, const std::string&) {});
    return nlohmann::json::parse(SafetensorsFile(options.out).meta("explanation"));
  }

  testing::TempDir folder;
  Task task;
  ExplainOptions options;
};

TEST_F(ExplainTask, ASampleIsExplainedForItsPrediction) {
  options.sample = "image102";
  const nlohmann::json found = facts();
  EXPECT_EQ(found.at("truth"), "fear");
  EXPECT_EQ(found.at("predicted"), found.at("explained"));
  EXPECT_EQ(found.at("data"), "stand-in");
  EXPECT_EQ(found.at("logits").size(), 7u);
  EXPECT_EQ(found.at("squares"), 441);
  EXPECT_EQ(found.at("gradcam_row"), "");
  const SafetensorsFile file(options.out);
  const Pack pack(options.pack);
  const TensorView& image = file.tensor("image", DType::kU8, 3);
  EXPECT_EQ(std::memcmp(image.bytes.data(), pack.images().data() + 2 * 48 * 48, 48 * 48), 0);
  for (const char* map : {"drop_map", "breaks_map", "saliency", "class_weights"})
    EXPECT_EQ(file.tensor(map, DType::kF32, 2).elements(), 48 * 48) << map;
  EXPECT_FALSE(file.tensors().contains("gradcam"));
}

TEST_F(ExplainTask, AClassIsTheMeanOfItsImages) {
  options.class_name = "fear";
  options.size = 24;
  const nlohmann::json found = facts();
  EXPECT_EQ(found.at("images"), 7);
  EXPECT_EQ(found.at("of"), 7);
  EXPECT_EQ(found.at("explained"), "fear");
  EXPECT_EQ(found.at("default_size"), false);
}

TEST_F(ExplainTask, TenCropsPredictAndTheirCentreIsShown) {
  options.sample = "image102";
  options.size = 48;
  task.protocol.input.resize_px = 50;
  task.protocol.test_crop = TestCrop::kTen;
  const nlohmann::json found = facts();
  EXPECT_EQ(found.at("ten_crops"), true);
  EXPECT_EQ(found.at("squares"), 1);
  const TensorView image = SafetensorsFile(options.out).tensor("image", DType::kU8, 3);
  EXPECT_EQ(image.shape, (std::vector<std::int64_t>{1, 48, 48}));
  const Pack pack(options.pack);
  const Split split = load_split(pack, {2}, 0, {1, 50}, torch::kCPU);
  const auto model = made("linear", "softmax");
  const torch::Tensor logits =
      model->forward(Augmenter(task.protocol, {1, 48, 48}, 1).test(split.images)).mean(0);
  for (std::int64_t c = 0; c < 7; ++c)
    EXPECT_NEAR(found.at("logits")[static_cast<std::size_t>(c)], logits[c].item<float>(), 1e-5);
}

TEST_F(ExplainTask, FaultsAreNamed) {
  options.sample = "image104";  // of PublicTest
  EXPECT_ERROR(facts(), Exit::kUsage, "did you mean");
  options.split = "validation";
  EXPECT_EQ(facts().at("sample"), "image104");
  options.split = "training";
  EXPECT_ERROR(facts(), Exit::kUsage, "must be test or validation");
  options.sample.clear();
  options.split = "test";
  options.class_name = "hapy";
  EXPECT_ERROR(facts(), Exit::kUsage, "did you mean happy");
  options.class_name = "neutral";
  EXPECT_ERROR(facts(), Exit::kUsage, "no test image of it was scored");
  options.class_name = "fear";
  options.size = 49;
  EXPECT_ERROR(facts(), Exit::kUsage, "choose 1 to 48");
  options.size = 0;
  std::filesystem::remove(options.out);
  save_weights(*made("deepemotion", "fig"), options.weights, {});
  EXPECT_ERROR(facts(), Exit::kPrecondition, "weights.safetensors");
  task.pack_sha256 = std::string(64, '0');
  EXPECT_ERROR(facts(), Exit::kIntegrity, "planned on 0000000000000000");
  EXPECT_FALSE(std::filesystem::exists(options.out));
}

}  // namespace
}  // namespace mien
