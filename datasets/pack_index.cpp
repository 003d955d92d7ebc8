#include "datasets/pack_index.h"

#include <sys/stat.h>

#include "datasets/picture.h"
#include "datasets/prepare.h"
#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/sha256.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

constexpr int kIndexSchema = 2;

fs::path stand_in_folder(const DatasetEntry& entry) {
  return paths::cache() / "stand-ins" / fmt::format("{}-v{}", entry.name, entry.stand_in_version);
}

std::string frames_of(const DatasetEntry& entry, const std::string& wanted) {
  std::vector<std::string> known;
  for (const FrameRule& rule : entry.frame_rules) {
    if (wanted.empty() || wanted == rule.name) return rule.name;
    known.push_back(rule.name);
  }
  if (wanted.empty()) return "";
  if (known.empty())
    fail(Exit::kUsage, "{}: has no frames to choose from; run it without --frames", entry.name);
  fail(Exit::kUsage, "{}: no frame rule '{}'{}", entry.name, wanted, suggest(wanted, known));
}

/// Names what is remembered of one source: the dataset, and a digest of path and frames.
std::string stem_of(const DatasetEntry& entry, const Source& source) {
  const std::string key =
      source.folder.string() + (source.frames.empty() ? "" : "\n" + source.frames);
  return fmt::format("{}-{}", entry.name, sha256_hex(key).substr(0, 16));
}

fs::path index_path(const DatasetEntry& entry, const Source& source) {
  return packs_folder() / "index" / (stem_of(entry, source) + ".json");
}

}  // namespace

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

fs::path resolved(const fs::path& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  if (error) return path;
  return canonical.has_filename() ? canonical : canonical.parent_path();  // "folder/" is "folder"
}

fs::path packs_folder() { return paths::cache() / "packs"; }

fs::path partial_folder(const DatasetEntry& entry, const Source& source) {
  return packs_folder() / "partial" / stem_of(entry, source);
}

std::string text_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Source source_of(const DatasetEntry& entry, const PrepareRequest& request) {
  const std::string frames = frames_of(entry, request.frames);
  if (!request.source.empty()) return {resolved(request.source), frames};
  const fs::path real = paths::data() / entry.name;
  if (!request.stand_in && is_folder(real)) return {resolved(real), frames};
  return {resolved(stand_in_folder(entry)), frames, true};
}

ordered_json fingerprint(const DatasetEntry& entry, const Source& source) {
  if (!is_folder(source.folder)) return nullptr;
  std::int64_t files = 0, bytes = 0;
  Digest digest;
  for (const fs::path& path : entry.sources(source.folder)) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) continue;
    ++files;
    bytes += status.st_size;
    digest.update(fmt::format("{}\n{} {} {}\n",
                              path.lexically_relative(source.folder).string(),
                              status.st_size,
                              status.st_mtim.tv_sec,
                              status.st_mtim.tv_nsec));
  }
  return {{"files", files}, {"bytes", bytes}, {"sha256", digest.hex()}};
}

ordered_json read_index(const DatasetEntry& entry, const Source& source) {
  std::error_code ignored;
  const fs::path path = index_path(entry, source);
  if (!is_folder(source.folder) || !fs::exists(path, ignored)) return nullptr;
  try {
    ordered_json index = ordered_json::parse(read_text(path));
    const bool ours =
        index.at("schema") == kIndexSchema && index.at("reader") == entry.reader_version &&
        index.at("source") == source.folder.string() && index.at("frames") == source.frames;
    return ours ? index : ordered_json(nullptr);
  } catch (const ordered_json::exception&) {
    return nullptr;
  }
}

bool index_holds(const ordered_json& index, const DatasetEntry& entry, const Source& source) {
  if (index.is_null()) return false;
  std::error_code error;
  const auto bytes = fs::file_size(pack_path(index), error);
  const fs::path face_model = face_model_path(index);
  if (std::error_code ignored; !face_model.empty() && !fs::exists(face_model, ignored))
    return false;
  return !error && index.at("bytes") == bytes && index.at("files") == fingerprint(entry, source);
}

void write_index(ordered_json& index, const DatasetEntry& entry, const Source& source) {
  index["schema"] = kIndexSchema;
  index["reader"] = entry.reader_version;
  index["source"] = source.folder.string();
  index["frames"] = source.frames;
  write_text(index_path(entry, source), text_of(index) + "\n");
}

fs::path pack_path(const ordered_json& index) {
  return packs_folder() / index.at("pack").get<std::string>();
}

std::string pack_sha256(const ordered_json& index) {
  std::string fault;
  const ReadFile file = hash_file(packs_folder(), index.at("pack").get<std::string>(), fault);
  return fault.empty() ? file.sha256 : "";
}

fs::path face_model_path(const ordered_json& index) {
  const ordered_json& manifest = index.at("manifest");
  if (!manifest.contains("face_model")) return {};
  return packs_folder() / manifest.at("face_model").at("file").get<std::string>();
}

bool face_model_is_intact(const ordered_json& index) {
  const fs::path path = face_model_path(index);
  return path.empty() || sha256_file(path) == index.at("manifest").at("face_model").at("sha256");
}

}  // namespace mien
