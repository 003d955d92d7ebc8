// A task from plan to record, on a tiny pack whose classes a small network can tell apart.
#include "harness/engine/run_task.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <set>

#include "harness/base/digest.h"
#include "harness/engine/train/batches.h"
#include "harness/engine/train/cuda_graph.h"
#include "models/registry.h"
#include "models/weights.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

/// Class c has a bright horizontal band at row 6c, on noise.
Samples bands(std::int64_t n) {
  Samples s;
  s.dataset = "bands";
  s.class_names = {"a", "b", "c", "d", "e", "f", "g"};
  s.split_names = {"Training", "PublicTest", "PrivateTest"};
  s.height = s.width = 48;
  s.manifest = "{}";
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t label = i % 7;
    for (std::int64_t y = 0; y < 48; ++y)
      for (std::int64_t x = 0; x < 48; ++x) {
        state = state * 1664525u + 1013904223u;
        const bool band = y / 6 == label;
        s.images.push_back(static_cast<std::uint8_t>((state >> 25) + (band ? 120 : 0)));
      }
    s.labels.push_back(label);
    s.split.push_back(static_cast<std::int32_t>(i % 10 < 6 ? 0 : i % 10 < 8 ? 1 : 2));
    s.subject.push_back(-1);
    s.sequence.push_back(-1);
    s.ids.push_back("row" + std::to_string(i));
  }
  return s;
}

class RunTask : public ::testing::Test {
 protected:
  RunTask() {
    options.pack = write_pack(folder.path(), bands(420), task.pack_sha256);
    options.weights = folder / "weights.safetensors";
    task.experiment = "deepemotion@bands";
    task.model = "deepemotion";
    task.variant = "fig";
    task.dataset = "bands";
    task.profile = "smoke";
    task.device_class = "cpu";
    Protocol& p = task.protocol;
    p.epochs = 12;
    p.batch = 16;
    p.optimizer.name = Optimizer::kAdam;
    p.optimizer.learning_rate = 0.003;
    p.schedule.name = Schedule::kOneCycle;
    p.augment.shift = 0.02;
    p.select = Select::kBestValidation;
    p.dropout = 0.1;
  }

  TaskRecord run() {
    return run_task(task, options, [](double, const std::string&) {});
  }

  static const Metric& metric(const TaskRecord& record,
                              const std::string& name,
                              const std::string& split) {
    for (const Metric& metric : record.metrics)
      if (metric.name == name && metric.split == split) return metric;
    throw std::runtime_error("no metric " + name);
  }

  testing::TempDir folder;
  Task task;
  WorkerOptions options;
};

TEST_F(RunTask, LearnsAndRecordsEverythingAboutIt) {
  const TaskRecord record = run();
  const Metric& accuracy = metric(record, "accuracy", "test");
  EXPECT_GT(accuracy.value, 60) << "chance is 14 %";
  EXPECT_EQ(accuracy.n, 84);
  ASSERT_TRUE(accuracy.interval);
  EXPECT_LT(accuracy.interval->lower, accuracy.value);
  EXPECT_GE(accuracy.interval->upper, accuracy.value);
  EXPECT_EQ(record.curve.size(), 12u);
  EXPECT_LT(record.curve.back().train_loss, record.curve.front().train_loss);
  EXPECT_EQ(record.predictions.size(), 168u) << "validation and test";
  std::int64_t hits = 0, cells = 0;
  for (const Prediction& p : record.predictions) {
    ASSERT_EQ(p.scores.size(), 7u);
    hits += p.split == "test" && p.truth == p.predicted;
    EXPECT_EQ(p.sample_id, "row" + std::to_string(p.sample));
    EXPECT_EQ(p.truth, p.sample % 7);
  }
  for (const ConfusionCell& cell : record.confusion) cells += cell.split == "test" ? cell.count : 0;
  EXPECT_NEAR(*accuracy.value, 100.0 * static_cast<double>(hits) / 84, 1e-9);
  EXPECT_EQ(cells, 84);
  EXPECT_FALSE(record.environment.libtorch.empty());
  EXPECT_FALSE(record.environment.compiler.empty());
  EXPECT_TRUE(record.notes.empty());
}

