#include "harness/engine/explain.h"

#include <map>
#include <nlohmann/json.hpp>

#include "harness/core/error.h"
#include "harness/core/sha256.h"
#include "harness/engine/batches.h"
#include "harness/engine/evaluate.h"
#include "models/registry.h"
#include "models/weights.h"

namespace mien {
namespace {

using nlohmann::json;

constexpr std::int64_t kForwardPixels = 1 << 20;  // per forward pass; memory, not meaning
constexpr std::int64_t kForwardImages = 256;
constexpr std::int64_t kGradientImages = 8;
constexpr std::int64_t kClassImages = 32;      // of a class, at most
constexpr double kClassMacs = 4e12;            // and fewer where the model is dear
constexpr std::int64_t kFeatureChannels = 16;  // shown of a row
constexpr std::int64_t kSmallestFeature = 4;   // px
constexpr double kSmallestDeterminant = 1e-4;  // of a theta that is turned round

std::vector<std::int64_t> steps(std::int64_t side, std::int64_t size, std::int64_t stride) {
  std::vector<std::int64_t> at;
  for (std::int64_t x = 0; x + size < side; x += stride) at.push_back(x);
  at.push_back(side - size);
  return at;
}

/// Probabilities [N, classes] of crops, pixels 0..255.
torch::Tensor probabilities(Model& model, const Augmenter& augmenter, const torch::Tensor& crops) {
  const torch::Tensor inputs = augmenter.test(crops);
  return model.forward(channels_last(inputs)).softmax(1);
}

/// [P, 1, side]: 1 outside of the stretch that begins at each of `starts` [P].
torch::Tensor outside(const torch::Tensor& starts, std::int64_t size, std::int64_t side) {
  const torch::Tensor at = torch::arange(side).unsqueeze(0), first = starts.unsqueeze(1);
  return ((at < first) | (at >= first + size)).unsqueeze(1);
}

/// Copies [P, C, H, W] of one crop [1, C, H, W], each with its square set to pixel value 0.
torch::Tensor occluded(const torch::Tensor& crop,
                       const torch::Tensor& tops,
                       const torch::Tensor& lefts,
                       std::int64_t size) {
  const torch::Tensor rows = outside(tops, size, crop.size(2)).unsqueeze(3);      // [P, 1, H, 1]
  const torch::Tensor columns = outside(lefts, size, crop.size(3)).unsqueeze(2);  // [P, 1, 1, W]
  return crop * (rows | columns);
}

/// The pair of rows that make a spatial transformer: 2x3 numbers, then the row that they warp.
struct Transformer {
  std::string theta_row, warp_row;
};

Transformer transformer_of(std::span<const Row> rows) {
  for (std::size_t i = 0; i + 1 < rows.size(); ++i)
    if (rows[i].out == std::array<std::int64_t, 3>{2, 3, 0} && rows[i + 1].out[2] > 0)
      return {rows[i].id, rows[i + 1].id};
  return {};
}

/// [N, 2, 3] -> its inverse map [N, 2, 3], and which of them have one [N].
std::pair<torch::Tensor, torch::Tensor> inverse_of(const torch::Tensor& theta) {
  const auto at = [&](int row, int column) { return theta.select(1, row).select(1, column); };
  const torch::Tensor a = at(0, 0), b = at(0, 1), c = at(1, 0), d = at(1, 1);
  const torch::Tensor determinant = a * d - b * c;
  const torch::Tensor regular = determinant.abs() > kSmallestDeterminant;
  const torch::Tensor by = torch::where(regular, determinant, torch::ones_like(determinant));
  const torch::Tensor p = d / by, q = -b / by, r = -c / by, s = a / by;
  const torch::Tensor x = -(p * at(0, 2) + q * at(1, 2)), y = -(r * at(0, 2) + s * at(1, 2));
  return {torch::stack({p, q, x, r, s, y}, 1).view({-1, 2, 3}), regular};
}

/// Maps [N, 1, H, W] of what a transformer saw, in the frame that it looked at.
torch::Tensor led_back(const torch::Tensor& maps, const torch::Tensor& theta) {
  const auto [inverse, regular] = inverse_of(theta);
  const torch::Tensor grid = torch::affine_grid_generator(inverse, maps.sizes(), false);
  const torch::Tensor back =
      torch::grid_sampler(maps, grid, /*bilinear*/ 0, /*zeros*/ 0, /*align_corners=*/false);
  return back * regular.view({-1, 1, 1, 1});
}

torch::Tensor gradcam_of(const torch::Tensor& activations,
                         const torch::Tensor& gradients,
                         const torch::Tensor& theta,
                         std::int64_t height,
                         std::int64_t width) {
  const torch::Tensor weights = gradients.mean({2, 3}, /*keepdim=*/true);
  torch::Tensor maps = torch::relu((weights * activations).sum(1, /*keepdim=*/true));
  maps = torch::upsample_bilinear2d(maps, {height, width}, /*align_corners=*/false);
  if (theta.defined()) maps = led_back(maps, theta);
  return (maps / maps.amax({1, 2, 3}, true).clamp_min(1e-12)).squeeze(1);
}

/// Turns recording off again, whatever happens.
class Recording {
 public:
  explicit Recording(Model& model) : model_(model) { model_.record(&trace); }
  ~Recording() { model_.record(nullptr); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  Trace trace;

 private:
  Model& model_;
};

bool is_spatial(const torch::Tensor& x, std::int64_t smallest) {
  return x.dim() == 4 && x.size(2) >= smallest && x.size(3) >= smallest;
}

std::vector<FeatureMaps> features_of(const Trace& trace) {
  std::vector<FeatureMaps> features;
  for (const auto& [row, output] : trace.seen) {
    if (!is_spatial(output, kSmallestFeature)) continue;
    std::erase_if(features, [&, height = output.size(2)](const FeatureMaps& other) {
      return other.maps.size(2) == height;
    });
    features.push_back({row, output.detach()});
  }
  return features;
}

InputMaps maps_of_batch(Model& model,
                        const Transformer& transformer,
                        const torch::Tensor& inputs,
                        const torch::Tensor& classes) {
  const torch::Tensor x = channels_last(inputs).detach();
  x.set_requires_grad(true);
  Recording recording(model);
  const torch::Tensor logits = model.forward(x);
  const torch::Tensor score = logits.gather(1, classes.view({-1, 1})).sum();
  InputMaps maps;
  bool warped = false;
  torch::Tensor activations, theta;
  for (const auto& [row, output] : recording.trace.seen) {
    if (row == transformer.theta_row) maps.theta = output.detach();
    warped = warped || row == transformer.warp_row;
    if (!is_spatial(output, 2) || !output.requires_grad()) continue;
    maps.gradcam_row = row;
    activations = output;
    theta = warped ? maps.theta : torch::Tensor();
  }
  std::vector<torch::Tensor> targets = {x};
  if (activations.defined()) targets.push_back(activations);
  const auto gradients = torch::autograd::grad({score}, targets, {}, {}, false, /*unused*/ true);
  maps.saliency = gradients[0].defined() ? gradients[0].abs().amax(1) : x.detach().amax(1) * 0;
  if (activations.defined() && gradients[1].defined())
    maps.gradcam =
        gradcam_of(activations.detach(), gradients[1], theta, x.size(2), x.size(3)).contiguous();
  maps.features = features_of(recording.trace);
  return maps;
}

/// Batches of the same rows, one after the other.
InputMaps joined_maps(std::vector<InputMaps> parts) {
  const auto all = [&](auto member) {
    std::vector<torch::Tensor> tensors;
    for (const InputMaps& part : parts) tensors.push_back(member(part));
    return tensors.front().defined() ? torch::cat(tensors) : torch::Tensor();
  };
  InputMaps whole = parts.front();
  whole.saliency = all([](const InputMaps& part) { return part.saliency; });
  whole.gradcam = all([](const InputMaps& part) { return part.gradcam; });
  whole.theta = all([](const InputMaps& part) { return part.theta; });
  for (std::size_t i = 0; i < whole.features.size(); ++i)
    whole.features[i].maps = all([i](const InputMaps& part) { return part.features[i].maps; });
  return whole;
}

// --- a task's images
// --------------------------------------------------------------------------------

void check_planned(const Task& task, const ExplainOptions& options) {
  if (task.external)
    fail(Exit::kUsage, "{}: a model from outside leaves no weights to explain", task.model);
  if (task.kind != TaskKind::kAccuracy)
    fail(Exit::kUsage, "task {} scores no images", task_id(task).substr(0, 12));
  if (sha256_file(options.pack) != task.pack_sha256)
    fail(Exit::kIntegrity,
         "{}: not the pack that the task was planned on ({}); run bench data prepare {}",
         options.pack.string(),
         task.pack_sha256.substr(0, 16),
         task.dataset);
}

/// The scored images of the task, as the task saw them.
Split scored(const Task& task, const Pack& pack, const Card& card, const std::string& split) {
  const Protocol& protocol = task.protocol;
  const Fold fold = make_fold(pack, protocol.splits, task.fold);
  const ImageForm form = image_form(protocol, card.input[0]);
  if (split == "test") return load_split(pack, fold.test, protocol.limit_test, form, torch::kCPU);
  if (split != "validation") fail(Exit::kUsage, "--split {}: must be test or validation", split);
  if (fold.validation.empty())
    fail(Exit::kUsage, "--split validation: {} has no validation images", task.split);
  return load_split(pack, fold.validation, protocol.limit_validation, form, torch::kCPU);
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

/// Indices of a class, at most `limit`, evenly spread; `of` becomes how many there are.
std::vector<std::int64_t> of_class(const Split& split,
                                   std::int64_t label,
                                   std::int64_t limit,
                                   std::int64_t& of) {
  const torch::Tensor all = (split.labels == label).nonzero().flatten().contiguous();
  of = all.numel();
  const std::int64_t count = std::min(of, limit);
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < count; ++i)
    indices.push_back(all.data_ptr<std::int64_t>()[i * of / count]);
  return indices;
}

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

/// A linear layer from pixels to classes is a picture per class: [H, W], else undefined.
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

// --- the file
// ---------------------------------------------------------------------------------------

/// Tensors by name, on their way to a file.
class Maps {
 public:
  void add(const std::string& name, const torch::Tensor& tensor) {
    if (tensor.defined()) tensors_[name] = tensor.detach().to(torch::kCPU).contiguous();
  }
  void write(const std::filesystem::path& path, const json& facts) const {
    std::map<std::string, TensorView> views;
    for (const auto& [name, tensor] : tensors_)
      views.emplace(name,
                    TensorView{tensor.scalar_type() == torch::kUInt8 ? DType::kU8 : DType::kF32,
                               tensor.sizes().vec(),
                               {static_cast<const std::byte*>(tensor.data_ptr()),
                                static_cast<std::size_t>(tensor.nbytes())}});
    write_safetensors(path, views, {{"explanation", facts.dump()}});
  }

