// Maps whose values are known in closed form, and the file that a task's explanation becomes.
#include "harness/engine/explain.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "harness/core/safetensors.h"
#include "harness/engine/batches.h"
#include "models/registry.h"
#include "models/weights.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

constexpr std::array<std::int64_t, 3> kInput = {1, 48, 48};

torch::Tensor noise(std::int64_t images) {
  torch::manual_seed(5);
  return torch::randint(0, 256, {images, 1, 48, 48}, torch::kUInt8);
}

std::shared_ptr<Model> made(const std::string& name, const std::string& variant) {
  torch::manual_seed(3);
  return find_model(name, variant).make({7, 0.5});
}

TEST(Squares, LastTouchesTheBorderAndFaultsAreNamed) {
  const Squares squares = squares_over({1, 10, 10}, 4, 4);
  EXPECT_EQ(squares.tops, (std::vector<std::int64_t>{0, 4, 6}));
  EXPECT_EQ(squares_over(kInput, 0, 0).size_px, 8);
  EXPECT_EQ(squares_over(kInput, 0, 0).stride_px, 2);
  EXPECT_EQ(squares_over(kInput, 48, 0).count(), 1);
  EXPECT_ERROR(squares_over(kInput, 49, 0), Exit::kUsage, "48x48; choose 1 to 48");
  EXPECT_ERROR(squares_over(kInput, 4, 5), Exit::kUsage, "--stride 5");
}

TEST(PerPixel, IsTheMeanOfTheSquaresOverIt) {
  const Squares squares = squares_over({1, 4, 4}, 2, 1);  // 3x3 positions
  torch::Tensor values = torch::zeros({3, 3});
  values[0][0] = 1;
  const torch::Tensor map = per_pixel(values, squares, 4, 4);
  EXPECT_FLOAT_EQ(map[0][0].item<float>(), 1) << "one square covers the corner";
  EXPECT_FLOAT_EQ(map[0][1].item<float>(), 0.5);
  EXPECT_FLOAT_EQ(map[1][1].item<float>(), 0.25);
  EXPECT_FLOAT_EQ(map[2][2].item<float>(), 0);
  EXPECT_TRUE(torch::allclose(per_pixel(torch::ones({3, 3}), squares, 4, 4), torch::ones({4, 4})));
}

TEST(Occlusion, OfALinearModelIsTheClosedForm) {
  const auto model = made("linear", "softmax");
  const torch::Tensor weight = model->parameters()[0], bias = model->parameters()[1];
  Protocol protocol;
  protocol.mean = 0.3;
  protocol.std = 0.25;
  const torch::Tensor images = noise(2), classes = torch::tensor({4, 0}, torch::kInt64);
  const Squares squares = squares_over(kInput, 9, 7);
  const Occlusion found =
      occlusion_maps(*model, Augmenter(protocol, kInput, 1), images, classes, squares);
  ASSERT_EQ(found.drop.sizes(), (std::vector<std::int64_t>{2, 7, 7}));
  torch::NoGradGuard no_grad;
  for (std::int64_t i = 0; i < 2; ++i) {
    const torch::Tensor pixels = images[i][0].to(torch::kFloat);
    const torch::Tensor logits = weight.matmul((pixels.flatten() / 255 - 0.3) / 0.25) + bias;
    const torch::Tensor share =  // what each pixel above 0 adds to each logit
        weight.view({7, 48, 48}) * pixels / (255 * 0.25);
    for (std::size_t r = 0; r < 7; ++r)
      for (std::size_t c = 0; c < 7; ++c) {
        const torch::Tensor lost =
            share.narrow(1, squares.tops[r], 9).narrow(2, squares.lefts[c], 9).sum({1, 2});
        const torch::Tensor left = logits - lost;
        const std::int64_t label = classes[i].item<std::int64_t>();
        const double drop = (logits.softmax(0)[label] - left.softmax(0)[label]).item<double>();
        const torch::Tensor position = found.drop[i][static_cast<std::int64_t>(r)];
        EXPECT_NEAR(position[static_cast<std::int64_t>(c)].item<double>(), drop, 1e-5);
        const bool breaks =
            left.argmax().item<std::int64_t>() != logits.argmax().item<std::int64_t>();
        EXPECT_EQ(found.breaks[i][static_cast<std::int64_t>(r)][static_cast<std::int64_t>(c)]
                      .item<float>(),
                  breaks ? 1 : 0);
      }
  }
}

