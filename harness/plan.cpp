#include "harness/plan.h"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "harness/cards.h"
#include "harness/core/error.h"
#include "harness/environment.h"

namespace mien {
namespace {

using nlohmann::json;

// Rough speeds for the first estimate; once a task like it has run, its own time is used.
constexpr double kCoreMacsPerSecond = 6e10, kGpuMacsPerSecond = 2e12;
constexpr double kCorePassesPerSecond =
    8e3;  // of a network without arithmetic: gather, call, write
constexpr double kStartSeconds = 2;
// Likewise of memory: LibTorch and its buffers, or a CUDA context and its libraries.
constexpr double kCpuProcessBytes = 300e6, kGpuProcessBytes = 700e6;
constexpr double kMacsPerActivation = 150;  // of a network of 3x3 convolutions
constexpr double kAllocatorSlack = 1.25;    // what an allocator holds beside what is in use

bool matches(const std::string& selector, const Experiment& experiment) {
  if (selector == "all") return true;
  std::string pattern = selector;
  if (pattern.starts_with("@")) pattern = "*" + pattern;
  if (pattern.find('@') == std::string::npos) pattern += "@*";
  return ::fnmatch(pattern.c_str(), experiment.id.c_str(), 0) == 0;
}

double at_most(std::size_t images, std::int64_t limit) {
  const auto known = static_cast<std::int64_t>(images);
  return static_cast<double>(limit > 0 ? std::min(limit, known) : known);
}

double seconds_per_pass(const Task& task, const json& model) {
  const double macs = model.at("macs").is_number() ? model.at("macs").get<double>() : 0;
  if (task.device_class == "cuda")
    return macs / kGpuMacsPerSecond + 1 / (10 * kCorePassesPerSecond);
  return (macs / kCoreMacsPerSecond + 1 / kCorePassesPerSecond) / usable_processors();
}

double first_estimate(const Task& task, const json& model, const Fold& fold) {
  const Protocol& p = task.protocol;
  constexpr double kCellsPerBatch = 3;
  if (task.kind == TaskKind::kThroughput)
    return static_cast<double>(p.timing_launches) *
           (kStartSeconds + kCellsPerBatch * static_cast<double>(p.timing_batches.size()) *
                                (p.timing_warmup_seconds + p.timing_seconds));
  constexpr double kSecondsPerMesh = 1;
  if (task.kind == TaskKind::kReconstruction)
    return kStartSeconds + kSecondsPerMesh * static_cast<double>(fold.test.size());
  const bool predicted = task.external && task.external->kind == ExternalKind::kPredictions;
  if (model.at("parameters") == 0 || predicted) return kStartSeconds;
  const double crops = p.test_crop == TestCrop::kTen ? 10 : 1;
  const double train =
      at_most(fold.train.size(), p.limit_train) * (p.train_crop == TrainCrop::kTen ? 10 : 1);
  const double validation = at_most(fold.validation.size(), p.limit_validation) * crops;
  const double test = at_most(fold.test.size(), p.limit_test) * crops;
  constexpr double kTrainPasses = 3;  // forward, and backward twice over
  const double epochs = task.external ? 0 : static_cast<double>(p.epochs);
  const double passes = epochs * (kTrainPasses * train + validation) + validation + test;
  return kStartSeconds + passes * seconds_per_pass(task, model);
}

/// Weights with gradients, an optimiser's two moments and the best epoch's; the pack as bytes,
/// twice; activations and their gradients of a batch.
double first_memory_estimate(const Task& task, const json& model, const std::string& pack) {
  const auto count = [&](const char* key) {
    return model.at(key).is_number() ? model.at(key).get<double>() : 0;
  };
  const double crops = task.protocol.train_crop == TrainCrop::kTen ? 10 : 1;
  constexpr double kFewestImages = 64;  // that are scored at once
  const double images = std::max(kFewestImages, crops * static_cast<double>(task.protocol.batch));
  std::error_code absent;
  const std::uintmax_t size = std::filesystem::file_size(pack, absent);
  return (task.device_class == "cuda" ? kGpuProcessBytes : kCpuProcessBytes) +
         (absent ? 0 : 2 * static_cast<double>(size)) +
         sizeof(float) *
             (5 * count("parameters") + 2 * images * count("macs") / kMacsPerActivation);
}

/// How a model is timed says nothing about its accuracy: a change must not train it again.
void copy_timing(const Protocol& from, Protocol& to) {
  to.timing_batches = from.timing_batches;
  to.timing_repetitions = from.timing_repetitions;
  to.timing_launches = from.timing_launches;
  to.timing_seconds = from.timing_seconds;
  to.timing_warmup_seconds = from.timing_warmup_seconds;
  to.timing_stop = from.timing_stop;
  to.timing_noise = from.timing_noise;
  to.timing_percentile = from.timing_percentile;
  to.timing_sweep = from.timing_sweep;
}

/// Tasks made of one experiment: one per seed, and one throughput task per model and variant.
class Expander {
 public:
  Expander(const PlanRequest& request, const Tables& tables, const Store* store, Plan& plan)
      : request_(request), tables_(tables), store_(store), plan_(plan) {}