 private:
  std::map<std::string, torch::Tensor> tensors_;
};

/// The strongest channels of each row, mean over the images, and their list for the facts.
json add_features(const InputMaps& found, std::span<const Row> rows, Maps& maps) {
  json list = json::array();
  for (const FeatureMaps& feature : found.features) {
    const torch::Tensor mean = feature.maps.mean(0);  // [K, h, w]
    const std::int64_t shown = std::min(kFeatureChannels, mean.size(0));
    const torch::Tensor strongest = std::get<1>(mean.abs().mean({1, 2}).topk(shown)).contiguous();
    maps.add("features." + feature.row, mean.index_select(0, strongest));
    const std::int64_t* channels = strongest.data_ptr<std::int64_t>();
    std::string operation;
    for (const Row& row : rows)
      if (feature.row == row.id) operation = row.operation;
    list.push_back({{"row", feature.row},
                    {"operation", operation},
                    {"channels", std::vector<std::int64_t>(channels, channels + shown)},
                    {"of", mean.size(0)}});
  }
  return list;
}

/// Means over the images; the facts that go with them.
json add_occlusion(const Occlusion& found, const Squares& squares, const Card& card, Maps& maps) {
  const torch::Tensor drop = found.drop.mean(0), breaks = found.breaks.mean(0);
  maps.add("drop", drop);
  maps.add("breaks", breaks);
  maps.add("drop_map", per_pixel(drop, squares, card.input[1], card.input[2]));
  maps.add("breaks_map", per_pixel(breaks, squares, card.input[1], card.input[2]));
  return {{"size_px", squares.size_px},
          {"stride_px", squares.stride_px},
          {"squares", squares.count()},
          {"broken", breaks.mean().item<float>()}};
}

json add_input_maps(const InputMaps& found, std::span<const Row> rows, Maps& maps) {
  maps.add("saliency", found.saliency.mean(0));
  if (found.gradcam.defined()) maps.add("gradcam", found.gradcam.mean(0));
  if (found.theta.defined()) maps.add("theta", found.theta.mean(0));
  return {{"gradcam_row", found.gradcam_row},
          {"theta_row", found.theta_row},
          {"warp_row", found.warp_row},
          {"features", add_features(found, rows, maps)}};
}

/// The mean image as uint8 [C, H, W], colours in the order of packs.
torch::Tensor shown_image(const torch::Tensor& crops, const Protocol& protocol) {
  const torch::Tensor image = crops.to(torch::kFloat).mean(0);
  const bool bgr = protocol.channel_order == ChannelOrder::kBgr && image.size(0) == 3;
  return (bgr ? image.flip(0) : image).round().clamp(0, 255).to(torch::kUInt8);
}

std::vector<float> floats(const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.to(torch::kFloat).flatten().contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

json task_facts(const Task& task, const ExplainOptions& options, const Pack& pack) {
  return {{"schema", 1},
          {"experiment", task.experiment},
          {"model", task.model},
          {"variant", task.variant},
          {"dataset", task.dataset},
          {"data", name_of(pack.data())},
          {"profile", task.profile},
          {"task", options.task.empty() ? task_id(task) : options.task},
          {"split", options.split},
          {"class_names", pack.class_names()},
          {"ten_crops", task.protocol.test_crop == TestCrop::kTen}};
}

/// Which images, what the task's own evaluation says of them, and the class that is explained.
struct Subject {
  Split images;
  std::int64_t explained = 0;
  json facts;
};

Subject sample_of(const Task& task,
                  const ExplainOptions& options,
                  const Pack& pack,
                  const Split& split,
                  const Card& card,
                  Model& model) {
  Subject subject{picked(split, {find_sample(pack, split, options.sample)}), 0, {}};
  const Augmenter augmenter(task.protocol, card.input, static_cast<std::uint64_t>(task.seed));
  const std::vector<std::string>& names = pack.class_names();
  const Evaluation found = evaluate(model, subject.images, augmenter);
  subject.explained = found.logits.argmax(1).item<std::int64_t>();
  const auto name = [&](std::int64_t label) { return names[static_cast<std::size_t>(label)]; };
  subject.facts = {{"sample", options.sample},
                   {"truth", name(subject.images.labels.item<std::int64_t>())},
                   {"predicted", name(subject.explained)},
                   {"explained", name(subject.explained)},
                   {"probability", found.logits.softmax(1)[0][subject.explained].item<float>()},
                   {"logits", floats(found.logits)},
                   {"images", 1},
                   {"of", 1}};
  return subject;
}

Subject class_of(const Task& task,
                 const ExplainOptions& options,
                 const Pack& pack,
                 const Split& split,
                 const Card& card,
                 const Squares& squares,
                 Model& model) {
  const std::int64_t label = find_class(pack, options.class_name);
  std::int64_t of = 0;
  const auto indices = of_class(split, label, affordable_images(card, squares), of);
  if (indices.empty())
    fail(Exit::kUsage,
         "--class {}: no {} image of it was scored; choose another class",
         options.class_name,
         options.split);
  Subject subject{picked(split, indices), label, {}};
  const Augmenter augmenter(task.protocol, card.input, static_cast<std::uint64_t>(task.seed));
  const Evaluation found = evaluate(model, subject.images, augmenter);
  subject.facts = {{"class", options.class_name},
                   {"truth", options.class_name},
                   {"explained", options.class_name},
                   {"correct", found.scores.correct},
                   {"probability", found.logits.softmax(1).select(1, label).mean().item<float>()},
                   {"images", indices.size()},
                   {"of", of}};
  return subject;
}

}  // namespace

Squares squares_over(const std::array<std::int64_t, 3>& input,
                     std::int64_t size_px,
                     std::int64_t stride_px) {
  const std::int64_t side = std::min(input[1], input[2]);
  Squares squares;
  squares.size_px = size_px > 0 ? size_px : std::max<std::int64_t>(1, side / 6);
  squares.stride_px =
      stride_px > 0 ? stride_px : std::min(squares.size_px, std::max<std::int64_t>(1, side / 20));
  if (squares.size_px > side)
    fail(Exit::kUsage,
         "--size {}: the model's images are {}x{}; choose 1 to {}",
         size_px,
         input[1],
         input[2],
         side);
  if (squares.stride_px > squares.size_px)
    fail(Exit::kUsage,
         "--stride {}: above the size of the square, {}, pixels between would never be covered",
         stride_px,
         squares.size_px);
  squares.tops = steps(input[1], squares.size_px, squares.stride_px);
  squares.lefts = steps(input[2], squares.size_px, squares.stride_px);
  return squares;
}

Occlusion occlusion_maps(Model& model,
                         const Augmenter& augmenter,
                         const torch::Tensor& crops,
                         const torch::Tensor& classes,
                         const Squares& squares,
                         const std::function<void(double)>& progress) {
  torch::InferenceMode inference;
  model.eval();
  const std::int64_t rows = std::ssize(squares.tops), columns = std::ssize(squares.lefts);
  const torch::Tensor tops = torch::tensor(squares.tops, torch::kInt64).repeat_interleave(columns);
  const torch::Tensor lefts = torch::tensor(squares.lefts, torch::kInt64).repeat({rows});
  const std::int64_t batch =
      std::clamp<std::int64_t>(kForwardPixels / crops[0].numel(), 1, kForwardImages);
  std::vector<torch::Tensor> drops, breaks;
  for (std::int64_t image = 0; image < crops.size(0); ++image) {
    const torch::Tensor crop = crops.narrow(0, image, 1);
    const std::int64_t label = classes[image].item<std::int64_t>();
    const torch::Tensor plain = probabilities(model, augmenter, crop);
    for (std::int64_t at = 0; at < squares.count(); at += batch) {
      const std::int64_t count = std::min(batch, squares.count() - at);
      const torch::Tensor found = probabilities(
          model,
          augmenter,
          occluded(crop, tops.narrow(0, at, count), lefts.narrow(0, at, count), squares.size_px));
      drops.push_back(plain[0][label] - found.select(1, label));
      breaks.push_back((found.argmax(1) != plain.argmax(1)).to(torch::kFloat));
    }
    if (progress) progress(static_cast<double>(image + 1) / static_cast<double>(crops.size(0)));
  }
  return {torch::cat(drops).view({-1, rows, columns}),
          torch::cat(breaks).view({-1, rows, columns})};
}

torch::Tensor per_pixel(const torch::Tensor& values,
                        const Squares& squares,
                        std::int64_t height,
                        std::int64_t width) {
  // Which positions cover which rows and columns; the sum over squares is two matrix products.
  const auto cover = [&](const std::vector<std::int64_t>& starts, std::int64_t side) {
    const torch::Tensor at = torch::tensor(starts, torch::kInt64);
    return torch::logical_not(outside(at, squares.size_px, side)).squeeze(1).to(torch::kFloat);
  };
  const torch::Tensor rows = cover(squares.tops, height);     // [R, H]
  const torch::Tensor columns = cover(squares.lefts, width);  // [C, W]
  const torch::Tensor sums = rows.t().matmul(values).matmul(columns);
  return sums / (rows.sum(0).unsqueeze(1) * columns.sum(0).unsqueeze(0));
}

InputMaps input_maps(Model& model,
                     std::span<const Row> rows,
                     const torch::Tensor& inputs,
                     const torch::Tensor& classes) {
  model.eval();
  const Transformer transformer = transformer_of(rows);
  std::vector<InputMaps> parts;
  for (std::int64_t at = 0; at < inputs.size(0); at += kGradientImages) {
    const std::int64_t count = std::min(kGradientImages, inputs.size(0) - at);
    parts.push_back(maps_of_batch(
        model, transformer, inputs.narrow(0, at, count), classes.narrow(0, at, count)));
  }
  InputMaps whole = joined_maps(std::move(parts));
  if (whole.theta.defined()) {
    whole.theta_row = transformer.theta_row;
    whole.warp_row = transformer.warp_row;
  }
  return whole;
}

void explain(const Task& task, const ExplainOptions& options, const Progress& progress) {
  check_planned(task, options);
  torch::set_num_threads(options.threads);
  const ModelEntry& entry = find_model(task.model, task.variant);
  const Card& card = entry.card;
  const Squares squares = squares_over(card.input, options.size, options.stride);
  const Pack pack(options.pack);
  const Split split = scored(task, pack, card, options.split);
  const std::int64_t classes = std::ssize(pack.class_names());
  const std::shared_ptr<Model> model = entry.make({classes, task.protocol.dropout});
  load_weights(*model, options.weights);
  use_memory_format(*model, MemoryFormat::kChannelsLast);
  const Subject subject = options.class_name.empty()
                              ? sample_of(task, options, pack, split, card, *model)
                              : class_of(task, options, pack, split, card, squares, *model);

  Protocol centre = task.protocol;
  centre.test_crop = TestCrop::kCenter;
  const Augmenter augmenter(centre, card.input, static_cast<std::uint64_t>(task.seed));
  const torch::Tensor crops = centre_crop(subject.images.images, card.input);
  const torch::Tensor labels =
      torch::full({crops.size(0)}, subject.explained, torch::TensorOptions(torch::kInt64));
  Maps maps;
  maps.add("image", shown_image(crops, task.protocol));
  maps.add("class_weights", class_weights(*model, card.input, classes, subject.explained));
  json facts = task_facts(task, options, pack);
  facts.update(subject.facts);
  const auto scaled = [&](double share) { progress(0.9 * share, "occlusion"); };
  facts.update(add_occlusion(
      occlusion_maps(*model, augmenter, crops, labels, squares, scaled), squares, card, maps));
  facts.update(add_input_maps(
      input_maps(*model, entry.rows, augmenter.test(crops), labels), entry.rows, maps));
  facts["default_size"] = options.size == 0;
  facts["default_stride"] = options.stride == 0;
  maps.write(options.out, facts);
}

}  // namespace mien
