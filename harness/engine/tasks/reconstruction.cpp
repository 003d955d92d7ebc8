#include "harness/engine/tasks/reconstruction.h"

#include <algorithm>
#include <map>
#include <span>

#include "harness/base/error.h"
#include "harness/base/temp_folder.h"
#include "harness/engine/context/pretrained.h"
#include "harness/geometry/face_model.h"
#include "harness/geometry/mesh.h"
#include "harness/geometry/reconstruct.h"
#include "harness/realy/files.h"
#include "harness/realy/report.h"
#include "harness/realy/score.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr double kNetworksShare = 0.3;  // of the progress bar

/// Predicts the coefficients of the fold's test pictures by the network of one role, and records
/// them. Returns as many as the face model has components: [N, components].
torch::Tensor predict(TaskContext& context,
                      const Pack& pack,
                      const Fold& fold,
                      const std::string& role,
                      std::size_t components) {
  const PretrainedNetwork network =
      load_pretrained(role, context.options, context.device, context.record);
  const Card& card = network.entry->card;
  const Protocol& protocol = context.task.protocol;
  check_shapes(card, pack, protocol.input.resize_px);
  const ImageForm form = image_form(protocol, card.input[0]);
  const Split test = load_split(pack, fold.test, protocol.limit.test, form, context.device);
  const torch::Tensor all = coefficients_of(network, test, protocol);
  store_coefficients(context.record, "test", test, pack, {card.target, all});
  const std::int64_t meant = card.targeted > 0 ? card.targeted : all.size(1);
  return all.narrow(1, 0, std::min(meant, static_cast<std::int64_t>(components))).contiguous();
}

std::span<const float> row_of(const torch::Tensor& values, std::int64_t row) {
  if (!values.defined()) return {};
  return {values.data_ptr<float>() + row * values.size(1),
          static_cast<std::size_t>(values.size(1))};
}

/// Writes one .obj file per picture, with the name of the picture.
void write_meshes(const fs::path& folder,
                  const FaceModel& model,
                  const std::vector<std::string>& names,
                  const torch::Tensor& identity,
                  const torch::Tensor& expression) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    write_obj(
        folder / (names[i] + ".obj"),
        {reconstruct(model, row_of(identity, row), row_of(expression, row)), model.triangles});
  }
}

/// Returns the largest number of pictures that a subject has.
int views_in(const Pack& pack, const std::vector<std::int64_t>& rows) {
  std::map<std::int32_t, int> count;
  int most = 1;
  for (const std::int64_t row : rows)
    most = std::max(most, ++count[pack.subject()[static_cast<std::size_t>(row)]]);
  return most;
}

}  // namespace

void run_reconstruction(TaskContext& context) {
  const WorkerOptions& options = context.options;
  const Pack pack = context.open_pack();
  const FaceModel model = load_packed_model(options.face_model);
  const Fold fold = context.open_fold(pack);
  context.progress(0, "coefficients");
  const torch::Tensor expression =
      predict(context, pack, fold, "expression", model.expression_components());
  context.progress(kNetworksShare / 2, "coefficients");
  torch::Tensor identity;
  if (context.task.networks.contains("identity"))
    identity = predict(context, pack, fold, "identity", model.identity_components());
  context.progress(kNetworksShare, "meshes");

  if (options.scratch.empty()) fail(Exit::kUsage, "a reconstruction needs a folder for its meshes");
  const TempFolder scratch(options.scratch);
  std::vector<std::string> names;
  for (const Coefficients& row : context.record.coefficients)
    if (row.target == "coefficients") names.push_back(row.sample_id);
  write_meshes(scratch.path(), model, names, identity, expression);
  ScoreRequest request;
  request.data = options.ground_truth;
  request.predictions = scratch.path();
  request.topology = topology_with(RealyFolders(options.ground_truth), model.vertices());
  request.jobs = options.threads;
  request.views = views_in(pack, fold.test);
  add_realy(score_predictions(request).report, context.record);
  context.add_notes();
  context.record.notes.push_back({"departure", "trained on drawn faces: " + model.name});
}

}  // namespace mien
