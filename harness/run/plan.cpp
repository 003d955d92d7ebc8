#include "harness/run/plan.h"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/config/external_card.h"
#include "harness/run/estimate.h"

namespace mien {
namespace {

bool matches(const std::string& selector, const Experiment& experiment) {
  if (selector == "all") return true;
  std::string pattern = selector;
  if (pattern.starts_with("@")) pattern = "*" + pattern;
  if (pattern.find('@') == std::string::npos) pattern += "@*";
  return ::fnmatch(pattern.c_str(), experiment.id.c_str(), 0) == 0;
}

/// Makes the tasks of experiments: one per seed and fold, and one throughput task per model and
/// variant.
class Expander {
 public:
  Expander(const PlanRequest& request, const Catalog& catalog, const Store* store, Plan& plan)
      : request_(request), catalog_(catalog), store_(store), plan_(plan) {}

  /// `selected`: the request names the experiment; otherwise only its network is needed.
  void expand(const Experiment& experiment, const DatasetLocation& data, bool selected) {
    const std::string where = experiment.file.string() + ":1:1";
    const std::vector<std::string> overrides =
        selected ? request_.overrides : std::vector<std::string>();
    const Experiment::Resolved resolved = experiment.resolve(request_.profile, overrides);
    const ExternalCard* card = experiment.card.get();
    const ModelInfo& model =
        card ? card->model : catalog_.model(experiment.model, resolved.variant, where);
    catalog_.dataset(experiment.dataset, where);
    std::optional<Pack> pack;
    if (std::filesystem::exists(data.pack)) pack.emplace(data.pack);
    located_[experiment.id] = data;
    Task task;
    task.kind = experiment.kind;
    task.experiment = experiment.id;
    task.model = experiment.model;
    task.variant = resolved.variant;
    task.dataset = experiment.dataset;
    task.frames = experiment.frames;
    task.data = data.data;
    task.pack_sha256 = data.sha256;
    task.profile = request_.profile;
    task.official = request_.profile == "full" && overrides.empty();
    task.device_class = plan_.devices.front().name.starts_with("cuda") ? "cuda" : "cpu";
    task.protocol = without_timing(resolved.protocol);
    if (card) {
      task.external = card->external;
      cards_[task.model] = card;
    }
    if (request_.metric != RunMetric::kThroughput)
      add_folds(task, experiment, pack, resolved, model);
    if (request_.subject_disjoint && selected) add_control(task, experiment, pack, resolved, model);
    // Constant predictors and predictions have no network to time.
    const bool is_network =
        card ? card->external.kind != ExternalKind::kPredictions : model.has_network();
    if (request_.metric == RunMetric::kScores) return;
    if (is_network && timed_.insert({experiment.model, resolved.variant}).second)
      throughput_.push_back({throughput_task(task, resolved.protocol), resolved, &model});
  }

  /// Adds the timings, which come last because each needs the machine for itself.
  void add_throughput() {
    for (const auto& [task, resolved, model] : throughput_)
      add(task, estimate_seconds(task, *model, {}), resolved, *model);
  }

 private:
  struct Timed {
    Task task;
    Experiment::Resolved resolved;
    const ModelInfo* model;
  };

  /// Timing settings must not change the id of a training, or a new one would train it again.
  static Protocol without_timing(Protocol protocol) {
    protocol.timing = {};
    return protocol;
  }

  /// Adds one task per seed and fold. Without a pack their size is unknown. Where the networks were
  /// trained elsewhere, all folds are one task.
  void add_folds(Task task,
                 const Experiment& experiment,
                 const std::optional<Pack>& pack,
                 const Experiment::Resolved& resolved,
                 const ModelInfo& model) {
    const SplitRule& rule = task.protocol.splits;
    task.split = name_of(rule);
    double seconds = 0;
    std::int64_t folds =
        rule.scheme == SplitScheme::kFolds ? std::max<std::int64_t>(1, rule.folds) : 1;
    if (pack) {
      folds = fold_count(*pack, rule);
      seconds = estimate_seconds(task, model, make_fold(*pack, rule, 0));
    }
    if (!experiment.networks.empty()) folds = 1;
    // A finished model gives the same answers for every seed.
    const std::int64_t seeds = task.external        ? 1
                               : request_.seeds > 0 ? request_.seeds
                                                    : resolved.seeds;
    for (task.seed = 1; task.seed <= seeds; ++task.seed) {
      task.networks = networks_of(experiment, task);
      for (task.fold = 0; task.fold < folds; ++task.fold) add(task, seconds, resolved, model);
    }
  }

