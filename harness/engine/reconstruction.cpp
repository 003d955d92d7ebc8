#include "harness/engine/reconstruction.h"

#include <algorithm>
#include <map>
#include <span>

#include "harness/core/error.h"
#include "harness/core/face_model.h"
#include "harness/core/files.h"
#include "harness/core/mesh.h"
#include "harness/core/realy_record.h"
#include "harness/core/reconstruct.h"
#include "harness/engine/task_parts.h"
#include "harness/engine/trained.h"
#include "harness/mesh/realy_files.h"
#include "harness/mesh/score.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr double kNetworksShare = 0.3;  // of the progress bar

/// A folder that goes when its owner does.
class Scratch {
 public:
  explicit Scratch(const fs::path& path) : path_(path) {
    if (path.empty()) fail(Exit::kUsage, "a reconstruction needs a folder for its meshes");
    fs::create_directories(path);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;

 private:
  fs::path path_;
};

/// Coefficients of one kind, cut to the modes that the face model has: [N, modes].
torch::Tensor predict(const std::string& role,
                      std::size_t modes,
                      const Task& task,
                      const WorkerOptions& options,
                      const Pack& pack,
                      const Fold& fold,
                      torch::Device device,
                      TaskRecord& record) {
  const TrainedNetwork network = load_trained(role, options, device, record);
  const Protocol& protocol = task.protocol;
  check_shapes(network.entry->card, pack, protocol.resize_px);
  const Split test = load_split(pack,
                                fold.test,
                                protocol.limit_test,
                                image_form(protocol, network.entry->card.input[0]),
                                device);
  const torch::Tensor all = coefficients_of(network, test, protocol);
  store_coefficients(all, network.entry->card.target, "test", test, pack, record);
  const Card& card = network.entry->card;
  const std::int64_t meant = card.targeted > 0 ? card.targeted : all.size(1);
  return all.narrow(1, 0, std::min(meant, static_cast<std::int64_t>(modes))).contiguous();
}

std::span<const float> row_of(const torch::Tensor& values, std::int64_t row) {
  if (!values.defined()) return {};
  return {values.data_ptr<float>() + row * values.size(1),
          static_cast<std::size_t>(values.size(1))};
}

/// One .obj per picture, named like it.
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

/// Pictures of one subject: the most that any has.
int views_in(const Pack& pack, const std::vector<std::int64_t>& rows) {
  std::map<std::int32_t, int> count;
  int most = 1;
  for (const std::int64_t row : rows)
    most = std::max(most, ++count[pack.subject()[static_cast<std::size_t>(row)]]);
  return most;
}

}  // namespace

void run_reconstruction(const Task& task,
                        const WorkerOptions& options,
                        torch::Device device,
                        const Progress& progress,
                        TaskRecord& record) {
  const Pack pack = open_planned_pack(task, options.pack);
  const FaceModel model = load_packed_model(options.face_model);
  const Fold fold = open_fold(task, pack, options, progress, record);
  progress(0, "coefficients");
  const torch::Tensor expression =
      predict("expression", model.expression_modes(), task, options, pack, fold, device, record);
  progress(kNetworksShare / 2, "coefficients");
  torch::Tensor identity;
  if (task.networks.contains("identity"))
    identity =
        predict("identity", model.identity_modes(), task, options, pack, fold, device, record);
  progress(kNetworksShare, "meshes");

  const Scratch scratch(options.scratch);
  std::vector<std::string> names;
  for (const Coefficients& row : record.coefficients)
    if (row.target == "coefficients") names.push_back(row.sample_id);
  write_meshes(options.scratch, model, names, identity, expression);
  ScoreRequest request;
  request.data = options.ground_truth;
  request.predictions = options.scratch;
  request.topology = topology_with(RealyFolders(options.ground_truth), model.vertices());
  request.jobs = options.threads;
  request.views = views_in(pack, fold.test);
  add_realy(score_predictions(request).report, record);
  add_notes(task, record);
  record.notes.push_back({"departure", "trained on drawn faces: " + model.name});
}

}  // namespace mien
