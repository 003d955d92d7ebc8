// A protocol: everything that decides what a number means, from the splits to the stopping rule.
// Fields have their defaults here and their names, ranges and meanings in `visit`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/fields.h"
#include "harness/core/splits.h"

namespace mien {

enum class Optimizer { kSgd, kAdam };
enum class DecayOn { kAll, kClassifier };
enum class Schedule { kConstant, kStep, kCosine, kOneCycle, kPlateau };
enum class TrainCrop { kCenter, kRandom, kTen };
enum class TestCrop { kCenter, kTen };
enum class Select { kLast, kBestValidation, kBestTest };
enum class ClassWeights { kNone, kBalanced };
enum class Resample { kArea, kLegacyBilinear };
enum class ChannelOrder { kRgb, kBgr };
enum class TrainedLayers { kAll, kFineTuned };
enum class CoefficientLoss { kEqual, kVertices };
enum class EmotionClassifier { kNeighbours, kSvm };
enum class TimingStop { kNoise, kEntropy };
enum class Precision { kFp32, kTf32, kBf16, kFp16 };
enum class MemoryFormat { kChannelsLast, kContiguous };

inline constexpr Choice<Optimizer> kOptimizers[] = {{"sgd", Optimizer::kSgd},
                                                    {"adam", Optimizer::kAdam}};
inline constexpr Choice<DecayOn> kDecayOn[] = {{"all", DecayOn::kAll},
                                               {"classifier", DecayOn::kClassifier}};
inline constexpr Choice<Schedule> kSchedules[] = {{"constant", Schedule::kConstant},
                                                  {"step", Schedule::kStep},
                                                  {"cosine", Schedule::kCosine},
                                                  {"one_cycle", Schedule::kOneCycle},
                                                  {"plateau", Schedule::kPlateau}};
inline constexpr Choice<TrainCrop> kTrainCrops[] = {
    {"center", TrainCrop::kCenter}, {"random", TrainCrop::kRandom}, {"ten", TrainCrop::kTen}};
inline constexpr Choice<TestCrop> kTestCrops[] = {{"center", TestCrop::kCenter},
                                                  {"ten", TestCrop::kTen}};
inline constexpr Choice<Select> kSelects[] = {{"last", Select::kLast},
                                              {"best_validation", Select::kBestValidation},
                                              {"best_test", Select::kBestTest}};
inline constexpr Choice<ClassWeights> kClassWeights[] = {{"none", ClassWeights::kNone},
                                                         {"balanced", ClassWeights::kBalanced}};
inline constexpr Choice<Resample> kResamples[] = {{"area", Resample::kArea},
                                                  {"legacy_bilinear", Resample::kLegacyBilinear}};
inline constexpr Choice<ChannelOrder> kChannelOrders[] = {{"rgb", ChannelOrder::kRgb},
                                                          {"bgr", ChannelOrder::kBgr}};
inline constexpr Choice<TrainedLayers> kTrainedLayers[] = {
    {"all", TrainedLayers::kAll}, {"fine_tuned", TrainedLayers::kFineTuned}};
inline constexpr Choice<CoefficientLoss> kCoefficientLosses[] = {
    {"equal", CoefficientLoss::kEqual}, {"vertices", CoefficientLoss::kVertices}};
inline constexpr Choice<EmotionClassifier> kEmotionClassifiers[] = {
    {"knn", EmotionClassifier::kNeighbours}, {"svm", EmotionClassifier::kSvm}};
inline constexpr Choice<TimingStop> kTimingStops[] = {{"noise", TimingStop::kNoise},
                                                      {"entropy", TimingStop::kEntropy}};
inline constexpr Choice<Precision> kPrecisions[] = {{"fp32", Precision::kFp32},
                                                    {"tf32", Precision::kTf32},
                                                    {"bf16", Precision::kBf16},
                                                    {"fp16", Precision::kFp16}};
inline constexpr Choice<MemoryFormat> kMemoryFormats[] = {
    {"channels_last", MemoryFormat::kChannelsLast}, {"contiguous", MemoryFormat::kContiguous}};

struct Protocol {
  SplitRule splits;
  std::int64_t limit_train = 0, limit_validation = 0, limit_test = 0;

  std::int64_t resize_px = 0;
  Resample resample = Resample::kArea;
  ChannelOrder channel_order = ChannelOrder::kRgb;
  double mean = 0.5, std = 0.5;
  double dropout = 0.5;
  TestCrop test_crop = TestCrop::kCenter;

