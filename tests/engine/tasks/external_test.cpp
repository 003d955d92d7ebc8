// Models from outside: TorchScript files made here, weights and predictions, good and bad, and the
// programs that run them.
#include "harness/engine/context/external.h"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <nlohmann/json.hpp>

#include "harness/base/digest.h"
#include "harness/engine/run_task.h"
#include "harness/system/process.h"
#include "models/registry.h"
#include "models/weights.h"
#include "results/store.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr std::int64_t kSide = 48;

/// 30 images of three classes; class c is bright from row 16c to 16c + 15.
Samples stripes() {
  Samples s;
  s.dataset = "stripes";
  s.class_names = {"low", "middle", "high"};
  s.split_names = {"Training", "PublicTest", "PrivateTest"};
  s.height = s.width = kSide;
  s.manifest = "{}";
  for (std::int32_t i = 0; i < 30; ++i) {
    for (std::int64_t pixel = 0; pixel < kSide * kSide; ++pixel) {
      const bool bright = pixel / (16 * kSide) == i % 3;
      s.images.push_back(static_cast<std::uint8_t>((i * 7 + pixel * 13) % 50 + (bright ? 150 : 0)));
    }
    s.labels.push_back(i % 3);
    s.split.push_back(i < 9 ? 0 : i < 15 ? 1 : 2);
    s.subject.push_back(-1);
    s.sequence.push_back(-1);
    s.ids.push_back("image," + std::to_string(i));
  }
  return s;
}

/// Row c answers to stripe `order[c]`; [3, 2304], or as many classes as `order` has.
torch::Tensor stripe_weights(const std::vector<std::int64_t>& order) {
  torch::Tensor weights = torch::zeros({std::ssize(order), kSide, kSide});
  for (std::int64_t c = 0; c < std::ssize(order); ++c)
    weights[c].narrow(0, 16 * order[static_cast<std::size_t>(c)], 16).fill_(0.01);
  return weights.flatten(1);
}

/// Writes a TorchScript file with weight `w` whose forward(self, x) has the given body.
fs::path write_script(const fs::path& path, const torch::Tensor& w, const std::string& body) {
  torch::jit::Module module("network");
  module.register_parameter("w", w, /*is_buffer=*/false);
  module.define("def forward(self, x: Tensor):\n    " + body + "\n");
  module.save(path.string());
  return path;
}

constexpr const char* kLinear = "return torch.matmul(x.flatten(1), self.w.t())";

class FromOutside : public ::testing::Test {
 protected:
  FromOutside() {
    options.pack = write_pack(folder.path(), stripes(), task.pack_sha256);
    options.weights = folder / "weights.safetensors";
    task.experiment = "mine@stripes";
    task.model = "mine";
    task.variant = "torchscript";
    task.dataset = "stripes";
    task.profile = "smoke";
    task.device_class = "cpu";
    task.protocol.timing.batches = {1, 2};
    task.protocol.timing.repetitions = 2;
    task.protocol.timing.seconds = 0.001;
    task.protocol.timing.warmup_seconds = 0;
    External& external = task.external.emplace();
    external.input = {1, kSide, kSide};
    external.classes = {"high", "low", "middle"};
    use(write_script(folder / "good.pt", stripe_weights({2, 0, 1}), kLinear));
  }

  void use(const fs::path& file) {
    options.model = file;
    task.external->sha256 = sha256_file(file);
  }
  void use_script(const std::string& body) {
    use(write_script(folder / "net.pt", stripe_weights({2, 0, 1}), body));
  }
  TaskRecord run() {
    return run_task(task, options, [](double, const std::string&) {});
  }
  static double metric(const TaskRecord& record, const std::string& name, const char* split = "") {
    for (const Metric& metric : record.metrics)
      if (metric.name == name && metric.split == split) return metric.value.value();
    return -1;
  }

  testing::TempDir folder;
  Task task;
  WorkerOptions options;
};

TEST_F(FromOutside, ATorchScriptFileIsScoredWithItsClassesInTheDatasetsOrder) {
  const TaskRecord record = run();
  EXPECT_EQ(metric(record, "accuracy", "test"), 100);
  EXPECT_EQ(metric(record, "accuracy", "validation"), 100);
  EXPECT_EQ(metric(record, "parameters"), 3 * kSide * kSide);
  EXPECT_EQ(record.predictions.size(), 21u);
  EXPECT_EQ(record.class_names, (std::vector<std::string>{"low", "middle", "high"}));
  EXPECT_FALSE(record.leaks.empty()) << "audited like any run";
  EXPECT_TRUE(record.curve.empty());
  EXPECT_TRUE(record.artifacts.empty()) << "the weights are the user's, not ours to keep";
  ASSERT_EQ(record.notes.size(), 1u);
  EXPECT_EQ(record.notes[0].text, "trained outside Mien; its training data are unknown");
  // The names in the order of the columns: without the permutation nothing is right.
  task.external->classes = {"low", "middle", "high"};
  EXPECT_EQ(metric(run(), "accuracy", "test"), 0);
}

