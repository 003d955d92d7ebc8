// Equal work has equal ids, different work has different ids, and an id never changes by accident.
#include "harness/task/task.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

using nlohmann::json;

Task sample() {
  Task task;
  task.experiment = "deepemotion@fer2013";
  task.model = "deepemotion";
  task.variant = "default";
  task.dataset = "fer2013";
  task.pack_sha256 = std::string(64, 'a');
  task.profile = "full";
  task.official = true;
  task.device_class = "cuda";
  return task;
}

/// Every leaf of `object`, changed one at a time.
void for_each_change(const json& object,
                     const std::function<void(const std::string&, json)>& visit) {
  const json flat = object.flatten();  // items() refers to it
  for (const auto& [pointer, value] : flat.items()) {
    json changed = object;
    json& leaf = changed[json::json_pointer(pointer)];
    if (value.is_boolean())
      leaf = !value.get<bool>();
    else if (value.is_number_integer())
      leaf = value.get<std::int64_t>() + 1;
    else if (value.is_number())
      leaf = value.get<double>() + 0.125;
    else if (value.is_null())  // an empty list
      leaf = {1};
    else
      leaf = value.get<std::string>() + "x";
    visit(pointer, std::move(changed));
  }
}

TEST(TaskId, IsStable) {
  // Changes only together with kMetricVersion, the schema, or a field of the protocol: every stored
  // result is then recomputed, so change it knowingly.
  EXPECT_EQ(task_id(sample()), "a6b3a196b1d65a20fd6f73d40b2980cde46a8b450d89a0a7b55aa018bece09b8");
}

TEST(TaskId, CoversEveryField) {
  const std::string text = to_json(sample()).dump();
  std::set<std::string> seen = {text};
  int fields = 0;
  for_each_change(json::parse(text), [&](const std::string& pointer, const json& changed) {
    EXPECT_TRUE(seen.insert(changed.dump()).second) << pointer;
    ++fields;
  });
  EXPECT_GT(fields, 40);
  Task other = sample();
  other.protocol.epochs += 1;
  EXPECT_NE(task_id(other), task_id(sample()));
  other = sample();
  other.seed += 1;
  EXPECT_NE(task_id(other), task_id(sample()));
}

TEST(GroupId, LeavesOutSeedAndFoldOnly) {
  Task other = sample();
  other.seed = 9;
  other.fold = 3;
  EXPECT_EQ(group_id(other), group_id(sample()));
  EXPECT_NE(task_id(other), task_id(sample()));
  other = sample();
  other.pack_sha256 = std::string(64, 'b');
  EXPECT_NE(group_id(other), group_id(sample()));
  other = sample();
  other.protocol.optimizer.learning_rate *= 2;
  EXPECT_NE(group_id(other), group_id(sample()));
}

TEST(Task, RoundTrip) {
  Task task = sample();
  task.kind = TaskKind::kThroughput;
  task.data = DataKind::kStandIn;
  task.protocol.optimizer.learning_rate = 0.1 + 0.2;
  task.protocol.test_crop = TestCrop::kTen;
  task.protocol.timing.batches = {1, 8, 64};
  const std::string text = to_json(task).dump();
  EXPECT_EQ(to_json(task_from_text(text, "t")).dump(), text);
  const testing::TempDir dir;
  EXPECT_EQ(task_id(read_task(dir.write("t.json", text))), task_id(task));
}

TEST(Task, AModelFromOutsideIsItsContent) {
  Task task = sample();
  EXPECT_FALSE(to_json(task).contains("external")) << "a built-in model's tasks keep their ids";
  External& external = task.external.emplace();
  external.kind = ExternalKind::kPredictions;
  external.sha256 = std::string(64, 'c');
  external.classes = {"b", "a"};
  external.input = {1, 48, 48};
  external.images_per_second = 12.5;
  const std::string text = to_json(task).dump();
  EXPECT_NE(task_id(task), task_id(sample()));
  EXPECT_EQ(to_json(task_from_text(text, "t")).dump(), text);
  Task other = task;
  other.external->sha256[0] = 'd';
  EXPECT_NE(group_id(other), group_id(task));
  for_each_change(json::parse(text), [](const std::string&, json changed) {
    try {
      task_from_text(changed.dump(), "t");
    } catch (const Error&) {
    }
  });
  json bad = to_json(task);
  bad["external"]["kind"] = "onnx";
  EXPECT_ERROR(task_from_text(bad.dump(), "t.json"), Exit::kUsage, "kind is \"onnx\"");
  bad["external"] = 5;
  EXPECT_ERROR(task_from_text(bad.dump(), "t.json"), Exit::kUsage, "expected keys and values");
}

TEST(Task, RefusesOtherTexts) {
  const json good = to_json(sample());
  EXPECT_ERROR(task_from_text("{", "t.json"), Exit::kUsage, "t.json: not a JSON object");
  EXPECT_ERROR(task_from_text("[]", "t.json"), Exit::kUsage, "not a JSON object");
  EXPECT_ERROR(task_from_text("{}", "t.json"), Exit::kUsage, "another version of Mien");
  json bad = good;
  bad["schema"] = 2;
  EXPECT_ERROR(task_from_text(bad.dump(), "t.json"), Exit::kUsage, "another version of Mien");
  bad = good;
  bad["metric_version"] = "1";
  EXPECT_ERROR(task_from_text(bad.dump(), "t.json"), Exit::kUsage, "another version of Mien");
  bad = good;
  bad["sed"] = 4;
  EXPECT_ERROR(task_from_text(bad.dump(), "t.json"), Exit::kUsage, "t.json: unknown key 'sed'");
  bad = good;
  bad["protocol"]["epochs"] = 0;
  EXPECT_ERROR(task_from_text(bad.dump(), "t.json"), Exit::kUsage, "epochs is 0");
  bad = good;
  bad["protocol"] = 5;
  EXPECT_ERROR(task_from_text(bad.dump(), "t.json"), Exit::kUsage, "expected keys and values");
  bad = good;
  bad["seed"] = -1;
  EXPECT_ERROR(task_from_text(bad.dump(), "t.json"), Exit::kUsage, "seed is -1");
}

/// No text at all may crash the reader.
TEST(Task, SurvivesEveryChangedLeaf) {
  for_each_change(to_json(sample()), [](const std::string&, json changed) {
    try {
      task_from_text(changed.dump(), "t");
    } catch (const Error&) {
    }
  });
}

TEST(MainMetric, IsOnePerKindThatScores) {
  EXPECT_STREQ(main_metric(TaskKind::kAccuracy), "accuracy");
  EXPECT_STREQ(main_metric(TaskKind::kRegression), "coefficient_error");
  EXPECT_STREQ(main_metric(TaskKind::kReconstruction), "realy_error");
}

}  // namespace
}  // namespace mien
