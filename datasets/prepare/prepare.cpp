#include "datasets/prepare/prepare.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "datasets/figures/contact_sheet.h"
#include "datasets/images/image_io.h"
#include "datasets/prepare/pack_index.h"
#include "datasets/prepare/workspace.h"
#include "datasets/registry.h"
#include "datasets/tree/tree.h"
#include "harness/base/digest.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/task/pack.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

void announce(const PrepareRequest& request, const std::string& what, double core_seconds = 0) {
  if (request.announce)
    request.announce(fmt::format("{}: {}", request.name, what), core_seconds / usable_processors());
}

/// Equal names mean equal bytes, so a stand-in that another process made meanwhile will do.
void ensure_stand_in(const DatasetEntry& entry,
                     const fs::path& folder,
                     const PrepareRequest& request) {
  if (is_folder(folder)) return;
  const StandIn& stand_in = stand_in_of(entry);
  announce(request,
           fmt::format("drawing {} synthetic {}", stand_in.items, stand_in.item),
           stand_in.items * stand_in.core_seconds);
  PartialFolder partial(folder);
  write_stand_in(stand_in, partial.path(), {});
  partial.commit();
}

/// Copies the face model to the packs: a pack is used where its source may not be.
void keep_face_model(Samples& samples) {
  if (samples.face_model.empty()) return;
  const std::string bytes = read_text(samples.face_model), sha256 = sha256_hex(bytes);
  const std::string file =
      fmt::format("{}-{}.model.safetensors", samples.dataset, sha256.substr(0, 16));
  write_text(packs_folder() / file, bytes);
  ordered_json manifest = ordered_json::parse(samples.manifest);
  manifest["face_model"] = {{"file", file}, {"sha256", sha256}};
  samples.manifest = json_text(manifest);
}

/// Reads the source, writes the pack and its index entry. A source that changes during the read
/// must not be recorded as prepared.
PackIndexEntry build_pack(const DatasetEntry& entry,
                          const Source& source,
                          const PrepareRequest& request) {
  const Fingerprint before = fingerprint(entry, source);
  if (before.files > 0)
    announce(request, fmt::format("reading {} files in {}", before.files, source.folder.string()));
  Workspace workspace(partial_folder(entry, source), json_text(to_json(before)));
  Samples samples = entry.read(source.folder,
                               {.accept_unverified = request.accept_unverified,
                                .strict = request.strict,
                                .frames = source.frames,
                                .workspace = workspace.path()});
  if (fingerprint(entry, source) != before)
    fail(Exit::kPrecondition,
         "{}: its files changed while they were read; wait for the copy to end and run again",
         source.folder.string());
  keep_face_model(samples);
  PackIndexEntry built{.source = source,
                       .files = before,
                       .reader_version = entry.reader_version,
                       .accepted = request.accept_unverified,
                       .data = samples.data,
                       .pack = "",
                       .sha256 = "",
                       .samples = samples.labels.size(),
                       .manifest = ordered_json::parse(samples.manifest)};
  const fs::path pack = write_pack(packs_folder(), samples, built.sha256);
  built.pack = pack.filename().string();
  built.bytes = fs::file_size(pack);
  built.save(entry);
  workspace.finish();
  return built;
}

/// Returns the pack that was made of the source, unless it is out of date or damaged, or is of
/// unverified data, which need --accept-unverified every time.
std::optional<PackIndexEntry> find_pack(const DatasetEntry& entry,
                                        const Source& source,
                                        const PrepareRequest& request) {
  std::optional<PackIndexEntry> found = PackIndexEntry::load(entry, source);
  if (!found || !found->is_current(entry)) return std::nullopt;
  if (found->accepted && found->data == DataKind::kUnverified && !request.accept_unverified)
    return std::nullopt;
  if (found->is_intact()) return found;
  fmt::print(stderr, "bench-prepare: {}: damaged; writing it again\n", found->pack_path().string());
  return std::nullopt;
}

void remove_all_leftovers() {
  for (const char* folder : {"stand-ins", "packs", "packs/partial", "packs/index"})
    remove_leftovers(paths::cache() / folder);
}

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

}  // namespace

ordered_json locate(const PrepareRequest& request) {
  const DatasetEntry& entry = find_dataset(request.name);
  const Source source = source_of(entry, request);
  ordered_json result = {{"dataset", entry.name},
                         {"data", source.stand_in ? "stand-in" : "real"},
                         {"source", source.folder.string()},
                         {"frames", text_or_null(source.frames)},
                         {"pack", nullptr},
                         {"sha256", nullptr}};
  const std::optional<PackIndexEntry> found = PackIndexEntry::load(entry, source);
  if (!found || !found->is_current(entry)) return result;
  result["data"] = name_of(found->data);
  result["pack"] = found->pack_path().string();
  result["sha256"] = found->sha256;
  result["face_model"] = text_or_null(found->face_model_path().string());
  result["manifest"] = found->manifest;
  return result;
}

ordered_json prepare(const PrepareRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  const DatasetEntry& entry = find_dataset(request.name);
  const Source source = source_of(entry, request);
  remove_all_leftovers();
  if (source.stand_in) ensure_stand_in(entry, source.folder, request);
  const std::optional<PackIndexEntry> found = find_pack(entry, source, request);
  const PackIndexEntry pack = found ? *found : build_pack(entry, source, request);
  if (request.strict && pack.manifest.contains("problems"))
    refuse_problems(source.folder, pack.manifest.at("problems"));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {{"dataset", entry.name},
          {"data", name_of(pack.data)},
          {"source", source.folder.string()},
          {"frames", text_or_null(source.frames)},
          {"pack", pack.pack_path().string()},
          {"sha256", pack.sha256},
          {"face_model", text_or_null(pack.face_model_path().string())},
          {"samples", pack.samples},
          {"seconds", took.count()},
          {"cached", found.has_value()},
          {"manifest", pack.manifest}};
}

ordered_json show(const PrepareRequest& request, const fs::path& out, int columns) {
  const ordered_json prepared = prepare(request);
  const Image sheet = contact_sheet(Pack(prepared.at("pack").get<std::string>()), columns);
  write_image(out, sheet);
  return {{"dataset", prepared.at("dataset")},
          {"data", prepared.at("data")},
          {"source", prepared.at("source")},
          {"frames", prepared.at("frames")},
          {"out", out.string()},
          {"width_px", sheet.width},
          {"height_px", sheet.height}};
}

void synthesize(const std::string& name, const fs::path& out, const SynthesizeOptions& options) {
  const DatasetEntry& entry = find_dataset(name);
  if (options.label_noise != 0 && !entry.has_targets)
    fail(Exit::kUsage, "{}: --label-noise is for datasets with numbers to regress", name);
  if (!options.face_model.empty() && !entry.has_targets)
    fail(Exit::kUsage, "{}: --face-model is for datasets with numbers to regress", name);
  if (!options.face_model.empty() && options.head != FaceHead::kProcedural)
    fail(Exit::kUsage, "{}: --head and --face-model both choose the head; give one of them", name);
  std::error_code error;
  if (fs::exists(out, error) && !(is_folder(out) && fs::is_empty(out, error)))
    fail(Exit::kUsage, "{}: exists and is not an empty folder; name another", out.string());
  PartialFolder partial(resolved(out));
  write_stand_in(stand_in_of(entry), partial.path(), options);
  if (!partial.commit())
    fail(Exit::kUsage, "{}: is no longer empty; name another folder", out.string());
}

}  // namespace mien
