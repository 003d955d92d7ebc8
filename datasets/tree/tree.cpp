#include "datasets/tree/tree.h"

#include <stdlib.h>

#include <algorithm>
#include <map>
#include <set>

#include "datasets/tree/inspect.h"
#include "datasets/tree/journal.h"
#include "datasets/tree/picture.h"
#include "datasets/tree/stand_in_marker.h"
#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/base/temp_folder.h"
#include "harness/base/text.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{32} << 20;

/// Returns a digest of everything besides the files themselves that decides how pictures are read.
std::string key_of(const DatasetEntry& entry, const Listing& listing, const TreeFormat& format) {
  Digest digest;
  const auto add = [&](const ordered_json& value) { digest.update(json_text(value) + "\n"); };
  add({entry.name, entry.reader_version, format.side_px, format.channels, format.face_margin});
  for (const Picture& p : listing.pictures)
    add({p.id, p.file, p.frame, p.quarter_turns, p.landmarks, p.is_face_crop});
  return digest.hex();
}

/// Returns for each picture why its id cannot be used; "" where it can.
std::vector<std::string> id_faults(const std::vector<Picture>& pictures) {
  std::set<std::string_view> seen;
  std::vector<std::string> faults(pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::string& id = pictures[i].id;
    if (!seen.insert(id).second) faults[i] = fmt::format("a second sample {}", valid_utf8(id));
    if (valid_utf8(id) != id || id.empty() || id.find('\n') != id.npos)
      faults[i] = "its name is not UTF-8 text in one line; rename it";
  }
  return faults;
}

/// Pictures that are read together: frames of one clip, or one still.
struct PictureGroup {
  std::size_t begin, end;
};

std::vector<PictureGroup> next_groups(const std::vector<Picture>& pictures,
                                      const std::vector<std::string>& faults,
                                      std::size_t begin,
                                      std::size_t end) {
  std::vector<PictureGroup> groups;
  for (std::size_t i = begin; i < end; ++i) {
    const bool joins = i > begin && pictures[i].frame >= 0 && pictures[i - 1].frame >= 0 &&
                       pictures[i].file == pictures[i - 1].file && faults[i].empty() &&
                       faults[i - 1].empty();
    joins ? void(groups.back().end = i + 1) : groups.push_back({i, i + 1});
  }
  return groups;
}

/// Where the chunk that begins there ends: bounded memory, and no clip divided that fits whole.
std::size_t chunk_end(const std::vector<Picture>& pictures, std::size_t begin, std::size_t limit) {
  std::size_t end = std::min(begin + limit, pictures.size());
  if (end == pictures.size() || pictures[end].frame < 0) return end;
  std::size_t cut = end;
  while (cut > begin && pictures[cut - 1].file == pictures[end].file) --cut;
  return cut > begin ? cut : end;
}

FinishedPicture rejected(const Picture& picture, const std::string& fault) {
  FinishedPicture result;
  result.outcome.path = picture.file;
  result.outcome.reason = fault;
  return result;
}

void read_pictures(const fs::path& source,
                   const std::vector<Picture>& pictures,
                   const TreeFormat& format,
                   std::size_t record_bytes,
                   Journal& journal) {
  const std::vector<std::string> faults = id_faults(pictures);
  // Long enough that no core waits for the last one, short enough that little work is lost.
  const std::size_t share = 32 * static_cast<std::size_t>(usable_processors());
  const std::size_t limit = std::min(std::clamp<std::size_t>(share, 64, 512),
                                     std::max<std::size_t>(16, kChunkBytes / record_bytes));
  PictureReader reader(source, format);
  while (journal.outcomes().size() < pictures.size()) {
    const std::size_t begin = journal.outcomes().size();
    const std::vector<PictureGroup> groups =
        next_groups(pictures, faults, begin, chunk_end(pictures, begin, limit));
    std::vector<std::vector<FinishedPicture>> finished(groups.size());
    parallel_for(groups.size(), [&](std::size_t i, int worker) {
      const PictureGroup& group = groups[i];
      if (faults[group.begin].empty())
        finished[i] =
            reader.read(std::span(pictures).subspan(group.begin, group.end - group.begin), worker);
      else
        finished[i].push_back(rejected(pictures[group.begin], faults[group.begin]));
    });
    std::vector<Outcome> outcomes;
    std::vector<std::uint8_t> pixels;
    for (std::vector<FinishedPicture>& group : finished)
      for (FinishedPicture& picture : group) {
        pixels.insert(pixels.end(), picture.pixels.begin(), picture.pixels.end());
        outcomes.push_back(std::move(picture.outcome));
      }
    journal.append(std::move(outcomes), pixels);
  }
}

