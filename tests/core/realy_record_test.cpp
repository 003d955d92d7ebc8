// What a report of REALY errors becomes in a record.
#include "harness/core/realy_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"

namespace mien {
namespace {

using nlohmann::json;

json region(double error_mm) {
  return {{"error_mm", error_mm},
          {"scan_to_mesh_mm", error_mm / 2},
          {"reflected", true},
          {"hit_cap", false},
          {"rigid_errors", {3, 2, 1}},
          {"solves", json::array({{0, 1, 2, 3}, {1, 1, 2, 3}})},
          {"dropped_share", 0.25},
          {"held_vertices", 5}};
}

json mesh(const std::string& name, int subject, double error_mm) {
  json regions;
  for (const char* one : {"nose", "mouth", "forehead", "cheek"}) regions[one] = region(error_mm);
  const json score = {{"regions", regions}};
  return {{"name", name}, {"subject", subject}, {"modes", {{"compat", score}, {"strict", score}}}};
}

json mode(double mean_mm, int scored, int charged) {
  json regions;
  for (const char* one : {"nose", "mouth", "forehead", "cheek"})
    regions[one] = {{"mean_mm", mean_mm}, {"scan_to_mesh_mm", mean_mm / 2}};
  return {{"scored", scored},
          {"failed", 2},
          {"charged", charged},
          {"reflected", scored},
          {"all_mm", mean_mm},
          {"regions", regions}};
}

/// Three meshes of two people that are scored, one with a failed region, one that failed.
json report() {
  json partly = mesh("2_2", 2, 9), failed = mesh("3", 3, 9);
  for (auto& [name, score] : partly["modes"].items()) {
    score["regions"]["cheek"]["error_mm"] = nullptr;
    score["regions"]["cheek"]["failure"] = "no triangle";
  }
  for (auto& [name, score] : failed["modes"].items()) score = {{"failure", "3.obj: empty"}};
  return {{"meshes", {mesh("1_1", 1, 1), mesh("1_2", 1, 2), mesh("2_1", 2, 3), partly, failed}},
          {"missing", {{{"subject", 3}, {"meshes", 1}}}},
          {"modes", {{"compat", mode(2, 3, 0)}, {"strict", mode(4, 3, 3)}}}};
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
    EXPECT_EQ(std::isnan(row.error_mm), !row.failure.empty());
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
  EXPECT_EQ(all.lower, 1.5);
  EXPECT_EQ(all.upper, 3);
  EXPECT_EQ(all.method, "bootstrap over subjects");
  EXPECT_EQ(metric(record, "realy_cheek").upper, 3) << "a mesh counts in all regions or in none";
  EXPECT_EQ(metric(record, "scan_to_mesh").value, 1);
  const Metric& strict = metric(record, "realy_error_strict");
  EXPECT_EQ(strict.value, 4);
  EXPECT_EQ(strict.n, 6);
  EXPECT_TRUE(std::isnan(strict.lower));
  EXPECT_EQ(metric(record, "realy_nose_strict").n, 6);
  EXPECT_EQ(metric(record, "failed").value, 2);
  EXPECT_EQ(metric(record, "missing").value, 1);
  EXPECT_EQ(metric(record, "reflected").n, 6);
}

TEST(RealyRecord, WhatWasNotScoredHasNoFigure) {
  json none = report();
  none["meshes"] = json::array({none["meshes"].back()});
  none["modes"] = {{"strict", mode(0, 0, 0)}};
  none["meshes"][0]["modes"].erase("compat");
  none["modes"]["strict"]["all_mm"] = nullptr;
  for (auto& [name, scores] : none["modes"]["strict"]["regions"].items()) scores = nullptr;
  TaskRecord record;
  add_realy(none, record);
  ASSERT_EQ(record.metrics.size(), 3u) << "the counts";
  EXPECT_EQ(record.metrics[0].name, "failed");
}

TEST(RealyRecord, RefusesWhatIsNoReport) {
  TaskRecord record;
  EXPECT_ERROR(add_realy(json::object(), record), Exit::kIntegrity, "cannot be read");
  json torn = report();
  torn["modes"]["compat"].erase("scored");
  EXPECT_ERROR(add_realy(torn, record), Exit::kIntegrity, "scored");
}

}  // namespace
}  // namespace mien
