// Cards of models from outside: what they become, and every way in which they are wrong.
#include "harness/config/external_card.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <nlohmann/json.hpp>

#include "harness/run/plan.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

constexpr const char* kModels = R"({"schema":1,"libtorch":"x","cuda":false,"models":[
  {"name":"net","variant":"fig","parameters":10,"macs":1000000,"input":[1,48,48]}]})";
constexpr const char* kDatasets = R"([
  {"name":"faces","named_splits":[
    {"name":"official","source":"s","scheme":"official","train":["A"],"validation":[],"test":["B"]},
    {"name":"subject3","source":"s","scheme":"folds","unit":"subject","folds":3}]},
  {"name":"films","named_splits":[
    {"name":"subject10","source":"s","scheme":"folds","unit":"subject","folds":10}]}])";

constexpr const char* kTorchScript = R"(schema: 1
kind: torchscript
name: mine
title: My network
file: files/mine.pt
sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
input: [1, 48, 48]
classes: [joy, anger]
parameters: 12
preprocessing: {resize_px: 48, normalize: {mean: 0.5, std: 0.25}}
time_limit_minutes: 5
datasets:
  - faces
  - dataset: films
    splits: {scheme: folds, unit: image, folds: 4}
    claim: {id: c, value: 61.5}
)";

constexpr const char* kPredictions = R"(schema: 1
kind: predictions
name: theirs
file: theirs.csv
sha256: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
dataset: faces
splits: subject3
timings: {images_per_second: 120, source: Table 3}
)";

DatasetLocation real_data(const std::string&, const std::string&) {
  return {DataKind::kReal, "/data/faces", "/packs/faces.safetensors", std::string(64, 'a')};
}

class Cards : public ::testing::Test {
 protected:
  Cards() {
    folder.write("models.json", kModels);
    folder.write("datasets.json", kDatasets);
    folder.write("configs/net@faces.yaml",
                 "schema: 1\nexperiment: net@faces\nmodel: net\nvariant: fig\ndataset: faces\n");
    ::setenv("MIEN_SHARE", folder.path().c_str(), 1);
  }
  ~Cards() override { ::unsetenv("MIEN_SHARE"); }

  std::vector<Experiment> load(const std::string& text) {
    return load_experiments(folder / "configs", {folder.write("card.yaml", text).string()});
  }
  static std::string with(std::string text, const std::string& line, const std::string& by) {
    const std::size_t at = text.find(line);
    EXPECT_NE(at, std::string::npos) << line;
    return text.replace(at, line.size(), by);
  }
  Plan plan(const std::string& text, PlanRequest request) {
    request.device = "cpu";
    return make_plan(request, load(text), Catalog(), nullptr, real_data);
  }

  testing::TempDir folder;
};

TEST_F(Cards, ATorchScriptCardIsOneExperimentPerDataset) {
  const std::vector<Experiment> found = load(kTorchScript);
  ASSERT_EQ(found.size(), 3u);
  const Experiment& faces = found[1];
  const Experiment& films = found[2];
  EXPECT_EQ(faces.id, "mine@faces");
  EXPECT_EQ(faces.variant, "torchscript");
  EXPECT_EQ(faces.card->file, folder / "files/mine.pt");
  EXPECT_EQ(faces.card->external.classes, (std::vector<std::string>{"joy", "anger"}));
  const Protocol protocol = faces.resolve("full", {}).protocol;
  EXPECT_EQ(protocol.input.resize_px, 48);
  EXPECT_EQ(protocol.input.std, 0.25);
  EXPECT_EQ(protocol.splits.test, std::vector<std::string>{"B"}) << "official unless it says";
  EXPECT_EQ(faces.resolve("full", {}).time_limit_minutes, 5);
  EXPECT_FALSE(faces.claim);
  EXPECT_EQ(films.resolve("smoke", {"splits.folds=5"}).protocol.splits.folds, 5);
  EXPECT_EQ(films.resolve("smoke", {}).protocol.splits.folds, 4);
  ASSERT_TRUE(films.claim);
  EXPECT_EQ(films.claim->value, 61.5);
}

TEST_F(Cards, APlanFreezesTheFilesContentAndPassesItsPath) {
  PlanRequest request;
  request.selectors = {"mine@faces"};
  request.profile = "full";
  request.seeds = 3;
  const Plan p = plan(kTorchScript, request);
  ASSERT_EQ(p.tasks.size(), 2u) << "one seed, for it is trained already, and throughput";
  const Task& task = p.tasks[0].task;
  EXPECT_TRUE(task.official);
  EXPECT_EQ(task.external->sha256, std::string(64, 'a'));
  EXPECT_EQ(task.external->parameters, 12);
  EXPECT_EQ(p.tasks[0].model_file, folder / "files/mine.pt");
  EXPECT_EQ(to_json(task).dump().find(folder.path().string()), std::string::npos);
  EXPECT_EQ(p.tasks[1].task.kind, TaskKind::kThroughput);
  EXPECT_EQ(p.tasks[1].task.external->sha256, std::string(64, 'a'));
  const std::string other = with(kTorchScript, "aaaaaaaa", "cccccccc");
  EXPECT_NE(plan(other, request).tasks[0].id, p.tasks[0].id);
}