  std::int64_t epochs = 1;
  std::int64_t batch = 64;
  Optimizer optimizer = Optimizer::kSgd;
  double learning_rate = 0.01, momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  DecayOn decay_on = DecayOn::kAll;
  Schedule schedule = Schedule::kConstant;
  std::int64_t step_epochs = 10, patience = 5;
  double factor = 0.1, minimum_rate = 0, rise = 0.3;
  ClassWeights class_weights = ClassWeights::kNone;

  TrainCrop train_crop = TrainCrop::kCenter;
  double area_low = 1, area_high = 1, aspect = 1;
  double shift = 0, shift_probability = 0.5;
  double rotate_degrees = 0, rotate_probability = 0.5;
  double flip_probability = 0, erase_probability = 0;

  TrainedLayers trained_layers = TrainedLayers::kAll;
  Select select = Select::kLast;
  bool deterministic = true;
  Precision precision = Precision::kFp32;
  MemoryFormat memory_format = MemoryFormat::kChannelsLast;
  bool cuda_graph = true;

  std::vector<std::int64_t> timing_batches = {1, 32};
  std::int64_t timing_repetitions = 7, timing_launches = 0;
  double timing_seconds = 3, timing_warmup_seconds = 0.5;
  double timing_noise = 0.5, timing_percentile = 99;
  TimingStop timing_stop = TimingStop::kNoise;
  bool timing_sweep = false;

