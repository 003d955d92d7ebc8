// EmotiW 2017, audio-video challenge: AFEW 7.0, Acted Facial Expressions in the Wild, clips of
// seven expressions. Licence: by signed agreement, no redistribution. This program reads a user's
// own copy.
//
// On disk; a folder whose name begins with train, val or test (any case) is that split:
//
//   train_afew/<Class>/000000001.avi         clips; val_afew/... likewise; test_afew/000000001.avi
//                                            without labels
//   train_afew/AlignedFaces_LBPTOP_Points/Faces/000000001/*.jpg
//                                            faces cut out, frame by frame; also without the folder
//                                            Faces, with a class folder in its place, as .png, or
//                                            still in AlignedFaces_LBPTOP_Points*.zip
//   train_afew/Train_6.xml                   labels and actors, likewise Val_6.xml
//
//   Class   Angry Disgust Fear Happy Neutral Sad Surprise
//
// The faces cut out by the owners are preferred to the clip they come from, and are taken whole.
// The fields of the XML files are not documented: a record (a child of the outermost element)
// belongs to the clip whose name is among its values, its label is the first class among them, its
// actor is NameOfActor where the record has one only.
#include <stdlib.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "datasets/formats/archive.h"
#include "datasets/formats/xml.h"
#include "datasets/images/video.h"
#include "datasets/tree/listing.h"
#include "datasets/tree/tree.h"
#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/base/temp_folder.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {

extern const DatasetEntry kEmotiw17;