  /// `selected`: asked for by the request, not only for its network.
  void expand(const Experiment& experiment, const Located& data, bool selected) {
    const std::string where = experiment.file.string() + ":1:1";
    const std::vector<std::string> overrides =
        selected ? request_.overrides : std::vector<std::string>();
    const Experiment::Resolved resolved = experiment.resolve(request_.profile, overrides);
    const ModelCard* card = experiment.card.get();
    const json& model =
        card ? card->entry : tables_.model(experiment.model, resolved.variant, where);
    tables_.dataset(experiment.dataset, where);
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
    if (request_.leaky_twin && selected) add_twin(task, experiment, pack, resolved, model);
    // A floor has no network to time, nor have predictions.
    const bool is_network =
        card ? card->external.kind != ExternalKind::kPredictions : model.at("macs") > 0;
    if (request_.metric == RunMetric::kScores) return;
    if (is_network && timed_.insert({experiment.model, resolved.variant}).second)
      throughput_.push_back({throughput_task(task, resolved.protocol), resolved, &model});
  }

  /// Timing wants the machine for itself, so it comes last.
  void add_throughput() {
    for (const auto& [task, resolved, model] : throughput_)
      add(task, first_estimate(task, *model, {}), resolved, *model);
  }

 private:
  struct Timed {
    Task task;
    Experiment::Resolved resolved;
    const json* model;
  };

  static Protocol without_timing(Protocol protocol) {
    copy_timing(Protocol{}, protocol);
    return protocol;
  }

  /// One task per seed and fold. Without a pack it is not known how large they are. Folds that
  /// divide what a network says, not what it was trained on, are one task.
  void add_folds(Task task,
                 const Experiment& experiment,
                 const std::optional<Pack>& pack,
                 const Experiment::Resolved& resolved,
                 const json& model) {
    const SplitRule& rule = task.protocol.splits;
    task.split = name_of(rule);
    double seconds = 0;
    std::int64_t folds =
        rule.scheme == SplitScheme::kFolds ? std::max<std::int64_t>(1, rule.folds) : 1;
    if (pack) {
      folds = fold_count(*pack, rule);
      seconds = first_estimate(task, model, make_fold(*pack, rule, 0));
    }
    if (!experiment.networks.empty()) folds = 1;
    // What is trained already is the same for every seed.
    const std::int64_t seeds = task.external        ? 1
                               : request_.seeds > 0 ? request_.seeds
                                                    : resolved.seeds;
    for (task.seed = 1; task.seed <= seeds; ++task.seed) {
      task.networks = networks_of(experiment, task);
      for (task.fold = 0; task.fold < folds; ++task.fold) add(task, seconds, resolved, model);
    }
  }