TEST_F(RunTask, LearnsInBf16AndInEitherMemoryFormat) {
  task.protocol.memory_format = MemoryFormat::kContiguous;
  const TaskRecord contiguous = run();
  EXPECT_GT(metric(contiguous, "accuracy", "test").value, 60) << "chance is 14 %";
  task.protocol.precision = Precision::kBf16;
  const TaskRecord bf16 = run();
  EXPECT_GT(metric(bf16, "accuracy", "test").value, 60);
  EXPECT_NE(bf16.curve.front().train_loss, contiguous.curve.front().train_loss);
  EXPECT_NEAR(bf16.curve.front().train_loss, contiguous.curve.front().train_loss, 0.1);
}

TEST_F(RunTask, PrecisionThatTheDeviceLacksIsRefusedBeforeTraining) {
  task.protocol.precision = Precision::kTf32;
  EXPECT_ERROR(run(), Exit::kUsage, "precision tf32 on cpu: TF32 is arithmetic of CUDA devices");
}

TEST(CudaGraph, OnTheCpuWorkIsDoneEachTime) {
  const SideStream stream(torch::kCPU);
  CudaGraph replay(/*wanted=*/true, torch::kCPU);
  int calls = 0;
  for (int i = 0; i < 9; ++i) replay.run([&] { ++calls; });
  EXPECT_EQ(calls, 9);
  EXPECT_EQ(replay.why_not(), "");
}

TEST_F(RunTask, SameSeedSameBitsOtherSeedOtherBits) {
  task.protocol.epochs = 2;
  const auto scores = [](const TaskRecord& record) {
    std::vector<float> all;
    for (const Prediction& p : record.predictions)
      all.insert(all.end(), p.scores.begin(), p.scores.end());
    return all;
  };
  const std::vector<float> first = scores(run());
  EXPECT_EQ(first, scores(run()));
  task.seed = 2;
  EXPECT_NE(first, scores(run()));
}

TEST_F(RunTask, SavedWeightsGiveTheStoredScores) {
  task.protocol.epochs = 2;
  const TaskRecord record = run();
  ASSERT_EQ(record.artifacts.size(), 1u);
  EXPECT_EQ(record.artifacts[0].sha256, sha256_file(options.weights));
  const std::shared_ptr<Model> model = find_model("deepemotion", "fig").make({7, 0.1});
  load_weights(*model, options.weights);
  model->eval();
  const Pack pack(options.pack);
  const Prediction& p = record.predictions.back();
  const torch::Tensor image =
      torch::from_blob(const_cast<std::uint8_t*>(pack.images().data()) + p.sample * 48 * 48,
                       {1, 1, 48, 48},
                       torch::kUInt8);
  const torch::Tensor logits = model->forward((image.to(torch::kFloat) / 255 - 0.5) / 0.5);
  for (std::int64_t c = 0; c < 7; ++c)
    EXPECT_NEAR(logits[0][c].item<float>(), p.scores[static_cast<std::size_t>(c)], 1e-4);
}

TEST_F(RunTask, SelectionOnTheTestSplitIsATaint) {
  task.protocol.epochs = 1;
  task.protocol.select = Select::kBestTest;
  const TaskRecord record = run();
  ASSERT_EQ(record.notes.size(), 1u);
  EXPECT_EQ(record.notes[0].kind, "taint");
}

TEST_F(RunTask, TrainingOnTheScoredSplitIsATaint) {
  task.protocol.epochs = 1;
  task.protocol.splits.train = {"Training", "PrivateTest"};
  ASSERT_EQ(run().notes.size(), 1u);
}

