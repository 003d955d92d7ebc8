#include "harness/engine/tasks/explain.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/safetensors.h"
#include "harness/engine/context/task_context.h"
#include "harness/engine/tasks/gradient_maps.h"
#include "harness/engine/tasks/occlusion.h"
#include "harness/engine/train/evaluate.h"
#include "models/registry.h"
#include "models/weights.h"

namespace mien {
namespace {

using nlohmann::json;

constexpr std::int64_t kClassImages = 32;      // of a class, at most
constexpr double kClassMacs = 4e12;            // of the occlusion of a class; fewer images if above
constexpr std::int64_t kFeatureChannels = 16;  // shown of a row

void check_explainable(const Task& task) {
  if (task.external)
    fail(Exit::kUsage, "{}: a model from outside leaves no weights to explain", task.model);
  if (task.kind != TaskKind::kAccuracy)
    fail(Exit::kUsage,
         "task {} scores no classes of images; choose an accuracy task",
         task_id(task).substr(0, 12));
}

/// Returns the scored images of the task, as the task saw them.
Split scored(const Task& task, const Pack& pack, const Card& card, const std::string& split) {
  const Protocol& protocol = task.protocol;
  const Fold fold = make_fold(pack, protocol.splits, task.fold);
  const ImageForm form = image_form(protocol, card.input[0]);
  if (split == "test") return load_split(pack, fold.test, protocol.limit.test, form, torch::kCPU);
  if (split != "validation") fail(Exit::kUsage, "--split {}: must be test or validation", split);
  if (fold.validation.empty())
    fail(Exit::kUsage, "--split validation: {} has no validation images", task.split);
  return load_split(pack, fold.validation, protocol.limit.validation, form, torch::kCPU);
}

Split picked(const Split& split, const std::vector<std::int64_t>& indices) {
  Split part;
  for (const std::int64_t i : indices) part.rows.push_back(split.rows[static_cast<std::size_t>(i)]);
  const torch::Tensor chosen = torch::tensor(indices, torch::kInt64);
  part.images = split.images.index_select(0, chosen);
  part.labels = split.labels.index_select(0, chosen);
  return part;
}

std::int64_t find_sample(const Pack& pack, const Split& split, const std::string& sample) {
  std::vector<std::string> ids;
  for (const std::int64_t row : split.rows) {
    ids.push_back(pack.ids()[static_cast<std::size_t>(row)]);
    if (ids.back() == sample) return std::ssize(ids) - 1;
  }
  fail(Exit::kUsage, "--sample {}: not among the scored images{}", sample, suggest(sample, ids));
}

std::int64_t find_class(const Pack& pack, const std::string& name) {
  const std::vector<std::string>& names = pack.class_names();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<std::int64_t>(i);
  fail(Exit::kUsage,
       "--class {}: {} has no such class{}",
       name,
       pack.dataset(),
       suggest(name, names));
}

/// Returns the indices of the images of a class, in order.
std::vector<std::int64_t> indices_of(const Split& split, std::int64_t label) {
  const torch::Tensor all = (split.labels == label).nonzero().flatten().contiguous();
  return {all.data_ptr<std::int64_t>(), all.data_ptr<std::int64_t>() + all.numel()};
}

/// Returns at most `limit` of the indices, evenly spread.
std::vector<std::int64_t> spread(const std::vector<std::int64_t>& indices, std::int64_t limit) {
  const std::int64_t all = std::ssize(indices), count = std::min(all, limit);
  std::vector<std::int64_t> some;
  for (std::int64_t i = 0; i < count; ++i)
    some.push_back(indices[static_cast<std::size_t>(i * all / count)]);
  return some;
}

/// Returns how many images of a class are occluded within kClassMacs.
std::int64_t affordable_images(const Card& card, const Squares& squares) {
  const double each = static_cast<double>(card.macs) * static_cast<double>(squares.count());
  return each <= 0 ? kClassImages
                   : std::clamp<std::int64_t>(
                         static_cast<std::int64_t>(kClassMacs / each), 4, kClassImages);
}

torch::Tensor centre_crop(const torch::Tensor& images, const std::array<std::int64_t, 3>& input) {
  const std::int64_t top = (images.size(2) - input[1]) / 2, left = (images.size(3) - input[2]) / 2;
  return images.narrow(2, top, input[1]).narrow(3, left, input[2]).contiguous();
}

/// Returns the weights [H, W] of a class if the network has a linear layer from pixels to classes,
/// else an undefined tensor.
torch::Tensor class_weights(const Model& model,
                            const std::array<std::int64_t, 3>& input,
                            std::int64_t classes,
                            std::int64_t label) {
  const std::int64_t pixels = input[0] * input[1] * input[2];
  for (const torch::Tensor& p : model.parameters())
    if (p.dim() == 2 && p.size(0) == classes && p.size(1) == pixels)
      return p.detach()[label].view({input[0], input[1], input[2]}).mean(0);
  return {};
}

/// Returns the mean image as uint8 [C, H, W], with the colours in the order of packs.
torch::Tensor shown_image(const torch::Tensor& crops, const Protocol& protocol) {
  const torch::Tensor image = crops.to(torch::kFloat).mean(0);
  const bool bgr = protocol.input.channel_order == ChannelOrder::kBgr && image.size(0) == 3;
  return (bgr ? image.flip(0) : image).round().clamp(0, 255).to(torch::kUInt8);
}

std::vector<float> floats(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.to(torch::kFloat).flatten().contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

/// The images that are explained, and the answer of the task's own evaluation to them.
struct Subject {
  Split images;
  std::int64_t explained = 0;  // the class
  std::int64_t scored = 0;     // images of the class that the task scored; 1 for a sample
  Evaluation evaluation = {};
};

/// The strongest channels of a row.
struct ShownFeature {
  std::string row, operation;
  std::vector<std::int64_t> channels;
  std::int64_t of = 0;  // channels of the row
};

/// Collects the maps and the facts of one explanation.
class Explanation {
 public:
  Explanation(const Task& task, const ExplainOptions& options)
      : task_(task),
        options_(options),
        pack_(open_planned_pack(task, options.pack)),
        entry_(find_model(task.model, task.variant)),
        squares_(squares_over(entry_.card.input, options.size, options.stride)) {}

  void compute(const Progress& progress) {
    const Split split = scored(task_, pack_, entry_.card, options_.split);
    model_ = entry_.make({std::ssize(pack_.class_names()), task_.protocol.dropout});
    load_weights(*model_, options_.weights);
    use_memory_format(*model_, MemoryFormat::kChannelsLast);
    subject_ = options_.class_name.empty() ? sample_of(split) : class_of(split);

    const Card& card = entry_.card;
    Protocol centre = task_.protocol;
    centre.test_crop = TestCrop::kCenter;
    const Augmenter augmenter = augmenter_of(centre);
    const torch::Tensor crops = centre_crop(subject_.images.images, card.input);
    const torch::Tensor labels =
        torch::full({crops.size(0)}, subject_.explained, torch::TensorOptions(torch::kInt64));
    add("image", shown_image(crops, task_.protocol));
    add("class_weights",
        class_weights(*model_, card.input, std::ssize(pack_.class_names()), subject_.explained));
    const auto scaled = [&](double share) { progress(0.9 * share, "occlusion"); };
    add_occlusion(occlusion_maps(*model_, augmenter, crops, labels, squares_, scaled));
    add_gradient_maps(gradient_maps(*model_, entry_.rows, augmenter.test(crops), labels));
  }

  /// REQUIRES: compute().
  void write() const {
    json all = task_facts();
    all.update(subject_facts());
    all.update(map_facts());
    std::map<std::string, TensorView> views;
    for (const auto& [name, map] : maps_)
      views.emplace(name,
                    TensorView{map.scalar_type() == torch::kUInt8 ? DType::kU8 : DType::kF32,
                               map.sizes().vec(),
                               {static_cast<const std::byte*>(map.data_ptr()),
                                static_cast<std::size_t>(map.nbytes())}});
    write_safetensors(options_.out, views, {{"explanation", all.dump()}});
  }

 private:
  void add(const std::string& name, const torch::Tensor& map) {
    if (map.defined()) maps_[name] = map.detach().to(torch::kCPU).contiguous();
  }

  Augmenter augmenter_of(const Protocol& protocol) const {
    return Augmenter(protocol, entry_.card.input, static_cast<std::uint64_t>(task_.seed));
  }

  Subject sample_of(const Split& split) const {
    Subject subject{.images = picked(split, {find_sample(pack_, split, options_.sample)}),
                    .scored = 1};
    subject.evaluation = evaluate(*model_, subject.images, augmenter_of(task_.protocol));
    subject.explained = subject.evaluation.logits.argmax(1).item<std::int64_t>();
    return subject;
  }

  Subject class_of(const Split& split) const {
    const std::int64_t label = find_class(pack_, options_.class_name);
    const std::vector<std::int64_t> indices = indices_of(split, label);
    if (indices.empty())
      fail(Exit::kUsage,
           "--class {}: no {} image of it was scored; choose another class",
           options_.class_name,
           options_.split);
    const std::int64_t most = affordable_images(entry_.card, squares_);
    Subject subject{.images = picked(split, spread(indices, most)),
                    .explained = label,
                    .scored = std::ssize(indices)};
    subject.evaluation = evaluate(*model_, subject.images, augmenter_of(task_.protocol));
    return subject;
  }

  /// Adds means over the images.
  void add_occlusion(const Occlusion& found) {
    const auto& input = entry_.card.input;
    const torch::Tensor drop = found.drop.mean(0), breaks = found.breaks.mean(0);
    add("drop", drop);
    add("breaks", breaks);
    add("drop_map", per_pixel(drop, squares_, input[1], input[2]));
    add("breaks_map", per_pixel(breaks, squares_, input[1], input[2]));
    broken_ = breaks.mean().item<float>();
  }

  /// Adds means over the images, and of each row its strongest channels.
  void add_gradient_maps(const GradientMaps& found) {
    add("saliency", found.saliency.mean(0));
    if (found.gradcam.defined()) add("gradcam", found.gradcam.mean(0));
    if (found.theta.defined()) add("theta", found.theta.mean(0));
    gradcam_row_ = found.gradcam_row;
    theta_row_ = found.theta_row;
    warp_row_ = found.warp_row;
    for (const FeatureMaps& feature : found.features) add_feature(feature);
  }

  void add_feature(const FeatureMaps& feature) {
    const torch::Tensor mean = feature.maps.mean(0);  // [K, h, w]
    const std::int64_t shown = std::min(kFeatureChannels, mean.size(0));
    const torch::Tensor strongest = std::get<1>(mean.abs().mean({1, 2}).topk(shown)).contiguous();
    add("features." + feature.row, mean.index_select(0, strongest));
    const std::int64_t* channels = strongest.data_ptr<std::int64_t>();
    const auto row =
        std::ranges::find_if(entry_.rows, [&](const Row& row) { return feature.row == row.id; });
    features_.push_back({.row = feature.row,
                         .operation = row == entry_.rows.end() ? "" : row->operation,
                         .channels = {channels, channels + shown},
                         .of = mean.size(0)});
  }

  json task_facts() const {
    return {{"schema", 1},
            {"experiment", task_.experiment},
            {"model", task_.model},
            {"variant", task_.variant},
            {"dataset", task_.dataset},
            {"data", name_of(pack_.data())},
            {"profile", task_.profile},
            {"task", options_.task.empty() ? task_id(task_) : options_.task},
            {"split", options_.split},
            {"class_names", pack_.class_names()},
            {"ten_crops", task_.protocol.test_crop == TestCrop::kTen}};
  }

  json subject_facts() const {
    const auto name = [&](std::int64_t label) {
      return pack_.class_names()[static_cast<std::size_t>(label)];
    };
    const torch::Tensor& logits = subject_.evaluation.logits;
    const torch::Tensor probability = logits.softmax(1).select(1, subject_.explained).mean();
    json facts = {{"explained", name(subject_.explained)},
                  {"probability", probability.item<float>()},
                  {"images", subject_.images.size()},
                  {"of", subject_.scored}};
    if (options_.class_name.empty()) {
      facts["sample"] = options_.sample;
      facts["truth"] = name(subject_.images.labels.item<std::int64_t>());
      facts["predicted"] = name(subject_.explained);
      facts["logits"] = floats(logits);
    } else {
      facts["class"] = facts["truth"] = options_.class_name;
      facts["correct"] = subject_.evaluation.scores.correct;
    }
    return facts;
  }

  json map_facts() const {
    json features = json::array();
    for (const ShownFeature& feature : features_)
      features.push_back({{"row", feature.row},
                          {"operation", feature.operation},
                          {"channels", feature.channels},
                          {"of", feature.of}});
    return {{"size_px", squares_.size_px},
            {"stride_px", squares_.stride_px},
            {"squares", squares_.count()},
            {"broken", broken_},
            {"gradcam_row", gradcam_row_},
            {"theta_row", theta_row_},
            {"warp_row", warp_row_},
            {"features", features},
            {"default_size", options_.size == 0},
            {"default_stride", options_.stride == 0}};
  }

  const Task& task_;
  const ExplainOptions& options_;
  Pack pack_;
  const ModelEntry& entry_;
  Squares squares_;
  std::shared_ptr<Model> model_;
  Subject subject_;
  std::map<std::string, torch::Tensor> maps_;
  float broken_ = 0;  // share of the squares that change the prediction
  std::string gradcam_row_, theta_row_, warp_row_;
  std::vector<ShownFeature> features_;
};

}  // namespace

void explain(const Task& task, const ExplainOptions& options, const Progress& progress) {
  check_explainable(task);
  torch::set_num_threads(options.threads);
  Explanation explanation(task, options);
  explanation.compute(progress);
  explanation.write();
}

}  // namespace mien
