#include "harness/core/realy_record.h"

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/core/error.h"
#include "harness/core/statistics.h"

namespace mien {
namespace {

using nlohmann::json;

constexpr const char* kRegions[] = {"nose", "mouth", "forehead", "cheek"};
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double number(const json& object, const char* key) {
  const json value = object.value(key, json());
  return value.is_number() ? value.get<double>() : kNone;
}

// ---- rows --------------------------------------------------------------------------------------

MeshError failed_region(const std::string& failure) {
  MeshError row;
  row.failure = failure;
  row.error_mm = row.scan_to_mesh_mm = row.dropped_share = kNone;
  return row;
}

MeshError scored_region(const json& region) {
  MeshError row;
  row.failure = region.value("failure", "");
  row.error_mm = number(region, "error_mm");
  row.scan_to_mesh_mm = number(region, "scan_to_mesh_mm");
  row.reflected = region.value("reflected", false);
  row.hit_cap = region.value("hit_cap", false);
  row.fits = std::ssize(region.value("rigid_errors", json::array()));
  row.solves = std::ssize(region.value("solves", json::array()));
  row.dropped_share = number(region, "dropped_share");
  row.held_vertices = region.value("held_vertices", std::int64_t{0});
  return row;
}

void add_rows(const json& mesh, TaskRecord& record) {
  for (const auto& [mode, score] : mesh.at("modes").items())
    for (const char* region : kRegions) {
      MeshError row = score.contains("failure")
                          ? failed_region(score.at("failure").get<std::string>())
                          : scored_region(score.at("regions").at(region));
      row.mode = mode;
      row.mesh = mesh.at("name").get<std::string>();
      row.region = region;
      row.subject = mesh.at("subject").get<std::int64_t>();
      record.mesh_errors.push_back(std::move(row));
    }
}

// ---- metrics -----------------------------------------------------------------------------------

/// Errors of the meshes that a mode has scored whole, and whose they are.
struct Errors {
  std::map<std::string, std::vector<double>> of_region;
  std::vector<double> of_mesh;  // mean of its regions
  std::vector<std::int64_t> subjects;
};

Errors errors_of(const json& report, const std::string& mode) {
  Errors errors;
  for (const json& mesh : report.at("meshes")) {
    const json& score = mesh.at("modes").at(mode);
    std::vector<double> regions;
    if (!score.contains("failure"))
      for (const char* region : kRegions)
        if (const json& one = score.at("regions").at(region); !one.contains("failure"))
          regions.push_back(one.at("error_mm").get<double>());
    if (regions.size() != std::size(kRegions)) continue;
    for (std::size_t r = 0; r < regions.size(); ++r)
      errors.of_region[kRegions[r]].push_back(regions[r]);
    errors.of_mesh.push_back(mean(regions));
    errors.subjects.push_back(mesh.at("subject").get<std::int64_t>());
  }
  return errors;
}

class Metrics {
 public:
  Metrics(const json& report, TaskRecord& record) : report_(report), record_(record) {}

  void add(const std::string& mode) {
    const json& result = report_.at("modes").at(mode);
    const bool strict = mode == "strict";
    const auto n =
        result.at("scored").get<std::int64_t>() + result.at("charged").get<std::int64_t>();
    const Errors errors = strict ? Errors() : errors_of(report_, mode);
    const std::string suffix = strict ? "_strict" : "";
    put("realy_error" + suffix, number(result, "all_mm"), n, errors.of_mesh, errors.subjects);
    std::vector<double> distances;
    for (const char* region : kRegions) {
      const json& scores = result.at("regions").at(region);
      if (!scores.is_object()) continue;
      const auto found = errors.of_region.find(region);
      put(fmt::format("realy_{}{}", region, suffix),
          number(scores, "mean_mm"),
          n,
          found == errors.of_region.end() ? std::vector<double>() : found->second,
          errors.subjects);
      distances.push_back(number(scores, "scan_to_mesh_mm"));
    }
    if (!distances.empty() && !strict) put("scan_to_mesh", mean(distances), n, {}, {});
  }

  void add_counts(const std::string& mode) {
    const json& result = report_.at("modes").at(mode);
    std::int64_t missing = 0;
    for (const json& entry : report_.at("missing"))
      missing += entry.at("meshes").get<std::int64_t>();
    const std::int64_t all = std::ssize(report_.at("meshes")) + missing;
    const auto count = [&](const char* name, double value) {
      record_.metrics.push_back({name, "test", value, "count", kNone, kNone, "", all});
    };
    count("failed", result.at("failed").get<double>());
    count("missing", static_cast<double>(missing));
    count("reflected", result.at("reflected").get<double>());
  }

 private:
  /// `values`: of single meshes, whose mean `value` is; none: no interval.
  void put(const std::string& name,
           double value,
           std::int64_t n,
           const std::vector<double>& values,
           const std::vector<std::int64_t>& subjects) {
    if (std::isnan(value)) return;
    const Interval interval =
        values.empty() ? Interval{kNone, kNone} : bootstrap_mean(values, subjects);
    const char* method = std::isnan(interval.lower) ? "" : "bootstrap over subjects";
    record_.metrics.push_back(
        {name, "test", value, "mm", interval.lower, interval.upper, method, n});
  }

  const json& report_;
  TaskRecord& record_;
};

}  // namespace

void add_realy(const json& report, TaskRecord& record) try {
  for (const json& mesh : report.at("meshes")) add_rows(mesh, record);
  const json& modes = report.at("modes");
  Metrics metrics(report, record);
  for (const auto& [mode, result] : modes.items()) metrics.add(mode);
  if (!modes.empty()) metrics.add_counts(modes.contains("compat") ? "compat" : "strict");
} catch (const json::exception& error) {
  fail(Exit::kIntegrity, "a report of REALY errors that cannot be read: {}", error.what());
}

}  // namespace mien