  /// Returns the tasks that train the networks of `experiment` with the same seed. An id is ""
  /// while a pack is missing.
  std::map<std::string, std::string> networks_of(const Experiment& experiment,
                                                 const Task& task) const {
    std::map<std::string, std::string> ids;
    for (const auto& [role, id] : experiment.networks) {
      const auto trained =
          std::ranges::find_if(plan_.tasks, [&, &id = id](const PlannedTask& planned) {
            return planned.task.experiment == id && planned.task.seed == task.seed;
          });
      if (trained == plan_.tasks.end())
        fail(Exit::kUsage,
             "{}: {} has fewer seeds than {}; make them equal, or give --seeds",
             experiment.location_of("/networks/" + role),
             id,
             experiment.id);
      check_images(experiment, role, trained->task, task.protocol);
      ids[role] = trained->id;
    }
    return ids;
  }

  /// Checks that a network gets images like those that it was trained on.
  static void check_images(const Experiment& experiment,
                           const std::string& role,
                           const Task& trained,
                           const Protocol& ours) {
    const Protocol& theirs = trained.protocol;
    const char* differs = ours.input.resize_px != theirs.input.resize_px           ? "resize_px"
                          : ours.input.resample != theirs.input.resample           ? "resample"
                          : ours.input.channel_order != theirs.input.channel_order ? "channel_order"
                          : ours.input.mean != theirs.input.mean ? "normalize.mean"
                          : ours.input.std != theirs.input.std   ? "normalize.std"
                                                                 : nullptr;
    if (differs)
      fail(Exit::kUsage,
           "{}: {} was trained on other images: {} differs; make it equal",
           experiment.location_of("/networks/" + role),
           trained.experiment,
           differs);
  }

  /// Adds the tasks of the subject-disjoint control of a split. Adds none where the split is
  /// subject-disjoint already or the pack does not know the subjects.
  void add_control(Task task,
                   const Experiment& experiment,
                   const std::optional<Pack>& pack,
                   const Experiment::Resolved& resolved,
                   const ModelInfo& model) {
    if (!pack || !knows_subjects(*pack) || is_subject_disjoint(*pack, task.protocol.splits)) return;
    Task control = task;
    task.split = name_of(task.protocol.splits);
    control.protocol.splits = subject_disjoint(*pack, task.protocol.splits);
    control.official = false;
    control.split = name_of(control.protocol.splits);
    plan_.subject_disjoint.emplace_back(group_id(task), group_id(control));
    add_folds(control, experiment, pack, resolved, model);
  }

  void add(const Task& task,
           double first_guess,
           const Experiment::Resolved& resolved,
           const ModelInfo& model) {
    PlannedTask planned;
    planned.task = task;
    if (const auto data = located_.find(task.experiment); data != located_.end())
      add_files(data->second, planned);
    if (task.external) {
      planned.model_file = cards_.at(task.model)->file.string();
      planned.map_file = cards_.at(task.model)->map.string();
    }
    const bool trained = std::ranges::none_of(
        task.networks, [](const auto& network) { return network.second.empty(); });
    const bool frozen =
        task.kind == TaskKind::kThroughput || (!task.pack_sha256.empty() && trained);
    if (frozen) planned.id = task_id(task);
    planned.done = store_ && frozen && store_->is_done(planned.id);
    const std::optional<double> seen = store_ ? store_->median_seconds(task) : std::nullopt;
    planned.seconds = seen ? *seen : first_guess;
    planned.bytes = expected_bytes(planned, model);
    planned.time_limit_seconds = request_.time_limit_seconds > 0 ? request_.time_limit_seconds
                                                                 : 60 * resolved.time_limit_minutes;
    plan_.tasks.push_back(std::move(planned));
  }

  /// A timing runs alone, so its memory is not limited.
  std::int64_t expected_bytes(const PlannedTask& planned, const ModelInfo& model) const {
    const Task& task = planned.task;
    if (task.kind == TaskKind::kThroughput) return 0;
    const std::optional<std::int64_t> seen = store_ ? store_->peak_bytes(task) : std::nullopt;
    const bool cuda = task.device_class == "cuda";
    if (!seen) return estimate_bytes(task, model, planned.pack);
    return cuda ? gpu_process_bytes(*seen) : *seen;
  }

