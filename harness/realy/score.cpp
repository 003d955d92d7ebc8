#include "harness/realy/score.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "harness/base/clock.h"
#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/base/statistics.h"
#include "harness/realy/aligned_meshes.h"
#include "harness/realy/files.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr int kSchema = 1;
/// Part of the key of a kept result. Raise it when a number may change.
constexpr int kMetricVersion = 1;
/// The regions that take longest come first, so that threads end together.
constexpr std::array<int, kRegions> kLongestFirst = {2, 3, 1, 0};

using Scores = std::array<RegionScore, kRegions>;

// ---- summaries ---------------------------------------------------------------------------------

/// The errors of one protocol per region, and the subjects of the meshes that failed.
struct Collected {
  std::array<std::vector<double>, kRegions> errors, distances, unmasked;
  std::vector<int> failed_subjects;
  std::int64_t scored = 0, reflected = 0, hit_cap = 0;
};

Collected collect(const std::vector<MeshScore>& meshes, RealyProtocol protocol) {
  Collected all;
  for (const MeshScore& mesh : meshes) {
    const ProtocolScore& score = mesh.of(protocol);
    if (!score.failures().empty()) {
      all.failed_subjects.push_back(static_cast<int>(mesh.subject));
      continue;
    }
    ++all.scored;
    for (std::size_t r = 0; r < kRegions; ++r) {
      const RegionScore& region = score.regions[r];
      all.errors[r].push_back(region.error_mm);
      all.distances[r].push_back(region.scan_to_mesh_mm);
      if (region.unmasked_mm) all.unmasked[r].push_back(*region.unmasked_mm);
    }
    all.reflected += std::ranges::any_of(score.regions, &RegionScore::reflected);
    all.hit_cap += std::ranges::any_of(score.regions, &RegionScore::hit_cap);
  }
  return all;
}

/// REQUIRES: the region has an error.
RegionSummary summarise(const Collected& all, std::size_t region) {
  const std::vector<double>& errors = all.errors[region];
  RegionSummary summary{.mean_mm = mean(errors), .median_mm = median(errors)};
  if (errors.size() > 1) summary.std_mm = standard_deviation(errors);
  if (all.scored > 0) summary.scan_to_mesh_mm = mean(all.distances[region]);
  if (!all.unmasked[region].empty()) summary.unmasked_mm = mean(all.unmasked[region]);
  return summary;
}

ProtocolSummary summarise(const Collected& all, RealyProtocol protocol, std::int64_t charged) {
  ProtocolSummary summary{.protocol = protocol,
                          .scored = all.scored,
                          .failed = std::ssize(all.failed_subjects),
                          .charged = charged,
                          .reflected = all.reflected,
                          .hit_cap = all.hit_cap};
  double sum = 0;
  for (std::size_t r = 0; r < kRegions; ++r) {
    if (all.errors[r].empty()) continue;
    summary.regions[r] = summarise(all, r);
    sum += summary.regions[r]->mean_mm;
  }
  if (!all.errors[0].empty()) summary.all_mm = sum / kRegions;
  return summary;
}

/// Returns the text of REALY_error.txt as the toolkit writes it: two tabs after the name, numbers
/// cut to nine characters.
std::string error_text(const std::vector<MeshScore>& meshes) {
  std::string text;
  for (const MeshScore& mesh : meshes) {
    const ProtocolScore& score = mesh.of(RealyProtocol::kCompat);
    if (!score.failures().empty()) continue;
    text += mesh.name + '\t';
    for (const RegionScore& region : score.regions)
      text += fmt::format("\t{:.9}", fmt::format("{}", region.error_mm));
    text += '\n';
  }
  return text;
}

class Scorer {
 public:
  explicit Scorer(const ScoreRequest& request)
      : request_(request),
        folders_(request.data),
        topology_(read_topology(folders_, request.topology)),
        scales_(read_scales(folders_)),
        subjects_(subjects_in(folders_)),
        files_(list_predictions(request.predictions)) {
    if (!request.mask.empty()) mask_ = read_mask(request.mask, topology_);
    if (subjects_.empty())
      fail(Exit::kPrecondition, "{}: no keypoints such as 1.obj", folders_.keypoints.string());
    common_key_ = fmt::format("{} {} {} {}",
                              kMetricVersion,
                              sha256_file(folders_.data / (request.topology + ".obj")),
                              sha256_file(folders_.data / (request.topology + ".txt")),
                              request.mask.empty() ? "-" : sha256_file(request.mask));
    for (const RealyProtocol protocol : request.protocols)
      common_key_ += fmt::format(" {}", name_of(protocol));
  }

