#include "datasets/prepare/pack_index.h"

#include <sys/stat.h>

#include "datasets/registry.h"
#include "datasets/tree/listing.h"
#include "datasets/tree/picture.h"
#include "harness/base/digest.h"
#include "harness/base/enum_names.h"
#include "harness/base/error.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

constexpr int kIndexSchema = 2;

fs::path stand_in_folder(const DatasetEntry& entry) {
  return paths::cache() / "stand-ins" /
         fmt::format("{}-v{}", entry.name, stand_in_of(entry).version);
}

/// Returns the file stem for one source: the dataset, and a digest of path and frames.
std::string stem_of(const DatasetEntry& entry, const Source& source) {
  const std::string key =
      source.folder.string() + (source.frames.empty() ? "" : "\n" + source.frames);
  return fmt::format("{}-{}", entry.name, sha256_hex(key).substr(0, 16));
}

fs::path index_path(const DatasetEntry& entry, const Source& source) {
  return packs_folder() / "index" / (stem_of(entry, source) + ".json");
}

/// Returns nothing where `index` is of another source or schema. Throws ordered_json::exception
/// where it is damaged.
std::optional<PackIndexEntry> from_json(const ordered_json& index, const Source& source) {
  const auto data = find_enum<DataKind>(index.at("data").get<std::string>());
  if (index.at("schema") != kIndexSchema || index.at("source") != source.folder.string() ||
      index.at("frames") != source.frames || !data)
    return std::nullopt;
  const ordered_json& files = index.at("files");
  return PackIndexEntry{.source = source,
                        .files = {files.at("files"), files.at("bytes"), files.at("sha256")},
                        .reader_version = index.at("reader"),
                        .accepted = index.at("accepted"),
                        .data = *data,
                        .pack = index.at("pack"),
                        .bytes = index.at("bytes"),
                        .sha256 = index.at("sha256"),
                        .samples = index.at("samples"),
                        .manifest = index.at("manifest")};
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

Source source_of(const DatasetEntry& entry, const PrepareRequest& request) {
  const FrameRule* rule = frame_rule(entry, request.frames);
  const std::string frames = rule ? rule->name : "";
  if (!request.source.empty()) return {resolved(request.source), frames};
  const fs::path real = paths::data() / entry.name;
  if (!request.stand_in && is_folder(real)) return {resolved(real), frames};
  return {resolved(stand_in_folder(entry)), frames, true};
}

Fingerprint fingerprint(const DatasetEntry& entry, const Source& source) {
  if (!is_folder(source.folder)) return {};
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
  return {files, bytes, digest.hex()};
}

ordered_json to_json(const Fingerprint& fingerprint) {
  return {
      {"files", fingerprint.files}, {"bytes", fingerprint.bytes}, {"sha256", fingerprint.sha256}};
}

std::optional<PackIndexEntry> PackIndexEntry::load(const DatasetEntry& entry,
                                                   const Source& source) {
  std::error_code ignored;
  const fs::path path = index_path(entry, source);
  if (!is_folder(source.folder) || !fs::exists(path, ignored)) return std::nullopt;
  try {
    std::optional<PackIndexEntry> found = from_json(ordered_json::parse(read_text(path)), source);
    if (found && found->reader_version == entry.reader_version) return found;
  } catch (const ordered_json::exception&) {  // damaged
  }
  return std::nullopt;
}

void PackIndexEntry::save(const DatasetEntry& entry) const {
  const ordered_json index = {{"files", to_json(files)},
                              {"accepted", accepted},
                              {"data", name_of(data)},
                              {"pack", pack},
                              {"bytes", bytes},
                              {"sha256", sha256},
                              {"samples", samples},
                              {"manifest", manifest},
                              {"schema", kIndexSchema},
                              {"reader", reader_version},
                              {"source", source.folder.string()},
                              {"frames", source.frames}};
  write_text(index_path(entry, source), json_text(index) + "\n");
}

fs::path PackIndexEntry::pack_path() const { return packs_folder() / pack; }

fs::path PackIndexEntry::face_model_path() const {
  const auto model = manifest.find("face_model");
  if (model == manifest.end()) return {};
  return packs_folder() / model->at("file").get<std::string>();
}

bool PackIndexEntry::is_current(const DatasetEntry& entry) const {
  std::error_code error, ignored;
  if (fs::file_size(pack_path(), error) != bytes || error) return false;
  const fs::path face_model = face_model_path();
  return (face_model.empty() || fs::exists(face_model, ignored)) &&
         files == fingerprint(entry, source);
}

std::string PackIndexEntry::pack_digest() const {
  std::string fault;
  const ReadFile file = hash_file(packs_folder(), pack, fault);
  return fault.empty() ? file.sha256 : "";
}

bool PackIndexEntry::is_intact() const {
  const fs::path face_model = face_model_path();
  return pack_digest() == sha256 &&
         (face_model.empty() || sha256_file(face_model) == manifest.at("face_model").at("sha256"));
}

}  // namespace mien
