// The sibling programs, and the tables that they printed when they were built.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/core/pack.h"

namespace mien {

/// models.json and datasets.json, read from `paths::share()`. A lite build has neither: both are
/// then empty, and `models_known()` is false.
class Tables {
 public:
  Tables();

  bool models_known() const { return !models_.is_null(); }
  bool cuda() const { return models_known() && models_.value("cuda", false); }
  std::string libtorch() const { return models_known() ? models_.value("libtorch", "") : ""; }
  const nlohmann::json& models() const;    // array of entries
  const nlohmann::json& datasets() const;  // array of entries

  /// Entry of a model and variant. Error (Exit::kUsage) with `where` and the nearest names.
  const nlohmann::json& model(const std::string& name,
                              const std::string& variant,
                              const std::string& where) const;
  const nlohmann::json& dataset(const std::string& name, const std::string& where) const;

 private:
  nlohmann::json models_, datasets_;
};

/// What `bench-prepare` says of a dataset.
struct Located {
  DataKind data = DataKind::kStandIn;
  std::string source;           // folder
  std::string pack;             // path, "" while there is none
  std::string sha256;           // of the pack, "" while there is none
  std::string face_model = {};  // file of the model that its coefficients are of; "" for none
};

/// Whether bench-prepare is here. Where it is not, a dataset is its pack below `paths::cache()`.
bool has_prepare();
/// Looks, writes nothing. `frames` is a frame rule of the dataset, "" its first.
Located locate_dataset(const std::string& name, const std::string& frames);
/// Synthesizes and prepares what is missing; without bench-prepare that is a fault
/// (Exit::kPrecondition).
Located prepare_dataset(const std::string& name, const std::string& frames);

/// What `bench-prepare` said: a report may come with a problem.
struct PrepareAnswer {
  nlohmann::json report;  // null where there is none
  int exit_code = 0;
  std::string problem;  // one line where `exit_code` is not 0
};
/// Runs `bench-prepare ARGUMENTS...`; what it warns of goes to stderr.
PrepareAnswer ask_prepare(const std::vector<std::string>& arguments);
/// The same for callers who need a report: a problem becomes an Error.
nlohmann::json call_prepare(const std::vector<std::string>& arguments);

/// What `bench-worker devices` says: "cuda", how many there are, and "blas". Error
/// (Exit::kPrecondition) with its last line, where it does not start.
nlohmann::json ask_devices();

/// Path of a sibling program; Error (Exit::kPrecondition) where it was not built.
std::string sibling(const std::string& program);

}  // namespace mien
