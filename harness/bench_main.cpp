// bench: the one command people type. Plans, spawns, merges, judges, renders. Starts at once
// because it links neither LibTorch nor OpenCV.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/environment.h"
#include "harness/verbs.h"

namespace mien {
namespace {

constexpr const char* kFooter = R"(Exit codes:
  0 done, gate passed            4 inconclusive under --strict
  1 gate failed                  5 data, baseline or machine class missing
  2 usage or configuration       6 corrupt file or hash mismatch
  3 a task failed, rest stored   130/143 interrupted; run again to go on

Real data is read from $MIEN_DATA/<dataset> (default ~/mien-data); packs are kept in $MIEN_CACHE
(default ~/.cache/mien); results go to --db, $MIEN_DB or ./results.db.)";

/// Builds the tree of verbs; each leaf sets `chosen`.
class Cli {
 public:
  explicit Cli(CLI::App& app) : app_(app) {
    options_.database = paths::environment("MIEN_DB", "results.db");
    app.require_subcommand(1);
    app.footer(kFooter);
    app.set_version_flag("--version", version());
    add_list();
    add_plan_and_run();
    add_time();
    add_modes();
    add_results();
    add_explain();
    add_claims();
    add_data();
    add_mesh();
    add_realy();
    add_weights();
    verb(app_, "doctor", "check what Mien needs on this machine", verb_doctor, "text,json");
    CLI::App* help = app.add_subcommand("help", "explain a topic");
    help->add_option("topic", topic_, "config: every key of an experiment's protocol")
        ->check(CLI::IsMember({"config"}));
    add_format(help, "text,md,csv,json");
    help->callback([this] {
      if (topic_.empty()) throw CLI::CallForHelp();
      chosen_ = verb_help_config;
    });
  }

  int run() {
    if (options_.configs.empty()) options_.configs = (paths::share() / "configs").string();
    if (json_) options_.format = "json";
    for (const Choice<RunMetric>& known : kRunMetrics)
      if (metric_ == known.name) options_.request.metric = known.value;
    return chosen_(options_);
  }

 private:
  using Verb = int (*)(const Options&);

  static std::string version() {
    const Environment host = host_environment();
    return fmt::format("mien {} ({}, {})", host.mien_version, host.commit, host.dirty);
  }

  CLI::App* verb(
      CLI::App& parent, const char* name, const char* help, Verb run, const std::string& formats) {
    CLI::App* app = parent.add_subcommand(name, help);
    add_format(app, formats);
    app->callback([this, run] { chosen_ = run; });
    return app;
  }

  /// "90s", "30m", "2h" -> seconds; else an error for CLI11 to print.
  static std::string to_seconds(std::string& text) {
    const std::string digits = text.substr(0, text.find_first_not_of("0123456789"));
    const std::string unit = text.substr(digits.size());
    const std::int64_t factor = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
    if (digits.empty() || digits.size() > 9 || factor == 0)
      return text + " is no time; write 90s, 30m or 2h";
    text = std::to_string(factor * std::stoll(digits));
    return "";
  }

  void add_format(CLI::App* app, const std::string& formats) {
    app->add_flag("--json", json_, "same as --format json");
    app->add_option("--format", options_.format, "one of " + formats)
        ->check(CLI::IsMember(CLI::detail::split(formats, ',')));
  }

  void add_configs(CLI::App* app) {
    app->add_option("--configs", options_.configs, "folder of experiments and cards (*.yaml)");
    app->add_option("--card", options_.cards, "card of a model from outside; may be repeated")
        ->type_name("FILE")
        ->allow_extra_args(false);
  }
  void add_database(CLI::App* app) {
    app->add_option("--db", options_.database, "results database")->capture_default_str();
  }

  void add_list() {
    CLI::App* app =
        verb(app_, "list", "experiments, models or datasets", verb_list, "text,md,csv,json");
    options_.subject = "experiments";
    app->add_option("what", options_.subject, "experiments, models or datasets")
        ->check(CLI::IsMember({"experiments", "models", "datasets"}))
        ->capture_default_str();
    add_configs(app);
  }