  // Of coefficients of a face model.
  CoefficientLoss coefficient_loss = CoefficientLoss::kEqual;
  EmotionClassifier emotion_classifier = EmotionClassifier::kNeighbours;
  std::int64_t emotion_neighbours = 5;
  std::vector<std::int64_t> emotion_sweep = {};
  double emotion_svm_cost = 1;
  std::vector<std::int64_t> test_scales = {};
  std::vector<double> landmark_noise = {};
};

template <typename V, typename P>
void visit(V& v, P& p) {
  using I = std::int64_t;
  constexpr I kMany = 1'000'000'000;
  visit_splits(v, p.splits, "splits.");
  v.number(
      "limit.train", p.limit_train, I{0}, kMany, "images used, a fixed random subset; 0 = all");
  v.number("limit.validation", p.limit_validation, I{0}, kMany, "likewise");
  v.number("limit.test", p.limit_test, I{0}, kMany, "likewise");
  v.number("resize_px",
           p.resize_px,
           I{0},
           I{1024},
           "side to which images are scaled before anything else; 0 = as in the pack");
  v.choice("resample",
           p.resample,
           kResamples,
           "how resize_px scales: area = mean of the area that a pixel covers (bilinear where it "
           "enlarges), rounded to 0..255; legacy_bilinear = TensorFlow 1's resize_bilinear: "
           "bilinear at i * in / out, not rounded");
  v.choice("channel_order",
           p.channel_order,
           kChannelOrders,
           "order of the channels of a model that takes three");
  v.number("normalize.mean", p.mean, 0.0, 1.0, "subtracted from pixel / 255");
  v.number("normalize.std", p.std, 1e-6, 1e6, "then divided by; mean 0 and std 1/255 give 0..255");
  v.number("dropout", p.dropout, 0.0, 0.99, "probability of dropping a unit in training");
  v.choice("test_crop",
           p.test_crop,
           kTestCrops,
           "center, or the mean logits of four corners and centre, each mirrored as well");
  v.number("epochs", p.epochs, I{1}, I{100000}, "passes over the training split");
  v.number("batch", p.batch, I{1}, I{65536}, "images per step (before ten-crop)");
  v.choice("optimizer.name", p.optimizer, kOptimizers, "update rule");
  v.number("optimizer.learning_rate", p.learning_rate, 0.0, 100.0, "peak learning rate");
  v.number("optimizer.momentum", p.momentum, 0.0, 0.9999, "momentum; beta1 of adam is 0.9");
  v.flag("optimizer.nesterov", p.nesterov, "Nesterov momentum (sgd)");
  v.number("optimizer.weight_decay", p.weight_decay, 0.0, 10.0, "L2 added to the gradient");
  v.choice("optimizer.decay_on", p.decay_on, kDecayOn, "which parameters decay");
  v.choice("schedule.name", p.schedule, kSchedules, "learning rate over time");
  v.number("schedule.step_epochs", p.step_epochs, I{1}, I{100000}, "step: epochs between drops");
  v.number("schedule.patience", p.patience, I{0}, I{100000}, "plateau: epochs without a new best");
  v.number("schedule.factor", p.factor, 1e-6, 1.0, "step, plateau: multiplier of a drop");
  v.number("schedule.minimum_rate", p.minimum_rate, 0.0, 100.0, "cosine, plateau: lowest rate");
  v.number("schedule.rise", p.rise, 0.0, 1.0, "one_cycle: share of all steps spent rising");
  v.choice("class_weights",
           p.class_weights,
           kClassWeights,
           "balanced: loss weights n / (classes * n_class)");
  v.choice("augment.crop",
           p.train_crop,
           kTrainCrops,
           "how the model's input is cut from the image; ten trains all ten crops");
  v.number("augment.area_low", p.area_low, 0.05, 4.0, "smallest area of a random resized crop");
  v.number("augment.area_high", p.area_high, 0.05, 4.0, "largest area; 1 and 1 = off");
  v.number("augment.aspect", p.aspect, 1.0, 4.0, "largest aspect ratio of that crop");
  v.number("augment.shift", p.shift, 0.0, 0.9, "largest shift, as a share of the side");
  v.number("augment.shift_probability", p.shift_probability, 0.0, 1.0, "images that are shifted");
  v.number("augment.rotate_degrees", p.rotate_degrees, 0.0, 180.0, "largest rotation");
  v.number("augment.rotate_probability", p.rotate_probability, 0.0, 1.0, "images that are rotated");
  v.number("augment.flip_probability", p.flip_probability, 0.0, 1.0, "images mirrored left-right");
  v.number("augment.erase_probability",
           p.erase_probability,
           0.0,
           1.0,
           "crops with a random rectangle erased");
  v.choice("trained_layers",
           p.trained_layers,
           kTrainedLayers,
           "fine_tuned = those that the published training changed; the others, their batch-norm "
           "included, stay as they are");
  v.choice("select", p.select, kSelects, "epoch whose weights are scored; best_test is a taint");
  v.flag("deterministic", p.deterministic, "same build, machine class and seed: same bits");
  v.choice(
      "precision",
      p.precision,
      kPrecisions,
      "of training and scoring: tf32 = products of 10-bit mantissas in convolutions and linear "
      "layers; bf16, fp16 = these in 16 bits where that is customary, weights kept in fp32, the "
      "loss of fp16 scaled");
  v.choice("memory_format",
           p.memory_format,
           kMemoryFormats,
           "of images and weights: channels innermost, or rows innermost");
  v.flag("cuda_graph",
         p.cuda_graph,
         "on CUDA a training step of fixed shape is captured once and replayed; the same bits");
  v.numbers("timing.batches", p.timing_batches, I{1}, I{65536}, "batch sizes that are timed");
  v.number("timing.repetitions",
           p.timing_repetitions,
           I{1},
           I{1000},
           "samples of a cell (batch, scope, cache, mode) at least, however long they take");
  v.number("timing.seconds",
           p.timing_seconds,
           0.001,
           600.0,
           "after which a cell that has its repetitions is sampled no more");
  v.number("timing.warmup_seconds",
           p.timing_warmup_seconds,
           0.0,
           600.0,
           "longest untimed start of a cell; it ends sooner where times are flat");
  v.choice(
      "timing.stop",
      p.timing_stop,
      kTimingStops,
      "what ends sampling sooner: noise = the median is known to timing.noise; entropy = further "
      "samples tell nothing new of how times are distributed");
  v.number("timing.noise",
           p.timing_noise,
           0.0,
           100.0,
           "per cent, half the 95 % interval of the median; of timing.stop noise");
  v.number("timing.percentile",
           p.timing_percentile,
           50.0,
           99.9,
           "highest percentile of the latency for which samples are taken, as time allows");
  v.number("timing.launches",
           p.timing_launches,
           I{0},
           I{100},
           "processes that are timed one after the other; 0 = 1 in smoke, 7 in full");
  v.flag("timing.sweep",
         p.timing_sweep,
         "also batches 1, 2, 4 ... until the gain is below 2 % or memory ends");
  v.choice(
      "coefficient_loss",
      p.coefficient_loss,
      kCoefficientLosses,
      "squares of a regression: equal = each coefficient counts the same; vertices = by how far "
      "one standard deviation of it moves the face, squared");
  v.choice("emotion.classifier",
           p.emotion_classifier,
           kEmotionClassifiers,
           "of coefficients: knn = k nearest neighbours, svm = linear, one against the rest");
  v.number("emotion.neighbours", p.emotion_neighbours, I{1}, I{1000}, "k of knn");
  v.numbers("emotion.sweep", p.emotion_sweep, I{1}, I{1000}, "other k that are scored beside it");
  v.number("emotion.svm_cost", p.emotion_svm_cost, 1e-6, 1e6, "C of the svm");
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