TEST_F(RunTask, FoldsScoreEveryImageOnceAndStoreTheirAudit) {
  task.protocol.epochs = 1;
  task.protocol.splits = {.scheme = SplitScheme::kFolds, .folds = 3};
  EXPECT_ERROR(run(), Exit::kUsage, "folds3-image has no validation images for select");
  task.protocol.select = Select::kLast;
  std::set<std::int64_t> scored;
  for (task.fold = 0; task.fold < 3; ++task.fold) {
    const TaskRecord record = run();
    ASSERT_EQ(record.fold.size(), 1u);
    EXPECT_EQ(record.fold[0].test, 140);
    EXPECT_EQ(record.fold[0].validation, 0);
    ASSERT_EQ(record.leaks.size(), 3u) << "subjects and sequences are not known";
    EXPECT_EQ(record.leaks[0].side, "test in train");
    EXPECT_FALSE(record.curve[0].validation_loss);
    for (const Prediction& p : record.predictions) EXPECT_TRUE(scored.insert(p.sample).second);
  }
  EXPECT_EQ(scored.size(), 420u);
  task.fold = 3;
  EXPECT_ERROR(run(), Exit::kUsage, "fold 4 of 3");
}

TEST_F(RunTask, ImagesTooSmallForTheModelAreRefused) {
  task.protocol.input.resize_px = 32;
  EXPECT_ERROR(run(), Exit::kUsage, "bands has 32x32; set resize_px to 48 or more");
}

/// Two images of 4x4: 100 * image + 10 * channel + pixel.
Pack colours(const testing::TempDir& dir) {
  Samples s;
  s.dataset = "colours";
  s.class_names = {"a", "b"};
  s.split_names = {"all"};
  s.channels = 3;
  s.height = s.width = 4;
  for (int image = 0; image < 2; ++image)
    for (int channel = 0; channel < 3; ++channel)
      for (int pixel = 0; pixel < 16; ++pixel)
        s.images.push_back(static_cast<std::uint8_t>(100 * image + 10 * channel + pixel));
  s.labels = {0, 1};
  s.subject = s.sequence = {-1, -1};
  s.split = {0, 0};
  s.ids = {"x", "y"};
  s.manifest = "{}";
  std::string ignored;
  return Pack(write_pack(dir.path(), s, ignored));
}

TEST(LoadSplit, ScalesByAreaAndChangesColour) {
  const testing::TempDir dir;
  const Pack pack = colours(dir);
  const Split small = load_split(pack, {1}, 0, {3, 2}, torch::kCPU);
  ASSERT_EQ(small.images.sizes(), (std::vector<std::int64_t>{1, 3, 2, 2}));
  EXPECT_EQ(small.images[0][0][0][0].item<int>(), 102) << "mean of 100 101 104 105 rounds to even";
  const Split gray = load_split(pack, {0, 1}, 0, {1, 0}, torch::kCPU);
  ASSERT_EQ(gray.images.sizes(), (std::vector<std::int64_t>{2, 1, 4, 4}));
  EXPECT_EQ(gray.images[0][0][0][0].item<int>(), 8) << "0.587 * 10 + 0.114 * 20";
  const Split same = load_split(pack, {0}, 0, {3, 4}, torch::kCPU);
  EXPECT_EQ(same.images[0][2][3][3].item<int>(), 35);
  EXPECT_EQ(same.labels[0].item<int>(), 0);
}

TEST(LoadSplit, BgrReversesTheChannels) {
  const testing::TempDir dir;
  const Pack pack = colours(dir);
  for (const std::int64_t side : {0, 2}) {
    ImageForm form{3, side};
    const torch::Tensor rgb = load_split(pack, {0, 1}, 0, form, torch::kCPU).images;
    form.order = ChannelOrder::kBgr;
    const torch::Tensor bgr = load_split(pack, {0, 1}, 0, form, torch::kCPU).images;
    EXPECT_TRUE(torch::equal(bgr, rgb.index_select(1, torch::tensor({2, 1, 0}))));
  }
}

TEST(LoadSplit, LegacyBilinearKeepsFractions) {
  const testing::TempDir dir;
  const Pack pack = colours(dir);
  const ImageForm form{3, 3, Resample::kLegacyBilinear, ChannelOrder::kBgr};
  const torch::Tensor images = load_split(pack, {0}, 0, form, torch::kCPU).images;
  ASSERT_EQ(images.scalar_type(), torch::kFloat);
  // Read at 0, 4/3 and 8/3 in both directions, of 4 * row + column + 10 * channel.
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 3; ++x)
      EXPECT_NEAR(images[0][0][y][x].item<float>(), 20 + (4 * y + x) * 4.f / 3, 1e-5);
  const ImageForm as_it_is{3, 4, Resample::kLegacyBilinear, ChannelOrder::kRgb};
  EXPECT_EQ(load_split(pack, {0}, 0, as_it_is, torch::kCPU).images.scalar_type(), torch::kUInt8);
}