TEST_F(Cards, PredictionsHaveOneDatasetAndNoThroughput) {
  PlanRequest request;
  request.selectors = {"theirs"};
  const Plan p = plan(kPredictions, request);
  ASSERT_EQ(p.tasks.size(), 3u) << "three folds";
  EXPECT_EQ(p.tasks[0].task.variant, "predictions");
  EXPECT_EQ(p.tasks[0].task.split, "folds3-subject");
  EXPECT_EQ(p.tasks[0].task.external->images_per_second, 120);
}

TEST_F(Cards, LieInTheFolderOfExperimentsToo) {
  folder.write("configs/mine.yaml", kTorchScript);
  EXPECT_EQ(load_experiments(folder / "configs").size(), 3u);
}

TEST_F(Cards, EveryFaultNamesItsPlace) {
  const std::string good = kTorchScript, csv = kPredictions;
  const std::string weights =
      with(with(good, "kind: torchscript", "kind: weights"), "input: [1, 48, 48]", "model: nett");
  struct Case {
    std::string text, message;
  };
  const Case cases[] = {
      {with(good, "schema: 1", "schema: 2"), "card.yaml:1:1: must begin with 'schema: 1'"},
      {with(good, "kind: torchscript", "kind: onnx"), "card.yaml:2:1: kind is \"onnx\", must be"},
      {with(good, "kind: torchscript", "kind: meshes"), "bench realy score --method NAME"},
      {csv + "meshes: folder\n", "card.yaml:9:1: a folder of meshes"},
      {with(good, "name: mine\n", ""), "key 'name' is missing"},
      {with(good, "name: mine", "name: net"), "card.yaml:3:1: 'net' is a model of Mien"},
      {with(good, "name: mine", "name: a@b"), "card.yaml:3:1: name 'a@b' may hold letters"},
      {with(good, "file: files/mine.pt\n", ""), "key 'file' is missing"},
      {with(good, "sha256: a", "sha256: A"), "card.yaml:6:1: sha256 must be 64 digits"},
      {with(good, "sha256: a", "sha256: "), "card.yaml:6:1: sha256 must be 64 digits"},
      {with(good, "[1, 48, 48]", "[48, 48]"), "card.yaml:7:1: input must be [channels, height"},
      {with(good, "[1, 48, 48]", "[1, 48, 0]"), "card.yaml:7:1: input is 0, must be from 1"},
      {with(good, "classes: [joy, anger]\n", ""), "key 'classes' is missing"},
      {with(good, "parameters: 12", "parameters: few"), "card.yaml:9:1: parameters is \"few\""},
      {with(good, "parameters: 12", "paramters: 12"), "unknown key 'paramters': did you mean"},
      {with(good, "resize_px: 48", "resize: 48"),
       "card.yaml:10:17: preprocessing has no key 'resize': did you mean resize_px?"},
      {with(good, "std: 0.25", "std: x"), "card.yaml:10:55: normalize.std is \"x\""},
      {with(good, "preprocessing: {", "# "), "key 'preprocessing' is missing"},
      {with(good, "  - faces\n", "  - facse\n"), "card.yaml:13:5: no dataset 'facse'"},
      {with(good, "folds: 4", "folds: 4, fold: 1"), "card.yaml:15:52: unknown key 'splits.fold'"},
      {with(good, "value: 61.5", "value: high"), "card.yaml:16:20: value is \"high\""},
      {with(good, "dataset: films", "datset: films"), "card.yaml:14:5: unknown key 'datset'"},
      {with(good, "  - faces\n", "  - films\n"),
       "card.yaml:13:5: films has no split 'official'; give splits: one of subject10,"},
      {with(good, "films", "faces"), "card.yaml:1:1: mine@faces stands there twice"},
      {with(csv, "subject3", "subject4"), "card.yaml:7:1: faces has no split 'subject4'"},
      {with(csv, "dataset: faces\n", ""), "key 'dataset' is missing"},
      {with(csv, ", source: Table 3", ""), "card.yaml:8:1: timings need a source"},
      {csv + "preprocessing: {resize_px: 1}\n", "card.yaml:9:1: predictions are made already"},
      {csv + "classes: [a]\n", "card.yaml:9:1: unknown key 'classes'"},
      {with(weights, "parameters: 12\n", ""), "card.yaml:7:1: no model 'nett': did you mean net"},
  };
  for (const Case& c : cases) EXPECT_ERROR(load(c.text), Exit::kUsage, c.message);
  folder.write("configs/mine.yaml", kTorchScript);
  EXPECT_ERROR(load(kTorchScript), Exit::kUsage, "card.yaml:1:1: mine is in");
}

}  // namespace
}  // namespace mien
