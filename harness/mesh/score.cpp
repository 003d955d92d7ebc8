#include "harness/mesh/score.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>

#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/parallel.h"
#include "harness/core/sha256.h"
#include "harness/core/statistics.h"
#include "harness/mesh/aligned_meshes.h"
#include "harness/mesh/realy_files.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

constexpr int kSchema = 1;
/// Part of what a kept result depends on: raise it when a number may change.
constexpr int kMetricVersion = 1;
/// The regions that take longest come first, so that threads end together.
constexpr std::array<int, kRegions> kLongestFirst = {2, 3, 1, 0};

using Scores = std::array<RegionScore, kRegions>;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// ---- one mesh ----------------------------------------------------------------------------------

ordered_json region_json(const RegionScore& score) {
  ordered_json solves = ordered_json::array();
  for (const SolveRecord& solve : score.solves)
    solves.push_back({solve.stage, solve.change, solve.threshold, solve.dropped});
  ordered_json json = {{"error_mm", score.error_mm},
                       {"scan_to_mesh_mm", score.scan_to_mesh_mm},
                       {"reflected", score.reflected},
                       {"scan_vertices", score.scan_vertices},
                       {"merged_vertices", score.merged_vertices},
                       {"keypoint_repeats", score.keypoint_repeats},
                       {"rigid_errors", score.fit_errors},
                       {"solves", solves},
                       {"dropped_share", score.dropped_share},
                       {"held_vertices", score.held_vertices},
                       {"hit_cap", score.hit_cap},
                       {"rigid_seconds", score.rigid_seconds},
                       {"bend_seconds", score.bend_seconds}};
  if (!score.failure.empty()) {
    json["failure"] = score.failure;
    json["error_mm"] = nullptr;
  }
  return json;
}