  void add_plan_and_run() {
    PlanRequest& request = options_.request;
    CLI::App* plan = verb(app_, "plan", "show what a run would do", verb_plan, "text,md,csv,json");
    CLI::App* run = verb(
        app_, "run", "run what is missing, then print the board", verb_run, "text,md,csv,json");
    for (CLI::App* app : {plan, run}) {
      app->add_option("selector", request.selectors, "all, model@dataset, model or @dataset")
          ->required();
      app->add_option("--profile", request.profile, "smoke: minutes on a CPU; full: the protocol")
          ->capture_default_str();
      app->add_option("--device",
                      request.device,
                      "cpu, cuda (every GPU) or cuda:N,cuda:M; auto: every GPU, else the CPU")
          ->capture_default_str();
      app->add_option("--seeds", request.seeds, "seeds per experiment, instead of the configured")
          ->check(CLI::Range(1, 1000));
      app->add_option("--set", request.overrides, "protocol key=value; the rows are unofficial")
          ->type_name("KEY=VALUE")
          ->allow_extra_args(false);
      app->add_flag("--leaky-twin",
                    request.leaky_twin,
                    "also with no person in two sides of a split, and the difference");
      app->add_option(
             "--metric", metric_, "scores: train and score, time nothing; throughput: only time")
          ->check(CLI::IsMember({"all", "scores", "throughput"}))
          ->capture_default_str();
      app->add_option("--time-limit", request.time_limit_seconds, "per task, e.g. 90s, 30m or 2h")
          ->transform(CLI::Validator(to_seconds, "TIME"));
      add_database(app);
      add_configs(app);
    }
    run->add_option("--jobs,--jobs-per-device", options_.jobs, "tasks at a time on each device")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    run->add_option("--memory-limit", options_.memory_limit_mib, "MiB of data per worker")
        ->check(CLI::Range(64, 1 << 24));
  }

  void add_time() {
    CLI::App* app =
        verb(app_, "time", "time a model: latency, throughput", verb_time, "text,md,csv,json");
    TimeOptions& time = options_.time;
    app->add_option("model",
                    options_.subject,
                    "MODEL or MODEL:VARIANT of bench list models, or a card (FILE)")
        ->required();
    app->add_option("--batches", time.batches, "batch sizes, e.g. 1,32")
        ->delimiter(',')
        ->check(CLI::Range(1, 65536));
    app->add_flag("--sweep", time.sweep, "also batches 1, 2, 4 ... while more than 2 % is gained");
    app->add_option("--launches", time.launches, "processes that are timed; 7 by default")
        ->check(CLI::Range(1, 100));
    app->add_option("--seconds", time.seconds, "longest sampling of a cell; 3 by default")
        ->check(CLI::Range(0.001, 600.0));
    app->add_option("--percentile", time.percentile, "highest that is wanted; 99 by default")
        ->check(CLI::Range(50.0, 99.9));
    app->add_option("--device", options_.request.device, "auto, cpu, cuda or cuda:N")
        ->capture_default_str();
    app->add_option("--time-limit", options_.request.time_limit_seconds, "e.g. 90s, 30m or 2h")
        ->transform(CLI::Validator(to_seconds, "TIME"));
    add_database(app);
    add_configs(app);
  }

  void add_modes() {
    CLI::App* app =
        verb(app_,
             "modes",
             "precisions, layouts, graphs of a trained network: what flips, what is faster",
             verb_modes,
             "text,md,csv,json");
    app->add_option(
           "task", options_.subject, "model@dataset, whose newest task is taken, or a task id")
        ->required();
    app->add_option("--batch", options_.modes.batch, "images of a pass")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    app->add_option("--seconds", options_.modes.seconds, "of timing, per mode")
        ->check(CLI::Range(0.001, 600.0))
        ->capture_default_str();
    app->add_option("--device", options_.request.device, "auto, cpu, cuda or cuda:N")
        ->capture_default_str();
    add_database(app);
  }

  void add_results() {
    CLI::App* board =
        verb(app_, "board", "claims and measurements", verb_board, "text,md,csv,json");
    board->add_flag("--all", options_.all, "also rows that a newer protocol replaced");
    add_database(board);
    CLI::App* show =
        verb(app_, "show", "an experiment, a model or a task, whole", verb_show, "text,json");
    show->add_option("id", options_.subject, "model@dataset, model, or first digits of a task id")
        ->required();
    show->add_option("--profile", options_.request.profile, "profile whose protocol is shown");
    add_database(show);
    add_configs(show);
  }

  void add_explain() {
    CLI::App* app = verb(app_,
                         "explain",
                         "draw what a trained model looks at: occlusion, gradients, features",
                         verb_explain,
                         "text,json");
    app->add_option("experiment", options_.subject, "model@dataset that was run")->required();
    app->add_option("--sample", options_.sample, "id of a scored image");
    app->add_option("--class", options_.class_name, "mean over a class's scored images");
    app->add_option("-o,--out", options_.out, "the sheet, .png, .jpg or .html; or .safetensors")
        ->required();
    app->add_option("--size", options_.square_px, "side of the occluding square in px")
        ->check(CLI::Range(1, 4096));
    app->add_option("--stride", options_.stride_px, "px between two squares")
        ->check(CLI::Range(1, 4096));
    app->add_option("--split", options_.split, "test (the default) or validation")
        ->check(CLI::IsMember({"test", "validation"}));
    app->add_option("--task", options_.task, "first digits of a task id, instead of the newest");
    add_database(app);
    add_configs(app);
  }

