#include "harness/realy/mesh_score.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace mien {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// ---- writing -----------------------------------------------------------------------------------

ordered_json region_json(const RegionScore& score) {
  ordered_json solves = ordered_json::array();
  for (const SolveRecord& solve : score.solves)
    solves.push_back({solve.stage, solve.change, solve.threshold, solve.dropped});
  ordered_json out = {{"error_mm", score.error_mm},
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
    out["failure"] = score.failure;
    out["error_mm"] = nullptr;
  }
  if (score.unmasked_mm) out["unmasked_mm"] = *score.unmasked_mm;
  return out;
}

ordered_json protocol_json(const ProtocolScore& score, bool readable) {
  if (!readable) return {{"failure", score.failure}};
  ordered_json out = {{"regions", ordered_json::object()}};
  if (!score.failure.empty()) {
    out["failure"] = score.failure;
    return out;
  }
  for (std::size_t r = 0; r < kRegions; ++r)
    out["regions"][kRealyRegions[r]] = region_json(score.regions[r]);
  return out;
}

ordered_json summary_json(const RegionSummary& region) {
  ordered_json out = {{"mean_mm", region.mean_mm}, {"median_mm", region.median_mm}};
  if (region.std_mm) out["std_mm"] = *region.std_mm;
  if (region.scan_to_mesh_mm) out["scan_to_mesh_mm"] = *region.scan_to_mesh_mm;
  if (region.unmasked_mm) out["unmasked_mm"] = *region.unmasked_mm;
  return out;
}

ordered_json summary_json(const ProtocolSummary& summary) {
  ordered_json regions;
  for (std::size_t r = 0; r < kRegions; ++r)
    regions[kRealyRegions[r]] =
        summary.regions[r] ? summary_json(*summary.regions[r]) : ordered_json();
  return {{"scored", summary.scored},
          {"failed", summary.failed},
          {"charged", summary.charged},
          {"reflected", summary.reflected},
          {"hit_cap", summary.hit_cap},
          {"all_mm", summary.all_mm ? ordered_json(*summary.all_mm) : ordered_json()},
          {"regions", regions}};
}

// ---- reading -----------------------------------------------------------------------------------

