// One task, from a frozen plan to a finished record.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "harness/core/record.h"
#include "harness/engine/train.h"

namespace mien {

struct WorkerOptions {
  std::filesystem::path pack;     // of the task's dataset; empty for throughput tasks
  std::filesystem::path weights;  // where to save the trained weights; empty = do not
  std::filesystem::path model;    // file of a model from outside (task.external); else empty
  std::filesystem::path map;      // its name map; empty for none
  /// Weights of other tasks' networks, by what they predict; of task.networks.
  std::map<std::string, std::filesystem::path> networks;
  std::filesystem::path face_model;    // of the coefficients that are predicted; may be empty
  std::filesystem::path ground_truth;  // folder of scans, for reconstruction tasks
  std::filesystem::path scratch;       // folder to make for meshes or launches, and to remove again
  std::filesystem::path benchmark_json;  // what Google Benchmark reports of a timing; may be empty
  std::int64_t launch = 0;               // which of timing.launches this is; 0 = all, spawned
  std::string device = "cpu";            // "cpu" | "cuda:N"
  int threads = 1;
  /// Told what a person should read before training begins.
  std::function<void(const std::string&)> say = [](const std::string&) {};
};

/// MKL's version where LibTorch carries it, else the path of the BLAS library that is loaded.
std::string blas_in_use();

/// Runs the task and fills everything but the attempt.
/// Errors: Exit::kUsage (unknown model, a device this build has not), Exit::kIntegrity (the pack is
/// not the one that was planned), Exit::kTaskFailed (diverged).
TaskRecord run_task(const Task& task, const WorkerOptions& options, const Progress& progress);

}  // namespace mien