namespace {

constexpr int kClasses = 7;
constexpr const char* kClassNames[kClasses] = {
    "Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"};
constexpr const char* kSplitNames[] = {"Train", "Val", "Test"};
enum Split { kTrain, kVal, kTest };

/// Folder names that tell the split, by their beginning; the first that fits counts.
struct SplitName {
  std::string_view beginning;
  Split split;
};
constexpr SplitName kSplitFolders[] = {
    {"train", kTrain},
    {"val", kVal},
    {"test", kTest},
    {"alignedfaces_lbptop_points_val", kVal},
    {"alignedfaces_lbptop_points_test", kTest},
    {"alignedfaces_lbptop_points", kTrain},
};

/// Clips per class in the lists of usable clips that come with Emotion-FAN. The owners publish no
/// figures per class that we know of.
constexpr std::int64_t kUsable[][kClasses] = {
    {133, 74, 81, 149, 143, 117, 74},  // Train, 771
    {64, 40, 45, 62, 63, 61, 46},      // Val,   381
};

constexpr std::string_view kClips[] = {".avi", ".mp4", ".mpg", ".mov"};

constexpr const char* kErrata[] = {
    "the labels of the test split are withheld: Val is what is scored here",
    "usable clips per class are those of Emotion-FAN's lists (771 Train, 381 Val); a copy with "
    "fewer is called unverified, more prove nothing",
    "a secondary catalogue gives 773 Train and 383 Val clips",
    "which actor is seen is known only where a label file names one; without it a split cannot "
    "keep people apart",
    "the fields of the label files are not documented: see emotiw17.cpp for how they are "
    "understood",
};

constexpr FrameRule kFrameRules[] = {
    {"three", "the frames at 1/4, 1/2 and 3/4 of the clip"},
    {"middle", "the frame in the middle"},
    {"all", "every fifth frame, from the first"},
};

std::vector<std::int32_t> choose(const std::string& rule, std::int32_t count) {
  if (rule == "middle") return {count / 2};
  std::set<std::int32_t> frames = {count / 4, count / 2, 3 * count / 4};
  if (rule == "all") {
    frames.clear();
    for (std::int32_t i = 0; i < count; i += 5) frames.insert(i);
  }
  return {frames.begin(), frames.end()};
}

// ---- names -------------------------------------------------------------------------------------

bool is_packed_faces(std::string_view path) {
  return has_ending(path, ".zip") && lower(parts_of(path).back()).starts_with("alignedfaces");
}

bool is_used(std::string_view path) {
  return has_ending(path, kClips) || has_ending(path, kPictureEndings) ||
         has_ending(path, ".xml") || is_packed_faces(path);
}

/// Returns the split that a folder of the path names; -1: none.
std::int32_t split_of(std::string_view path) {
  for (const std::string_view part : parts_of(path))
    for (const auto& [beginning, split] : kSplitFolders)
      if (lower(part).starts_with(beginning)) return split;
  return -1;
}

/// Returns the class of the nearest folder above the file that has the name of one; -1: none.
std::int64_t folder_class(std::string_view path) {
  const std::vector<std::string_view> parts = parts_of(path);
  for (std::size_t i = parts.size() - 1; i > 0; --i)
    if (const std::int64_t label = index_of(kClassNames, parts[i - 1]); label >= 0) return label;
  return -1;
}

std::string stem_of(std::string_view name) { return lower(name.substr(0, name.rfind('.'))); }

// ---- reader ------------------------------------------------------------------------------------

/// What there is of one clip.
struct Clip {
  std::int32_t split = 0;
  std::string name, file;          // file: the clip itself, or ""
  std::vector<std::string> faces;  // frame by frame
  std::int64_t label = -1;
  std::string actor;
  std::vector<std::int32_t> frames;
  std::vector<Problem> problems;
};

/// By split and name.
using Clips = std::map<std::pair<std::int32_t, std::string>, Clip>;

Clip& clip_of(Clips& clips, std::int32_t split, const std::string& name) {
  Clip& clip = clips[{split, name}];
  clip.split = split;
  clip.name = name;
  return clip;
}

void set_label(Clip& clip, const std::string& path, Listing& listing) {
  const std::int64_t label = folder_class(path);
  if (clip.label >= 0 && label >= 0 && label != clip.label)
    listing.problems.push_back(
        {path,
         fmt::format(
             "lies under {}, but the clip is {}", kClassNames[label], kClassNames[clip.label])});
  else if (label >= 0)
    clip.label = label;
}

void add_clip(const std::string& path, Clips& clips, Listing& listing) {
  const std::int32_t split = split_of(path);
  if (split < 0)
    return listing.problems.push_back({path, "in no folder called train..., val... or test..."});
  Clip& clip = clip_of(clips, split, stem_of(parts_of(path).back()));
  if (!clip.file.empty())
    return listing.problems.push_back({path, "there is one of that name: " + clip.file});
  clip.file = path;
  set_label(clip, path, listing);
}

void add_face(const std::string& path, Clips& clips, Listing& listing) {
  const std::vector<std::string_view> parts = parts_of(path);
  const std::int32_t split = split_of(path);
  const bool in_clip_folder =
      parts.size() > 1 && index_of(kClassNames, parts[parts.size() - 2]) < 0;
  if (split < 0 || !in_clip_folder) return;  // a picture that is none of the set's
  Clip& clip = clip_of(clips, split, lower(parts[parts.size() - 2]));
  clip.faces.push_back(path);
  set_label(clip, path, listing);
}

/// Collects all values of a record that can be the name of a clip or of a class.
void collect(const XmlElement& element,
             std::vector<std::string>& values,
             std::vector<std::string>& actors) {
  for (const auto& [key, value] : element.attributes)
    if (key == "NameOfActor")
      actors.push_back(value);
    else if (key != "NameOfCharacter" && key != "MovieTitle")
      values.push_back(value);
  values.push_back(element.text);
  for (const XmlElement& child : element.children) collect(child, values, actors);
}

/// Labels and actors for the clips of `split`. Returns how many records name a clip.
std::int64_t join(const XmlElement& root,
                  const std::string& file,
                  std::int32_t split,
                  Clips& clips,
                  Listing& listing) {
  std::int64_t joined = 0;
  for (const XmlElement& record : root.children) {
    std::vector<std::string> values, actors;
    collect(record, values, actors);
    Clip* clip = nullptr;
    std::int64_t label = -1;
    for (const std::string& value : values) {
      const auto found = clips.find({split, stem_of(value)});
      if (!clip && found != clips.end()) clip = &found->second;
      if (label < 0) label = index_of(kClassNames, value);
    }
    if (!clip) continue;
    ++joined;
    if (actors.size() == 1) clip->actor = actors[0];
    if (clip->label >= 0 && label >= 0 && clip->label != label)
      listing.problems.push_back(
          {file,
           fmt::format("line {}: {} is {}, but lies under {}; the folder counts",
                       record.line,
                       clip->name,
                       kClassNames[label],
                       kClassNames[clip->label])});
    else if (label >= 0)
      clip->label = label;
  }
  return joined;
}

void read_labels(const fs::path& source,
                 const std::vector<std::string>& files,
                 Clips& clips,
                 Listing& listing) {
  ordered_json facts = ordered_json::object();
  for (const std::string& file : files) {
    if (!has_ending(file, ".xml")) continue;
    listing.other_files.push_back(file);
    XmlElement root;
    if (!read_xml(source, file, root, listing.problems)) continue;
    const std::int32_t split = split_of(file);
    facts[file] = {{"records", root.children.size()},
                   {"that_name_a_clip", split < 0 ? 0 : join(root, file, split, clips, listing)}};
  }
  listing.facts["label_files"] = facts;
}

/// Which frames; a clip that cannot be opened fails again in read_tree, which names and counts it.
void choose_frames(const fs::path& source, const std::string& rule, Clip& clip) {
  if (!clip.faces.empty()) {
    std::ranges::sort(clip.faces, {}, [](const std::string& path) {
      return std::pair(path.size(), path);  // 2.jpg before 10.jpg
    });
    clip.frames = choose(rule, static_cast<std::int32_t>(clip.faces.size()));
    return;
  }
  try {
    const ClipHeader header = read_clip_header(source / clip.file);
    const fs::path path = source / clip.file;
    const std::int32_t count =
        header.frames > 0 ? header.frames : read_clip(path, [](int, const Image&) { return true; });
    // The frames are chosen as of the whole clip; read_tree counts those that are not there.
    if (header.is_cut) clip.problems.push_back({clip.file, "cut short; copy it again"});
    clip.frames = choose(rule, count);
  } catch (const Error&) {
    clip.frames = {0};
  }
}

std::vector<std::string> actors_of(const Clips& clips) {
  std::set<std::string> actors;
  for (const auto& [key, clip] : clips)
    if (!clip.actor.empty()) actors.insert(clip.actor);
  return {actors.begin(), actors.end()};
}

void add_pictures(Clips& clips, Listing& listing) {
  const std::vector<std::string> actors = actors_of(clips);
  std::int32_t sequence = 0;
  for (auto& [key, clip] : clips) {
    const auto actor = std::ranges::lower_bound(actors, clip.actor);
    Picture picture{
        .label = clip.label,
        .subject = clip.actor.empty() ? -1 : static_cast<std::int32_t>(actor - actors.begin()),
        .sequence = sequence++,
        .split = clip.split,
        .is_face_crop = !clip.faces.empty()};
    for (const std::int32_t frame : clip.frames) {
      picture.id = fmt::format("{}_{}_{:04}", kSplitNames[clip.split], clip.name, frame);
      picture.file = clip.faces.empty() ? clip.file : clip.faces[static_cast<std::size_t>(frame)];
      picture.frame = clip.faces.empty() ? frame : -1;
      listing.pictures.push_back(picture);
    }
    for (Problem& problem : clip.problems) listing.problems.push_back(std::move(problem));
  }
}

/// Counts beside those of Emotion-FAN's lists; fewer is kUnverified.
void state_facts(const Clips& clips, Listing& listing) {
  std::int64_t found[std::size(kSplitNames)][kClasses] = {}, aligned = 0, unknown = 0;
  for (const auto& [key, clip] : clips) {
    if (clip.label >= 0) ++found[clip.split][clip.label];
    aligned += !clip.faces.empty();
    unknown += clip.actor.empty();
  }
  for (const Split split : {kTrain, kVal})
    for (int label = 0; label < kClasses; ++label) {
      listing.facts["clips"][kSplitNames[split]][kClassNames[label]] = {
          {"found", found[split][label]}, {"usable_in_emotion_fan", kUsable[split][label]}};
      if (found[split][label] < kUsable[split][label]) listing.data = DataKind::kUnverified;
    }
  listing.facts["clips_as_aligned_faces"] = aligned;
  listing.facts["actors"] = actors_of(clips).size();
  listing.facts["clips_of_unknown_actor"] = unknown;
}

/// Clips of Train and Val need a label.
void drop_unlabelled(Clips& clips, Listing& listing) {
  std::erase_if(clips, [&](auto& entry) {
    const Clip& clip = entry.second;
    const bool drop = clip.label < 0 && clip.split != kTest;
    if (drop)
      listing.problems.push_back({clip.file.empty() ? clip.faces[0] : clip.file,
                                  "in no class folder and in no label file"});
    return drop;
  });
}

Samples read_open(const fs::path& source,
                  const std::vector<std::string>& files,
                  Listing listing,
                  const ReadOptions& options) {
  Clips clips;
  for (const std::string& file : files)
    if (has_ending(file, kClips)) add_clip(file, clips, listing);
  for (const std::string& file : files)
    if (has_ending(file, kPictureEndings)) add_face(file, clips, listing);
  if (clips.empty())
    fail_not_found(kEmotiw17,
                   source,
                   "neither clips nor aligned faces in folders called train..., val... or test...");
  read_labels(source, files, clips, listing);
  drop_unlabelled(clips, listing);
  std::vector<Clip*> all;
  for (auto& [key, clip] : clips) all.push_back(&clip);
  const std::string rule = frame_rule(kEmotiw17, options.frames)->name;
  parallel_for(all.size(), [&](std::size_t i, int) { choose_frames(source, rule, *all[i]); });
  state_facts(clips, listing);
  add_pictures(clips, listing);
  return read_tree(kEmotiw17, source, std::move(listing), {.side_px = 224, .channels = 3}, options);
}

// ---- packed faces ------------------------------------------------------------------------------

/// Links everything that `source` contains into `folder`.
void link_all(const fs::path& source, const fs::path& folder) {
  std::error_code error;
  for (const auto& item : fs::directory_iterator(source, error))
    fs::create_symlink(fs::absolute(item.path()), folder / item.path().filename(), error);
  if (error) fail(Exit::kPrecondition, "{}: cannot create: {}", folder.string(), error.message());
}

constexpr const char* kUnpacked = ".unpacked";

/// Archives of aligned faces for splits that have none in the open.
std::vector<std::string> packed_faces(const std::vector<std::string>& files) {
  std::set<std::int32_t> open;
  for (const std::string& file : files)
    if (has_ending(file, kPictureEndings)) open.insert(split_of(file));
  std::vector<std::string> packed;
  for (const std::string& file : files)
    if (is_packed_faces(file) && split_of(file) >= 0 && !open.contains(split_of(file)))
      packed.push_back(file);
  return packed;
}

void unpack_faces(const fs::path& source,
                  const std::string& archive,
                  const fs::path& folder,
                  std::vector<Problem>& problems) {
  try {
    unpack(source / archive, folder);
  } catch (const FileError& error) {  // other errors, such as a full disk, end the read
    problems.push_back({archive, error.reason()});
  }
}

Samples read(const fs::path& source, const ReadOptions& options) {
  std::vector<std::string> files;
  Listing listing = start_listing(kEmotiw17, source, files);
  const std::vector<std::string> packed = packed_faces(files);
  if (packed.empty()) return read_open(source, files, std::move(listing), options);

  // The packed faces are unpacked beside links to everything else.
  std::optional<TempFolder> opened;
  if (options.workspace.empty())
    opened.emplace();
  else
    opened.emplace(options.workspace / "opened");
  link_all(source, opened->path());
  std::vector<Problem> problems;
  int number = 0;
  for (const std::string& archive : packed)
    unpack_faces(
        source,
        archive,
        opened->path() / kUnpacked / kSplitNames[split_of(archive)] / std::to_string(number++),
        problems);
  listing = start_listing(kEmotiw17, opened->path(), files);
  listing.problems.insert(listing.problems.end(), problems.begin(), problems.end());
  listing.other_files = packed;
  return read_open(opened->path(), files, std::move(listing), options);
}

std::vector<fs::path> sources(const fs::path& source) { return files_for(source, is_used); }

// ---- splits ------------------------------------------------------------------------------------

const NamedSplit kNamedSplits[] = {
    {"official",
     "the challenge, with Val in place of the withheld test labels; nothing selects",
     {.train = {"Train"}, .validation = {}, .test = {"Val"}}},
    {"sequence10",
     "ten folds over the clips of Train and Val, no clip on both sides; actors may be",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSequence, .folds = 10}},
};

}  // namespace

// ---- entry -------------------------------------------------------------------------------------

const DatasetEntry kEmotiw17 = {
    .name = "emotiw17",
    .title = "EmotiW 2017 audio-video: AFEW 7.0",
    .licence = "by signed agreement; no redistribution",
    .how_to_obtain =
        "sign the agreement of the EmotiW challenge's organisers for AFEW 7.0 and put its folders "
        "there",
    .tree =
        "emotiw17/\n"
        "  train_afew/<Class>/*.avi              Angry Disgust Fear Happy Neutral Sad Surprise\n"
        "  train_afew/AlignedFaces_LBPTOP_Points.zip   optional; or the unpacked folder\n"
        "  train_afew/Train_6.xml                optional\n"
        "  val_afew/...                          likewise, with _Val in the names\n"
        "  test_afew/*.avi                       optional; has no labels\n",
    .class_names = kClassNames,
    .split_names = kSplitNames,
    .counts = {},
    .files = {},
    .errata = kErrata,
    .frame_rules = kFrameRules,
    .named_splits = kNamedSplits,
    .reader_version = 1,
    .sources = sources,
    .read = read,
};

}  // namespace mien
