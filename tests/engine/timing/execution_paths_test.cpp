// The execution paths of small networks on a CPU, compared with fp32; no time is asserted.
#include "harness/engine/timing/execution_paths.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/registry.h"
#include "models/weights.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

/// Grey noise of seven classes; every other picture is of the test split.
Samples noise(std::int64_t n) {
  Samples s;
  s.dataset = "noise";
  s.class_names = {"a", "b", "c", "d", "e", "f", "g"};
  s.split_names = {"Training", "PublicTest", "PrivateTest"};
  s.height = s.width = 48;
  s.manifest = "{}";
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < n; ++i) {
    for (int pixel = 0; pixel < 48 * 48; ++pixel)
      s.images.push_back(static_cast<std::uint8_t>((state = state * 1664525u + 1013904223u) >> 24));
    s.labels.push_back(i % 7);
    s.split.push_back(i % 2 ? 2 : i % 4 ? 1 : 0);
    s.subject.push_back(-1);
    s.sequence.push_back(-1);
    s.ids.push_back("row" + std::to_string(i));
  }
  return s;
}

class ExecutionPaths : public ::testing::Test {
 protected:
  ExecutionPaths() {
    task.experiment = "deepemotion@noise";
    task.model = "deepemotion";
    task.variant = "fig";
    task.dataset = "noise";
    task.device_class = "cpu";
    options.pack = write_pack(folder.path(), noise(74), task.pack_sha256);
    options.weights = folder / "weights.safetensors";
    options.batch = 8;
    options.seconds = 0.001;
    torch::manual_seed(3);
    save_weights(*find_model("deepemotion", "fig").make({7, 0.5}), options.weights, {});
  }

  std::vector<ExecutionPathRow> compare() {
    return compare_execution_paths(task, options, [](double, const std::string&) {}).rows;
  }
  static const ExecutionPathRow& of(const std::vector<ExecutionPathRow>& rows,
                                    const std::string& mode) {
    return *std::ranges::find(rows, mode, &ExecutionPathRow::mode);
  }

  testing::TempDir folder;
  Task task;
  PathOptions options;
};

TEST_F(ExecutionPaths, EachIsComparedWithFp32OrSaysWhyNot) {
  const std::vector<ExecutionPathRow> rows = compare();
  std::vector<std::string> names;
  for (const ExecutionPathRow& row : rows) {
    names.push_back(row.mode);
    EXPECT_FALSE(row.device.empty());
    EXPECT_EQ(row.unit, "%");
    EXPECT_EQ(row.batch, 8);
    if (!row.problem.empty()) continue;
    EXPECT_EQ(row.n, 37) << "the last pass of 8 holds 5";
    EXPECT_GT(row.images_per_second, 0);
    if (row.mode == "fp32") continue;
    EXPECT_GT(row.speed_up, 0) << row.mode;
    ASSERT_TRUE(row.interval);
    EXPECT_LE(row.interval->lower, row.speed_up);
    EXPECT_GE(row.interval->upper, row.speed_up);
    EXPECT_EQ(row.lost + row.gained <= row.flipped, true) << row.mode;
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "fp32", "channels_last", "tf32", "bf16", "fp16", "graph", "inference"}));
  EXPECT_FALSE(rows[0].speed_up);
  EXPECT_FALSE(rows[0].largest);
  for (const char* name : {"channels_last", "inference"}) {
    EXPECT_EQ(of(rows, name).problem, "") << name;
    EXPECT_LT(of(rows, name).relative, 1e-4) << name;
    EXPECT_EQ(of(rows, name).flipped, 0) << name;
    EXPECT_EQ(of(rows, name).p, 1);
  }
  const ExecutionPathRow& bf16 = of(rows, "bf16");
  EXPECT_EQ(bf16.problem, "");
  EXPECT_GT(bf16.relative, 1e-5) << "it was not fp32";
  EXPECT_LT(bf16.relative, 0.1);
  for (const char* name : {"tf32", "graph"}) {
    EXPECT_TRUE(of(rows, name).problem.starts_with("not on this device: ")) << name;
    EXPECT_EQ(of(rows, name).n, 0);
    EXPECT_FALSE(of(rows, name).value);
  }
}

TEST_F(ExecutionPaths, DoNotDependOnHowManyImagesGoThroughAtOnce) {
  const std::optional<double> few = compare()[0].value;
  options.batch = 37;
  EXPECT_EQ(compare()[0].value, few);
  task.protocol.test_crop = TestCrop::kTen;
  EXPECT_EQ(compare()[0].batch, 30) << "three images of ten crops";
  options.batch = 1;
  EXPECT_EQ(compare()[0].batch, 10);
}

TEST_F(ExecutionPaths, RefuseWhatIsNotTheTasks) {
  Task other = task;
  other.pack_sha256 = std::string(64, '0');
  EXPECT_ERROR(compare_execution_paths(other, options, [](double, const std::string&) {}),
               Exit::kIntegrity,
               "the task was planned on 0000");
  task.networks["expression"] = std::string(64, '1');
  EXPECT_ERROR(compare(), Exit::kUsage, "trains no network of its own");
}

/// Seven logits of 100 samples, one of which is clearly the largest.
struct Logits {
  torch::Tensor labels = torch::arange(100).remainder(7);
  torch::Tensor values = torch::nn::functional::one_hot(labels, 7).to(torch::kFloat) * 4;
};

TEST(CompareClasses, TheSameOutputsDifferInNothing) {
  const Logits logits;
  ExecutionPathRow row;
  compare_classes(logits.values, logits.values, logits.labels, row);
  EXPECT_EQ(row.n, 100);
  EXPECT_EQ(row.value, 100);
  EXPECT_EQ(row.flipped + row.lost + row.gained, 0);
  EXPECT_EQ(row.p, 1);
  EXPECT_EQ(row.largest, 0);
}

TEST(CompareClasses, ABrokenPathIsSeen) {
  const Logits logits;
  torch::Tensor broken = logits.values.clone();
  broken.narrow(0, 0, 12) = logits.values.narrow(0, 0, 12).roll(1, 1);  // the neighbouring class
  ExecutionPathRow row;
  compare_classes(logits.values, broken, logits.labels, row);
  EXPECT_EQ(row.value, 88);
  EXPECT_EQ(row.flipped, 12);
  EXPECT_EQ(row.lost, 12);
  EXPECT_EQ(row.gained, 0);
  EXPECT_NEAR(*row.p, 2.0 / 4096, 1e-12);
  EXPECT_EQ(row.largest, 4);
  EXPECT_EQ(row.relative, 1);
  ExecutionPathRow repaired;
  compare_classes(broken, logits.values, logits.labels, repaired);
  EXPECT_EQ(repaired.gained, 12);
  ExecutionPathRow overflown;
  broken[5][1] = INFINITY;
  compare_classes(logits.values, broken, logits.labels, overflown);
  EXPECT_EQ(overflown.problem, "its outputs are not finite");
}

TEST(CompareNumbers, InTheirOwnUnit) {
  const torch::Tensor targets = torch::zeros({4, 2});
  const torch::Tensor reference = torch::full({4, 3}, 2.0), outputs = reference + 1;
  ExecutionPathRow row;
  compare_numbers(reference, outputs, targets, row);
  EXPECT_EQ(row.n, 4);
  EXPECT_DOUBLE_EQ(*row.value, 3);
  EXPECT_EQ(row.largest, 1);
  EXPECT_EQ(row.relative, 0.5);
  EXPECT_EQ(row.flipped, 0);
}

}  // namespace
}  // namespace mien
