// Coefficients from plan to record, on a tiny pack whose colours are its coefficients.
#include "harness/engine/tasks/regression.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/engine/run_task.h"
#include "harness/geometry/face_model.h"
#include "harness/geometry/reconstruct.h"
#include "models/registry.h"
#include "models/weights.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

constexpr std::size_t kModes = 3;
constexpr float kStd[kModes] = {4, 2, 1};

/// Channel c is as bright as coefficient c, on noise; four pictures per person.
Samples colours(std::int64_t n) {
  Samples s;
  s.dataset = "colours";
  s.split_names = {"train", "validation", "test"};
  s.channels = 3;
  s.height = s.width = 112;
  s.manifest = "{}";
  Targets& targets = s.targets["coefficients"];
  targets.names = {"a", "b", "c"};
  targets.std.assign(std::begin(kStd), std::end(kStd));
  std::uint32_t state = 1;
  const auto random = [&] { return (state = state * 1664525u + 1013904223u) >> 24; };
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < kModes; ++c) {
      const float value = (static_cast<float>(random()) - 128) / 64;
      targets.values.push_back(value);
      for (int p = 0; p < 112 * 112; ++p)
        s.images.push_back(static_cast<std::uint8_t>(118 + 40 * value + random() / 16.f));
    }
    s.labels.push_back(-1);
    s.split.push_back(static_cast<std::int32_t>(i % 10 < 6 ? 0 : i % 10 < 8 ? 1 : 2));
    s.subject.push_back(static_cast<std::int32_t>(i / 4));
    s.sequence.push_back(-1);
    s.ids.push_back("row" + std::to_string(i));
  }
  return s;
}

/// Four corners in tenths of a millimetre; mode m moves corner 0 along axis m.
FaceModel corner_model() {
  FaceModel model;
  model.name = "corner";
  model.licence = "ours";
  model.millimetres = 0.1;
  model.mean = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  model.triangles = {0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3};
  model.expression.assign(kModes * 12, 0);
  for (std::size_t m = 0; m < kModes; ++m) model.expression[m * 12 + m] = 1;
  model.expression_names = {"a", "b", "c"};
  model.expression_std.assign(std::begin(kStd), std::end(kStd));
  return model;
}

/// 68 points in a cube of 100 mm, each a landmark, that every mode moves by up to 10 mm.
FaceModel cloud_model() {
  FaceModel model = corner_model();
  std::uint32_t state = 7;
  const auto random = [&](float reach) {
    state = state * 1664525u + 1013904223u;
    return (static_cast<float>(state >> 8) / 8388608 - 1) * reach;
  };
  model.millimetres = 1;
  model.mean.clear();
  model.expression.clear();
  for (std::int32_t v = 0; v < 68; ++v) model.landmarks68.push_back(v);
  for (std::size_t i = 0; i < 68 * 3; ++i) model.mean.push_back(random(50));
  for (std::size_t i = 0; i < kModes * 68 * 3; ++i) model.expression.push_back(random(10));
  model.expression_std = {1, 1, 1};
  return model;
}

/// Where a camera far away sees the landmarks of every sample, half a px per mm.
void add_landmarks(const FaceModel& model, Samples& s) {
  const std::vector<float>& truth = s.targets.at("coefficients").values;
  Targets landmarks;
  for (int i = 0; i < 136; ++i) landmarks.names.push_back("l" + std::to_string(i));
  for (std::size_t i = 0; i < s.ids.size(); ++i) {
    const std::vector<float> v =
        reconstruct(model, {}, std::span(truth).subspan(kModes * i, kModes));
    for (std::size_t k = 0; k < 68; ++k)
      for (const float xy : {56 + v[3 * k] / 2, 56 - v[3 * k + 1] / 2})
        landmarks.values.push_back(xy);
  }
  s.targets["landmarks"] = landmarks;
}

class Regress : public ::testing::Test {
 protected:
  Regress() {
    options.pack = write_pack(folder.path(), colours(80), task.pack_sha256);
    options.face_model = folder / "model.safetensors";
    save_face_model(options.face_model, corner_model());
    task.kind = TaskKind::kRegression;
    task.experiment = "expnet@colours";
    task.model = "expnet";
    task.variant = "narrow";
    task.dataset = "colours";
    task.profile = "smoke";
    task.device_class = "cpu";
    Protocol& p = task.protocol;
    p.splits.train = {"train"};
    p.splits.validation = {"validation"};
    p.splits.test = {"test"};
    p.input.mean = 0;
    p.input.std = 1 / 255.0;
    p.input.channel_order = ChannelOrder::kBgr;
    p.epochs = 8;
    p.batch = 8;
    p.optimizer.name = Optimizer::kAdam;
    p.optimizer.learning_rate = 0.003;
    p.schedule.name = Schedule::kOneCycle;
    p.select = Select::kBestValidation;
  }