  ScoreAnswer run() {
    meshes_.resize(files_.size());
    const int jobs = std::min<int>(request_.jobs, static_cast<int>(files_.size()));
    region_jobs_ = std::max(1, request_.jobs / jobs);
    parallel_for(files_.size(), jobs, [&](std::size_t i, int) { meshes_[i] = finish(files_[i]); });
    if (request_.error_text) write_text(request_.out / "REALY_error.txt", error_text(meshes_));
    ScoreAnswer answer{.report = report(), .complete = !picture_failed_};
    for (const MeshScore& mesh : answer.report.meshes)
      for (const ProtocolScore& score : mesh.protocols)
        answer.complete = answer.complete && score.failures().empty();
    if (!request_.out.empty())
      write_text(request_.out / "report.json", to_json(answer.report).dump(1) + "\n");
    return answer;
  }

 private:
  // ---- scoring ---------------------------------------------------------------------------------

  Scores score_regions(const AlignedPrediction& aligned,
                       const Scan& scan,
                       RealyProtocol protocol,
                       Keep keep) const {
    Scores scores;
    parallel_for(kRegions, region_jobs_, [&](std::size_t k, int) {
      const int r = kLongestFirst[k];
      scores[static_cast<std::size_t>(r)] =
          score_region(aligned, topology_, scan, r, protocol, keep);
    });
    return scores;
  }

  Scores score_mesh(const Mesh& mesh,
                    const Scan& scan,
                    RealyProtocol protocol,
                    const PredictionFile& file) {
    const AlignedPrediction aligned =
        align_globally(mesh, topology_, mask_, scan, protocol, file.name);
    const bool first = protocol == request_.protocols.front();
    const bool keep = first && (request_.keep_meshes || request_.pictures);
    Scores scores = score_regions(aligned, scan, protocol, keep ? Keep::kMeshes : Keep::kNumbers);
    const ScoredPrediction prediction{file.name, protocol, scan, aligned, scores};
    if (first && request_.keep_meshes)
      write_aligned_meshes(request_.out / "region_align_save" / file.name, prediction);
    if (first && request_.pictures) write_picture(file, prediction);
    for (RegionScore& score : scores) score.meshes.reset();
    return scores;
  }

  /// Adds the errors without the mask to `scores`.
  void add_unmasked(const Mesh& mesh, const Scan& scan, const std::string& name, Scores& scores) {
    constexpr RealyProtocol kStrict = RealyProtocol::kStrict;
    const AlignedPrediction whole = align_globally(mesh, topology_, {}, scan, kStrict, name);
    const Scores unmasked = score_regions(whole, scan, kStrict, Keep::kNumbers);
    for (std::size_t r = 0; r < kRegions; ++r) scores[r].unmasked_mm = unmasked[r].error_mm;
  }

  ProtocolScore score_protocol(const Mesh& mesh,
                               const Scan& scan,
                               RealyProtocol protocol,
                               const PredictionFile& file) {
    ProtocolScore score{.protocol = protocol, .failure = ""};
    try {
      score.regions = score_mesh(mesh, scan, protocol, file);
      if (protocol == RealyProtocol::kStrict && !mask_.empty())
        add_unmasked(mesh, scan, file.name, score.regions);
    } catch (const Error& error) {
      score.failure = error.what();
    }
    return score;
  }

  MeshScore score_file(const PredictionFile& file) {
    const auto start = std::chrono::steady_clock::now();
    MeshScore score{.name = file.name, .subject = file.subject, .key = ""};
    try {
      if (file.subject < 0)
        fail(Exit::kPrecondition,
             "{}: its name does not begin with a subject's number, as in 12_1.obj",
             file.path.string());
      const Scan scan = read_scan(folders_, scales_, file.subject);
      const Mesh mesh = read_mesh(file.path);
      for (const RealyProtocol protocol : request_.protocols)
        score.protocols.push_back(score_protocol(mesh, scan, protocol, file));
    } catch (const Error& error) {
      score.readable = false;
      for (const RealyProtocol protocol : request_.protocols)
        score.protocols.push_back({.protocol = protocol, .failure = error.what()});
    }
    score.seconds = seconds_since(start);
    return score;
  }

  // ---- pictures --------------------------------------------------------------------------------

  fs::path picture_of(const PredictionFile& file, const char* extension) const {
    return request_.out / "pictures" / (file.name + extension);
  }

  /// Removes the picture of an earlier score.
  void remove_picture(const PredictionFile& file) const {
    std::error_code ignored;
    for (const char* extension : {".png", ".safetensors"})
      fs::remove(picture_of(file, extension), ignored);
  }

