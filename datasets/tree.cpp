#include "datasets/tree.h"

#include <stdlib.h>

#include <algorithm>
#include <map>
#include <set>

#include "datasets/inspect.h"
#include "datasets/picture.h"
#include "datasets/spill.h"
#include "datasets/stand_in.h"
#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/parallel.h"
#include "harness/core/sha256.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{32} << 20;

/// A folder that is gone when the read is over.
class OwnFolder {
 public:
  OwnFolder() {
    std::string name = (fs::temp_directory_path() / "mien-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      fail(Exit::kPrecondition, "{}: cannot create; name another folder in TMPDIR", name);
    path_ = name;
  }
  ~OwnFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string json_text(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// Names come from a file system and may be any bytes; manifests are UTF-8.
std::string printable(const std::string& name) { return ordered_json::parse(json_text(name)); }

/// Everything that decides what becomes of the pictures, besides the files themselves.
std::string key_of(const DatasetEntry& entry, const Listing& listing, const TreeFormat& format) {
  Digest digest;
  const auto add = [&](const ordered_json& value) { digest.update(json_text(value) + "\n"); };
  add({entry.name, entry.reader_version, format.side_px, format.channels, format.face_margin});
  for (const Picture& p : listing.pictures)
    add({p.id, p.file, p.frame, p.quarter_turns, p.landmarks, p.is_face_crop});
  return digest.hex();
}

/// Per picture why its id cannot be used; "" where it can.
std::vector<std::string> id_faults(const std::vector<Picture>& pictures) {
  std::set<std::string_view> seen;
  std::vector<std::string> faults(pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::string& id = pictures[i].id;
    if (!seen.insert(id).second) faults[i] = fmt::format("a second sample {}", printable(id));
    if (printable(id) != id || id.empty() || id.find('\n') != id.npos)
      faults[i] = "its name is not UTF-8 text in one line; rename it";
  }
  return faults;
}

/// Pictures that are read together: frames of one clip, or one still.
struct Unit {
  std::size_t begin, end;
};

std::vector<Unit> next_units(const std::vector<Picture>& pictures,
                             const std::vector<std::string>& faults,
                             std::size_t begin,
                             std::size_t end) {
  std::vector<Unit> units;
  for (std::size_t i = begin; i < end; ++i) {
    const bool joins = i > begin && pictures[i].frame >= 0 && pictures[i - 1].frame >= 0 &&
                       pictures[i].file == pictures[i - 1].file && faults[i].empty() &&
                       faults[i - 1].empty();
    joins ? void(units.back().end = i + 1) : units.push_back({i, i + 1});
  }
  return units;
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
                   Spill& spill) {
  const std::vector<std::string> faults = id_faults(pictures);
  // Long enough that no core waits for the last one, short enough that little work is lost.
  const std::size_t share = 32 * static_cast<std::size_t>(usable_cores());
  const std::size_t limit = std::min(std::clamp<std::size_t>(share, 64, 512),
                                     std::max<std::size_t>(16, kChunkBytes / record_bytes));
  PictureReader reader(source, format);
  while (spill.outcomes().size() < pictures.size()) {
    const std::size_t begin = spill.outcomes().size();
    const std::vector<Unit> units =
        next_units(pictures, faults, begin, chunk_end(pictures, begin, limit));
    std::vector<std::vector<FinishedPicture>> finished(units.size());
    parallel_for(units.size(), [&](std::size_t i, int worker) {
      const Unit& unit = units[i];
      if (faults[unit.begin].empty())
        finished[i] =
            reader.read(std::span(pictures).subspan(unit.begin, unit.end - unit.begin), worker);
      else
        finished[i].push_back(rejected(pictures[unit.begin], faults[unit.begin]));
    });
    std::vector<Outcome> outcomes;
    std::vector<std::uint8_t> pixels;
    for (std::vector<FinishedPicture>& unit : finished)
      for (FinishedPicture& picture : unit) {
        pixels.insert(pixels.end(), picture.pixels.begin(), picture.pixels.end());
        outcomes.push_back(std::move(picture.outcome));
      }
    spill.append(std::move(outcomes), pixels);
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
    for (const ReadFile& file : outcome.files) files.emplace(printable(file.path), file);
  for (const std::string& path : listing.other_files) {
    if (files.contains(printable(path))) continue;
    std::string fault;
    const ReadFile file = hash_file(source, path, fault);
    if (fault.empty() || fault == "0 bytes")
      files.emplace(printable(path), file);
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
    if (outcomes[i].fate != Fate::kUsed) continue;
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
    if (outcome.fate != Fate::kUsed) continue;
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

std::string frames_of(const DatasetEntry& entry, const ReadOptions& options) {
  if (!options.frames.empty() || entry.frame_rules.empty()) return options.frames;
  return entry.frame_rules.front().name;
}

ordered_json manifest_of(const DatasetEntry& entry,
                         const Listing& listing,
                         const TreeFormat& format,
                         const ReadOptions& options,
                         const std::vector<Outcome>& outcomes) {
  const auto count = [&](Fate fate) { return std::ranges::count(outcomes, fate, &Outcome::fate); };
  ordered_json manifest = {{"facts", listing.facts}};
  if (!entry.frame_rules.empty()) manifest["frames"] = frames_of(entry, options);
  manifest["picture"] = {{"side_px", format.side_px},
                         {"channels", format.channels},
                         {"face_margin", format.face_margin}};
  manifest["n_total"] = outcomes.size();
  manifest["n_used"] = count(Fate::kUsed);
  manifest["n_no_face"] = count(Fate::kNoFace);
  manifest["n_failed"] = count(Fate::kFailed);
  return manifest;
}

void check_problems(const fs::path& source,
                    const std::vector<Problem>& problems,
                    std::size_t used,
                    const ReadOptions& options) {
  const std::string first =
      problems.empty() ? "no picture found"
                       : printable(fmt::format("{}: {}", problems[0].path, problems[0].reason));
  if (used == 0)
    fail(Exit::kPrecondition,
         "{}: no picture that can be used; of {} problems the first: {}; see 'bench-prepare cards' "
         "for the "
         "expected files",
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
       printable(problems[0].at("path")),
       printable(problems[0].at("reason")));
}

Samples read_tree(const DatasetEntry& entry,
                  const fs::path& source,
                  Listing listing,
                  const TreeFormat& format,
                  const ReadOptions& options) {
  const std::optional<StandInMarker> marker = read_marker(source);
  std::optional<OwnFolder> own;
  if (options.workspace.empty()) own.emplace();
  const fs::path folder = own ? own->path() : options.workspace;
  const std::size_t record = static_cast<std::size_t>(format.channels) *
                             static_cast<std::size_t>(format.side_px * format.side_px);
  Spill spill(folder, key_of(entry, listing, format), record);
  read_pictures(source, listing.pictures, format, record, spill);

  Samples samples = samples_of(entry, listing, format, spill.outcomes());
  const bool damaged = std::ranges::count(spill.outcomes(), Fate::kFailed, &Outcome::fate) > 0;
  if (marker)
    samples.data = DataKind::kStandIn;
  else if (damaged)  // not the published set any more
    samples.data = DataKind::kUnverified;
  samples.image_file = spill.pixels_path();
  ordered_json manifest = manifest_of(entry, listing, format, options, spill.outcomes());
  std::vector<Problem> problems = listing.problems;
  for (const Outcome& outcome : spill.outcomes())
    if (outcome.fate != Fate::kUsed) add_problem(problems, outcome);
  const ordered_json tree = tree_of(source, listing, spill.outcomes(), folder, problems);
  check_problems(source, problems, samples.labels.size(), options);
  manifest["problems"] = json_of(problems);
  manifest["tree"] = tree;
  manifest["counts"] = class_counts(samples);
  const ImageKeys keys = keys_of(spill.outcomes());
  manifest["duplicates"] = duplicates(samples, keys);
  manifest["constant_images"] = constant_images(samples, keys);
  if (marker) {
    manifest["stand_in"] = {
        {"generator", marker->generator}, {"seed", marker->seed}, {"subjects", marker->subjects}};
    if (marker->label_noise > 0) manifest["stand_in"]["label_noise"] = marker->label_noise;
    if (!marker->head.empty()) manifest["stand_in"]["head"] = marker->head;
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