  /// The tasks that train what `experiment` takes, one seed each. An id is "" while a pack is
  /// missing.
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
             "{}:{}: {} has fewer seeds than {}; make them equal, or give --seeds",
             experiment.file.string(),
             experiment.places.at("/networks/" + role),
             id,
             experiment.id);
      check_images(experiment, role, trained->task, task.protocol);
      ids[role] = trained->id;
    }
    return ids;
  }

  /// A network must be given images as it was trained on.
  static void check_images(const Experiment& experiment,
                           const std::string& role,
                           const Task& trained,
                           const Protocol& ours) {
    const Protocol& theirs = trained.protocol;
    const char* differs = ours.resize_px != theirs.resize_px           ? "resize_px"
                          : ours.resample != theirs.resample           ? "resample"
                          : ours.channel_order != theirs.channel_order ? "channel_order"
                          : ours.mean != theirs.mean                   ? "normalize.mean"
                          : ours.std != theirs.std                     ? "normalize.std"
                                                                       : nullptr;
    if (differs)
      fail(Exit::kUsage,
           "{}:{}: {} was trained on other images: {} differs; make it equal",
           experiment.file.string(),
           experiment.places.at("/networks/" + role),
           trained.experiment,
           differs);
  }

  /// The same division with people kept whole; nothing where they are, or are not known.
  void add_twin(Task task,
                const Experiment& experiment,
                const std::optional<Pack>& pack,
                const Experiment::Resolved& resolved,
                const json& model) {
    if (!pack || !knows_subjects(*pack) || keeps_subjects_whole(*pack, task.protocol.splits))
      return;
    Task twin = task;
    task.split = name_of(task.protocol.splits);
    twin.protocol.splits = over_subjects(*pack, task.protocol.splits);
    twin.official = false;
    twin.split = name_of(twin.protocol.splits);
    plan_.twins.emplace_back(group_id(task), group_id(twin));
    add_folds(twin, experiment, pack, resolved, model);
  }

  void add(const Task& task,
           double first_guess,
           const Experiment::Resolved& resolved,
           const json& model) {
    PlannedTask planned;
    planned.task = task;
    if (const auto data = located_.find(task.experiment); data != located_.end())
      add_places(data->second, planned);
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

  /// A timing runs alone: it takes what there is.
  std::int64_t expected_bytes(const PlannedTask& planned, const json& model) const {
    const Task& task = planned.task;
    if (task.kind == TaskKind::kThroughput) return 0;
    const std::optional<std::int64_t> seen = store_ ? store_->peak_bytes(task) : std::nullopt;
    const bool cuda = task.device_class == "cuda";
    if (seen && cuda)
      return static_cast<std::int64_t>(kGpuProcessBytes +
                                       kAllocatorSlack * static_cast<double>(*seen));
    return seen ? *seen
                : static_cast<std::int64_t>(first_memory_estimate(task, model, planned.pack));
  }

  /// Files of a task on `data`: a face model is that of the coefficients, so it comes with the
  /// networks where these were trained elsewhere.
  void add_places(const Located& data, PlannedTask& planned) const {
    planned.pack = data.pack;
    planned.face_model = data.face_model;
    if (planned.task.kind == TaskKind::kReconstruction) planned.ground_truth = data.source;
    for (const auto& [role, id] : planned.task.networks)
      for (const PlannedTask& trained : plan_.tasks)
        if (trained.id == id) planned.face_model = trained.face_model;
  }

  const PlanRequest& request_;
  const Tables& tables_;
  const Store* store_;
  Plan& plan_;
  std::map<std::string, const ModelCard*> cards_;  // by model
  std::map<std::string, Located> located_;         // by experiment
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
    const std::string where =
        fmt::format("{}:{}", experiment.file.string(), experiment.places.at("/networks/" + role));
    if (trained == known.end()) {
      std::vector<std::string> ids;
      for (const Experiment& other : known) ids.push_back(other.id);
      fail(Exit::kUsage, "{}: no experiment '{}'{}", where, id, suggest(id, ids));
    }
    if (trained->kind != TaskKind::kRegression)
      fail(Exit::kUsage, "{}: {} is no regression, it trains no such network", where, id);
    add_with_networks(*trained, known, ordered);
  }
  ordered.push_back(experiment);
}

