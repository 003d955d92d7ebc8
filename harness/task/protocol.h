// A protocol: every setting that decides what a measured number means, from the splits to the
// stopping rule. Each group of settings is a struct with its defaults; its `visit` names the keys,
// their ranges and their meanings. The keys are those of the YAML files in configs/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/enum_names.h"
#include "harness/task/splits.h"

namespace mien {

inline constexpr std::int64_t kManyImages = 1'000'000'000;

// ---- images -------------------------------------------------------------------------------------

enum class Resample { kArea, kLegacyBilinear };
template <>
inline constexpr EnumNames<Resample> kEnumNames<Resample> = {
    {"area", Resample::kArea}, {"legacy_bilinear", Resample::kLegacyBilinear}};

enum class ChannelOrder { kRgb, kBgr };
template <>
inline constexpr EnumNames<ChannelOrder> kEnumNames<ChannelOrder> = {{"rgb", ChannelOrder::kRgb},
                                                                     {"bgr", ChannelOrder::kBgr}};

enum class TestCrop { kCenter, kTen };
template <>
inline constexpr EnumNames<TestCrop> kEnumNames<TestCrop> = {{"center", TestCrop::kCenter},
                                                             {"ten", TestCrop::kTen}};

/// How many images of each side are used; 0 = all.
struct Limits {
  std::int64_t train = 0, validation = 0, test = 0;
};

template <typename V, typename L>
void visit_limits(V& v, L& l) {
  using I = std::int64_t;
  v.number(
      "limit.train", l.train, I{0}, kManyImages, "images used, a fixed random subset; 0 = all");
  v.number("limit.validation", l.validation, I{0}, kManyImages, "likewise");
  v.number("limit.test", l.test, I{0}, kManyImages, "likewise");
}

/// How an image of the pack becomes the input of a model.
struct InputSettings {
  std::int64_t resize_px = 0;
  Resample resample = Resample::kArea;
  ChannelOrder channel_order = ChannelOrder::kRgb;
  double mean = 0.5, std = 0.5;
};

template <typename V, typename I>
void visit_input(V& v, I& i) {
  v.number("resize_px",
           i.resize_px,
           std::int64_t{0},
           std::int64_t{1024},
           "side to which images are scaled before anything else; 0 = as in the pack");
  v.choice("resample",
           i.resample,
           "how resize_px scales: area = mean of the area that a pixel covers (bilinear where it "
           "enlarges), rounded to 0..255; legacy_bilinear = TensorFlow 1's resize_bilinear: "
           "bilinear at i * in / out, not rounded");
  v.choice("channel_order", i.channel_order, "order of the channels of a model that takes three");
  v.number("normalize.mean", i.mean, 0.0, 1.0, "subtracted from pixel / 255");
  v.number("normalize.std", i.std, 1e-6, 1e6, "then divided by; mean 0 and std 1/255 give 0..255");
}

// ---- training -----------------------------------------------------------------------------------

enum class Optimizer { kSgd, kAdam };
template <>
inline constexpr EnumNames<Optimizer> kEnumNames<Optimizer> = {{"sgd", Optimizer::kSgd},
                                                               {"adam", Optimizer::kAdam}};

enum class DecayOn { kAll, kClassifier };
template <>
inline constexpr EnumNames<DecayOn> kEnumNames<DecayOn> = {{"all", DecayOn::kAll},
                                                           {"classifier", DecayOn::kClassifier}};

struct OptimizerSettings {
  Optimizer name = Optimizer::kSgd;
  double learning_rate = 0.01, momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  DecayOn decay_on = DecayOn::kAll;
};

template <typename V, typename O>
void visit_optimizer(V& v, O& o) {
  v.choice("optimizer.name", o.name, "update rule");
  v.number("optimizer.learning_rate", o.learning_rate, 0.0, 100.0, "peak learning rate");
  v.number("optimizer.momentum", o.momentum, 0.0, 0.9999, "momentum; beta1 of adam is 0.9");
  v.flag("optimizer.nesterov", o.nesterov, "Nesterov momentum (sgd)");
  v.number("optimizer.weight_decay", o.weight_decay, 0.0, 10.0, "L2 added to the gradient");
  v.choice("optimizer.decay_on", o.decay_on, "which parameters decay");
}

enum class Schedule { kConstant, kStep, kCosine, kOneCycle, kPlateau };
template <>
inline constexpr EnumNames<Schedule> kEnumNames<Schedule> = {{"constant", Schedule::kConstant},
                                                             {"step", Schedule::kStep},
                                                             {"cosine", Schedule::kCosine},
                                                             {"one_cycle", Schedule::kOneCycle},
                                                             {"plateau", Schedule::kPlateau}};

/// The learning rate over time.
struct ScheduleSettings {
  Schedule name = Schedule::kConstant;
  std::int64_t step_epochs = 10, patience = 5;
  double factor = 0.1, minimum_rate = 0, rise = 0.3;
};

template <typename V, typename S>
void visit_schedule(V& v, S& s) {
  using I = std::int64_t;
  v.choice("schedule.name", s.name, "learning rate over time");
  v.number("schedule.step_epochs", s.step_epochs, I{1}, I{100000}, "step: epochs between drops");
  v.number("schedule.patience", s.patience, I{0}, I{100000}, "plateau: epochs without a new best");
  v.number("schedule.factor", s.factor, 1e-6, 1.0, "step, plateau: multiplier of a drop");
  v.number("schedule.minimum_rate", s.minimum_rate, 0.0, 100.0, "cosine, plateau: lowest rate");
  v.number("schedule.rise", s.rise, 0.0, 1.0, "one_cycle: share of all steps spent rising");
}

enum class TrainCrop { kCenter, kRandom, kTen };
template <>
inline constexpr EnumNames<TrainCrop> kEnumNames<TrainCrop> = {
    {"center", TrainCrop::kCenter}, {"random", TrainCrop::kRandom}, {"ten", TrainCrop::kTen}};

/// How training images are varied. Lengths are shares of the image's side, angles are in degrees.
struct Augmentation {
  TrainCrop crop = TrainCrop::kCenter;
  double area_low = 1, area_high = 1, aspect = 1;
  double shift = 0, shift_probability = 0.5;
  double rotate_degrees = 0, rotate_probability = 0.5;
  double flip_probability = 0, erase_probability = 0;
};

template <typename V, typename A>
void visit_augmentation(V& v, A& a) {
  v.choice("augment.crop",
           a.crop,
           "how the model's input is cut from the image; ten trains all ten crops");
  v.number("augment.area_low", a.area_low, 0.05, 4.0, "smallest area of a random resized crop");
  v.number("augment.area_high", a.area_high, 0.05, 4.0, "largest area; 1 and 1 = off");
  v.number("augment.aspect", a.aspect, 1.0, 4.0, "largest aspect ratio of that crop");
  v.number("augment.shift", a.shift, 0.0, 0.9, "largest shift, as a share of the side");
  v.number("augment.shift_probability", a.shift_probability, 0.0, 1.0, "images that are shifted");
  v.number("augment.rotate_degrees", a.rotate_degrees, 0.0, 180.0, "largest rotation");
  v.number("augment.rotate_probability", a.rotate_probability, 0.0, 1.0, "images that are rotated");
  v.number("augment.flip_probability", a.flip_probability, 0.0, 1.0, "images mirrored left-right");
  v.number("augment.erase_probability",
           a.erase_probability,
           0.0,
           1.0,
           "crops with a random rectangle erased");
}

enum class ClassWeights { kNone, kBalanced };
template <>
inline constexpr EnumNames<ClassWeights> kEnumNames<ClassWeights> = {
    {"none", ClassWeights::kNone}, {"balanced", ClassWeights::kBalanced}};

enum class TrainedLayers { kAll, kFineTuned };
template <>
inline constexpr EnumNames<TrainedLayers> kEnumNames<TrainedLayers> = {
    {"all", TrainedLayers::kAll}, {"fine_tuned", TrainedLayers::kFineTuned}};

enum class Select { kLast, kBestValidation, kBestTest };
template <>
inline constexpr EnumNames<Select> kEnumNames<Select> = {
    {"last", Select::kLast},
    {"best_validation", Select::kBestValidation},
    {"best_test", Select::kBestTest}};

enum class Precision { kFp32, kTf32, kBf16, kFp16 };
template <>
inline constexpr EnumNames<Precision> kEnumNames<Precision> = {{"fp32", Precision::kFp32},
                                                               {"tf32", Precision::kTf32},
                                                               {"bf16", Precision::kBf16},
                                                               {"fp16", Precision::kFp16}};

enum class MemoryFormat { kChannelsLast, kContiguous };
template <>
inline constexpr EnumNames<MemoryFormat> kEnumNames<MemoryFormat> = {
    {"channels_last", MemoryFormat::kChannelsLast}, {"contiguous", MemoryFormat::kContiguous}};

// ---- timing -------------------------------------------------------------------------------------

/// kEntropy is a former rule. It stays readable for the sake of stored tasks, and acts like kNoise.
enum class TimingStop { kNoise, kEntropy };
template <>
inline constexpr EnumNames<TimingStop> kEnumNames<TimingStop> = {{"noise", TimingStop::kNoise},
                                                                 {"entropy", TimingStop::kEntropy}};

/// How long and how often a model is timed. A timing case is one batch size, scope, cache state and
/// mode.
struct TimingSettings {
  std::vector<std::int64_t> batches = {1, 32};
  std::int64_t repetitions = 7, launches = 0;
  double seconds = 3, warmup_seconds = 0.5;
  double noise = 0.5, percentile = 99;
  TimingStop stop = TimingStop::kNoise;
  bool sweep = false;
};

template <typename V, typename T>
void visit_timing(V& v, T& t) {
  using I = std::int64_t;
  v.numbers("timing.batches", t.batches, I{1}, I{65536}, "batch sizes that are timed");
  v.number("timing.repetitions",
           t.repetitions,
           I{1},
           I{1000},
           "least samples of a timing case (batch, scope, cache, mode), however long they take");
  v.number("timing.seconds",
           t.seconds,
           0.001,
           600.0,
           "longest sampling of a timing case that has its repetitions");
  v.number("timing.warmup_seconds",
           t.warmup_seconds,
           0.0,
           600.0,
           "longest untimed start of a timing case; it ends sooner where times are flat");
  v.choice("timing.stop",
           t.stop,
           "what ends sampling sooner: noise = the median is known to timing.noise; entropy was "
           "removed and is read from stored tasks only");
  v.number("timing.noise",
           t.noise,
           0.0,
           100.0,
           "per cent, half the 95 % interval of the median; of timing.stop noise");
  v.number("timing.percentile",
           t.percentile,
           50.0,
           99.9,
           "highest percentile of the latency for which samples are taken, as time allows");
  v.number("timing.launches",
           t.launches,
           I{0},
           I{100},
           "processes that are timed one after the other; 0 = 1 in smoke, 7 in full");
  v.flag("timing.sweep",
         t.sweep,
         "also batches 1, 2, 4 ... until the gain is below 2 % or memory ends");
}

// ---- coefficients of a face model ---------------------------------------------------------------

enum class CoefficientLoss { kEqual, kVertices };
template <>
inline constexpr EnumNames<CoefficientLoss> kEnumNames<CoefficientLoss> = {
    {"equal", CoefficientLoss::kEqual}, {"vertices", CoefficientLoss::kVertices}};

enum class ClassifierKind { kNeighbours, kSvm };
template <>
inline constexpr EnumNames<ClassifierKind> kEnumNames<ClassifierKind> = {
    {"knn", ClassifierKind::kNeighbours}, {"svm", ClassifierKind::kSvm}};

/// How emotions are classified from predicted coefficients.
struct ClassifierSettings {
  ClassifierKind kind = ClassifierKind::kNeighbours;
  std::int64_t neighbours = 5;
  std::vector<std::int64_t> sweep = {};
  double svm_cost = 1;
};

template <typename V, typename C>
void visit_classifier(V& v, C& c) {
  using I = std::int64_t;
  v.choice("emotion.classifier",
           c.kind,
           "of coefficients: knn = k nearest neighbours, svm = linear, one against the rest");
  v.number("emotion.neighbours", c.neighbours, I{1}, I{1000}, "k of knn");
  v.numbers("emotion.sweep", c.sweep, I{1}, I{1000}, "other k that are scored beside it");
  v.number("emotion.svm_cost", c.svm_cost, 1e-6, 1e6, "C of the svm");
}

// ---- the whole ----------------------------------------------------------------------------------

struct Protocol {
  SplitRule splits;
  Limits limit;
  InputSettings input;
  double dropout = 0.5;
  TestCrop test_crop = TestCrop::kCenter;

