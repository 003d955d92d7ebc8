// Records and rows that look like real ones.
#pragma once

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "harness/core/record.h"
#include "results/rows.h"

namespace mien::testing {

inline constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
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
  const auto maybe = [&] { return random() % 5 == 0 ? kNone : uniform(random); };
  TaskRecord r;
  r.task = task("deepemotion@fer2013", seed);
  r.task.data = static_cast<DataKind>(random() % 3);
  r.task.protocol.learning_rate = uniform(random);
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
  r.metrics.push_back({"accuracy", "test", uniform(random), "%", 1, 99, "wilson", number()});
  for (int i = 0; i < 5; ++i)
    r.metrics.push_back({fmt::format("m{}", 9 - i), "", maybe(), text(), kNone, kNone, "", 0});
  for (std::size_t i = 0; i < samples; ++i)
    r.predictions.push_back({i % 2 ? "test" : "validation",
                             static_cast<std::int64_t>(i) * 10 + number() % 10,
                             text(),
                             number(),
                             number(),
                             std::vector<float>(i % 4, static_cast<float>(maybe()))});
  std::sort(r.predictions.begin(), r.predictions.end(), [](const auto& a, const auto& b) {
    return std::tie(a.split, a.sample) < std::tie(b.split, b.sample);
  });
  for (int i = 0; i < 4; ++i) r.confusion.push_back({"test", i / 2, i % 2, number()});
  for (int i = 1; i <= 6; ++i)
    r.curve.push_back({i, maybe(), maybe(), maybe(), maybe(), maybe(), maybe(), maybe()});
  for (int i = 0; i < 6; ++i)
    r.timings.push_back({1 + i / 3,
                         "compute",
                         i % 2 ? "hot" : "cold",
                         "eager",
                         1,
                         i,
                         number(),
                         maybe(),
                         maybe(),
                         maybe(),
                         i == 4 ? "outlier" : ""});
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
  for (const char* region : {"nose", "mouth", "forehead", "cheek"})
    r.mesh_errors.push_back({random() % 2 ? "compat" : "strict",
                             "12_1",
                             region,
                             12,
                             maybe(),
                             maybe(),
                             text(),
                             random() % 2 == 0,
                             random() % 2 == 0,
                             number(),
                             number(),
                             maybe(),
                             number()});
  for (int i = 0; i < 3; ++i)
    r.sweep.push_back(
        {"scale_percent", 10.0 * i, "accuracy", "%", maybe(), kNone, kNone, number()});
  r.modes.push_back({.device = "GPU " + text(),
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
                     .lower = maybe(),
                     .upper = maybe()});
  return r;
}

/// A record of meshes that are scored by nobody.
inline TaskRecord reconstruction(unsigned seed) {
  TaskRecord r = record(seed);
  r.task.kind = TaskKind::kReconstruction;
  r.task.experiment = "mine@realy";
  r.task.dataset = "realy";
  r.metrics = {{"realy_error", "test", 2.306, "mm", 2.21, 2.4, "bootstrap over subjects", 100}};
  return r;
}

inline ScoreRow score(const std::string& experiment, double value, std::int64_t seed = 1) {
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
  s.lower = s.upper = kNone;
  s.n = 3589;
  s.ended_ns = kStart + seed;
  return s;
}

inline Claim claim(double value = 70.02) {
  Claim c;
  c.id = "deepemo-fer2013";
  c.source = "Minaee & Abdolrashidi, arXiv 1902.01019";
  c.locator = "Table 2";
  c.value = value;
  c.grade = "V";
  return c;
}

}  // namespace mien::testing
