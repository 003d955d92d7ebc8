// Runs the sibling programs bench-prepare and bench-worker.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace mien {

/// The answer of `bench-prepare`. A report may come with a problem.
struct PrepareAnswer {
  std::shared_ptr<const nlohmann::json> report;  // null if it printed none
  int exit_code = 0;
  std::string problem;  // one line, if `exit_code` is not 0
};
/// Runs `bench-prepare ARGUMENTS...` and copies its warnings and its progress to stderr.
/// Error (Exit::kTaskFailed): a signal killed it.
PrepareAnswer ask_prepare(const std::vector<std::string>& arguments);
/// Does the same for callers that need the report. A problem becomes an Error with its exit code.
nlohmann::json call_prepare(const std::vector<std::string>& arguments);

/// What `bench-worker devices` reports.
struct WorkerDevices {
  int gpus = 0;                  // CUDA devices
  std::vector<std::string> pci;  // their bus ids
  std::string blas;              // the BLAS library that it loads
};
/// Asks bench-worker for its devices. Error (Exit::kPrecondition): it does not start; the message
/// is its last line.
WorkerDevices ask_devices();

/// Returns the path of a sibling program. Error (Exit::kPrecondition): it was not built.
std::string sibling(const std::string& program);

}  // namespace mien
