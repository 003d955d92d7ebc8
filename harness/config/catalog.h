// The catalog: the models and datasets that this build knows. bench-worker and bench-prepare print
// it as models.json and datasets.json while Mien is built, so that bench links neither LibTorch nor
// OpenCV.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/task/splits.h"

namespace mien {

/// One row of the table or figure in the paper that describes a model.
struct ModelRow {
  std::string id, operation, members;
  std::vector<std::int64_t> out;  // sizes of one image's output
  std::int64_t parameters = 0;
};

/// One difference between the paper and our model, with the reason.
struct ModelDeviation {
  std::string row, tag, paper_says, we_do, because;
};

/// One variant of a model. Models of cards leave out what their card does not say.
struct ModelInfo {
  std::string name, variant, title, paper, arxiv, note;
  std::string predicts = "classes";                       // or "coefficients"
  std::vector<std::int64_t> input;                        // channels, height, width
  std::optional<std::int64_t> outputs, parameters, macs;  // macs: multiply-accumulates per image
  std::vector<std::string> fine_tuned;                    // layers that the paper fine-tunes
  std::vector<ModelRow> rows;
  std::vector<ModelDeviation> deviations;
  std::shared_ptr<const nlohmann::json> document;  // the whole entry, for --json

  bool has_network() const { return macs && *macs > 0; }
};

/// Reads an entry of models.json. Absent keys and nulls leave a member empty.
ModelInfo model_info(nlohmann::json entry);

/// A name with an explanation.
struct NamedText {
  std::string name, text;
};

/// A split that papers use for a dataset, and who uses it.
struct NamedSplitInfo {
  std::string name, source;
  SplitRule rule;
};

struct DatasetInfo {
  std::string name, title, licence, obtain;
  std::string tree;  // the expected files, drawn as text
  std::vector<std::string> classes, errata;
  std::vector<NamedText> frame_rules;  // the first is the default
  std::vector<NamedSplitInfo> named_splits;
  std::shared_ptr<const nlohmann::json> document;  // the whole entry, for --json
};

class Catalog {
 public:
  /// Reads models.json and datasets.json in `paths::share()`. A lite build has neither: the catalog
  /// is then empty. Error (Exit::kPrecondition): a file is not a table of this build.
  Catalog();

  bool models_known() const { return models_known_; }
  /// Returns whether the LibTorch of this build can use CUDA.
  bool cuda() const { return cuda_; }
  /// Returns LibTorch's version, or "" in a lite build.
  const std::string& libtorch() const { return libtorch_; }
  const std::vector<ModelInfo>& models() const { return models_; }
  const std::vector<DatasetInfo>& datasets() const { return datasets_; }

  /// Finds a variant of a model. Error (Exit::kUsage): there is none; the message begins with
  /// `where` and names the nearest ones.
  const ModelInfo& model(const std::string& name,
                         const std::string& variant,
                         const std::string& where) const;
  /// Finds a dataset. Error (Exit::kUsage) as above.
  const DatasetInfo& dataset(const std::string& name, const std::string& where) const;

 private:
  bool models_known_ = false, cuda_ = false;
  std::string libtorch_;
  std::vector<ModelInfo> models_;
  std::vector<DatasetInfo> datasets_;
};

}  // namespace mien