  /// Writes the input of a picture. A failure does not fail the score: the next run writes it.
  void write_picture(const PredictionFile& file, const ScoredPrediction& prediction) try {
    write_error_map(picture_of(file, ".safetensors"), prediction);
  } catch (const Error& error) {
    const std::lock_guard lock(mutex_);
    fmt::print(stderr, "bench-mesh: {}\n", error.what());
    picture_failed_ = true;
  }

  /// Returns whether a picture is requested of a scored mesh and does not exist.
  bool lacks_picture(const MeshScore& score, const PredictionFile& file) const {
    return request_.pictures && score.of(request_.protocols.front()).failure.empty() &&
           !fs::exists(picture_of(file, ".png")) && !fs::exists(picture_of(file, ".safetensors"));
  }

  // ---- resume ----------------------------------------------------------------------------------

  /// Returns a digest of everything that the score of `file` depends on; "" if something is
  /// missing.
  std::string key_of(const PredictionFile& file) const {
    try {
      std::string text = fmt::format("{} {}", common_key_, sha256_file(file.path));
      const auto row = static_cast<std::size_t>(file.subject) - 1;
      if (row >= scales_.size()) return "";
      text += fmt::format(" {}", scales_[row]);
      const auto add = [&](const fs::path& path) { text += fmt::format(" {}", sha256_file(path)); };
      add(folders_.keypoints / fmt::format("{}.obj", file.subject));
      for (const char* region : kRealyRegions)
        add(folders_.regions / std::to_string(file.subject) / fmt::format("{}.obj", region));
      return sha256_hex(text);
    } catch (const Error&) {
      return "";
    }
  }

  /// Returns the score that an earlier run kept of the same inputs, if there is one.
  std::optional<MeshScore> kept(const fs::path& path,
                                const std::string& key,
                                const PredictionFile& file) const try {
    if (key.empty() || request_.keep_meshes || !fs::exists(path)) return std::nullopt;
    const auto json = nlohmann::json::parse(read_text(path));
    if (json.value("key", "") != key) return std::nullopt;
    MeshScore score = mesh_score_from_json(json);
    return lacks_picture(score, file) ? std::nullopt : std::optional(std::move(score));
  } catch (const nlohmann::json::exception&) {  // left by an interrupted run
    return std::nullopt;
  }

  MeshScore finish(const PredictionFile& file) {
    const std::string key = request_.out.empty() ? "" : key_of(file);
    const fs::path path = request_.out / "meshes" / (file.name + ".json");
    std::optional<MeshScore> score = kept(path, key, file);
    const bool resumed = score.has_value();
    if (!resumed) {
      if (!request_.out.empty()) remove_picture(file);
      score = score_file(file);
      score->key = key;
      if (!key.empty()) write_text(path, to_json(*score).dump() + "\n");
    }
    print_progress(*score, file, resumed);
    return std::move(*score);
  }

  void print_progress(const MeshScore& score, const PredictionFile& file, bool resumed) {
    const std::lock_guard lock(mutex_);
    ++finished_;
    resumed_ += resumed;
    for (const ProtocolScore& one : score.protocols)
      for (const std::string& line : one.failures())
        fmt::print(
            stderr, "bench-mesh: {} ({}): {}\n", file.path.string(), name_of(one.protocol), line);
    if (resumed) return;
    const double rate = seconds_since(start_) / static_cast<double>(finished_ - resumed_);
    fmt::print(stderr,
               "{}/{}  {}  {:.1f} s  {:.0f} s left\n",
               finished_,
               files_.size(),
               file.name,
               score.seconds,
               rate * static_cast<double>(std::ssize(files_) - finished_));
  }

  // ---- digests ---------------------------------------------------------------------------------

  /// Returns the digest of a file; "-" if it cannot be read.
  static std::string digest_of(const fs::path& path) {
    try {
      return sha256_file(path);
    } catch (const Error&) {
      return "-";
    }
  }

  /// Digests the predictions, the template, the mask, the protocols and the number of views.
  std::string predictions_sha256() const {
    std::string text = fmt::format("{} views {}", common_key_, views_);
    for (const PredictionFile& file : files_)
      text += fmt::format("\n{} {}", file.path.filename().string(), digest_of(file.path));
    return sha256_hex(text);
  }

  /// Digests the scales, and the keypoints and regions of every subject.
  std::string truth_sha256() const {
    std::string text = sha256_file(folders_.data / "metrical_scale.txt");
    const auto add = [&](const fs::path& path) { text += fmt::format(" {}", digest_of(path)); };
    for (const int subject : subjects_) {
      text += fmt::format("\n{}", subject);
      add(folders_.keypoints / fmt::format("{}.obj", subject));
      for (const char* region : kRealyRegions)
        add(folders_.regions / std::to_string(subject) / fmt::format("{}.obj", region));
    }
    return sha256_hex(text);
  }

