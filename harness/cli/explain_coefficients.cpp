#include "harness/cli/explain_coefficients.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "harness/base/error.h"
#include "harness/base/safetensors.h"
#include "harness/task/pack.h"

namespace mien {
namespace {

constexpr const char* kExpression = "coefficients";

const Coefficients* find(const TaskRecord& record,
                         const std::string& split,
                         const std::string& sample,
                         const std::string& target) {
  const auto found = std::ranges::find_if(record.coefficients, [&](const Coefficients& row) {
    return row.split == split && row.sample_id == sample && row.target == target;
  });
  return found == record.coefficients.end() ? nullptr : &*found;
}

/// A row of a target of the pack; empty where it has none.
std::vector<float> truth_of(const Pack& pack, const std::string& target, std::size_t row) {
  const auto found = pack.targets().find(target);
  if (found == pack.targets().end()) return {};
  const std::size_t width = found->second.names.size();
  const auto values = found->second.values.subspan(row * width, width);
  return {values.begin(), values.end()};
}

std::vector<float> cut(std::vector<float> values, std::size_t modes) {
  values.resize(std::min(values.size(), modes));
  return values;
}

/// RGB, channels first; gray is repeated.
std::vector<std::uint8_t> picture_of(const Pack& pack, std::size_t row) {
  const auto shape = pack.image_shape();
  if (shape[1] != shape[2])
    fail(Exit::kPrecondition,
         "{}: pictures of {}x{}; only square ones can be explained",
         pack.path().string(),
         shape[2],
         shape[1]);
  const auto plane = static_cast<std::size_t>(shape[1] * shape[2]);
  const auto bytes = static_cast<std::size_t>(shape[0]) * plane;
  const auto image = pack.images().subspan(row * bytes, bytes);
  std::vector<std::uint8_t> picture(image.begin(), image.end());
  while (picture.size() < 3 * plane)
    picture.insert(
        picture.end(), image.begin(), image.begin() + static_cast<std::ptrdiff_t>(plane));
  return picture;
}

/// Root mean square difference, in standard deviations.
double error_of(const std::vector<float>& predicted, const std::vector<float>& truth) {
  double sum = 0;
  const std::size_t count = std::min(predicted.size(), truth.size());
  for (std::size_t i = 0; i < count; ++i)
    sum += std::pow(double{predicted[i]} - double{truth[i]}, 2);
  return std::sqrt(sum / static_cast<double>(count));
}

/// What the task made of the coefficients, in words.
std::string said_of(const TaskRecord& record, const std::string& split, const std::string& sample) {
  for (const Prediction& p : record.predictions)
    if (p.split == split && p.sample_id == sample) {
      const auto name = [&](std::int64_t label) {
        return record.class_names.at(static_cast<std::size_t>(label));
      };
      return fmt::format("truth {}, predicted {}", name(p.truth), name(p.predicted));
    }
  std::vector<std::string> regions;
  for (const MeshError& m : record.mesh_errors)
    if (m.mesh == sample && m.mode == "compat" && m.error_mm)
      regions.push_back(fmt::format("{} {:.3f}", m.region, *m.error_mm));
  return regions.empty() ? "" : fmt::format("REALY error in mm: {}", fmt::join(regions, ", "));
}

}  // namespace

bool holds_coefficients(const TaskRecord& record,
                        const std::string& split,
                        const std::string& sample) {
  return find(record, split, sample, kExpression) != nullptr;
}

std::string write_coefficients(const TaskRecord& record,
                               const std::string& split,
                               const std::string& sample,
                               const std::filesystem::path& pack_file,
                               const FaceModel& model,
                               const std::filesystem::path& out) {
  const Pack pack(pack_file);
  const Coefficients& said = *find(record, split, sample, kExpression);
  const Coefficients* shape = find(record, split, sample, "identity");
  const auto row = static_cast<std::size_t>(said.sample);
  const std::vector<std::uint8_t> picture = picture_of(pack, row);
  std::map<std::string, std::vector<float>> numbers;
  numbers["predicted"] = cut(said.predicted, model.expression_components());
  numbers["truth"] = cut(said.truth, model.expression_components());
  numbers["identity"] =
      cut(shape ? shape->predicted : truth_of(pack, "identity", row), model.identity_components());
  numbers["pose"] = truth_of(pack, "pose", row);

  const std::string label = said_of(record, split, sample);
  std::string line = sample + (label.empty() ? "" : ": " + label);
  if (!numbers["truth"].empty())
    line += fmt::format(": coefficients off by {:.3f} sd (root mean square)",
                        error_of(numbers["predicted"], numbers["truth"]));
  std::map<std::string, TensorView> tensors;
  const std::int64_t side = pack.image_shape()[1];
  tensors["image"] = {DType::kU8, {3, side, side}, std::as_bytes(std::span(picture))};
  for (const auto& [name, values] : numbers)
    if (!values.empty())
      tensors[name] = {DType::kF32, {std::ssize(values)}, std::as_bytes(std::span(values))};
  const std::string title =
      fmt::format("{} ({}), {}", record.task.experiment, record.task.variant, line);
  write_safetensors(out,
                    tensors,
                    {{"title", title},
                     {"notes",
                      shape                         ? "identity as predicted"
                      : numbers["identity"].empty() ? "the mean identity"
                                                    : "the true identity"}});
  return line;
}

}  // namespace mien
