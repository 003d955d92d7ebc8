// Emotions from coefficients: whole tasks on tiny packs. The weights of the network are random,
// which is enough to tell these images apart.
#include "harness/engine/tasks/coefficient_classifier.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "harness/base/digest.h"
#include "harness/engine/run_task.h"
#include "models/registry.h"
#include "models/weights.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

constexpr std::int64_t kPeople = 6, kEmotions = 3, kFrames = 2;

/// Every person shows every emotion in two frames. Emotion c is bright in channel c.
Samples people() {
  Samples s;
  s.dataset = "people";
  s.class_names = {"a", "b", "c"};
  s.split_names = {"Train", "Val"};
  s.channels = 3;
  s.height = s.width = 112;
  s.manifest = "{}";
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < kPeople * kEmotions * kFrames; ++i) {
    const std::int64_t sequence = i / kFrames, emotion = sequence % kEmotions;
    for (std::int64_t c = 0; c < 3; ++c)
      for (int p = 0; p < 112 * 112; ++p) {
        state = state * 1664525u + 1013904223u;
        s.images.push_back(
            static_cast<std::uint8_t>(60 + 4 * (i / 6) + (state >> 28) + (c == emotion ? 90 : 0)));
      }
    s.labels.push_back(emotion);
    s.subject.push_back(static_cast<std::int32_t>(sequence / kEmotions));
    s.sequence.push_back(static_cast<std::int32_t>(sequence));
    s.split.push_back(i < 24 ? 0 : 1);
    s.ids.push_back("row" + std::to_string(i));
  }
  return s;
}

/// Every person is one gray, twice, and has another label than those whose grays are next to it.
Samples grays() {
  Samples s = people();
  s.images.clear();
  for (std::size_t i = 0; i < s.labels.size(); ++i) {
    const std::size_t person = i / 2;
    s.images.insert(s.images.end(), 3 * 112 * 112, static_cast<std::uint8_t>(20 + 12 * person));
    s.subject[i] = s.sequence[i] = static_cast<std::int32_t>(person);
    s.labels[i] = static_cast<std::int64_t>(person) % kEmotions;
  }
  return s;
}

class CoefficientClassifier : public ::testing::Test {
 protected:
  CoefficientClassifier() {
    use(people());
    save("expnet", "narrow");
    task.experiment = "expnet@people";
    task.model = "expnet";
    task.variant = "narrow";
    task.dataset = "people";
    task.profile = "smoke";
    task.device_class = "cpu";
    task.networks["expression"] = std::string(64, '0');
    Protocol& p = task.protocol;
    p.splits.scheme = SplitScheme::kFolds;
    p.splits.unit = SplitUnit::kSubject;
    p.splits.folds = 0;
    p.input.mean = 0;
    p.input.std = 1.0 / 255;
    p.classifier.neighbours = 3;
    p.classifier.sweep = {1, 3, 500};
    p.test_scales = {100, 20};
  }

  void use(const Samples& samples) {
    options.pack = write_pack(folder.path(), samples, task.pack_sha256);
  }

  /// Random weights; `huge`: so large in the last layer that numbers overflow.
  void save(const char* model, const char* variant, bool huge = false) {
    torch::manual_seed(1);
    const std::shared_ptr<Model> network = find_model(model, variant).make({7, 0});
    torch::NoGradGuard no_grad;
    if (huge) network->named_parameters()["fc.weight"].fill_(3e38);
    options.networks["expression"] = folder / "weights.safetensors";
    save_weights(*network,
                 options.networks["expression"],
                 {{"model", model}, {"variant", variant}, {"task", "0"}});
  }

  TaskRecord run() {
    return run_task(task, options, [](double, const std::string&) {});
  }

  static const Metric& metric(const TaskRecord& record, const std::string& name) {
    for (const Metric& metric : record.metrics)
      if (metric.name == name) return metric;
    throw std::runtime_error("no metric " + name);
  }

  testing::TempDir folder;
  Task task;
  WorkerOptions options;
};

TEST_F(CoefficientClassifier, EveryRowIsScoredOnceAndEverythingIsRecorded) {
  const TaskRecord record = run();
  std::set<std::int64_t> rows;
  for (const Prediction& p : record.predictions) rows.insert(p.sample);
  EXPECT_EQ(rows.size(), 36u);
  EXPECT_EQ(record.predictions.size(), 36u);
  EXPECT_GT(metric(record, "accuracy").value, 60) << "chance is 33 %";
  EXPECT_EQ(metric(record, "accuracy").value, metric(record, "accuracy_knn").value);
  EXPECT_GT(metric(record, "accuracy_svm").value, 60);
  EXPECT_EQ(metric(record, "accuracy").n, 36);
  EXPECT_EQ(metric(record, "sequence_accuracy").n, 18);
  EXPECT_THROW(metric(record, "loss"), std::runtime_error);

  ASSERT_EQ(record.fold.size(), 1u);
  EXPECT_EQ(record.fold[0].train, 30);
  EXPECT_EQ(record.fold[0].test, 36);
  EXPECT_EQ(record.fold[0].sha256, [&] {
    const Pack pack(options.pack);
    return digest(pack, folds_of(pack, task.protocol.splits));
  }());
  for (const Leak& leak : record.leaks)
    if (leak.kind == "subject" || leak.kind == "sequence") {
      EXPECT_EQ(leak.rows, 0);
    }

  ASSERT_EQ(record.coefficients.size(), 36u);
  for (const Coefficients& one : record.coefficients) {
    EXPECT_EQ(one.target, "coefficients");
    EXPECT_EQ(one.predicted.size(), 29u);
    EXPECT_TRUE(one.truth.empty());
  }
  ASSERT_EQ(record.artifacts.size(), 1u);
  EXPECT_EQ(record.artifacts[0].kind, "network-expression");
  EXPECT_EQ(record.artifacts[0].sha256, sha256_file(options.networks["expression"]));
  ASSERT_EQ(record.notes.size(), 1u);
  EXPECT_EQ(record.notes[0].kind, "departure");
}

