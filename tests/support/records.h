// Makes records and board rows that look like real ones.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "harness/task/record.h"
#include "results/rows.h"

namespace mien::testing {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::int64_t kDay = 86'400'000'000'000;
inline constexpr std::int64_t kStart = 20'400 * kDay;  // 2025-11-08

inline Task task(const std::string& experiment = "deepemotion@fer2013", std::int64_t seed = 1) {
  Task t;
  t.experiment = experiment;
  t.model = experiment.substr(0, experiment.find('@'));
  t.variant = "default";
  t.dataset = "fer2013";
  t.pack_sha256 = std::string(64, 'a');
  t.profile = "full";
  t.official = true;
  t.seed = seed;
  t.device_class = "cpu";
  return t;
}

/// A record with random content in every table; equal `seed`, equal record.
inline TaskRecord record(unsigned seed, std::size_t samples = 20) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 100);
  const auto text = [&] {
    std::string word;
    for (unsigned i = random() % 12; i > 0; --i) word += "aB9'\";\\%\n"[random() % 9];
    return word + "ü";
  };
  const auto number = [&] { return static_cast<std::int64_t>(random() % 1000); };
  const auto maybe = [&] {
    return random() % 5 == 0 ? std::nullopt : std::optional(uniform(random));
  };
  const auto maybe_nan = [&] { return maybe().value_or(kNan); };
  TaskRecord r;
  r.task = task("deepemotion@fer2013", seed);
  r.task.data = static_cast<DataKind>(random() % 3);
  r.task.protocol.optimizer.learning_rate = uniform(random);
  r.environment.mien_version = "0.1.0";
  r.environment.dirty = "clean";
  r.environment.compiler = text();
  r.environment.os = text();
  r.environment.cpu = "CPU";
  r.environment.gpu_uuid = text();
  r.environment.threads = number();
  r.environment.memory_bytes = number();
  r.attempt.started_ns = kStart + number();
  r.attempt.ended_ns = r.attempt.started_ns + 1'000'000'000 * (1 + number());
  r.attempt.stderr_tail = text();
  r.attempt.peak_rss_bytes = std::int64_t{1} << 40;
  r.class_names = {"angry", "", text()};
  r.metrics.push_back({.name = "accuracy",
                       .split = "test",
                       .value = uniform(random),
                       .unit = "%",
                       .interval = Interval{1, 99},
                       .method = "wilson",
                       .n = number()});
  for (int i = 0; i < 5; ++i)
    r.metrics.push_back({.name = fmt::format("m{}", 9 - i), .value = maybe(), .unit = text()});
  for (std::size_t i = 0; i < samples; ++i)
    r.predictions.push_back({i % 2 ? "test" : "validation",
                             static_cast<std::int64_t>(i) * 10 + number() % 10,
                             text(),
                             number(),
                             number(),
                             std::vector<float>(i % 4, static_cast<float>(maybe_nan()))});
  std::sort(r.predictions.begin(), r.predictions.end(), [](const auto& a, const auto& b) {
    return std::tie(a.split, a.sample) < std::tie(b.split, b.sample);
  });
  for (int i = 0; i < 4; ++i) r.confusion.push_back({"test", i / 2, i % 2, number()});
  for (int i = 1; i <= 6; ++i)
    r.curve.push_back({.epoch = i,
                       .learning_rate = maybe_nan(),
                       .train_loss = maybe_nan(),
                       .train_accuracy = maybe(),
                       .validation_loss = maybe(),
                       .validation_accuracy = maybe(),
                       .seconds = maybe_nan(),
                       .other_seconds = maybe()});
  for (int i = 0; i < 6; ++i)
    r.timings.push_back({.batch = 1 + i / 3,
                         .scope = "compute",
                         .cache = i % 2 ? "hot" : "cold",
                         .mode = "eager",
                         .launch = 1,
                         .repetition = i,
                         .iterations = number(),
                         .wall_ns = maybe_nan(),
                         .device_ns = maybe(),
                         .clock_mhz = maybe(),
                         .flags = i == 4 ? "outlier" : ""});
  std::sort(r.timings.begin(), r.timings.end(), [](const auto& a, const auto& b) {
    return std::tie(a.batch, a.cache, a.repetition) < std::tie(b.batch, b.cache, b.repetition);
  });
  r.artifacts = {{"weights", text(), text(), number()}, {"benchmark_json", "p", "s", 1}};
  r.task.frames = text();
  r.fold = {{std::string(64, 'f'), number(), number(), number()}};
  r.leaks = {{"test in train", "near", 3, 4}, {"test in validation", "subject", 0, 4}};
  r.notes = {{"warning", text()}, {"departure", text()}, {"taint", "x"}};
  for (int i = 0; i < 4; ++i)
    r.coefficients.push_back({"test",
                              i,
                              text(),
                              i < 2 ? "expression" : "identity",
                              std::vector<float>(i % 2 ? 3 : 0, 0.5f),
                              std::vector<float>(3, static_cast<float>(uniform(random)))});
  for (const char* region : kRealyRegions)
    r.mesh_errors.push_back({.mode = random() % 2 ? "compat" : "strict",
                             .mesh = "12_1",
                             .region = region,
                             .subject = 12,
                             .error_mm = maybe(),
                             .scan_to_mesh_mm = maybe(),
                             .failure = text(),
                             .reflected = random() % 2 == 0,
                             .hit_cap = random() % 2 == 0,
                             .fits = number(),
                             .solves = number(),
                             .dropped_share = maybe(),
                             .held_vertices = number()});
  for (int i = 0; i < 3; ++i)
    r.sweep.push_back({.parameter = "scale_percent",
                       .setting = 10.0 * i,
                       .metric = "accuracy",
                       .unit = "%",
                       .value = maybe(),
                       .n = number()});
  r.execution_paths.push_back(
      {.device = "GPU " + text(),
       .libtorch = text(),
       .threads = number(),
       .mode = "bf16",
       .problem = text(),
       .n = number(),
       .metric = "accuracy",
       .unit = "%",
       .value = maybe(),
       .flipped = number(),
       .lost = number(),
       .gained = number(),
       .p = maybe(),
       .largest = maybe(),
       .relative = maybe(),
       .batch = number(),
       .images_per_second = maybe(),
       .speed_up = maybe(),
       .interval = random() % 5 ? std::optional(Interval{1, uniform(random)}) : std::nullopt});
  return r;
}