/// {0, 2} of "cuda:0,cuda:2".
std::vector<int> gpu_indices(const std::string& wanted) {
  std::vector<int> indices;
  std::istringstream words(wanted + ",");
  for (std::string word; std::getline(words, word, ',');) {
    const std::string digits = word.starts_with("cuda:") ? word.substr(5) : "";
    if (digits.empty() || digits.size() > 4 ||
        digits.find_first_not_of("0123456789") != std::string::npos)
      fail(Exit::kUsage, "--device {}: must be auto, cpu, cuda, cuda:N or cuda:N,cuda:M", wanted);
    indices.push_back(std::stoi(digits));
    if (std::ranges::count(indices, indices.back()) > 1)
      fail(Exit::kUsage, "--device {}: names {} twice", wanted, word);
  }
  return indices;
}

std::vector<Device> usable_gpus() {
  const json answer = ask_devices();
  const int count = answer.value("cuda", 0);
  const auto pci = answer.value("pci", std::vector<std::string>());
  std::vector<Device> gpus;
  for (int i = 0; i < count; ++i)
    gpus.push_back(
        {fmt::format("cuda:{}", i), i < std::ssize(pci) ? pci[static_cast<std::size_t>(i)] : ""});
  return gpus;
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
  copy_timing(protocol, timed.protocol);
  if (timed.protocol.timing_launches == 0)
    timed.protocol.timing_launches = task.profile == "full" ? 7 : 1;
  return timed;
}

std::vector<Device> resolve_devices(const std::string& wanted, const Tables& tables) {
  if (wanted == "cpu") return {{"cpu"}};
  const bool automatic = wanted == "auto";
  const std::vector<int> indices =
      automatic || wanted == "cuda" ? std::vector<int>() : gpu_indices(wanted);
  if (!tables.cuda()) {
    if (automatic) return {{"cpu"}};
    fail(Exit::kPrecondition,
         "--device {}: this build's LibTorch has no CUDA; build the preset cuda",
         wanted);
  }
  const std::vector<Device> found = usable_gpus();
  if (automatic && found.empty()) return {{"cpu"}};
  std::vector<Device> chosen = indices.empty() ? found : std::vector<Device>();
  for (const int index : indices)
    if (index < std::ssize(found)) chosen.push_back(found[static_cast<std::size_t>(index)]);
  if (chosen.empty() || chosen.size() < indices.size())
    fail(Exit::kPrecondition,
         "--device {}: {} CUDA devices are usable here; see bench doctor",
         wanted,
         found.size());
  return chosen;
}

std::string resolve_device(const std::string& wanted, const Tables& tables) {
  if (wanted.find(',') != std::string::npos)
    fail(Exit::kUsage, "--device {}: one device at a time is timed", wanted);
  return resolve_devices(wanted, tables).front().name;
}

Plan make_plan(const PlanRequest& request,
               const std::vector<Experiment>& known,
               const Tables& tables,
               const Store* store,
               FindDataset find_dataset) {
  if (!tables.models_known())
    fail(Exit::kPrecondition,
         "this is a lite build, which reads results only; build the preset "
         "release to plan and run experiments");
  Plan plan;
  const std::vector<Experiment> selected = select(known, request.selectors);
  for (const Experiment& experiment : selected)
    add_with_networks(experiment, known, plan.experiments);
  plan.devices = resolve_devices(request.device, tables);
  std::map<std::pair<std::string, std::string>, Located> data;
  Expander expander(request, tables, store, plan);
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