TEST_F(FromOutside, ATorchScriptFileIsTimedLikeAModelOfTheTable) {
  task.kind = TaskKind::kThroughput;
  task.dataset = task.pack_sha256 = "";
  const TaskRecord record = run();
  EXPECT_GE(record.timings.size(), 4u);
  EXPECT_GT(metric(record, "images_per_second_b2"), 0);
  EXPECT_EQ(metric(record, "parameters"), 3 * kSide * kSide);
}

TEST_F(FromOutside, ItsPredictionsAsAFileScoreTheSame) {
  use(write_script(folder / "poor.pt", stripe_weights({2, 0, 0}), kLinear));
  const TaskRecord first = run();
  EXPECT_LT(metric(first, "accuracy", "test"), 100);
  std::string csv = "sample,middle,low,high\n";
  for (auto p = first.predictions.rbegin(); p != first.predictions.rend(); ++p)
    csv += fmt::format("\"{}\",{},{},{}\n", p->sample_id, p->scores[1], p->scores[0], p->scores[2]);
  External& external = *task.external;
  external = {};
  external.kind = ExternalKind::kPredictions;
  external.images_per_second = 120;
  external.timing_source = "Table 3";
  use(folder.write("p.csv", csv + "elsewhere,0,0,0\n"));
  const TaskRecord again = run();
  for (const char* name : {"accuracy", "uar", "macro_f1"})
    EXPECT_EQ(metric(again, name, "test"), metric(first, name, "test")) << name;
  EXPECT_EQ(metric(again, "loss", "test"), -1) << "scores need not be logits";
  EXPECT_EQ(metric(again, "images_per_second_external"), 120);
  EXPECT_EQ(again.leaks.size(), first.leaks.size());
  EXPECT_EQ(again.fold[0].sha256, first.fold[0].sha256);
  ASSERT_EQ(again.notes.size(), 3u);
  EXPECT_EQ(again.notes[1].text,
            "1 of 22 samples of the file are not in the pack, and are not used");
  EXPECT_EQ(again.notes[2].text, "timed by others: Table 3");
  use(folder.write("p.csv", "sample,middle,low,high\n\"image,15\",1,2,3\n"));
  EXPECT_ERROR(run(), Exit::kPrecondition, "p.csv: 14 of 15 scored samples have no line");
}

TEST_F(FromOutside, WeightsForARowOfTheTableAreScored) {
  const ModelEntry& linear = find_model("linear", "softmax");
  const std::shared_ptr<Model> model = linear.make({3, 0});
  torch::NoGradGuard no_grad;
  for (torch::Tensor parameter : model->parameters())
    parameter.dim() == 1 ? parameter.zero_()
                         : parameter.copy_(stripe_weights({2, 0, 1}).view_as(parameter));
  save_weights(*model, folder / "linear.safetensors", {});
  task.external->kind = ExternalKind::kWeights;
  task.external->model = "linear";
  task.external->variant = "softmax";
  task.external->input = {};
  use(folder / "linear.safetensors");
  const TaskRecord record = run();
  EXPECT_EQ(metric(record, "accuracy", "test"), 100);
  EXPECT_TRUE(record.artifacts.empty());
  task.external->classes.push_back("more");
  EXPECT_THROW(run(), Error) << "weights of three classes for a network of four";
}

TEST_F(FromOutside, EveryBadFileIsOneLineThatNamesIt) {
  struct Case {
    const char *body, *message;
  };
  const Case cases[] = {
      {"assert False, \"boom\"", "boom"},
      {"return torch.matmul(x, self.w.t())", "net.pt: failed on images 2x1x48x48"},
      {"return torch.matmul(x.flatten(1), self.w.t())[:, :2]", "returns [2, 2] for 2 images"},
      {"return torch.matmul(x.flatten(1), self.w.t())[:1]", "returns [1, 3] for 2 images"},
      {"return x.sum()", "returns [] for 2 images, must be [2, 3]"},
      {"return (x, x)", "forward returns a Tuple, must return one tensor"},
      {"return None", "forward returns a None"},
      {"return torch.matmul(x.flatten(1), self.w.t()).argmax(1, True).expand(-1, 3)",
       "returns numbers of type Long, must be float"},
      {"return torch.matmul(x.flatten(1), self.w.t()) / 0.0 * 0.0", "an output is NaN or infinite"},
  };
  for (const Case& c : cases) {
    use_script(c.body);
    EXPECT_ERROR(run(), Exit::kPrecondition, c.message);
    EXPECT_ERROR(run(), Exit::kPrecondition, (folder / "net.pt").string());
  }
  // Right on the probe, wrong on the data: what is scored is looked at too.
  use_script(
      "return torch.matmul(x.flatten(1), self.w.t()) + torch.log(x + 0.01).flatten(1)[:, :1]");
  EXPECT_ERROR(run(), Exit::kPrecondition, "NaN or infinite");
}