  std::int64_t epochs = 1;
  std::int64_t batch = 64;
  OptimizerSettings optimizer;
  ScheduleSettings schedule;
  ClassWeights class_weights = ClassWeights::kNone;
  Augmentation augment;
  TrainedLayers trained_layers = TrainedLayers::kAll;
  Select select = Select::kLast;
  bool deterministic = true;
  Precision precision = Precision::kFp32;
  MemoryFormat memory_format = MemoryFormat::kChannelsLast;
  bool cuda_graph = true;

  TimingSettings timing;

  CoefficientLoss coefficient_loss = CoefficientLoss::kEqual;
  ClassifierSettings classifier;
  std::vector<std::int64_t> test_scales = {};
  std::vector<double> landmark_noise = {};
};

/// Visits the settings of how a network is run, apart from its input.
template <typename V, typename P>
void visit_execution(V& v, P& p) {
  v.flag("deterministic", p.deterministic, "same build, machine class and seed: same bits");
  v.choice(
      "precision",
      p.precision,
      "of training and scoring: tf32 = products of 10-bit mantissas in convolutions and linear "
      "layers; bf16, fp16 = these in 16 bits where that is customary, weights kept in fp32, "
      "the loss of fp16 scaled");
  v.choice("memory_format",
           p.memory_format,
           "of images and weights: channels innermost, or rows innermost");
  v.flag("cuda_graph",
         p.cuda_graph,
         "on CUDA a training step of fixed shape is captured once and replayed; the same bits");
}

template <typename V, typename P>
void visit(V& v, P& p) {
  using I = std::int64_t;
  visit_splits(v, p.splits, "splits.");
  visit_limits(v, p.limit);
  visit_input(v, p.input);
  v.number("dropout", p.dropout, 0.0, 0.99, "probability of dropping a unit in training");
  v.choice("test_crop",
           p.test_crop,
           "center, or the mean logits of four corners and centre, each mirrored as well");
  v.number("epochs", p.epochs, I{1}, I{100000}, "passes over the training split");
  v.number("batch", p.batch, I{1}, I{65536}, "images per step (before ten-crop)");
  visit_optimizer(v, p.optimizer);
  visit_schedule(v, p.schedule);
  v.choice("class_weights", p.class_weights, "balanced: loss weights n / (classes * n_class)");
  visit_augmentation(v, p.augment);
  v.choice("trained_layers",
           p.trained_layers,
           "fine_tuned = those that the published training changed; the others, their batch-norm "
           "included, stay as they are");
  v.choice("select", p.select, "epoch whose weights are scored; best_test is a taint");
  visit_execution(v, p);
  visit_timing(v, p.timing);
  v.choice("coefficient_loss",
           p.coefficient_loss,
           "squares of a regression: equal = each coefficient counts the same; vertices = by how "
           "far one standard deviation of it moves the face, squared");
  visit_classifier(v, p.classifier);
  v.numbers(
      "test_scales",
      p.test_scales,
      I{1},
      I{100},
      "per cent of the side to which test images are shrunk, and enlarged again, for a curve");
  v.numbers("landmark_noise",
            p.landmark_noise,
            0.0,
            1000.0,
            "px of noise on 68 true landmarks that a fitted face model is compared at");
}

}  // namespace mien