  /// Sets the files of a task on `data`. A task whose networks other tasks trained takes the face
  /// model of these tasks, because the coefficients belong to it.
  void add_files(const DatasetLocation& data, PlannedTask& planned) const {
    planned.pack = data.pack;
    planned.face_model = data.face_model;
    if (planned.task.kind == TaskKind::kReconstruction) planned.ground_truth = data.source;
    for (const auto& [role, id] : planned.task.networks)
      for (const PlannedTask& trained : plan_.tasks)
        if (trained.id == id) planned.face_model = trained.face_model;
  }

  const PlanRequest& request_;
  const Catalog& catalog_;
  const Store* store_;
  Plan& plan_;
  std::map<std::string, const ExternalCard*> cards_;  // by model
  std::map<std::string, DatasetLocation> located_;    // by experiment
  std::set<std::pair<std::string, std::string>> timed_;
  std::vector<Timed> throughput_;
};

/// Appends `experiment` behind those whose networks it takes, each once.
void add_with_networks(const Experiment& experiment,
                       const std::vector<Experiment>& known,
                       std::vector<Experiment>& ordered) {
  if (std::ranges::find(ordered, experiment.id, &Experiment::id) != ordered.end()) return;
  for (const auto& [role, id] : experiment.networks) {
    const auto trained = std::ranges::find(known, id, &Experiment::id);
    const std::string where = experiment.location_of("/networks/" + role);
    if (trained == known.end()) {
      std::vector<std::string> ids;
      for (const Experiment& other : known) ids.push_back(other.id);
      fail(Exit::kUsage, "{}: no experiment '{}'{}", where, id, suggest(id, ids));
    }
    if (trained->kind != TaskKind::kRegression)
      fail(Exit::kUsage, "{}: {} is not a regression and trains no such network", where, id);
    add_with_networks(*trained, known, ordered);
  }
  ordered.push_back(experiment);
}

}  // namespace

std::vector<Experiment> select(const std::vector<Experiment>& known,
                               const std::vector<std::string>& selectors) {
  std::vector<bool> chosen(known.size(), false);
  for (const std::string& selector : selectors) {
    bool any = false;
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (!matches(selector, known[i])) continue;
      chosen[i] = any = true;
    }
    if (any) continue;
    std::set<std::string> names = {"all"};
    for (const Experiment& experiment : known)
      names.insert({experiment.id, experiment.model, "@" + experiment.dataset});
    fail(Exit::kUsage,
         "no experiment matches '{}'{}",
         selector,
         suggest(selector, {names.begin(), names.end()}));
  }
  std::vector<Experiment> selected;
  for (std::size_t i = 0; i < known.size(); ++i)
    if (chosen[i]) selected.push_back(known[i]);
  return selected;
}

Task throughput_task(const Task& task, const Protocol& protocol) {
  Task timed = task;
  timed.kind = TaskKind::kThroughput;
  timed.experiment = task.model;
  timed.dataset = timed.frames = timed.split = timed.pack_sha256 = "";
  timed.data = DataKind::kReal;
  timed.seed = 1;
  timed.protocol = Protocol{};
  timed.protocol.deterministic = false;
  timed.protocol.timing = protocol.timing;
  if (timed.protocol.timing.launches == 0)
    timed.protocol.timing.launches = task.profile == "full" ? 7 : 1;
  return timed;
}

Plan make_plan(const PlanRequest& request,
               const std::vector<Experiment>& known,
               const Catalog& catalog,
               const Store* store,
               FindDataset find_dataset) {
  if (!catalog.models_known())
    fail(Exit::kPrecondition,
         "this is a lite build, which reads results only; build the preset "
         "release to plan and run experiments");
  Plan plan;
  const std::vector<Experiment> selected = select(known, request.selectors);
  for (const Experiment& experiment : selected)
    add_with_networks(experiment, known, plan.experiments);
  plan.devices = resolve_devices(request.device, catalog);
  std::map<std::pair<std::string, std::string>, DatasetLocation> data;
  Expander expander(request, catalog, store, plan);
  for (const Experiment& experiment : plan.experiments) {
    const std::pair key(experiment.dataset, experiment.frames);
    if (!data.contains(key)) data[key] = find_dataset(experiment.dataset, experiment.frames);
    const bool is_selected =
        std::ranges::find(selected, experiment.id, &Experiment::id) != selected.end();
    expander.expand(experiment, data[key], is_selected);
  }
  expander.add_throughput();
  return plan;
}

}  // namespace mien