  /// Returns whether the ground truth is synthetic. Mien marks the data that it draws.
  bool is_stand_in() const {
    const fs::path root = fs::absolute(folders_.keypoints).parent_path();
    return fs::exists(root / "STAND-IN.json") || fs::exists(request_.data / "STAND-IN.json");
  }

  // ---- the whole run ---------------------------------------------------------------------------

  RealyReport report() {
    find_missing();
    RealyReport report{.schema = kSchema,
                       .metric_version = kMetricVersion,
                       .topology = topology_.name,
                       .masked = !mask_.empty(),
                       .subjects = std::ssize(subjects_),
                       .views = views_,
                       .resumed = resumed_,
                       .predictions_sha256 = predictions_sha256(),
                       .truth_sha256 = truth_sha256(),
                       .stand_in = is_stand_in()};
    for (const auto& [subject, count] : missing_)
      report.missing.push_back({.subject = subject, .meshes = count});
    for (const RealyProtocol protocol : request_.protocols) {
      Collected all = collect(meshes_, protocol);
      const std::int64_t charged = protocol == RealyProtocol::kStrict ? charge(all) : 0;
      report.protocols.push_back(summarise(all, protocol, charged));
    }
    report.meshes = std::move(meshes_);
    report.seconds = seconds_since(start_);
    return report;
  }

  void find_missing() {
    std::map<int, int> present;
    for (const PredictionFile& file : files_) ++present[file.subject];
    views_ = request_.views;
    if (views_ == 0)
      for (const int subject : subjects_) views_ = std::max(views_, present[subject]);
    for (const int subject : subjects_)
      if (present[subject] < views_) missing_[subject] = views_ - present[subject];
  }

  /// Adds an error for every mesh that failed or is missing. Returns how many were added.
  std::int64_t charge(Collected& all) {
    std::map<int, int> absent = missing_;
    for (const int subject : all.failed_subjects)
      if (std::ranges::binary_search(subjects_, subject)) ++absent[subject];
    std::array<double, kRegions> worst{};
    for (std::size_t r = 0; r < kRegions; ++r)
      if (!all.errors[r].empty()) worst[r] = std::ranges::max(all.errors[r]);
    std::vector<std::pair<int, int>> list(absent.begin(), absent.end());
    std::vector<std::array<double, kRegions>> charges(list.size());
    region_jobs_ = 1;
    parallel_for(list.size(), request_.jobs, [&](std::size_t i, int) {
      charges[i] = template_errors(list[i].first);
    });
    std::int64_t count = 0;
    for (std::size_t i = 0; i < list.size(); ++i)
      for (std::size_t r = 0; r < kRegions; ++r) {
        const double error = std::max(worst[r], charges[i][r]);
        if (error == 0) {  // no error is known, and 0 mm would reward the failure
          for (std::vector<double>& errors : all.errors) errors.clear();
          return 0;
        }
        all.errors[r].insert(all.errors[r].end(), static_cast<std::size_t>(list[i].second), error);
        count += r == 0 ? list[i].second : 0;
      }
    return count;
  }

  /// Returns the errors of the template on a subject; 0 if they cannot be computed.
  std::array<double, kRegions> template_errors(int subject) {
    std::array<double, kRegions> errors{};
    try {
      const Scan scan = read_scan(folders_, scales_, subject);
      Mesh mesh;
      mesh.triangles = topology_.triangles;
      for (Eigen::Index i = 0; i < topology_.vertices.size(); ++i)
        mesh.vertices.push_back(static_cast<float>(topology_.vertices.data()[i]));
      const AlignedPrediction aligned =
          align_globally(mesh, topology_, mask_, scan, RealyProtocol::kStrict, topology_.name);
      const Scores scores = score_regions(aligned, scan, RealyProtocol::kStrict, Keep::kNumbers);
      for (std::size_t r = 0; r < kRegions; ++r)
        if (scores[r].failure.empty()) errors[r] = scores[r].error_mm;
    } catch (const Error& error) {
      fmt::print(stderr, "bench-mesh: the template on subject {}: {}\n", subject, error.what());
    }
    return errors;
  }

  const ScoreRequest& request_;
  RealyFolders folders_;
  Topology topology_;
  std::vector<double> scales_;
  std::vector<int> subjects_;
  std::vector<PredictionFile> files_;
  std::vector<char> mask_;
  std::string common_key_;
  std::vector<MeshScore> meshes_;
  std::map<int, int> missing_;  // subject -> how many meshes
  int views_ = 0, region_jobs_ = 1;
  std::mutex mutex_;
  std::int64_t finished_ = 0, resumed_ = 0;
  bool picture_failed_ = false;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

ScoreAnswer score_predictions(const ScoreRequest& request) { return Scorer(request).run(); }

}  // namespace mien