/// {"files", "bytes", "sha256"}; the digest is that of files.sha256, which is left in `folder`.
ordered_json tree_of(const fs::path& source,
                     const Listing& listing,
                     const std::vector<Outcome>& outcomes,
                     const fs::path& folder,
                     std::vector<Problem>& problems) {
  std::map<std::string, ReadFile> files;
  for (const Outcome& outcome : outcomes)
    for (const ReadFile& file : outcome.files) files.emplace(valid_utf8(file.path), file);
  for (const std::string& path : listing.other_files) {
    if (files.contains(valid_utf8(path))) continue;
    std::string fault;
    const ReadFile file = hash_file(source, path, fault);
    if (fault.empty() || fault == "0 bytes")
      files.emplace(valid_utf8(path), file);
    else
      problems.push_back({path, fault});
  }
  std::uint64_t bytes = 0;
  std::string text;
  for (const auto& [path, file] : files) {
    bytes += file.bytes;
    text += fmt::format("{}  {}\n", file.sha256, path);
  }
  write_text(folder / kTreeFiles, text);
  return {{"files", files.size()}, {"bytes", bytes}, {"sha256", sha256_hex(text)}};
}

void add_problem(std::vector<Problem>& problems, const Outcome& outcome) {
  if (!problems.empty() && problems.back().path == outcome.path &&
      problems.back().reason == outcome.reason)
    return;  // frames of one clip
  problems.push_back({outcome.path, outcome.reason});
}

/// Everything but pixels and manifest.
Samples samples_of(const DatasetEntry& entry,
                   const Listing& listing,
                   const TreeFormat& format,
                   const std::vector<Outcome>& outcomes) {
  Samples s;
  s.dataset = entry.name;
  s.data = listing.data;
  s.class_names = listing.class_names;
  s.split_names.assign(entry.split_names.begin(), entry.split_names.end());
  s.channels = format.channels;
  s.height = s.width = format.side_px;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].status != PictureStatus::kUsed) continue;
    const Picture& picture = listing.pictures[i];
    MIEN_ASSERT(picture.label >= -1 && picture.label < std::ssize(s.class_names));
    MIEN_ASSERT(picture.split >= 0 && picture.split < std::ssize(s.split_names));
    s.labels.push_back(picture.label);
    s.subject.push_back(picture.subject);
    s.sequence.push_back(picture.sequence);
    s.split.push_back(picture.split);
    s.ids.push_back(picture.id);
  }
  return s;
}

ImageKeys keys_of(const std::vector<Outcome>& outcomes) {
  ImageKeys keys;
  for (const Outcome& outcome : outcomes) {
    if (outcome.status != PictureStatus::kUsed) continue;
    keys.image.push_back(outcome.sha256);
    keys.constant.push_back(outcome.constant);
  }
  return keys;
}

ordered_json json_of(const std::vector<Problem>& problems) {
  ordered_json all = ordered_json::array();
  for (const Problem& problem : problems)
    all.push_back({{"path", problem.path}, {"reason", problem.reason}});
  return all;
}