/// Returns a number; NaN for null, which is how JSON writes it.
double number_of(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

std::optional<double> number(const json& object, const char* key) {
  const json value = object.value(key, json());
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

RealyProtocol protocol_of(const std::string& name) {
  return stored_enum<RealyProtocol>(name, "REALY protocol");
}

RegionScore region_of(const json& region) {
  RegionScore score;
  score.failure = region.value("failure", "");
  if (score.failure.empty()) score.error_mm = region.at("error_mm").get<double>();
  score.scan_to_mesh_mm = number_of(region.at("scan_to_mesh_mm"));
  score.unmasked_mm = number(region, "unmasked_mm");
  score.reflected = region.at("reflected");
  score.scan_vertices = region.at("scan_vertices");
  score.merged_vertices = region.at("merged_vertices");
  score.keypoint_repeats = region.at("keypoint_repeats");
  for (const json& error : region.at("rigid_errors")) score.fit_errors.push_back(number_of(error));
  for (const json& solve : region.at("solves"))
    score.solves.push_back({.stage = solve.at(0),
                            .change = number_of(solve.at(1)),
                            .threshold = number_of(solve.at(2)),
                            .dropped = solve.at(3)});
  score.dropped_share = region.at("dropped_share");
  score.held_vertices = region.at("held_vertices");
  score.hit_cap = region.at("hit_cap");
  score.rigid_seconds = region.at("rigid_seconds");
  score.bend_seconds = region.at("bend_seconds");
  return score;
}

ProtocolScore protocol_score_of(const std::string& name, const json& mode) {
  ProtocolScore score{.protocol = protocol_of(name), .failure = mode.value("failure", "")};
  if (!score.failure.empty()) return score;
  for (std::size_t r = 0; r < kRegions; ++r)
    score.regions[r] = region_of(mode.at("regions").at(kRealyRegions[r]));
  return score;
}

ProtocolSummary summary_of(const std::string& name, const json& mode) {
  ProtocolSummary summary{.protocol = protocol_of(name),
                          .scored = mode.at("scored"),
                          .failed = mode.at("failed"),
                          .charged = mode.at("charged"),
                          .reflected = mode.at("reflected"),
                          .hit_cap = mode.at("hit_cap"),
                          .all_mm = number(mode, "all_mm")};
  for (std::size_t r = 0; r < kRegions; ++r) {
    const json& region = mode.at("regions").at(kRealyRegions[r]);
    if (region.is_null()) continue;
    summary.regions[r] = RegionSummary{.mean_mm = region.at("mean_mm"),
                                       .median_mm = region.at("median_mm"),
                                       .std_mm = number(region, "std_mm"),
                                       .scan_to_mesh_mm = number(region, "scan_to_mesh_mm"),
                                       .unmasked_mm = number(region, "unmasked_mm")};
  }
  return summary;
}

}  // namespace

std::vector<std::string> ProtocolScore::failures() const {
  if (!failure.empty()) return {failure};
  std::vector<std::string> lines;
  for (std::size_t r = 0; r < kRegions; ++r)
    if (!regions[r].failure.empty())
      lines.push_back(fmt::format("{}: {}", kRealyRegions[r], regions[r].failure));
  return lines;
}

const ProtocolScore& MeshScore::of(RealyProtocol protocol) const {
  const auto found = std::ranges::find(protocols, protocol, &ProtocolScore::protocol);
  MIEN_ASSERT(found != protocols.end());
  return *found;
}

std::int64_t RealyReport::missing_meshes() const {
  std::int64_t count = 0;
  for (const MissingMeshes& subject : missing) count += subject.meshes;
  return count;
}

ordered_json to_json(const MeshScore& score) {
  ordered_json out = {{"name", score.name}, {"subject", score.subject}, {"modes", {}}};
  for (const ProtocolScore& one : score.protocols)
    out["modes"][name_of(one.protocol)] = protocol_json(one, score.readable);
  out["seconds"] = score.seconds;
  if (!score.key.empty()) out["key"] = score.key;
  return out;
}

ordered_json to_json(const RealyReport& report) {
  ordered_json modes, missing = ordered_json::array(), meshes = ordered_json::array();
  for (const ProtocolSummary& summary : report.protocols)
    modes[name_of(summary.protocol)] = summary_json(summary);
  for (const MissingMeshes& subject : report.missing)
    missing.push_back({{"subject", subject.subject}, {"meshes", subject.meshes}});
  for (const MeshScore& mesh : report.meshes) meshes.push_back(to_json(mesh));
  return {{"schema", report.schema},
          {"metric_version", report.metric_version},
          {"topology", report.topology},
          {"masked", report.masked},
          {"subjects", report.subjects},
          {"views", report.views},
          {"resumed", report.resumed},
          {"predictions_sha256", report.predictions_sha256},
          {"truth_sha256", report.truth_sha256},
          {"stand_in", report.stand_in},
          {"modes", std::move(modes)},
          {"missing", std::move(missing)},
          {"meshes", std::move(meshes)},
          {"seconds", report.seconds}};
}

MeshScore mesh_score_from_json(const json& object) {
  MeshScore score{.name = object.at("name"),
                  .subject = object.at("subject"),
                  .seconds = object.at("seconds"),
                  .key = object.value("key", "")};
  for (const auto& [name, mode] : object.at("modes").items()) {
    score.readable = score.readable && mode.contains("regions");
    score.protocols.push_back(protocol_score_of(name, mode));
  }
  return score;
}

RealyReport report_from_json(const json& object) try {
  RealyReport report{.schema = object.at("schema"),
                     .metric_version = object.at("metric_version"),
                     .topology = object.at("topology"),
                     .masked = object.at("masked"),
                     .subjects = object.at("subjects"),
                     .views = object.at("views"),
                     .resumed = object.at("resumed"),
                     .predictions_sha256 = object.at("predictions_sha256"),
                     .truth_sha256 = object.at("truth_sha256"),
                     .stand_in = object.at("stand_in"),
                     .seconds = object.at("seconds")};
  for (const auto& [name, mode] : object.at("modes").items())
    report.protocols.push_back(summary_of(name, mode));
  for (const auto& entry : object.at("missing"))
    report.missing.push_back({.subject = entry.at("subject"), .meshes = entry.at("meshes")});
  for (const auto& mesh : object.at("meshes")) report.meshes.push_back(mesh_score_from_json(mesh));
  return report;
} catch (const json::exception& error) {
  fail(Exit::kIntegrity, "a report of REALY errors that cannot be read: {}", error.what());
}

}  // namespace mien
