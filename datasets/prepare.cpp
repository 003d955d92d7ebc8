#include "datasets/prepare.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <optional>

#include "datasets/inspect.h"
#include "datasets/registry.h"
#include "datasets/stand_in.h"
#include "harness/core/files.h"
#include "harness/core/pack.h"
#include "harness/core/sha256.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

constexpr int kIndexSchema = 1;

fs::path packs_folder() { return paths::cache() / "packs"; }

fs::path stand_in_folder(const DatasetEntry& entry) {
  return paths::cache() / "stand-ins" / fmt::format("{}-v{}", entry.name, entry.stand_in_version);
}

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

/// The folder to read, and whether it is the stand-in of the cache.
struct Source {
  fs::path folder;
  bool stand_in = false;
};

Source source_of(const DatasetEntry& entry, const PrepareRequest& request) {
  if (!request.source.empty()) return {resolved(request.source)};
  const fs::path real = paths::data() / entry.name;
  if (!request.stand_in && is_folder(real)) return {resolved(real)};
  return {resolved(stand_in_folder(entry)), true};
}

/// A folder that is gone again unless it was renamed onto its final name.
class PartialFolder {
 public:
  explicit PartialFolder(const fs::path& target)
      : target_(target), path_(target.string() + fmt::format(".partial-{}", ::getpid())) {
    std::error_code error;
    fs::remove_all(path_, error);
    fs::create_directories(path_, error);
    if (error) fail(Exit::kPrecondition, "{}: cannot create: {}", path_.string(), error.message());
  }
  ~PartialFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;

  const fs::path& path() const { return path_; }
  /// Renames onto the target, which may be an empty folder. False where another process came first.
  bool commit() {
    std::error_code error;
    fs::rename(path_, target_, error);
    if (!error) return true;
    if (error == std::errc::directory_not_empty || error == std::errc::file_exists) return false;
    fail(Exit::kPrecondition, "{}: cannot rename: {}", target_.string(), error.message());
  }

 private:
  fs::path target_, path_;
};

/// Equal names mean equal bytes, so a stand-in that another process made meanwhile is as good.
void ensure_stand_in(const DatasetEntry& entry, const fs::path& folder) {
  if (is_folder(folder)) return;
  PartialFolder partial(folder);
  entry.synthesize(partial.path(), {.subjects = entry.stand_in_subjects});
  partial.commit();
}

// ---- index -------------------------------------------------------------------------------------

/// [{path relative to the folder, bytes, mtime_ns}] of what the reader would look at.
ordered_json fingerprint(const DatasetEntry& entry, const fs::path& folder) {
  ordered_json files = ordered_json::array();
  for (const fs::path& path : entry.sources(folder)) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) continue;
    const std::int64_t mtime_ns =
        std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    files.push_back({path.lexically_relative(folder).string(), status.st_size, mtime_ns});
  }
  return files;
}

fs::path index_path(const DatasetEntry& entry, const fs::path& folder) {
  return packs_folder() / "index" /
         fmt::format("{}-{}.json", entry.name, sha256_hex(folder.string()).substr(0, 16));
}

bool pack_is_there(const ordered_json& index) {
  std::error_code error;
  const auto bytes = fs::file_size(packs_folder() / index.at("pack").get<std::string>(), error);
  return !error && bytes == index.at("bytes").get<std::uintmax_t>();
}

/// The index entry of `folder` if it still holds; null else. A damaged entry is as good as none.
ordered_json find_prepared(const DatasetEntry& entry, const fs::path& folder) {
  std::error_code ignored;
  const fs::path path = index_path(entry, folder);
  if (!is_folder(folder) || !fs::exists(path, ignored)) return nullptr;
  try {
    ordered_json index = ordered_json::parse(read_text(path));
    const bool holds = index.at("schema") == kIndexSchema &&
                       index.at("reader") == entry.reader_version &&
                       index.at("source") == folder.string() &&
                       index.at("files") == fingerprint(entry, folder) && pack_is_there(index);
    return holds ? index : ordered_json(nullptr);
  } catch (const ordered_json::exception&) {
    return nullptr;
  }
}

ordered_json write_index(const DatasetEntry& entry,
                         const fs::path& folder,
                         const ordered_json& files,
                         const Samples& samples) {
  std::string sha256;
  const fs::path pack = write_pack(packs_folder(), samples, sha256);
  const ordered_json index = {{"schema", kIndexSchema},
                              {"reader", entry.reader_version},
                              {"source", folder.string()},
                              {"files", files},
                              {"data", name_of(samples.data)},
                              {"pack", pack.filename().string()},
                              {"bytes", fs::file_size(pack)},
                              {"sha256", sha256},
                              {"samples", samples.labels.size()},
                              {"manifest", ordered_json::parse(samples.manifest)}};
  write_text(index_path(entry, folder), index.dump() + "\n");
  return index;
}

/// Reads and packs; a source that changes under the reader must not be remembered as prepared.
ordered_json prepare_now(const DatasetEntry& entry,
                         const fs::path& folder,
                         const ReadOptions& options) {
  const ordered_json before = is_folder(folder) ? fingerprint(entry, folder) : ordered_json();
  const Samples samples = entry.read(folder, options);
  if (fingerprint(entry, folder) != before)
    fail(Exit::kPrecondition,
         "{}: its files changed while they were read; wait for the copy to end and run again",
         folder.string());
  return write_index(entry, folder, before, samples);
}

bool may_reuse(const ordered_json& index, const PrepareRequest& request) {
  return !index.is_null() &&
         (request.accept_unverified || index.at("data") != name_of(DataKind::kUnverified));
}