TEST_F(FromOutside, DoublesAndViewsAreAnswersToo) {
  use_script("return torch.matmul(self.w, x.flatten(1).t()).double().t()");
  EXPECT_EQ(metric(run(), "accuracy", "test"), 100);
}

TEST_F(FromOutside, ACardThatContradictsTheFileIsRefused) {
  const Task good = task;
  task.external->parameters = 12;
  EXPECT_ERROR(run(), Exit::kPrecondition, "good.pt: has 6912 parameters, its card says 12");
  task = good;
  task.external->input = {3, kSide, kSide};
  EXPECT_ERROR(run(), Exit::kPrecondition, "good.pt: failed on images 2x3x48x48");
  task = good;
  task.external->classes = {"high", "low"};
  EXPECT_ERROR(
      run(), Exit::kUsage, "the classes are high, low; the dataset's are low, middle, high");
  task = good;
  task.external->classes[0] = "High";
  EXPECT_ERROR(run(), Exit::kUsage, "High, low, middle; the dataset's are low, middle, high");
  task = good;
  task.external->sha256[0] ^= 1;
  EXPECT_ERROR(run(), Exit::kIntegrity, "good.pt: SHA-256 is");
  task = good;
  task.external->input = {1};
  EXPECT_ERROR(run(), Exit::kUsage, "must have three sizes");
}

TEST_F(FromOutside, WhatIsNoTorchScriptIsRefused) {
  use(folder.write("text.pt", "no archive"));
  EXPECT_ERROR(run(), Exit::kPrecondition, "text.pt: not a TorchScript file that LibTorch");
  const std::string whole = read_text(folder / "good.pt");
  for (const std::size_t length : {std::size_t{0}, whole.size() / 4, whole.size() - 30}) {
    use(folder.write("cut.pt", whole.substr(0, length)));
    EXPECT_ERROR(run(), Exit::kPrecondition, "cut.pt");
  }
  options.model = folder / "none.pt";
  EXPECT_ERROR(run(), Exit::kPrecondition, "none.pt");
}

// --- through the programs

class ExternalPrograms : public ::testing::Test {
 protected:
  static constexpr const char* kSplits = "{scheme: holdout, unit: image}";

  ExternalPrograms() {
    folder.write("configs/null@ckplus48.yaml",
                 fmt::format("schema: 1\nexperiment: \"null@ckplus48\"\nmodel: \"null\"\n"
                             "variant: majority\ndataset: ckplus48\n"
                             "protocol: {{splits: {}}}\nprofiles: {{smoke: {{seeds: 1}}}}\n",
                             kSplits));
    torch::manual_seed(1);
    weights = torch::randn({7, kSide * kSide}) / kSide;
  }

  std::string card(const std::string& name, const std::string& body) {
    const fs::path file = write_script(folder / (name + ".pt"), weights, body);
    return folder
        .write("cards/" + name + ".yaml",
               fmt::format("schema: 1\nkind: torchscript\nname: {0}\nfile: ../{0}.pt\n"
                           "sha256: \"{1}\"\ninput: [1, 48, 48]\n"
                           "classes: [surprise, sadness, happy, fear, disgust, contempt, anger]\n"
                           "preprocessing: {{normalize: {{mean: 0.5, std: 0.5}}}}\n"
                           "datasets: [{{dataset: ckplus48, splits: {2}}}]\n",
                           name,
                           sha256_file(file),
                           kSplits))
        .string();
  }
  Output bench(std::vector<std::string> arguments) {
    Command command{{MIEN_BINARY_DIR "/bin/bench"}, {}, 0};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    command.arguments.insert(command.arguments.end(), {"--configs", (folder / "configs").string()});
    command.environment = {{"MIEN_CACHE", shared_cache().string()},
                           {"MIEN_DATA", (folder / "data").string()},
                           {"MIEN_DB", (folder / "results.db").string()}};
    return run_to_end(command, false);
  }
  /// One stand-in and its pack serve every test of this suite.
  static fs::path shared_cache() {
    static const testing::TempDir cache;
    return cache.path();
  }
  /// The one done accuracy task of an experiment.
  TaskRecord stored(const std::string& experiment) {
    const Store store = Store::open_existing(folder / "results.db");
    for (const std::string& id : store.matching_ids(experiment))
      if (const auto record = store.load(id)) return *record;
    ADD_FAILURE() << experiment << " has no result";
    return {};
  }

  testing::TempDir folder;
  torch::Tensor weights;
};

