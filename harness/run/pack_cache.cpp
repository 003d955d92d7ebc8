#include "harness/run/pack_cache.h"

#include <nlohmann/json.hpp>
#include <regex>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

struct Found {
  fs::path path;
  DataKind data = DataKind::kStandIn;
  json manifest;
};

/// Returns the files named <dataset>-<16 digits>.safetensors.
std::vector<fs::path> files_of(const std::string& dataset) {
  static const std::regex kName(R"((.+)-[0-9a-f]{16}\.safetensors)");
  std::vector<fs::path> paths;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(paths::cache() / "packs", none)) {
    const std::string name = entry.path().filename().string();
    std::smatch match;
    if (std::regex_match(name, match, kName) && match[1] == dataset) paths.push_back(entry.path());
  }
  return paths;
}

/// Returns the matching packs of the best kind that is there.
std::vector<Found> candidates(const std::string& dataset, const std::string& frames) {
  std::vector<Found> all;
  for (const fs::path& path : files_of(dataset)) {
    const Pack pack(path);
    Found found{path, pack.data(), json::parse(pack.manifest(), nullptr, false)};
    if (!found.manifest.is_object())
      fail(Exit::kIntegrity, "{}: its manifest is not a JSON object; copy it again", path.string());
    if (found.manifest.value("frames", "") != frames) continue;
    if (!all.empty() && all.front().data < found.data) continue;
    if (!all.empty() && found.data < all.front().data) all.clear();
    all.push_back(std::move(found));
  }
  return all;
}

/// Returns the file's digest. Its name ends with the digest's first digits.
std::string checked_digest(const fs::path& path, const std::string& wanted) {
  std::string sha256 = sha256_file(path);
  if (!sha256.starts_with(wanted))
    fail(Exit::kIntegrity,
         "{}: damaged: its SHA-256 begins with {}; copy it again",
         path.string(),
         sha256.substr(0, wanted.size()));
  return sha256;
}

std::string face_model_of(const Found& pack) {
  if (!pack.manifest.contains("face_model")) return "";
  const json& model = pack.manifest.at("face_model");
  const fs::path path = pack.path.parent_path() / model.at("file").get<std::string>();
  checked_digest(path, model.at("sha256").get<std::string>());
  return path.string();
}

}  // namespace

DatasetLocation find_pack(const std::string& dataset, const std::string& frames) {
  const std::vector<Found> found = candidates(dataset, frames);
  if (found.empty()) return {};
  if (found.size() > 1)
    fail(Exit::kPrecondition,
         "{} and {}: two {} packs of {}; keep one of them",
         found[0].path.string(),
         found[1].path.filename().string(),
         name_of(found[0].data),
         dataset);
  const std::string stem = found[0].path.stem().string();
  return {found[0].data,
          (paths::data() / dataset).string(),
          found[0].path.string(),
          checked_digest(found[0].path, stem.substr(stem.rfind('-') + 1)),
          face_model_of(found[0])};
}

}  // namespace mien
