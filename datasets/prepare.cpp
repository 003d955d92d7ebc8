#include "datasets/prepare.h"

#include <chrono>

#include "datasets/contact_sheet.h"
#include "datasets/image_io.h"
#include "datasets/pack_index.h"
#include "datasets/registry.h"
#include "datasets/tree.h"
#include "datasets/workspace.h"
#include "harness/core/files.h"
#include "harness/core/pack.h"
#include "harness/core/sha256.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

/// Equal names mean equal bytes, so a stand-in that another process made meanwhile is as good.
void ensure_stand_in(const DatasetEntry& entry, const fs::path& folder) {
  if (is_folder(folder)) return;
  PartialFolder partial(folder);
  entry.synthesize(partial.path(), {.subjects = entry.stand_in_subjects});
  partial.commit();
}

/// A pack goes where its source does not, so the face model lies beside the pack; see prepare.h.
void keep_face_model(Samples& samples) {
  if (samples.face_model.empty()) return;
  const std::string bytes = read_text(samples.face_model), sha256 = sha256_hex(bytes);
  const std::string file =
      fmt::format("{}-{}.model.safetensors", samples.dataset, sha256.substr(0, 16));
  write_text(packs_folder() / file, bytes);
  ordered_json manifest = ordered_json::parse(samples.manifest);
  manifest["face_model"] = {{"file", file}, {"sha256", sha256}};
  samples.manifest = text_of(manifest);
}

/// Reads and packs; a source that changes under the reader must not be remembered as prepared.
ordered_json prepare_now(const DatasetEntry& entry,
                         const Source& source,
                         const PrepareRequest& request) {
  const ordered_json before = fingerprint(entry, source);
  Workspace workspace(partial_folder(entry, source), text_of(before));
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
  std::string sha256;
  const fs::path pack = write_pack(packs_folder(), samples, sha256);
  ordered_json index = {{"files", before},
                        {"accepted", request.accept_unverified},
                        {"data", name_of(samples.data)},
                        {"pack", pack.filename().string()},
                        {"bytes", fs::file_size(pack)},
                        {"sha256", sha256},
                        {"samples", samples.labels.size()},
                        {"manifest", ordered_json::parse(samples.manifest)}};
  write_index(index, entry, source);
  workspace.finish();
  return index;
}

/// What needed consent needs it every time.
bool may_reuse(const ordered_json& index, const PrepareRequest& request) {
  return request.accept_unverified || index.at("accepted") == false ||
         index.at("data") != name_of(DataKind::kUnverified);
}

/// Reads the whole pack; a damaged one is written again from its source.
bool pack_is_intact(const ordered_json& index) {
  if (pack_sha256(index) == index.at("sha256") && face_model_is_intact(index)) return true;
  fmt::print(stderr, "bench-prepare: {}: damaged; writing it again\n", pack_path(index).string());
  return false;
}

void sweep_cache() {
  for (const char* folder : {"stand-ins", "packs", "packs/partial", "packs/index"})
    sweep(paths::cache() / folder);
}

ordered_json face_model_or_null(const ordered_json& index) {
  const fs::path path = face_model_path(index);
  return path.empty() ? ordered_json(nullptr) : ordered_json(path.string());
}

ordered_json frames_or_null(const Source& source) {
  return source.frames.empty() ? ordered_json(nullptr) : ordered_json(source.frames);
}

}  // namespace

ordered_json locate(const PrepareRequest& request) {
  const DatasetEntry& entry = find_dataset(request.name);
  const Source source = source_of(entry, request);
  ordered_json result = {{"dataset", entry.name},
                         {"data", source.stand_in ? "stand-in" : "real"},
                         {"source", source.folder.string()},
                         {"frames", frames_or_null(source)},
                         {"pack", nullptr},
                         {"sha256", nullptr}};
  const ordered_json index = read_index(entry, source);
  if (!index_holds(index, entry, source)) return result;
  result["data"] = index.at("data");
  result["pack"] = pack_path(index).string();
  result["sha256"] = index.at("sha256");
  result["face_model"] = face_model_or_null(index);
  result["manifest"] = index.at("manifest");
  return result;
}

ordered_json prepare(const PrepareRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  const DatasetEntry& entry = find_dataset(request.name);
  const Source source = source_of(entry, request);
  sweep_cache();
  if (source.stand_in) ensure_stand_in(entry, source.folder);
  ordered_json index = read_index(entry, source);
  const bool cached =
      index_holds(index, entry, source) && may_reuse(index, request) && pack_is_intact(index);
  if (!cached) index = prepare_now(entry, source, request);
  if (request.strict && index.at("manifest").contains("problems"))
    refuse_problems(source.folder, index.at("manifest").at("problems"));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {{"dataset", entry.name},
          {"data", index.at("data")},
          {"source", source.folder.string()},
          {"frames", frames_or_null(source)},
          {"pack", pack_path(index).string()},
          {"sha256", index.at("sha256")},
          {"face_model", face_model_or_null(index)},
          {"samples", index.at("samples")},
          {"seconds", took.count()},
          {"cached", cached},
          {"manifest", index.at("manifest")}};
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
    fail(Exit::kUsage, "{}: --head and --face-model say whose heads are drawn; give one", name);
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
