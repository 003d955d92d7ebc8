#include "harness/run/dataset_location.h"

#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/config/catalog.h"
#include "harness/system/siblings.h"

namespace mien {
namespace {

using nlohmann::json;

DatasetLocation located(const json& answer) {
  const auto text = [&](const char* key) {
    const json value = answer.value(key, json());
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  return {stored_enum<DataKind>(text("data"), "kind of data"),
          text("source"),
          text("pack"),
          text("sha256"),
          text("face_model")};
}

std::vector<std::string> with_frames(const char* verb,
                                     const std::string& name,
                                     const std::string& frames) {
  std::vector<std::string> arguments = {verb, name};
  if (!frames.empty()) arguments.insert(arguments.end(), {"--frames", frames});
  return arguments;
}

/// Returns the first frame rule of a dataset, or "" if it has none.
std::string first_frames(const std::string& name) {
  const Catalog catalog;
  const DatasetInfo& dataset = catalog.dataset(name, "--frames");
  return dataset.frame_rules.empty() ? "" : dataset.frame_rules[0].name;
}

}  // namespace

bool has_prepare() { return std::filesystem::exists(paths::binaries() / "bench-prepare"); }

DatasetLocation locate_dataset(const std::string& name, const std::string& frames) {
  if (!has_prepare()) return find_pack(name, frames.empty() ? first_frames(name) : frames);
  return located(call_prepare(with_frames("locate", name, frames)));
}

DatasetLocation prepare_dataset(const std::string& name, const std::string& frames) {
  if (!has_prepare()) {
    DatasetLocation found = locate_dataset(name, frames);
    if (found.pack.empty())
      fail(Exit::kPrecondition,
           "{}: no pack of {}{}; copy it from a machine with bench-prepare, or set MIEN_CACHE",
           (paths::cache() / "packs").string(),
           name,
           frames.empty() ? "" : " with frames " + frames);
    return found;
  }
  return located(call_prepare(with_frames("prepare", name, frames)));
}

}  // namespace mien
