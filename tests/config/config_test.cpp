#include "harness/config/config.h"

#include <gtest/gtest.h>

#include "harness/base/fields.h"
#include "harness/config/yaml_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

constexpr const char* kGood = R"(schema: 1
experiment: net@faces
title: A net on faces
model: net
variant: fig
dataset: faces
claim:
  id: net-faces
  value: 70.02
  n: "3589"
assumptions:
  - {field: batch, choice: "64", reason: not given}
seeds: 5
protocol:
  epochs: 100
  optimizer: {name: adam, learning_rate: 0.005}
profiles:
  smoke:
    seeds: 1
    protocol: {epochs: 2}
)";

class Config : public ::testing::Test {
 protected:
  Experiment load(const std::string& text) {
    return read_experiment(YamlFile(folder.write("net@faces.yaml", text)));
  }
  /// kGood with one line replaced.
  std::string with(const std::string& line, const std::string& replacement) {
    std::string text = kGood;
    const std::size_t at = text.find(line);
    EXPECT_NE(at, std::string::npos) << line;
    return text.replace(at, line.size(), replacement);
  }
  testing::TempDir folder;
};

TEST_F(Config, ReadsEverything) {
  const Experiment e = load(kGood);
  EXPECT_EQ(e.id, "net@faces");
  ASSERT_TRUE(e.claim);
  EXPECT_EQ(e.claim->value, 70.02);
  EXPECT_EQ(e.claim->n, "3589");
  ASSERT_EQ(e.assumptions.size(), 1u);
  EXPECT_EQ(e.assumptions[0].choice, "64");
}

TEST_F(Config, ProfilesAndOverridesApplyInOrder) {
  const Experiment e = load(kGood);
  EXPECT_EQ(e.resolve("full", {}).protocol.epochs, 100);
  EXPECT_EQ(e.resolve("full", {}).seeds, 5);
  const Experiment::Resolved smoke = e.resolve("smoke", {});
  EXPECT_EQ(smoke.protocol.epochs, 2);
  EXPECT_EQ(smoke.seeds, 1);
  EXPECT_EQ(smoke.protocol.optimizer.learning_rate, 0.005);
  const auto changed =
      e.resolve("smoke", {"epochs=7", "optimizer.name=sgd", "splits.train=[A, B]"});
  EXPECT_EQ(changed.protocol.epochs, 7);
  EXPECT_EQ(changed.protocol.optimizer.name, Optimizer::kSgd);
  EXPECT_EQ(changed.protocol.splits.train, (std::vector<std::string>{"A", "B"}));
}

TEST_F(Config, EveryFaultNamesItsPlaceAndTheNextStep) {
  struct Case {
    std::string text, message;
  };
  const Case cases[] = {
      {with("  epochs: 100", "  epoch: 100"),
       "net@faces.yaml:15:3: unknown key 'epoch': did you mean epochs"},
      {with("  epochs: 100", "  epochs: many"),
       "net@faces.yaml:15:3: epochs is \"many\", must be a whole number"},
      {with("  epochs: 100", "  epochs: 1.5"), "must be a whole number"},
      {with("  epochs: 100", "  epochs: 0"),
       "net@faces.yaml:15:3: epochs is 0, must be from 1 to 100000"},
      {with("  epochs: 100", "  epochs: 99999999999999999999"), "must be"},
      {with("name: adam", "name: adamw"), "optimizer.name is \"adamw\", must be one of sgd, adam"},
      {with("learning_rate: 0.005", "learning_rate: -1"),
       "net@faces.yaml:16:27: optimizer.learning_rate is -1"},
      {with("protocol: {epochs: 2}", "protocol: {epochs: two}"),
       "net@faces.yaml:20:16: epochs is \"two\""},
      {with("title: A net on faces", "titel: A net"), "unknown key 'titel': did you mean title"},
      {with("model: net\n", ""), "key 'model' is missing"},
      {with("experiment: net@faces", "experiment: other@faces"),
       "the file's name says 'net@faces'"},
      {with("schema: 1", "schema: 2"), "must begin with 'schema: 1'"},
      {with("seeds: 5", "seeds: [5]"), "net@faces.yaml:13:1: seeds is [5]"},
      {with("  value: 70.02", "  value: high"),
       "net@faces.yaml:9:3: value is \"high\", must be a number"},
      {with("seeds: 5", "model: again\nseeds: 5"), "key 'model' stands here a second time"},
      {with("  epochs: 100", "\tepochs: 100"), "not YAML"},
      {with("  smoke:\n", "  quick:\n"), "net@faces.yaml:18:3: no profile 'quick'"},
      {with("  epochs: 100", "  epochs: 100\n  timing: {stop: entropy}"),
       "net@faces.yaml:16:12: timing.stop entropy was removed; use noise"},
      {"", "expected keys and values"},
      {"- a\n- b\n", "expected keys and values"},
  };
  for (const Case& c : cases) EXPECT_ERROR(load(c.text), Exit::kUsage, c.message);
}

TEST_F(Config, BadOverridesNameThemselves) {
  const Experiment e = load(kGood);
  EXPECT_ERROR(e.resolve("smoke", {"epochs"}), Exit::kUsage, "must be key=value");
  EXPECT_ERROR(e.resolve("smoke", {"epoch=3"}), Exit::kUsage, "--set epoch=3: unknown key");
  EXPECT_ERROR(e.resolve("smoke", {"epochs=x"}), Exit::kUsage, "--set epochs=x: epochs is");
  EXPECT_ERROR(e.resolve("smoke", {"timing.stop=entropy"}),
               Exit::kUsage,
               "--set timing.stop=entropy: timing.stop entropy was removed; use noise");
  EXPECT_ERROR(e.resolve("smok", {}), Exit::kUsage, "did you mean smoke");
}

TEST_F(Config, MissingFilesAndFolders) {
  EXPECT_ERROR(YamlFile(folder / "none.yaml"), Exit::kPrecondition, "none.yaml");
  EXPECT_ERROR(load_experiments(folder / "none"), Exit::kPrecondition, "--configs");
}

TEST(ShippedConfigs, AllLoadInEveryProfile) {
  const auto experiments = load_experiments(std::string(MIEN_SOURCE_DIR) + "/configs");
  EXPECT_GE(experiments.size(), 3u);
  for (const Experiment& e : experiments) {
    for (const char* profile : {"smoke", "full"}) EXPECT_NO_THROW(e.resolve(profile, {})) << e.id;
    EXPECT_TRUE(!e.claim || !e.assumptions.empty()) << e.id << " claims, and assumes nothing?";
  }
}

TEST(ShippedConfigs, KeysAreTheApprovedOnes) {
  FieldDocs docs;
  const Protocol defaults;
  visit(docs, defaults);
  std::string text;
  for (const FieldDoc& doc : docs.rows)
    text += fmt::format("{} | {} | {} | {}\n", doc.key, doc.type, doc.default_value, doc.meaning);
  testing::expect_golden("config-keys.txt", text);
}

}  // namespace
}  // namespace mien