  void add_claims() {
    CLI::App* claims = app_.add_subcommand("claims", "figures that others published");
    claims->require_subcommand(1);
    CLI::App* list = verb(*claims,
                          "list",
                          "every published figure: of experiments and of boards",
                          verb_claims_list,
                          "text,md,csv,json");
    list->add_option("part", options_.part, "only those with this in their id, e.g. realy/frontal");
    CLI::App* lint = verb(*claims,
                          "lint",
                          "what is wrong with them: arithmetic, order, copies; 1 where it is new",
                          verb_claims_lint,
                          "text,json");
    for (CLI::App* app : {list, lint}) add_configs(app);
  }

  void add_data() {
    CLI::App* data = app_.add_subcommand("data", "datasets on this machine");
    data->require_subcommand(1);
    verb(*data,
         "list",
         "what is installed, licences, how to obtain; with a name, its expected tree",
         verb_data_list,
         "text,md,csv,json")
        ->add_option("dataset", options_.dataset, "dataset name");
    CLI::App* prepare = verb(
        *data, "prepare", "verify a dataset and write its pack", verb_data_prepare, "text,json");
    CLI::App* verify = verb(*data,
                            "verify",
                            "digests, counts, duplicates against the published",
                            verb_data_verify,
                            "text,json");
    CLI::App* synthesize = verb(*data,
                                "synthesize",
                                "write a stand-in in the true layout",
                                verb_data_synthesize,
                                "text,json");
    CLI::App* show =
        verb(*data, "show", "write a sheet of samples per class", verb_data_show, "text,json");
    CLI::App* splits = verb(*data,
                            "splits",
                            "how a dataset is divided: official, as papers do, honestly",
                            verb_data_splits,
                            "text,md,csv,json");
    CLI::App* audit = verb(*data,
                           "audit",
                           "people and images on two sides of a split",
                           verb_data_audit,
                           "text,md,csv,json");
    CLI::App* face_model = verb(*data,
                                "facemodel",
                                "describe a morphable face model, or pack it",
                                verb_data_facemodel,
                                "text,json");
    face_model->add_option("path", options_.source, "file or folder of the model")->required();
    face_model->add_option("-o,--out", options_.out, "write it as one .safetensors file");
    CLI::App* crop =
        verb(*data, "crop", "cut faces out as ExpNet was fed them", verb_data_crop, "text,json");
    crop->add_option("faces", options_.source, "CSV: ID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT")
        ->required();
    crop->add_option("-o,--out", options_.out, "folder of the crops, ID.png, and crops.csv")
        ->required();
    crop->add_option("--size", options_.size_px, "side of a crop in px")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    crop->add_flag("--no-jpeg", options_.no_jpeg, "without the published loss to JPEG, quality 95");
    for (CLI::App* app : {prepare, verify, show, splits, audit, synthesize})
      app->add_option("dataset", options_.subject, "dataset name")->required();
    for (CLI::App* app : {prepare, verify, show, splits, audit}) {
      app->add_option("--source", options_.source, "folder, instead of $MIEN_DATA/<dataset>");
      app->add_option("--frames", options_.frames, "which frames of a sequence are samples");
      app->add_flag("--stand-in", options_.stand_in, "the stand-in even where real data is");
      app->add_flag("--accept-unverified",
                    options_.accept_unverified,
                    "accept files with unpublished digests; the rows say unverified");
    }
    for (CLI::App* app : {prepare, verify})
      app->add_flag("--strict", options_.strict, "refuse a copy with any problem");
    verify->add_option("--manifest", options_.out, "file to write 'sha256  path' lines to");
    show->add_option("-o,--out", options_.out, "the sheet, .png or .jpg")->required();
    show->add_option("--columns", options_.columns, "samples per class")->check(CLI::Range(1, 100));
    for (CLI::App* app : {splits, audit})
      app->add_option("--split", options_.split, "one of those that splits lists");
    splits->add_option(
        "-o,--out", options_.out, "CSV with the side of every sample; needs --split");
    synthesize->add_option("-o,--out", options_.out, "folder to write")->required();
    synthesize->add_option("--subjects", options_.subjects, "number of subjects")
        ->check(CLI::Range(1, 100000));
    synthesize
        ->add_option("--head",
                     options_.head,
                     "whose heads are drawn; ict-facekit lies in $MIEN_DATA/ict-facekit")
        ->check(CLI::IsMember({"built-in", "ict-facekit"}))
        ->capture_default_str();
    synthesize->add_option(
        "--face-model", options_.face_model, "the file of a face model whose heads are drawn");
    synthesize
        ->add_option("--label-noise",
                     options_.label_noise,
                     "standard deviations added to true coefficients of training samples")
        ->check(CLI::Range(0.0, 10.0));
    synthesize->add_option("--seed", options_.seed, "seed")->check(CLI::Range(0, 1000000000));
  }