TEST_F(ExternalPrograms, RunScoreJudgeAndOutliveABadFile) {
  const std::string good = card("good", kLinear), bad = card("bad", "assert False, \"boom\"");
  const Output output = bench({"run", "all", "--card", good, "--card", bad, "--json"});
  EXPECT_EQ(output.exited.exit_code, 5) << output.err;
  EXPECT_NE(output.err.find("bad.pt: failed on images 2x1x48x48: "), std::string::npos)
      << output.err;
  EXPECT_NE(output.err.find("boom"), std::string::npos) << output.err;
  std::map<std::string, std::string> states;
  const auto report = nlohmann::json::parse(output.out);
  for (const auto& task : report.at("tasks"))
    states[task.at("experiment").get<std::string>() + " " + task.at("kind").get<std::string>()] =
        task.at("state");
  EXPECT_EQ(states["null@ckplus48 accuracy"], "done");
  EXPECT_EQ(states["good@ckplus48 accuracy"], "done");
  EXPECT_EQ(states["good throughput"], "done");
  EXPECT_EQ(states["bad@ckplus48 accuracy"], "failed");

  const TaskRecord first = stored("good@ckplus48");
  std::string csv = "sample";
  for (const std::string& name : first.class_names) csv += "," + name;
  for (const Prediction& p : first.predictions)
    if (p.split == "test") csv += fmt::format("\n{},{}", p.sample_id, fmt::join(p.scores, ","));
  const fs::path file = folder.write("theirs.csv", csv);
  const std::string theirs =
      folder
          .write("cards/theirs.yaml",
                 fmt::format("schema: 1\nkind: predictions\nname: theirs\nfile: ../theirs.csv\n"
                             "sha256: \"{}\"\ndataset: ckplus48\nsplits: {}\n",
                             sha256_file(file),
                             kSplits))
          .string();
  EXPECT_EQ(bench({"run", "theirs", "--card", theirs}).exited.exit_code, 0);
  const TaskRecord second = stored("theirs@ckplus48");
  EXPECT_EQ(second.metrics[0].name, "accuracy");
  for (const Metric& metric : first.metrics) {
    const bool compared = metric.name == "accuracy" && metric.split == "test";
    if (compared) {
      EXPECT_EQ(metric.value, second.metrics[0].value);
    }
  }
  const Output board = bench({"list", "models", "--card", theirs, "--card", good});
  EXPECT_NE(board.out.find("torchscript"), std::string::npos) << board.out << board.err;
  const Output show = bench({"show", "good", "--card", good});
  EXPECT_NE(show.out.find("good.pt"), std::string::npos) << show.out << show.err;
}

TEST_F(ExternalPrograms, AreTimedByTheirCard) {
  const std::string good = card("good", kLinear);
  const auto time = [&](std::vector<std::string> what) {
    what.insert(what.begin(), "time");
    what.insert(what.end(), {"--batches", "2", "--seconds", "0.001", "--launches", "1", "--json"});
    return bench(what);
  };
  for (const Output& output : {time({good}), time({"good", "--card", good})}) {
    ASSERT_EQ(output.exited.exit_code, 0) << output.err;
    const auto report = nlohmann::json::parse(output.out);
    EXPECT_EQ(report.at("model"), "good");
    EXPECT_EQ(report.at("variant"), "torchscript");
    EXPECT_EQ(report.at("cells").at(0).at("batch"), 2);
  }
  EXPECT_EQ(time({"good"}).exited.exit_code, 2) << "a card that nobody gave";
  folder.write("theirs.csv", "sample,a,b");
  const std::string theirs =
      folder
          .write("theirs.yaml",
                 fmt::format("schema: 1\nkind: predictions\nname: theirs\nfile: theirs.csv\n"
                             "sha256: \"{}\"\ndataset: ckplus48\nsplits: {}\n",
                             sha256_file(folder / "theirs.csv"),
                             kSplits))
          .string();
  const Output refused = time({theirs});
  EXPECT_EQ(refused.exited.exit_code, 2);
  EXPECT_NE(refused.err.find("has no network to time"), std::string::npos) << refused.err;
}

TEST_F(ExternalPrograms, AFileThatHangsIsStoppedAtTheLimit) {
  const std::string loop = card("loop",
                                "while bool(x.sum() > -1e30):\n        x = x * 1.0\n"
                                "    return x");
  const Output output = bench({"run", "loop", "--card", loop, "--time-limit", "2s", "--json"});
  EXPECT_EQ(output.exited.exit_code, 3) << output.err;
  const auto report = nlohmann::json::parse(output.out);
  EXPECT_EQ(report.at("tasks").size(), 2u);
  for (const auto& task : report.at("tasks")) EXPECT_EQ(task.at("state"), "timeout") << task;
}

}  // namespace
}  // namespace mien