TEST_F(CoefficientClassifier, CurvesPassThroughTheAccuracy) {
  const TaskRecord record = run();
  ASSERT_EQ(record.sweep.size(), 5u);
  const std::optional<double> accuracy = metric(record, "accuracy").value;
  for (const SweepPoint& point : record.sweep) {
    EXPECT_EQ(point.metric, "accuracy");
    EXPECT_EQ(point.unit, "%");
    EXPECT_EQ(point.n, 36);
    ASSERT_TRUE(point.interval);
    EXPECT_LE(point.interval->lower, point.value);
    EXPECT_GE(point.interval->upper, point.value);
    const bool same = point.parameter == "neighbours" ? point.setting == 3 : point.setting == 100;
    if (same) {
      EXPECT_EQ(point.value, accuracy) << point.parameter;
    }
  }
  EXPECT_EQ(record.sweep[2].setting, 500);
  EXPECT_EQ(record.sweep[2].value, record.sweep[0].value)
      << "all rows vote, the classes are equal: the nearest decides";
}

TEST_F(CoefficientClassifier, ByTheSvm) {
  task.protocol.classifier.kind = ClassifierKind::kSvm;
  const TaskRecord record = run();
  EXPECT_EQ(metric(record, "accuracy").value, metric(record, "accuracy_svm").value);
  ASSERT_EQ(record.sweep.size(), 2u) << "no k";
  EXPECT_EQ(record.sweep[0].parameter, "scale_percent");
  EXPECT_EQ(record.sweep[0].value, metric(record, "accuracy").value);
}

TEST_F(CoefficientClassifier, SameBitsAgain) {
  const TaskRecord one = run(), other = run();
  for (std::size_t i = 0; i < one.predictions.size(); ++i) {
    EXPECT_EQ(one.predictions[i].scores, other.predictions[i].scores);
    EXPECT_EQ(one.coefficients[i].predicted, other.coefficients[i].predicted);
  }
}

TEST_F(CoefficientClassifier, SequencesOfSeveralEmotionsHaveNoneOfTheirOwn) {
  Samples samples = people();
  for (std::size_t i = 0; i < samples.labels.size(); ++i)
    samples.labels[i] = static_cast<std::int64_t>(i % 2);
  use(samples);
  const TaskRecord record = run();
  EXPECT_THROW(metric(record, "sequence_accuracy"), std::runtime_error);
}

TEST_F(CoefficientClassifier, NobodyTrainsTheClassifierOfTheirOwnFold) {
  use(grays());
  task.protocol.classifier.neighbours = 1;
  EXPECT_LT(metric(run(), "accuracy").value, 50) << "the next gray has another label";
  task.protocol.splits.unit = SplitUnit::kImage;
  EXPECT_EQ(metric(run(), "accuracy").value, 100) << "the same picture is in training";
}

TEST_F(CoefficientClassifier, OfficialSplitsAreOneFold) {
  task.protocol.splits = {.train = {"Train"}, .validation = {}, .test = {"Val"}};
  const TaskRecord record = run();
  EXPECT_EQ(record.fold[0].train, 24);
  EXPECT_EQ(record.fold[0].test, 12);
  ASSERT_EQ(record.predictions.size(), 12u);
  for (const Prediction& p : record.predictions) EXPECT_GE(p.sample, 24);
}

TEST_F(CoefficientClassifier, LimitsHoldInEveryFold) {
  task.protocol.limit.test = 1;
  task.protocol.limit.train = 10;
  EXPECT_EQ(run().predictions.size(), 6u);
}

TEST_F(CoefficientClassifier, AnEmotionMayBeMissingFromAFold) {
  Samples samples = people();
  for (std::size_t i = 0; i < samples.labels.size(); ++i)
    samples.labels[i] = samples.subject[i] == 0 ? 2 : samples.labels[i] % 2;
  use(samples);
  const TaskRecord record = run();
  for (const Prediction& p : record.predictions)
    if (p.truth == 2) {
      EXPECT_NE(p.predicted, 2) << "only one person shows it";
    }
}

TEST_F(CoefficientClassifier, WrongNetworksAreRefused) {
  std::ofstream(folder / "text.safetensors") << "no weights";
  options.networks["expression"] = folder / "text.safetensors";
  EXPECT_ERROR(run(), Exit::kIntegrity, "text.safetensors");
  save("deepemotion", "fig");
  EXPECT_ERROR(run(), Exit::kUsage, "does not predict coefficients");
  save("expnet", "narrow");
  task.variant = "resnet101";
  EXPECT_ERROR(run(), Exit::kPrecondition, "the task is of expnet (resnet101)");
  options.networks.clear();
  EXPECT_ERROR(run(), Exit::kUsage, "no network for expression");
}

TEST_F(CoefficientClassifier, NumbersThatAreNotFiniteEndTheTask) {
  save("expnet", "narrow", /*huge=*/true);
  EXPECT_ERROR(run(), Exit::kTaskFailed, "not finite");
}

}  // namespace
}  // namespace mien