/// Where the score of a mesh says that it, or one of its regions, failed.
std::vector<std::string> failures_in(const ordered_json& mode) {
  std::vector<std::string> lines;
  if (mode.contains("failure")) return {mode.at("failure").get<std::string>()};
  for (const auto& [region, score] : mode.at("regions").items())
    if (score.contains("failure"))
      lines.push_back(fmt::format("{}: {}", region, score.at("failure").get<std::string>()));
  return lines;
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
    for (const Mode mode : request.modes) common_key_ += fmt::format(" {}", name_of(mode));
  }

  ScoreAnswer run() {
    const auto start = std::chrono::steady_clock::now();
    start_ = start;
    results_.resize(files_.size());
    const int meshes = std::min<int>(request_.jobs, static_cast<int>(files_.size()));
    region_jobs_ = std::max(1, request_.jobs / meshes);
    parallel_for(
        files_.size(), meshes, [&](std::size_t i, int) { results_[i] = finish(files_[i]); });
    ScoreAnswer answer{report(), true};
    answer.report["seconds"] = seconds_since(start);
    for (const ordered_json& result : results_)
      for (const auto& [mode, score] : result.at("modes").items())
        answer.complete = answer.complete && failures_in(score).empty();
    answer.complete = answer.complete && !lacks_pictures_;
    if (request_.error_text) write_error_text();
    if (!request_.out.empty())
      write_text(request_.out / "report.json", answer.report.dump(1) + "\n");
    return answer;
  }

 private:
  // ---- scoring ---------------------------------------------------------------------------------

  Scores score_mesh(const Mesh& mesh,
                    const Scan& scan,
                    Mode mode,
                    const std::vector<char>& mask,
                    const PredictionFile& file,
                    bool keep = false,
                    bool draw = false) {
    const Placed placed = place(mesh, topology_, mask, scan, mode, file.name);
    const Keep kept = keep || draw ? Keep::kMeshes : Keep::kNumbers;
    Scores scores;
    parallel_for(kRegions, region_jobs_, [&](std::size_t k, int) {
      const int r = kLongestFirst[k];
      scores[static_cast<std::size_t>(r)] = score_region(placed, topology_, scan, r, mode, kept);
    });
    if (keep)
      write_aligned_meshes(request_.out / "region_align_save" / file.name, placed, scan, scores);
    if (draw) leave_picture(file, {file.name, mode, scan, placed, scores});
    return scores;
  }

  /// {"regions": {...}}, or {"regions", "failure"} where the mesh cannot be placed.
  ordered_json score_mode(const Mesh& mesh,
                          const Scan& scan,
                          Mode mode,
                          const PredictionFile& file) {
    const bool first = mode == request_.modes.front();
    const bool keep = request_.keep_meshes && first, draw = request_.pictures && first;
    ordered_json json = {{"regions", ordered_json::object()}};
    try {
      const Scores scores = score_mesh(mesh, scan, mode, mask_, file, keep, draw);
      for (std::size_t r = 0; r < kRegions; ++r)
        json["regions"][kRegionNames[r]] = region_json(scores[r]);
      if (mode == Mode::kStrict && !mask_.empty()) {
        const Scores whole = score_mesh(mesh, scan, mode, {}, file);
        for (std::size_t r = 0; r < kRegions; ++r)
          json["regions"][kRegionNames[r]]["unmasked_mm"] = whole[r].error_mm;
      }
    } catch (const Error& error) {
      json["failure"] = error.what();
    }
    return json;
  }

  fs::path picture_of(const PredictionFile& file, const char* extension) const {
    return request_.out / "pictures" / (file.name + extension);
  }

  /// That of other numbers.
  void drop_picture(const PredictionFile& file) const {
    std::error_code ignored;
    for (const char* extension : {".png", ".safetensors"})
      fs::remove(picture_of(file, extension), ignored);
  }

  /// A picture that cannot be written costs no score; the next run with pictures makes up for it.
  void leave_picture(const PredictionFile& file, const ErrorMap& map) try {
    write_error_map(picture_of(file, ".safetensors"), map);
  } catch (const Error& error) {
    const std::lock_guard lock(mutex_);
    fmt::print(stderr, "bench-mesh: {}\n", error.what());
    lacks_pictures_ = true;
  }

  /// Whether a mesh that has a score could have a picture, and has none.
  bool lacks_picture(const ordered_json& result, const PredictionFile& file) const {
    return request_.pictures &&
           !result.at("modes").at(name_of(request_.modes.front())).contains("failure") &&
           !fs::exists(picture_of(file, ".png")) && !fs::exists(picture_of(file, ".safetensors"));
  }

  ordered_json score_file(const PredictionFile& file) {
    const auto start = std::chrono::steady_clock::now();
    ordered_json result = {{"name", file.name}, {"subject", file.subject}, {"modes", {}}};
    try {
      if (file.subject < 0)
        fail(Exit::kPrecondition,
             "{}: its name does not begin with a subject's number, as in 12_1.obj",
             file.path.string());
      const Scan scan = read_scan(folders_, scales_, file.subject);
      const Mesh mesh = read_mesh(file.path);
      for (const Mode mode : request_.modes)
        result["modes"][name_of(mode)] = score_mode(mesh, scan, mode, file);
    } catch (const Error& error) {
      for (const Mode mode : request_.modes)
        result["modes"][name_of(mode)] = {{"failure", error.what()}};
    }
    result["seconds"] = seconds_since(start);
    return result;
  }

  // ---- resume ----------------------------------------------------------------------------------

  /// A digest of everything that the score of `file` depends on; "" where something is missing.
  std::string key_of(const PredictionFile& file) const {
    try {
      std::string text = fmt::format("{} {}", common_key_, sha256_file(file.path));
      const auto row = static_cast<std::size_t>(file.subject) - 1;
      if (row >= scales_.size()) return "";
      text += fmt::format(" {}", scales_[row]);
      const auto add = [&](const fs::path& path) { text += fmt::format(" {}", sha256_file(path)); };
      add(folders_.keypoints / fmt::format("{}.obj", file.subject));
      for (const char* region : kRegionNames)
        add(folders_.regions / std::to_string(file.subject) / fmt::format("{}.obj", region));
      return sha256_hex(text);
    } catch (const Error&) {
      return "";
    }
  }

  /// The kept result of the same inputs, or null.
  ordered_json kept(const fs::path& path,
                    const std::string& key,
                    const PredictionFile& file) const {
    if (key.empty() || request_.keep_meshes || !fs::exists(path)) return nullptr;
    ordered_json result = ordered_json::parse(read_text(path), nullptr, /*allow_exceptions=*/false);
    if (!result.is_object() || result.value("key", "") != key) return nullptr;
    if (lacks_picture(result, file)) return nullptr;
    return result;
  }

  ordered_json finish(const PredictionFile& file) {
    const std::string key = request_.out.empty() ? "" : key_of(file);
    const fs::path path = request_.out / "meshes" / (file.name + ".json");
    ordered_json result = key.empty() ? ordered_json() : kept(path, key, file);
    const bool resumed = !result.is_null();
    if (!resumed) {
      if (!request_.out.empty()) drop_picture(file);
      result = score_file(file);
      if (!key.empty()) {
        result["key"] = key;
        write_text(path, result.dump() + "\n");
      }
    }
    say(result, file, resumed);
    return result;
  }

  void say(const ordered_json& result, const PredictionFile& file, bool resumed) {
    const std::lock_guard lock(mutex_);
    ++finished_;
    resumed_ += resumed;
    for (const auto& [mode, score] : result.at("modes").items())
      for (const std::string& line : failures_in(score))
        fmt::print(stderr, "bench-mesh: {} ({}): {}\n", file.path.string(), mode, line);
    if (resumed) return;
    const double rate = seconds_since(start_) / static_cast<double>(finished_ - resumed_);
    fmt::print(stderr,
               "{}/{}  {}  {:.1f} s  {:.0f} s left\n",
               finished_,
               files_.size(),
               file.name,
               result.at("seconds").get<double>(),
               rate * static_cast<double>(files_.size() - finished_));
  }

  // ---- what was read ---------------------------------------------------------------------------

  /// "-" of a file that cannot be read.
  static std::string digest_of(const fs::path& path) {
    try {
      return sha256_file(path);
    } catch (const Error&) {
      return "-";
    }
  }

  /// Over the predictions, the template, the mask and how they are counted.
  std::string predictions_sha256() const {
    std::string text = fmt::format("{} views {}", common_key_, views_);
    for (const PredictionFile& file : files_)
      text += fmt::format("\n{} {}", file.path.filename().string(), digest_of(file.path));
    return sha256_hex(text);
  }

  /// Over scales, keypoints and regions of every subject; what is missing counts as missing.
  std::string truth_sha256() const {
    std::string text = sha256_file(folders_.data / "metrical_scale.txt");
    const auto add = [&](const fs::path& path) { text += fmt::format(" {}", digest_of(path)); };
    for (const int subject : subjects_) {
      text += fmt::format("\n{}", subject);
      add(folders_.keypoints / fmt::format("{}.obj", subject));
      for (const char* region : kRegionNames)
        add(folders_.regions / std::to_string(subject) / fmt::format("{}.obj", region));
    }
    return sha256_hex(text);
  }

  /// Whether the ground truth is invented: Mien marks what it draws.
  bool is_stand_in() const {
    const fs::path root = fs::absolute(folders_.keypoints).parent_path();
    return fs::exists(root / "STAND-IN.json") || fs::exists(request_.data / "STAND-IN.json");
  }

  // ---- the whole run ---------------------------------------------------------------------------

  ordered_json report() {
    find_missing();
    ordered_json names = ordered_json::array();
    for (const auto& [subject, count] : missing_)
      names.push_back({{"subject", subject}, {"meshes", count}});
    ordered_json report = {{"schema", kSchema},
                           {"metric_version", kMetricVersion},
                           {"topology", topology_.name},
                           {"masked", !mask_.empty()},
                           {"subjects", subjects_.size()},
                           {"views", views_},
                           {"resumed", resumed_},
                           {"predictions_sha256", predictions_sha256()},
                           {"truth_sha256", truth_sha256()},
                           {"stand_in", is_stand_in()},
                           {"modes", {}},
                           {"missing", names},
                           {"meshes", results_}};
    for (const Mode mode : request_.modes) report["modes"][name_of(mode)] = mode_report(mode);
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

  /// Errors of a mode per region, and the subjects of the meshes that failed.
  struct Collected {
    std::array<std::vector<double>, kRegions> errors, distances, unmasked;
    std::vector<int> failed_subjects;
    std::int64_t scored = 0, reflected = 0, capped = 0;
  };

  Collected collect(Mode mode) const {
    Collected all;
    for (const ordered_json& result : results_) {
      const ordered_json& score = result.at("modes").at(name_of(mode));
      if (!failures_in(score).empty()) {
        all.failed_subjects.push_back(result.at("subject").get<int>());
        continue;
      }
      ++all.scored;
      bool reflected = false, capped = false;
      for (std::size_t r = 0; r < kRegions; ++r) {
        const ordered_json& region = score.at("regions").at(kRegionNames[r]);
        all.errors[r].push_back(region.at("error_mm").get<double>());
        all.distances[r].push_back(region.at("scan_to_mesh_mm").get<double>());
        if (region.contains("unmasked_mm"))
          all.unmasked[r].push_back(region.at("unmasked_mm").get<double>());
        reflected = reflected || region.at("reflected").get<bool>();
        capped = capped || region.at("hit_cap").get<bool>();
      }
      all.reflected += reflected;
      all.capped += capped;
    }
    return all;
  }

  ordered_json mode_report(Mode mode) {
    Collected all = collect(mode);
    const std::int64_t failed = std::ssize(all.failed_subjects);
    const std::int64_t charged = mode == Mode::kStrict ? charge(all) : 0;
    ordered_json regions;
    double sum = 0;
    for (std::size_t r = 0; r < kRegions; ++r) {
      ordered_json& region = regions[kRegionNames[r]];
      if (all.errors[r].empty()) continue;
      region = {{"mean_mm", mean(all.errors[r])}, {"median_mm", median(all.errors[r])}};
      if (all.errors[r].size() > 1) region["std_mm"] = standard_deviation(all.errors[r]);
      if (all.scored > 0) region["scan_to_mesh_mm"] = mean(all.distances[r]);
      if (!all.unmasked[r].empty()) region["unmasked_mm"] = mean(all.unmasked[r]);
      sum += mean(all.errors[r]);
    }
    ordered_json report = {{"scored", all.scored},
                           {"failed", failed},
                           {"charged", charged},
                           {"reflected", all.reflected},
                           {"hit_cap", all.capped},
                           {"all_mm", nullptr},
                           {"regions", regions}};
    if (!all.errors[0].empty()) report["all_mm"] = sum / kRegions;
    return report;
  }

  /// Adds an error for every mesh that failed or is missing.
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
        if (error == 0) return refuse_to_charge(all);
        all.errors[r].insert(all.errors[r].end(), static_cast<std::size_t>(list[i].second), error);
        count += r == 0 ? list[i].second : 0;
      }
    return count;
  }

  /// Nothing says what a failure costs, and 0 mm would be praise: the mode has no figure.
  static std::int64_t refuse_to_charge(Collected& all) {
    for (std::vector<double>& errors : all.errors) errors.clear();
    return 0;
  }

  /// What the template itself scores on a subject; 0 where that fails.
  std::array<double, kRegions> template_errors(int subject) {
    std::array<double, kRegions> errors{};
    try {
      const Scan scan = read_scan(folders_, scales_, subject);
      Mesh mesh;
      mesh.triangles = topology_.corners;
      for (Eigen::Index i = 0; i < topology_.vertices.size(); ++i)
        mesh.vertices.push_back(static_cast<float>(topology_.vertices.data()[i]));
      const Scores scores = score_mesh(mesh, scan, Mode::kStrict, mask_, {{}, topology_.name});
      for (std::size_t r = 0; r < kRegions; ++r)
        if (scores[r].failure.empty()) errors[r] = scores[r].error_mm;
    } catch (const Error& error) {
      fmt::print(stderr, "bench-mesh: the template on subject {}: {}\n", subject, error.what());
    }
    return errors;
  }

  /// As the toolkit writes it: two tabs after the name, numbers cut to nine characters.
  void write_error_text() const {
    std::string text;
    for (const ordered_json& result : results_) {
      const ordered_json& score = result.at("modes").at(name_of(Mode::kCompat));
      if (!failures_in(score).empty()) continue;
      fmt::format_to(std::back_inserter(text), "{}\t", result.at("name").get<std::string>());
      for (const char* region : kRegionNames) {
        const double value = score.at("regions").at(region).at("error_mm").get<double>();
        fmt::format_to(std::back_inserter(text), "\t{:.9}", fmt::format("{}", value));
      }
      text += '\n';
    }
    write_text(request_.out / "REALY_error.txt", text);
  }

  const ScoreRequest& request_;
  RealyFolders folders_;
  Topology topology_;
  std::vector<double> scales_;
  std::vector<int> subjects_;
  std::vector<PredictionFile> files_;
  std::vector<char> mask_;
  std::string common_key_;
  std::vector<ordered_json> results_;
  std::map<int, int> missing_;  // subject -> how many meshes
  int views_ = 0, region_jobs_ = 1;
  std::mutex mutex_;
  std::size_t finished_ = 0, resumed_ = 0;
  bool lacks_pictures_ = false;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace

ScoreAnswer score_predictions(const ScoreRequest& request) { return Scorer(request).run(); }

}  // namespace mien
