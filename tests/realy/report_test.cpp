// Reports of REALY errors: their JSON, and the rows and metrics that a record has of them.
#include "harness/realy/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"

namespace mien {
namespace {

using nlohmann::json;

RegionScore region(double error_mm) {
  RegionScore score;
  score.error_mm = error_mm;
  score.scan_to_mesh_mm = error_mm / 2;
  score.reflected = true;
  score.fit_errors = {3, 2, 1};
  score.solves = {{0, 1, 2, 3}, {1, 1, 2, 3}};
  score.dropped_share = 0.25;
  score.held_vertices = 5;
  return score;
}

MeshScore mesh(const std::string& name, int subject, double error_mm) {
  MeshScore score{.name = name, .subject = subject, .seconds = 0.125, .key = ""};
  for (const RealyProtocol protocol : {RealyProtocol::kCompat, RealyProtocol::kStrict}) {
    score.protocols.push_back({.protocol = protocol, .failure = ""});
    score.protocols.back().regions.fill(region(error_mm));
  }
  return score;
}

ProtocolSummary summary(RealyProtocol protocol, double mean_mm, int scored, int charged) {
  ProtocolSummary summary{.protocol = protocol,
                          .scored = scored,
                          .failed = 2,
                          .charged = charged,
                          .reflected = scored,
                          .all_mm = mean_mm};
  summary.regions.fill(RegionSummary{.mean_mm = mean_mm, .scan_to_mesh_mm = mean_mm / 2});
  return summary;
}

/// Returns a report of two people: three meshes that were scored, one with a failed region, and one
/// that failed.
RealyReport report() {
  MeshScore partly = mesh("2_2", 2, 9), failed = mesh("3", 3, 9);
  for (ProtocolScore& score : partly.protocols) score.regions[3].failure = "no triangle";
  failed.readable = false;
  for (ProtocolScore& score : failed.protocols) score.failure = "3.obj: empty";
  RealyReport report{.schema = 1, .metric_version = 1, .topology = "SYN"};
  report.meshes = {mesh("1_1", 1, 1), mesh("1_2", 1, 2), mesh("2_1", 2, 3), partly, failed};
  report.missing = {{.subject = 3, .meshes = 1}};
  report.protocols = {summary(RealyProtocol::kCompat, 2, 3, 0),
                      summary(RealyProtocol::kStrict, 4, 3, 3)};
  return report;
}

const Metric& metric(const TaskRecord& record, const std::string& name) {
  for (const Metric& known : record.metrics)
    if (known.name == name) return known;
  ADD_FAILURE() << name;
  return record.metrics.front();
}

TEST(RealyRecord, HasARowPerModeMeshAndRegion) {
  TaskRecord record;
  add_realy(report(), record);
  ASSERT_EQ(record.mesh_errors.size(), 2u * 5 * 4);
  const MeshError& first = record.mesh_errors.front();
  EXPECT_EQ(first.mode, "compat");
  EXPECT_EQ(first.mesh, "1_1");
  EXPECT_EQ(first.region, "nose");
  EXPECT_EQ(first.subject, 1);
  EXPECT_EQ(first.error_mm, 1);
  EXPECT_EQ(first.scan_to_mesh_mm, 0.5);
  EXPECT_TRUE(first.reflected);
  EXPECT_EQ(first.fits, 3);
  EXPECT_EQ(first.solves, 2);
  EXPECT_EQ(first.dropped_share, 0.25);
  EXPECT_EQ(first.held_vertices, 5);
  std::size_t failures = 0;
  for (const MeshError& row : record.mesh_errors) {
    EXPECT_EQ(row.error_mm.has_value(), row.failure.empty());
    failures += !row.failure.empty();
  }
  EXPECT_EQ(failures, 2u * (1 + 4));
}

TEST(RealyRecord, FiguresAreTheReportsAndHaveAnInterval) {
  TaskRecord record;
  add_realy(report(), record);
  const Metric& all = metric(record, "realy_error");
  EXPECT_EQ(all.value, 2);
  EXPECT_EQ(all.n, 3);
  EXPECT_EQ(all.unit, "mm");
  EXPECT_EQ(all.split, "test");
  // Two people: a draw has the first twice (1.5), the second twice (3), or both (2).
  ASSERT_TRUE(all.interval);
  EXPECT_EQ(all.interval->lower, 1.5);
  EXPECT_EQ(all.interval->upper, 3);
  EXPECT_EQ(all.method, "bootstrap over subjects");
  EXPECT_EQ(metric(record, "realy_cheek").interval->upper, 3)
      << "a mesh counts in all regions or in none";
  EXPECT_EQ(metric(record, "scan_to_mesh").value, 1);
  const Metric& strict = metric(record, "realy_error_strict");
  EXPECT_EQ(strict.value, 4);
  EXPECT_EQ(strict.n, 6);
  EXPECT_FALSE(strict.interval);
  EXPECT_EQ(metric(record, "realy_nose_strict").n, 6);
  EXPECT_EQ(metric(record, "failed").value, 2);
  EXPECT_EQ(metric(record, "missing").value, 1);
  EXPECT_EQ(metric(record, "reflected").n, 6);
}

TEST(RealyRecord, WhatWasNotScoredHasNoFigure) {
  RealyReport none = report();
  none.meshes = {none.meshes.back()};
  none.protocols = {{.protocol = RealyProtocol::kStrict}};
  TaskRecord record;
  add_realy(none, record);
  ASSERT_EQ(record.metrics.size(), 3u) << "the counts";
  EXPECT_EQ(record.metrics[0].name, "failed");
}

TEST(RealyReport, ReadsTheJsonThatItWrites) {
  const auto written = to_json(report());
  EXPECT_EQ(to_json(report_from_json(written)).dump(), written.dump());
  const auto& modes = written.at("meshes").back().at("modes");
  EXPECT_EQ(modes.at("compat").dump(), R"({"failure":"3.obj: empty"})");
  MeshScore unaligned = report().meshes.back();
  unaligned.readable = true;
  EXPECT_EQ(to_json(unaligned).at("modes").at("strict").dump(),
            R"({"regions":{},"failure":"3.obj: empty"})");
  EXPECT_EQ(to_json(mesh_score_from_json(to_json(unaligned))), to_json(unaligned));
}

TEST(RealyReport, RefusesOtherJson) {
  EXPECT_ERROR(report_from_json(json::object()), Exit::kIntegrity, "cannot be read");
  json torn = to_json(report());
  torn["modes"]["compat"].erase("scored");
  EXPECT_ERROR(report_from_json(torn), Exit::kIntegrity, "scored");
}

}  // namespace
}  // namespace mien
