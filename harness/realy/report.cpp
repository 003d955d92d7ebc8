#include "harness/realy/report.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/statistics.h"

namespace mien {
namespace {

// ---- rows --------------------------------------------------------------------------------------

MeshError row_of(const RegionScore& score) {
  MeshError row;
  row.failure = score.failure;
  if (score.failure.empty()) row.error_mm = score.error_mm;
  if (std::isfinite(score.scan_to_mesh_mm)) row.scan_to_mesh_mm = score.scan_to_mesh_mm;
  row.reflected = score.reflected;
  row.hit_cap = score.hit_cap;
  row.fits = std::ssize(score.fit_errors);
  row.solves = std::ssize(score.solves);
  row.dropped_share = score.dropped_share;
  row.held_vertices = score.held_vertices;
  return row;
}

MeshError failed_row(const std::string& failure) {
  MeshError row;
  row.failure = failure;
  return row;
}

void add_rows(const MeshScore& mesh, TaskRecord& record) {
  for (const ProtocolScore& score : mesh.protocols)
    for (std::size_t r = 0; r < kRegions; ++r) {
      MeshError row = score.failure.empty() ? row_of(score.regions[r]) : failed_row(score.failure);
      row.mode = name_of(score.protocol);
      row.mesh = mesh.name;
      row.region = kRealyRegions[r];
      row.subject = mesh.subject;
      record.mesh_errors.push_back(std::move(row));
    }
}

// ---- metrics -----------------------------------------------------------------------------------

/// The errors of the meshes of which a protocol has scored every region, and their subjects.
struct Errors {
  std::array<std::vector<double>, kRegions> of_region;
  std::vector<double> of_mesh;  // mean of its regions
  std::vector<std::int64_t> subjects;
};

Errors errors_of(const RealyReport& report, RealyProtocol protocol) {
  Errors errors;
  for (const MeshScore& mesh : report.meshes) {
    const ProtocolScore& score = mesh.of(protocol);
    if (!score.failures().empty()) continue;
    std::vector<double> regions;
    for (const RegionScore& region : score.regions) regions.push_back(region.error_mm);
    for (std::size_t r = 0; r < kRegions; ++r) errors.of_region[r].push_back(regions[r]);
    errors.of_mesh.push_back(mean(regions));
    errors.subjects.push_back(mesh.subject);
  }
  return errors;
}

class Metrics {
 public:
  Metrics(const RealyReport& report, TaskRecord& record) : report_(report), record_(record) {}

  void add(const ProtocolSummary& summary) {
    const bool strict = summary.protocol == RealyProtocol::kStrict;
    const std::int64_t n = summary.scored + summary.charged;
    const Errors errors = strict ? Errors() : errors_of(report_, summary.protocol);
    const std::string suffix = strict ? "_strict" : "";
    put("realy_error" + suffix, summary.all_mm, n, errors.of_mesh, errors.subjects);
    std::vector<double> distances;
    for (std::size_t r = 0; r < kRegions; ++r) {
      const std::optional<RegionSummary>& region = summary.regions[r];
      if (!region) continue;
      put(fmt::format("realy_{}{}", kRealyRegions[r], suffix),
          region->mean_mm,
          n,
          errors.of_region[r],
          errors.subjects);
      if (region->scan_to_mesh_mm) distances.push_back(*region->scan_to_mesh_mm);
    }
    if (distances.size() == kRegions && !strict) put("scan_to_mesh", mean(distances), n, {}, {});
  }

  void add_counts(const ProtocolSummary& summary) {
    const std::int64_t missing = report_.missing_meshes();
    const std::int64_t all = std::ssize(report_.meshes) + missing;
    const auto count = [&](const char* name, std::int64_t value) {
      record_.metrics.push_back({.name = name,
                                 .split = "test",
                                 .value = static_cast<double>(value),
                                 .unit = "count",
                                 .n = all});
    };
    count("failed", summary.failed);
    count("missing", missing);
    count("reflected", summary.reflected);
  }

 private:
  /// Adds the mean `value` of single meshes' `values`. Without values it has no interval.
  void put(const std::string& name,
           const std::optional<double>& value,
           std::int64_t n,
           const std::vector<double>& values,
           const std::vector<std::int64_t>& subjects) {
    if (!value) return;
    const std::optional<Interval> interval =
        values.empty() ? std::nullopt : bootstrap_mean(values, subjects);
    record_.metrics.push_back({.name = name,
                               .split = "test",
                               .value = value,
                               .unit = "mm",
                               .interval = interval,
                               .method = interval ? "bootstrap over subjects" : "",
                               .n = n});
  }

  const RealyReport& report_;
  TaskRecord& record_;
};

}  // namespace

void add_realy(const RealyReport& report, TaskRecord& record) {
  for (const MeshScore& mesh : report.meshes) add_rows(mesh, record);
  Metrics metrics(report, record);
  for (const ProtocolSummary& summary : report.protocols) metrics.add(summary);
  // The counts are those of compat, if it was requested.
  if (!report.protocols.empty())
    metrics.add_counts(*std::ranges::min_element(report.protocols, {}, &ProtocolSummary::protocol));
}

}  // namespace mien