TEST(LegacyBilinear, ReadsAtMultiplesOfTheRatioAndRepeatsTheLastPixel) {
  const torch::Tensor ramp = torch::arange(227, torch::kFloat).expand({1, 1, 227, 227});
  const torch::Tensor row = legacy_bilinear(ramp, 224)[0][0][100];
  for (int i = 0; i < 224; ++i) EXPECT_NEAR(row[i].item<float>(), i * 227.0 / 224, 2e-5);
  const torch::Tensor two = torch::tensor({{0.f, 10.f}, {0.f, 10.f}}).view({1, 1, 2, 2});
  const torch::Tensor four = torch::tensor({0.f, 5.f, 10.f, 10.f}).expand({1, 1, 4, 4});
  EXPECT_TRUE(torch::equal(legacy_bilinear(two, 4), four));
}

TEST_F(RunTask, CoefficientsHaveNoAccuracy) {
  task.model = "expnet";
  task.variant = "resnet101";
  EXPECT_ERROR(run(), Exit::kUsage, "expnet predicts 29 coefficients, not classes");
}

TEST_F(RunTask, TenCropTrainingAndClassWeightsRun) {
  task.model = "fer2013cnn";
  task.variant = "khaireddin-vggnet";
  Protocol& p = task.protocol;
  p.epochs = 1;
  p.batch = 4;
  p.limit.train = 8;
  p.limit.validation = p.limit.test = 6;
  p.augment.crop = TrainCrop::kTen;
  p.test_crop = TestCrop::kTen;
  p.augment.erase_probability = 0.5;
  p.class_weights = ClassWeights::kBalanced;
  p.optimizer.name = Optimizer::kSgd;
  p.optimizer.nesterov = true;
  const TaskRecord record = run();
  EXPECT_EQ(metric(record, "accuracy", "test").n, 6);
  EXPECT_EQ(metric(record, "training_images", "").value, 8);
}

TEST_F(RunTask, NullIsTheMajorityFloor) {
  task.model = "null";
  task.variant = "majority";
  const TaskRecord record = run();
  EXPECT_NEAR(*metric(record, "accuracy", "test").value, 100.0 / 7, 3);
  EXPECT_TRUE(record.curve.empty());
  EXPECT_TRUE(record.artifacts.empty());
  EXPECT_FALSE(std::filesystem::exists(options.weights));
}

TEST_F(RunTask, DivergenceIsOneLine) {
  task.protocol.optimizer.name = Optimizer::kSgd;
  task.protocol.optimizer.learning_rate = 1e30;
  task.protocol.schedule.name = Schedule::kConstant;
  EXPECT_ERROR(run(), Exit::kTaskFailed, "training diverged");
  EXPECT_FALSE(std::filesystem::exists(options.weights));
}

TEST_F(RunTask, BadInputIsRefusedBeforeWork) {
  Task other = task;
  std::swap(other, task);
  task.pack_sha256 = std::string(64, '0');
  EXPECT_ERROR(run(), Exit::kIntegrity, "planned on 0000000000000000");
  task = other;
  task.protocol.splits.test = {"PrivatTest"};
  EXPECT_ERROR(run(), Exit::kUsage, "did you mean PrivateTest");
  task = other;
  task.model = "deepemotoin";
  EXPECT_ERROR(run(), Exit::kUsage, "did you mean deepemotion");
  task = other;
  options.device = "tpu";
  EXPECT_ERROR(run(), Exit::kUsage, "--device tpu");
  if (!torch::cuda::is_available()) {
    options.device = "cuda:0";
    EXPECT_ERROR(run(), Exit::kPrecondition, "no CUDA device");
  }
}

}  // namespace
}  // namespace mien