/// Reads the whole pack; a damaged one is written again from its source.
bool pack_is_intact(const ordered_json& index) {
  const fs::path path = packs_folder() / index.at("pack").get<std::string>();
  if (sha256_file(path) == index.at("sha256")) return true;
  fmt::print(stderr, "bench-prepare: {}: damaged; writing it again\n", path.string());
  return false;
}

// ---- reports -----------------------------------------------------------------------------------

ordered_json counts_json(const DatasetEntry& entry) {
  ordered_json counts = ordered_json::object();
  for (const SplitCounts& row : entry.counts)
    for (std::size_t label = 0; label < row.per_class.size(); ++label)
      counts[row.split][entry.class_names[label]] = row.per_class[label];
  return counts;
}

ordered_json card(const DatasetEntry& entry) {
  ordered_json files = ordered_json::array();
  for (const KnownFile& file : entry.files)
    files.push_back({{"name", file.name}, {"md5", file.md5}, {"note", file.note}});
  return {{"name", entry.name},
          {"title", entry.title},
          {"licence", entry.licence},
          {"obtain", entry.how_to_obtain},
          {"tree", entry.tree},
          {"classes", entry.class_names},
          {"splits", entry.split_names},
          {"counts", counts_json(entry)},
          {"files", files},
          {"errata", entry.errata}};
}

/// Compares the bytes of the prepared pack, if there is one, with the digest in its index entry.
ordered_json verify_pack(const ordered_json& index, Verification& result) {
  if (index.is_null()) return nullptr;
  const fs::path path = packs_folder() / index.at("pack").get<std::string>();
  const std::string recorded = index.at("sha256"), found = sha256_file(path);
  if (recorded != found) {
    result.exit = Exit::kIntegrity;
    result.problem = fmt::format(
        "{}: sha256 is {}, recorded was {}; delete the pack and prepare the dataset again",
        path.string(),
        found,
        recorded);
  }
  return {{"path", path.string()},
          {"recorded", recorded},
          {"computed", found},
          {"match", recorded == found}};
}

}  // namespace

ordered_json cards() {
  ordered_json all = ordered_json::array();
  for (const DatasetEntry* entry : datasets()) all.push_back(card(*entry));
  return all;
}

ordered_json locate(const std::string& name) {
  const DatasetEntry& entry = find_dataset(name);
  const Source source = source_of(entry, PrepareRequest());
  ordered_json result = {{"dataset", entry.name},
                         {"data", source.stand_in ? "stand-in" : "real"},
                         {"source", source.folder.string()},
                         {"pack", nullptr},
                         {"sha256", nullptr}};
  const ordered_json index = find_prepared(entry, source.folder);
  if (index.is_null()) return result;
  result["data"] = index.at("data");
  result["pack"] = (packs_folder() / index.at("pack").get<std::string>()).string();
  result["sha256"] = index.at("sha256");
  result["manifest"] = index.at("manifest");
  return result;
}

ordered_json prepare(const PrepareRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  const DatasetEntry& entry = find_dataset(request.name);
  const Source source = source_of(entry, request);
  if (source.stand_in) ensure_stand_in(entry, source.folder);
  ordered_json index = find_prepared(entry, source.folder);
  const bool cached = may_reuse(index, request) && pack_is_intact(index);
  if (!cached)
    index = prepare_now(entry, source.folder, {.accept_unverified = request.accept_unverified});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {{"dataset", entry.name},
          {"data", index.at("data")},
          {"source", source.folder.string()},
          {"pack", (packs_folder() / index.at("pack").get<std::string>()).string()},
          {"sha256", index.at("sha256")},
          {"samples", index.at("samples")},
          {"seconds", took.count()},
          {"cached", cached},
          {"manifest", index.at("manifest")}};
}

Verification verify(const PrepareRequest& request) {
  const DatasetEntry& entry = find_dataset(request.name);
  const Source source = source_of(entry, request);
  if (source.stand_in && !is_folder(source.folder))
    fail(Exit::kPrecondition,
         "{}: neither real data nor a stand-in yet; put the dataset into {}, or run 'bench-prepare "
         "prepare {}'",
         entry.name,
         (paths::data() / entry.name).string(),
         entry.name);
  // What is unverified is still read whole: the report says how far it is from the published set.
  const Samples samples = entry.read(source.folder, {.accept_unverified = true});
  Verification result;
  if (samples.data == DataKind::kUnverified && !request.accept_unverified) {
    result.exit = Exit::kPrecondition;
    result.problem =
        fmt::format("{}: not the published files, see 'published' in the report; fetch them again",
                    source.folder.string());
  }
  const ordered_json published = counts_json(entry);
  result.report = {{"dataset", entry.name},
                   {"data", name_of(samples.data)},
                   {"source", source.folder.string()},
                   {"samples", samples.labels.size()},
                   {"manifest", ordered_json::parse(samples.manifest)},
                   {"published_files", card(entry)["files"]},
                   {"published_counts", published},
                   {"counts_match", class_counts(samples) == published}};
  result.report["pack"] = verify_pack(find_prepared(entry, source.folder), result);
  return result;
}

void synthesize(const std::string& name, const fs::path& out, const SynthesizeOptions& options) {
  const DatasetEntry& entry = find_dataset(name);
  std::error_code error;
  if (fs::exists(out, error) && !(is_folder(out) && fs::is_empty(out, error)))
    fail(Exit::kUsage, "{}: exists and is not an empty folder; name another", out.string());
  PartialFolder partial(resolved(out));
  SynthesizeOptions whole = options;
  if (whole.subjects == 0) whole.subjects = entry.stand_in_subjects;
  entry.synthesize(partial.path(), whole);
  if (!partial.commit())
    fail(Exit::kUsage, "{}: is no longer empty; name another folder", out.string());
}

}  // namespace mien