ordered_json manifest_of(const DatasetEntry& entry,
                         const Listing& listing,
                         const TreeFormat& format,
                         const ReadOptions& options,
                         const std::vector<Outcome>& outcomes) {
  const auto count = [&](PictureStatus status) {
    return std::ranges::count(outcomes, status, &Outcome::status);
  };
  ordered_json manifest = {{"facts", listing.facts}};
  if (const FrameRule* rule = frame_rule(entry, options.frames)) manifest["frames"] = rule->name;
  manifest["picture"] = {{"side_px", format.side_px},
                         {"channels", format.channels},
                         {"face_margin", format.face_margin}};
  manifest["n_total"] = outcomes.size();
  manifest["n_used"] = count(PictureStatus::kUsed);
  manifest["n_no_face"] = count(PictureStatus::kNoFace);
  manifest["n_failed"] = count(PictureStatus::kFailed);
  return manifest;
}

void check_problems(const fs::path& source,
                    const std::vector<Problem>& problems,
                    std::size_t used,
                    const ReadOptions& options) {
  const std::string first =
      problems.empty() ? "no picture found"
                       : valid_utf8(fmt::format("{}: {}", problems[0].path, problems[0].reason));
  if (used == 0)
    fail(Exit::kPrecondition,
         "{}: no picture that can be used; of {} problems the first: {}; see 'bench-prepare cards' "
         "for the expected files",
         source.string(),
         problems.size(),
         first);
  if (options.strict && !problems.empty()) refuse_problems(source, json_of(problems));
}

}  // namespace

void refuse_problems(const fs::path& source, const ordered_json& problems) {
  if (problems.empty()) return;
  fail(Exit::kPrecondition,
       "{}: {} problems, the first: {}: {}; run without --strict to leave out what is bad",
       source.string(),
       problems.size(),
       valid_utf8(problems[0].at("path").get_ref<const std::string&>()),
       valid_utf8(problems[0].at("reason").get_ref<const std::string&>()));
}

Samples read_tree(const DatasetEntry& entry,
                  const fs::path& source,
                  Listing listing,
                  const TreeFormat& format,
                  const ReadOptions& options) {
  const std::optional<StandInMarker> marker = read_marker(source);
  std::optional<TempFolder> own;
  if (options.workspace.empty()) own.emplace();
  const fs::path folder = own ? own->path() : options.workspace;
  const std::size_t record = static_cast<std::size_t>(format.channels) *
                             static_cast<std::size_t>(format.side_px * format.side_px);
  Journal journal(folder, key_of(entry, listing, format), record);
  read_pictures(source, listing.pictures, format, record, journal);

  Samples samples = samples_of(entry, listing, format, journal.outcomes());
  const bool damaged =
      std::ranges::count(journal.outcomes(), PictureStatus::kFailed, &Outcome::status) > 0;
  if (marker)
    samples.data = DataKind::kStandIn;
  else if (damaged)  // no longer the published set
    samples.data = DataKind::kUnverified;
  samples.image_file = journal.pixels_path();
  ordered_json manifest = manifest_of(entry, listing, format, options, journal.outcomes());
  std::vector<Problem> problems = listing.problems;
  for (const Outcome& outcome : journal.outcomes())
    if (outcome.status != PictureStatus::kUsed) add_problem(problems, outcome);
  const ordered_json tree = tree_of(source, listing, journal.outcomes(), folder, problems);
  check_problems(source, problems, samples.labels.size(), options);
  manifest["problems"] = json_of(problems);
  manifest["tree"] = tree;
  manifest["counts"] = class_counts(samples);
  const ImageKeys keys = keys_of(journal.outcomes());
  manifest["duplicates"] = duplicates(samples, keys);
  manifest["constant_images"] = constant_images(samples, keys);
  if (marker) {
    manifest["stand_in"] = stand_in_facts(*marker);
  } else {
    manifest["errata"] = entry.errata;
  }
  samples.manifest = json_text(manifest);
  if (own) {
    const std::string pixels = read_text(samples.image_file);
    samples.images.assign(pixels.begin(), pixels.end());
    samples.image_file.clear();
  }
  return samples;
}

}  // namespace mien