  void add_weights() {
    CLI::App* weights = app_.add_subcommand("weights", "files of weights");
    weights->require_subcommand(1);
    CLI::App* convert = verb(*weights,
                             "convert",
                             "write .npz, .npy and .safetensors files as one .safetensors",
                             verb_weights_convert,
                             "text,json");
    convert->add_option("files", options_.files, "files to join")->required();
    convert->add_option("-o,--out", options_.out, "the .safetensors file to write")->required();
    verb(*weights,
         "show",
         "names, dtypes, shapes, ranges and numbers that are not finite",
         verb_weights_show,
         "text,md,csv,json")
        ->add_option("files", options_.files, ".safetensors, .npz or .npy")
        ->required();
  }

  void add_mesh() {
    CLI::App* mesh = app_.add_subcommand("mesh", "coefficients and a face model to meshes");
    mesh->callback([this] { chosen_ = verb_mesh; });
    mesh->add_option("coefficients", options_.source, "CSV: ID, s0 .. s98, e0 .. e28, p0 .. p5")
        ->required();
    mesh->add_option("--face-model", options_.face_model, "file or folder of the face model")
        ->required();
    mesh->add_option("-o,--out", options_.out, "folder of ID_Shape_Expr_Pose.ply")->required();
    mesh->add_option("--format", options_.mesh_format, "one of ply,obj")
        ->check(CLI::IsMember({"ply", "obj"}))
        ->capture_default_str();
    mesh->add_flag("--no-pose", options_.no_pose, "as the model lies: ID_Shape_Expr.ply");
    mesh->add_flag("--json", json_, "the report as JSON");
  }

  void add_realy() {
    CLI::App* realy = app_.add_subcommand("realy", "errors of predicted face meshes in mm");
    realy->require_subcommand(1);
    CLI::App* score = verb(*realy,
                           "score",
                           "score a folder of meshes as the REALY benchmark does",
                           verb_realy_score,
                           "text,md,csv,json");
    score->callback([this, score] {
      chosen_ = verb_realy_score;
      if (score->count("--jobs") == 0) options_.jobs = 0;  // all cores
    });
    score->add_option("--data", options_.source, "folder of REALY's scans, keypoints and data")
        ->required();
    score
        ->add_option(
            "--predictions", options_.predictions, "folder of <subject>[_<view>].obj, .ply")
        ->required();
    score->add_option("--topology", options_.topology, "template of the meshes: data/<name>.obj")
        ->required();
    score->add_option("--mask", options_.mask, "0 or 1 per vertex of the template, with commas");
    score->add_option("--mode", options_.metric_mode, "compat: the toolkit's numbers; strict; both")
        ->check(CLI::IsMember({"compat", "strict", "both"}))
        ->capture_default_str();
    score->add_option("--jobs", options_.jobs, "threads; all cores by default")
        ->check(CLI::Range(1, 256));
    score->add_option("--views", options_.views, "pictures per subject, else the most that one has")
        ->check(CLI::Range(1, 1000));
    score->add_option("-o,--out", options_.out, "folder: finished meshes, so that a run can go on");
    score->add_flag("--error-text", options_.error_text, "also REALY_error.txt, into --out");
    score->add_flag("--pictures", options_.pictures, "also heat maps of the errors, into --out");
    score->add_flag("--meshes", options_.keep_meshes, "also aligned and bent meshes, into --out");
    score->add_option("--method", options_.method, "store the result as NAME@realy, for the board");
    CLI::App* board = verb(*realy,
                           "board",
                           "published figures of the benchmark, and those measured here",
                           verb_realy_board,
                           "text,md,csv,json");
    for (CLI::App* app : {score, board}) {
      app->add_option("--set", options_.realy_set, "which pictures the meshes are of")
          ->check(CLI::IsMember({"frontal", "side"}));
      add_database(app);
      add_configs(app);
    }
  }

  CLI::App& app_;
  Options options_;
  std::string topic_, metric_ = "all";
  bool json_ = false;
  Verb chosen_ = nullptr;
};

int guarded(Cli& cli) {
  try {
    return cli.run();
  } catch (const Error& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}; this is a bug in Mien, please report it\n", error.what());
    return static_cast<int>(Exit::kTaskFailed);
  }
}

}  // namespace
}  // namespace mien

int main(int argc, char** argv) {
  CLI::App app{
      "Mien re-runs what facial-expression papers claim and says, with evidence, which "
      "claims hold."};
  mien::Cli cli(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return static_cast<int>(mien::Exit::kUsage);
  }
  return mien::guarded(cli);
}