  TaskRecord run() {
    return run_task(task, options, [](double, const std::string&) {});
  }

  static const Metric& metric(const TaskRecord& record, const std::string& name) {
    for (const Metric& metric : record.metrics)
      if (metric.name == name && (metric.split == "test" || metric.split.empty())) return metric;
    throw std::runtime_error("no metric " + name);
  }

  testing::TempDir folder;
  Task task;
  WorkerOptions options;
};

TEST_F(Regress, LearnsAndRecordsEverythingAboutIt) {
  task.protocol.test_scales = {100, 10};
  const TaskRecord record = run();
  const Metric& error = metric(record, "coefficient_error");
  EXPECT_LT(error.value, 0.6 * *metric(record, "floor_error").value);
  EXPECT_GT(metric(record, "correlation").value, 0.8);
  EXPECT_EQ(error.unit, "sd");
  EXPECT_EQ(error.n, 16);
  ASSERT_TRUE(error.interval);
  EXPECT_LT(error.interval->lower, error.value);
  EXPECT_GT(error.interval->upper, error.value);
  double squares = 0, millimetres = 0;
  std::int64_t scored = 0;
  for (const Coefficients& row : record.coefficients) {
    EXPECT_EQ(row.target, "coefficients");
    EXPECT_EQ(row.sample_id, "row" + std::to_string(row.sample));
    ASSERT_EQ(row.truth.size(), kModes);
    ASSERT_EQ(row.predicted.size(), kModes);
    if (row.split != "test") continue;
    ++scored;
    double moved = 0;
    for (std::size_t m = 0; m < kModes; ++m) {
      squares += std::pow(row.predicted[m] - row.truth[m], 2);
      moved += std::pow(kStd[m] * (row.predicted[m] - row.truth[m]), 2);
    }
    millimetres += 0.1 * std::sqrt(moved) / 4;  // one corner of four
  }
  ASSERT_EQ(scored, 16);
  EXPECT_NEAR(*error.value, std::sqrt(squares / (16 * kModes)), 1e-6);
  EXPECT_NEAR(*metric(record, "loss").value, squares / (16 * kModes), 1e-6);
  EXPECT_NEAR(*metric(record, "mesh_error").value, millimetres / 16, 1e-6);
  EXPECT_EQ(metric(record, "mesh_error").unit, "mm");
  ASSERT_EQ(record.sweep.size(), 2u);
  EXPECT_EQ(record.sweep[0].parameter, "scale_percent");
  EXPECT_EQ(record.sweep[0].value, error.value) << "100 per cent is the image itself";
  EXPECT_EQ(record.sweep[1].setting, 10);
  ASSERT_EQ(record.notes.size(), 1u);
  EXPECT_EQ(record.notes[0].text,
            "29 outputs, 3 numbers of coefficients in colours: the rest is not trained");
}

TEST_F(Regress, TheSmallestValidationLossIsSelected) {
  task.protocol.epochs = 4;
  const TaskRecord record = run();
  ASSERT_EQ(record.curve.size(), 4u);
  for (const EpochPoint& point : record.curve) {
    EXPECT_FALSE(point.train_accuracy || point.validation_accuracy);
    EXPECT_GT(point.train_loss, 0);
  }
  const auto best = std::ranges::min_element(record.curve, {}, &EpochPoint::validation_loss);
  EXPECT_EQ(metric(record, "selected_epoch").value, static_cast<double>(best->epoch));
}

TEST_F(Regress, RefusesWhatMakesNoSense) {
  task.protocol.augment.flip_probability = 0.5;
  EXPECT_ERROR(run(), Exit::kUsage, "flip_probability 0.5: a mirrored face");
  task.protocol.augment.flip_probability = 0;
  task.protocol.test_crop = TestCrop::kTen;
  EXPECT_ERROR(run(), Exit::kUsage, "ten crops mirror");
  task.protocol.test_crop = TestCrop::kCenter;
  task.protocol.class_weights = ClassWeights::kBalanced;
  EXPECT_ERROR(run(), Exit::kUsage, "class_weights");
  task.protocol.class_weights = ClassWeights::kNone;
  task.model = "shapenet";
  EXPECT_ERROR(run(), Exit::kUsage, "shapenet predicts identity, and colours has none");
  task.model = "linear";
  task.variant = "softmax";
  EXPECT_ERROR(run(), Exit::kUsage, "linear predicts classes");
  Samples raw = colours(20);
  raw.targets.at("coefficients").std.clear();
  options.pack = write_pack(folder.path(), raw, task.pack_sha256);
  task.model = "expnet";
  task.variant = "narrow";
  EXPECT_ERROR(run(), Exit::kUsage, "not in standard deviations");
}

