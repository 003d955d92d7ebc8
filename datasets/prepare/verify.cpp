#include "datasets/prepare/verify.h"

#include "datasets/prepare/catalog.h"
#include "datasets/prepare/pack_index.h"
#include "datasets/prepare/workspace.h"
#include "datasets/registry.h"
#include "datasets/tree/inspect.h"
#include "datasets/tree/tree.h"
#include "harness/base/digest.h"
#include "harness/base/files.h"
#include "harness/task/pack.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

/// Records a finding. The worst one decides: changed bytes (kIntegrity), then a bad copy
/// (kPrecondition).
void find(Verification& result, Exit exit, const std::string& problem) {
  if (result.exit == Exit::kIntegrity || result.exit == exit) return;
  result.exit = exit;
  result.problem = problem;
}

/// Returns the digest over all files of a tree, or the digests of single files.
ordered_json digests_of(const ordered_json& manifest) {
  return manifest.contains("tree") ? manifest.at("tree")
                                   : manifest.value("sources", ordered_json());
}

void compare_files(const std::optional<PackIndexEntry>& prepared, Verification& result) {
  ordered_json& report = result.report["prepared_files"] = nullptr;
  if (!prepared) return;
  const ordered_json recorded = digests_of(prepared->manifest);
  const ordered_json found = digests_of(result.report.at("manifest"));
  report = {{"recorded", recorded}, {"computed", found}, {"match", recorded == found}};
  if (recorded == found) return;
  find(result,
       Exit::kIntegrity,
       fmt::format("{}: its files are not those that were prepared, see 'prepared_files' in the "
                   "report; restore the old ones, or prepare the dataset again",
                   prepared->source.folder.string()));
}

/// Compares the bytes of the prepared pack, if there is one, with the digest in its index entry.
void compare_pack(const std::optional<PackIndexEntry>& prepared, Verification& result) {
  std::error_code ignored;
  ordered_json& report = result.report["pack"] = nullptr;
  if (!prepared || !fs::exists(prepared->pack_path(), ignored)) return;
  const std::string path = prepared->pack_path().string(), found = prepared->pack_digest();
  const bool match = found == prepared->sha256;
  report = {{"path", path}, {"recorded", prepared->sha256}, {"computed", found}, {"match", match}};
  if (match) return;
  find(result,
       Exit::kIntegrity,
       fmt::format(
           "{}: sha256 is {}, recorded was {}; delete the pack and prepare the dataset again",
           path,
           found,
           prepared->sha256));
}

/// A picture in which no face is found is not a verification error, except with --strict.
void judge_problems(const Source& source, const PrepareRequest& request, Verification& result) {
  const ordered_json& manifest = result.report.at("manifest");
  if (!manifest.contains("problems")) return;
  const ordered_json& problems = manifest.at("problems");
  const std::int64_t no_face = manifest.at("n_no_face");
  if (std::ssize(problems) <= (request.strict ? 0 : no_face)) return;
  find(result,
       Exit::kPrecondition,
       fmt::format("{}: {} problems, the first: {}: {}; see 'problems' in the report",
                   source.folder.string(),
                   problems.size(),
                   problems[0].at("path").get<std::string>(),
                   problems[0].at("reason").get<std::string>()));
}

void judge_data(const Samples& samples,
                const Source& source,
                const PrepareRequest& request,
                Verification& result) {
  if (samples.data != DataKind::kUnverified || request.accept_unverified) return;
  find(result,
       Exit::kPrecondition,
       fmt::format("{}: not the published files or counts, see 'published' in the report; fetch "
                   "them again",
                   source.folder.string()));
}

/// Writes the digests of all files that were read, or that the reader would use.
void write_hashes(const DatasetEntry& entry,
                  const Source& source,
                  const fs::path& workspace,
                  const fs::path& out) {
  std::error_code ignored;
  if (fs::exists(workspace / kTreeFiles, ignored))
    return write_text(out, read_text(workspace / kTreeFiles));
  std::string lines;
  for (const fs::path& path : entry.sources(source.folder))
    lines +=
        fmt::format("{}  {}\n", sha256_file(path), path.lexically_relative(source.folder).string());
  write_text(out, lines);
}

}  // namespace

Verification verify(const PrepareRequest& request, const fs::path& hashes) {
  const DatasetEntry& entry = find_dataset(request.name);
  const Source source = source_of(entry, request);
  if (source.stand_in && !is_folder(source.folder))
    fail(Exit::kPrecondition,
         "{}: neither real data nor a stand-in yet; put the dataset into {}, or run 'bench-prepare "
         "prepare {}'",
         entry.name,
         (paths::data() / entry.name).string(),
         entry.name);
  const PartialFolder workspace(partial_folder(entry, source));
  // Unverified data are read too: the report says how far they are from the published set.
  const Samples samples = entry.read(
      source.folder,
      {.accept_unverified = true, .frames = source.frames, .workspace = workspace.path()});
  const ordered_json published = published_counts(entry);
  Verification result;
  result.report = {{"dataset", entry.name},
                   {"data", name_of(samples.data)},
                   {"source", source.folder.string()},
                   {"samples", samples.labels.size()},
                   {"manifest", ordered_json::parse(samples.manifest)},
                   {"published_files", published_files(entry)},
                   {"published_counts", published},
                   {"counts_match", class_counts(samples) == published}};
  if (!source.frames.empty()) result.report["frames"] = source.frames;
  const std::optional<PackIndexEntry> prepared = PackIndexEntry::load(entry, source);
  compare_files(prepared, result);
  compare_pack(prepared, result);
  judge_problems(source, request, result);
  judge_data(samples, source, request, result);
  if (!hashes.empty()) write_hashes(entry, source, workspace.path(), hashes);
  return result;
}

}  // namespace mien