TEST(InputMaps, SaliencyOfALinearModelIsItsWeights) {
  const auto model = made("linear", "softmax");
  const torch::Tensor classes = torch::tensor({6, 2}, torch::kInt64);
  const InputMaps maps = input_maps(
      *model, find_model("linear", "softmax").rows, noise(2).to(torch::kFloat) / 255, classes);
  const torch::Tensor expected =
      model->parameters()[0].detach().abs().index_select(0, classes).view({2, 48, 48});
  EXPECT_TRUE(torch::allclose(maps.saliency, expected));
  EXPECT_FALSE(maps.gradcam.defined());
  EXPECT_FALSE(maps.theta.defined());
  EXPECT_TRUE(maps.features.empty());
}

TEST(InputMaps, OfABatchAreThoseOfEachAlone) {
  const auto model = made("deepemotion", "fig");
  const auto rows = find_model("deepemotion", "fig").rows;
  const torch::Tensor inputs = noise(10).to(torch::kFloat) / 255;
  const torch::Tensor classes = torch::arange(10) % 7;
  const InputMaps all = input_maps(*model, rows, inputs, classes);
  EXPECT_EQ(all.gradcam_row, "W");
  EXPECT_EQ(all.theta_row, "S4");
  EXPECT_EQ(all.warp_row, "W");
  const torch::Tensor identity = torch::tensor({1.f, 0.f, 0.f, 0.f, 1.f, 0.f}).view({1, 2, 3});
  EXPECT_TRUE(torch::allclose(all.theta, identity.expand({10, 2, 3})));
  std::vector<std::string> names;
  for (const FeatureMaps& feature : all.features) names.push_back(feature.row);
  EXPECT_EQ(names, (std::vector<std::string>{"S1", "L1", "L2", "L3", "W"}));
  const InputMaps last = input_maps(*model, rows, inputs.narrow(0, 9, 1), classes.narrow(0, 9, 1));
  EXPECT_TRUE(torch::allclose(all.saliency[9], last.saliency[0], 1e-4, 1e-6));
  EXPECT_TRUE(torch::allclose(all.gradcam[9], last.gradcam[0], 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(all.features[4].maps[9], last.features[4].maps[0], 1e-4, 1e-5));
}

TEST(InputMaps, GradCamIsLedBackThroughTheTransformer) {
  const auto rows = find_model("deepemotion", "fig").rows;
  const torch::Tensor input = noise(1).to(torch::kFloat) / 255;
  const torch::Tensor label = torch::tensor({1}, torch::kInt64);
  const auto cam_with = [&](std::vector<float> theta, bool mirrored_classifier) {
    const auto model = made("deepemotion", "fig");
    torch::NoGradGuard no_grad;
    for (auto& p : model->named_parameters()) {
      if (p.key() == "local_fc2.bias") p.value().copy_(torch::tensor(theta));
      // A mirrored map and a classifier that expects it mirrored give the same logits.
      if (p.key() == "fc1.weight" && mirrored_classifier)
        p.value().copy_(p.value().view({50, 10, 9, 9}).flip(3).reshape({50, 810}));
    }
    torch::AutoGradMode enable(true);
    return input_maps(*model, rows, input, label).gradcam;
  };
  const torch::Tensor straight = cam_with({1, 0, 0, 0, 1, 0}, false);
  EXPECT_GT(straight.max().item<float>(), 0.99);
  EXPECT_TRUE(torch::allclose(cam_with({-1, 0, 0, 0, 1, 0}, true), straight, 1e-3, 1e-4));
  EXPECT_EQ(cam_with({0, 0, 0, 0, 0, 0}, false).max().item<float>(), 0) << "no way back";
}

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
  task.protocol.resize_px = 50;
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
      model->forward(Augmenter(task.protocol, kInput, 1).test(split.images)).mean(0);
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
  EXPECT_ERROR(facts(), Exit::kIntegrity, "planned on (0000000000000000)");
  EXPECT_FALSE(std::filesystem::exists(options.out));
}

}  // namespace
}  // namespace mien