TEST_F(Regress, WhatIsNotFineTunedKeepsItsBits) {
  const Pack pack(options.pack);
  const ModelEntry& entry = find_model("expnet", "narrow");
  torch::manual_seed(1);
  const std::shared_ptr<Model> model = entry.make({});
  Split split = load_split(pack, pack.rows_of({"train"}), 16, {.channels = 3}, torch::kCPU);
  add_targets(split, pack, "coefficients", kModes);
  const FoldImages images{.training = split, .validation = split, .test = split};
  task.protocol.trained_layers = TrainedLayers::kFineTuned;
  task.protocol.epochs = 1;
  std::map<std::string, torch::Tensor> before;
  for (const auto& t : model->named_parameters()) before[t.key()] = t.value().detach().clone();
  for (const auto& t : model->named_buffers()) before[t.key()] = t.value().clone();
  const auto ignore = [](double, const std::string&) {};
  train(*model, {entry, task.protocol, 1, images, 29}, ignore);
  const auto changed = [&](const std::string& name, const torch::Tensor& now) {
    return !torch::equal(now, before.at(name));
  };
  for (const auto& t : model->named_parameters()) {
    const std::string member = t.key().substr(0, t.key().find('.'));
    EXPECT_EQ(changed(t.key(), t.value()), std::ranges::count(entry.fine_tuned, member) > 0)
        << t.key();
  }
  for (const auto& t : model->named_buffers()) EXPECT_FALSE(changed(t.key(), t.value())) << t.key();
  ModelEntry bare = entry;
  bare.fine_tuned = {};
  EXPECT_ERROR(train(*model, {bare, task.protocol, 1, images, 29}, ignore),
               Exit::kUsage,
               "expnet has no list of fine-tuned layers");
}

TEST_F(Regress, LandmarksAreFittedBesideTheNetwork) {
  Samples samples = colours(40);
  add_landmarks(cloud_model(), samples);
  options.pack = write_pack(folder.path(), samples, task.pack_sha256);
  save_face_model(options.face_model, cloud_model());
  task.protocol.epochs = 1;
  task.protocol.landmark_noise = {0, 8};
  const TaskRecord record = run();
  std::map<std::pair<std::string, double>, double> found;
  for (const SweepPoint& point : record.sweep) {
    EXPECT_EQ(point.parameter, "landmark_noise_px");
    EXPECT_EQ(point.n, 8);
    found[{point.metric, point.setting}] = point.value.value();
  }
  ASSERT_EQ(found.size(), 8u);
  EXPECT_LT((found[{"fit_coefficient_error", 0}]), 0.1);
  EXPECT_GT((found[{"fit_coefficient_error", 8}]), 0.2);
  EXPECT_NEAR((found[{"coefficient_error", 0}]),
              *metric(record, "coefficient_error").value,
              1e-3 * *metric(record, "coefficient_error").value)
      << "the network made ready for inference says what the network says";
  EXPECT_GT((found[{"fit_ms", 0}]), 0);
  EXPECT_GT((found[{"network_ms", 8}]), 0);
}

TEST_F(Regress, LandmarkNoiseWantsLandmarks) {
  task.protocol.epochs = 1;
  task.protocol.landmark_noise = {1};
  EXPECT_ERROR(run(), Exit::kUsage, "colours has no 68 landmarks");
}

TEST_F(Regress, ShrunkImagesKeepTheirSizeAndLoseTheirDetail) {
  const Pack pack(options.pack);
  const auto image = [&](std::int64_t percent) {
    return load_split(pack, {0}, 0, {.channels = 3, .shrink_percent = percent}, torch::kCPU)
        .images.to(torch::kFloat);
  };
  const torch::Tensor whole = image(100), shrunk = image(10);
  ASSERT_EQ(shrunk.sizes(), whole.sizes());
  for (std::int64_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(shrunk[0][c].mean().item<float>(), whole[0][c].mean().item<float>(), 0.5);
    EXPECT_LT(shrunk[0][c].std().item<float>(), 0.3 * whole[0][c].std().item<float>());
  }
}

}  // namespace
}  // namespace mien