/// A record of meshes that are scored by nobody.
inline TaskRecord reconstruction(unsigned seed) {
  TaskRecord r = record(seed);
  r.task.kind = TaskKind::kReconstruction;
  r.task.experiment = "mine@realy";
  r.task.dataset = "realy";
  r.metrics = {{.name = "realy_error",
                .split = "test",
                .value = 2.306,
                .unit = "mm",
                .interval = Interval{2.21, 2.4},
                .method = "bootstrap over subjects",
                .n = 100}};
  return r;
}

inline ScoreRow score(const std::string& experiment,
                      std::optional<double> value,
                      std::int64_t seed = 1) {
  ScoreRow s;
  s.experiment = experiment;
  s.model = experiment.substr(0, experiment.find('@'));
  s.dataset = experiment.substr(experiment.find('@') + 1);
  s.variant = "default";
  s.profile = "full";
  s.official = true;
  s.device_class = "cuda";
  s.split = "official";
  s.leaks = {{"test in train", "identical", 288, 3589}, {"test in train", "conflicting", 9, 3589}};
  s.device = "NVIDIA H200";
  s.group_id = "g-" + experiment;
  s.seed = seed;
  s.metric = "accuracy";
  s.unit = "%";
  s.value = value;
  s.n = 3589;
  s.ended_ns = kStart + seed;
  return s;
}

inline Claim claim(std::optional<double> value = 70.02) {
  Claim c;
  c.id = "deepemo-fer2013";
  c.source = "Minaee & Abdolrashidi, arXiv 1902.01019";
  c.locator = "Table 2";
  c.value = value;
  c.grade = "V";
  return c;
}

}  // namespace mien::testing
