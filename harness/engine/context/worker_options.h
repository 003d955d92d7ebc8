// Where a worker finds the files of its task, and how it runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace mien {

struct WorkerOptions {
  std::filesystem::path pack;     // of the task's dataset; empty for throughput tasks
  std::filesystem::path weights;  // where to save the trained weights; empty: nowhere
  std::filesystem::path model;    // file of a model from outside (task.external), else empty
  std::filesystem::path map;      // the name map of that file; empty: none
  /// Weight files for task.networks, by role ("expression", "identity").
  std::map<std::string, std::filesystem::path> networks;
  std::filesystem::path face_model;    // of the predicted coefficients; may be empty
  std::filesystem::path ground_truth;  // folder of scans, for reconstruction tasks
  std::filesystem::path scratch;  // folder for temporary files; the runner creates and removes it
  std::filesystem::path benchmark_json;  // where to write Google Benchmark's report; may be empty
  std::int64_t launch = 0;     // number of the timing process, from 1; 0: start all of them
  std::string device = "cpu";  // "cpu" | "cuda:N"
  int threads = 1;
  /// Receives messages for the user.
  std::function<void(const std::string&)> say = [](const std::string&) {};
};

}  // namespace mien
