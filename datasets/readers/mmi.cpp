// MMI Facial Expression Database: recordings of expressions on video, coded in action units and in
// part in six basic emotions. Licence: end user agreement and account, no redistribution. This
// program reads a user's own copy.
//
// On disk; a folder is a session where it holds a session.xml or lies in a folder called Sessions:
//
//   Sessions/<n>/session.xml         <track view="..."> and which files belong to the session
//   Sessions/<n>/<id>.avi            the recording; other containers and stills (.jpg, .png) too
//   Sessions/<n>/<id>.xml            <Metatag Name="Emotion" Value="..."/>
//   Sessions/<n>/<id>-oao_aucs.xml   optional: <ActionUnit Number="12"><Marker Frame="5" Type="2"/>
//
//   Emotion  1 anger 2 disgust 3 fear 4 happiness 5 sadness 6 surprise; larger ones are none of the
//            six, and recordings without the tag show action units only: both are left out, counted
//   view     0 frontal, 2 frontal and profile side by side; others are left out, counted
//   Marker   Frame counts from 1; Type 0 neutral 1 onset 2 apex 3 offset, each until the next
//   marker
//
// None of this is in a specification that we know of: it is what published readers of the set do.
// Neither they nor we know where the subject stands; <subject id="..."> and <Metatag Name="Subject"
// Value="..."/> are understood, and without them subjects are unknown.
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "datasets/formats/csv.h"
#include "datasets/formats/xml.h"
#include "datasets/images/video.h"
#include "datasets/tree/listing.h"
#include "datasets/tree/tree.h"
#include "harness/base/error.h"
#include "harness/base/parallel.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {

extern const DatasetEntry kMmi;

namespace {

constexpr const char* kClassNames[] = {
    "anger", "disgust", "fear", "happiness", "sadness", "surprise"};  // Emotion 1 to 6
constexpr std::string_view kUsedViews[] = {"0", "2"};
constexpr std::string_view kFrontal = "0";

constexpr std::string_view kClips[] = {".avi", ".mpg", ".mpeg", ".mp4", ".mov", ".wmv", ".mkv"};
constexpr std::string_view kSession = "session.xml", kActionUnits = "-oao_aucs.xml";

constexpr const char* kErrata[] = {
    "no figure of images or clips per class is published that we know of: nothing here tells a "
    "whole copy from half of one, and 'real' means that no marker says otherwise",
    "frontal recordings without action unit file lie on their side: they are turned clockwise, as "
    "SyskenGL's reader does; one that stands upright is then found by no face detector",
    "codes above 6 occur; SyskenGL's reader lets code 7 through as a seventh class by mistake",
    "where the files name the subject is not documented; a pack without subjects has no "
    "subject-disjoint folds",
    "dual views show the face twice; the crop is of the one that the detector finds",
};

// ---- frames ------------------------------------------------------------------------------------

constexpr FrameRule kFrameRules[] = {
    {"apex",
     "three frames: the middle one of those in which most action units are at their apex and its "
     "neighbours; of clips without action unit file the three in the middle"},
    {"dexpression",
     "frames followed by a change of at least mean + 0.65 standard deviations (gray, Gaussian "
     "11x11, sum of absolute differences), without the first two: SyskenGL's reader"},
    {"middle", "the frame in the middle"},
};

constexpr const char* kCutShort = "cut short; copy it again";

using Frames = std::vector<std::int32_t>;

/// Those of at - reach .. at + reach that the clip has.
Frames around(std::int32_t at, std::int32_t reach, std::int32_t count) {
  Frames frames;
  for (std::int32_t i = std::max(0, at - reach); i <= std::min(count - 1, at + reach); ++i)
    frames.push_back(i);
  return frames;
}

/// Of neighbours that differ the former counts, as in the reader that the rule is from.
Frames moving_frames(const fs::path& path) {
  const std::vector<double> motion = read_motion(path);
  if (motion.empty()) return {};
  const double n = static_cast<double>(motion.size());
  const double mean = std::accumulate(motion.begin(), motion.end(), 0.0) / n;
  double squares = 0;
  for (const double value : motion) squares += (value - mean) * (value - mean);
  const double least = mean + 0.65 * std::sqrt(squares / n);
  Frames frames;
  for (std::size_t i = 0; i < motion.size(); ++i)
    if (motion[i] >= least) frames.push_back(static_cast<std::int32_t>(i));
  frames.erase(frames.begin(), frames.begin() + std::min<std::ptrdiff_t>(2, std::ssize(frames)));
  return frames;
}

/// Frames [begin, end), from 0, in which one action unit is at its apex.
struct Apex {
  std::int64_t begin, end;
};

std::vector<Apex> apexes_of(const XmlElement& root,
                            const std::string& file,
                            std::vector<Problem>& problems) {
  constexpr std::int64_t kMany = 1'000'000;
  std::vector<Apex> apexes;
  for (const XmlElement* unit : root.find("ActionUnit")) {
    std::int64_t begin = -1;
    for (const XmlElement* marker : unit->find("Marker")) {
      const std::string* frame = marker->attribute("Frame");
      const std::string* type = marker->attribute("Type");
      const std::int64_t at = frame ? small_number(*frame, 1, kMany) - 1 : -2;
      if (at < 0) {
        problems.push_back({file, fmt::format("line {}: a Marker without Frame", marker->line)});
        continue;
      }
      if (begin >= 0) apexes.push_back({begin, std::max(at, begin + 1)});
      begin = type && *type == "2" ? at : -1;
    }
    if (begin >= 0) apexes.push_back({begin, kMany});
  }
  return apexes;
}

/// The middle of the first longest run of frames in which most apexes overlap; -1 where none is.
std::int32_t middle_of(const std::vector<Apex>& apexes, std::int32_t count) {
  std::vector<int> active(static_cast<std::size_t>(count));
  for (const Apex& apex : apexes)
    for (std::int64_t i = apex.begin; i < std::min<std::int64_t>(apex.end, count); ++i)
      ++active[static_cast<std::size_t>(i)];
  const int most = active.empty() ? 0 : *std::ranges::max_element(active);
  if (most == 0) return -1;
  std::int32_t best = -1, best_length = 0, length = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    length = active[static_cast<std::size_t>(i)] == most ? length + 1 : 0;
    if (length <= best_length) continue;
    best_length = length;
    best = i - length / 2;
  }
  return best;
}

// ---- reader ------------------------------------------------------------------------------------

bool is_used(std::string_view path) {
  return has_ending(path, ".xml") || has_ending(path, kClips) || has_ending(path, kPictureEndings);
}

/// What lies in one folder; all paths are relative to the dataset's.
struct Session {
  std::string folder, about;                             // about: its session.xml, or ""
  std::map<std::string, std::string> xml, units, media;  // by id in lower case
};

/// "S1" of "S1.avi" and of "S1-oao_aucs.xml", in lower case.
std::string id_of(std::string_view name, std::string_view end) {
  return lower(name.substr(0, name.size() - end.size()));
}

void add_file(const std::string& path, std::string_view name, Session& session) {
  if (matches(name, kSession))
    session.about = path;
  else if (has_ending(name, kActionUnits))
    session.units[id_of(name, kActionUnits)] = path;
  else if (has_ending(name, ".xml"))
    session.xml[id_of(name, ".xml")] = path;
  else
    session.media.emplace(id_of(name, name.substr(name.rfind('.'))), path);
}

std::vector<Session> sessions_of(const std::vector<std::string>& files) {
  std::map<std::string, Session> found;
  for (const std::string& path : files) {
    if (!is_used(path)) continue;
    const std::string_view name = parts_of(path).back();
    const std::string folder = path.substr(0, path.size() - std::min(path.size(), name.size() + 1));
    found[folder].folder = folder;
    add_file(path, name, found[folder]);
  }
  std::vector<Session> sessions;
  for (auto& [folder, session] : found) {
    const std::vector<std::string_view> parts = parts_of(folder);
    const bool in_sessions = parts.size() > 1 && matches(parts[parts.size() - 2], "sessions");
    if (in_sessions || !session.about.empty()) sessions.push_back(std::move(session));
  }
  return sessions;
}

/// A recording of a session, on its way to be pictures.
struct Recording {
  std::string id = {}, file = {};
  std::int64_t label = -1;
  std::string subject = {};
  bool is_still = false, is_frontal = false, is_turned = false;
  std::vector<Apex> apexes = {};
  Frames frames = {};
  std::vector<Problem> problems = {};
};

/// Value of the first <Metatag Name="name">, with its line; null without one.
const std::string* metatag(const XmlElement& root, std::string_view name, int& line) {
  for (const XmlElement* tag : root.find("Metatag")) {
    const std::string* key = tag->attribute("Name");
    line = tag->line;
    if (key && *key == name) return tag->attribute("Value");
  }
  return nullptr;
}

std::string subject_of(const XmlElement& session, const XmlElement& recording) {
  int line = 0;
  for (const XmlElement* root : {&session, &recording}) {
    for (const XmlElement* subject : root->find("subject"))
      if (const std::string* id = subject->attribute("id")) return *id;
    if (const std::string* id = metatag(*root, "Subject", line)) return *id;
  }
  return "";
}

/// The view of the track that names `file`, else of the first; null where no track has one.
const std::string* view_of(const XmlElement& session, std::string_view file) {
  const std::string* view = nullptr;
  for (const XmlElement* track : session.find("track")) {
    const std::string* name = track->attribute("filename");
    if (name && matches(*name, parts_of(file).back())) return track->attribute("view");
    if (!view) view = track->attribute("view");
  }
  return view;
}

bool names_action_units(const XmlElement& session) {
  return std::ranges::any_of(session.find("annotation"), [](const XmlElement* annotation) {
    const std::string* name = annotation->attribute("filename");
    return name && has_ending(*name, kActionUnits);
  });
}

/// Reads the XML files of the sessions and keeps what is an expression in a used view.
class Walk {
 public:
  Walk(const fs::path& source, Listing& listing) : source_(source), listing_(listing) {}

  void add(const Session& session) {
    ++count_["sessions"];
    XmlElement about;
    if (session.about.empty()) return problem(session.folder, "no session.xml");
    if (!read(session.about, about)) return;
    if (session.xml.empty()) problem(session.folder, "no <id>.xml beside session.xml");
    for (const auto& [id, path] : session.media)
      if (!session.xml.contains(id)) problem(path, "no .xml of that name beside it");
    for (const auto& [id, path] : session.xml) add(session, about, id, path);
  }

  std::vector<Recording> recordings;
  const std::map<std::string, std::int64_t>& counts() const { return count_; }

 private:
  void problem(const std::string& path, std::string reason) {
    listing_.problems.push_back({path, std::move(reason)});
  }
  bool read(const std::string& path, XmlElement& root) {
    listing_.other_files.push_back(path);
    return read_xml(source_, path, root, listing_.problems);
  }

  void add(const Session& session,
           const XmlElement& about,
           const std::string& id,
           const std::string& path) {
    ++count_["recordings"];
    XmlElement root;
    if (!read(path, root)) return;
    const std::int64_t label = label_of(path, root);
    if (label < 0) return;
    const auto media = session.media.find(id);
    if (media == session.media.end()) return problem(path, "neither clip nor still beside it");
    const std::string* view = view_of(about, media->second);
    if (!view) return problem(session.about, "no <track view=\"...\">");
    if (std::ranges::find(kUsedViews, *view) == std::end(kUsedViews)) {
      ++count_["of_other_view"];
      return;
    }
    const auto [first, is_new] = folder_of_id_.emplace(id, session.folder);
    if (!is_new) return problem(media->second, "there is one of that name in " + first->second);
    Recording recording{.id = fs::path(media->second).stem().string(),
                        .file = media->second,
                        .label = label,
                        .subject = subject_of(about, root),
                        .is_still = has_ending(media->second, kPictureEndings),
                        .is_frontal = *view == kFrontal};
    add_action_units(session, about, id, recording);
    recordings.push_back(std::move(recording));
  }

  /// -1 for what is left out, counted or named.
  std::int64_t label_of(const std::string& path, const XmlElement& root) {
    int line = 0;
    const std::string* emotion = metatag(root, "Emotion", line);
    if (!emotion) {
      ++count_["without_emotion"];
      return -1;
    }
    const std::int64_t code = small_number(*emotion, 1, 1000);
    if (code < 0)
      problem(path, fmt::format("line {}: Emotion is '{}', expected 1 or more", line, *emotion));
    else if (code > std::ssize(kClassNames))
      ++count_["of_other_emotion"];
    else
      return code - 1;
    return -1;
  }

  void add_action_units(const Session& session,
                        const XmlElement& about,
                        const std::string& id,
                        Recording& recording) {
    const auto units = session.units.find(id);
    const bool is_named = names_action_units(about);
    XmlElement root;
    if (units != session.units.end() && read(units->second, root))
      recording.apexes = apexes_of(root, units->second, listing_.problems);
    if (units == session.units.end() && is_named)
      problem(session.about, fmt::format("names {}{}, which is not there", id, kActionUnits));
    recording.is_turned =
        recording.is_frontal && !recording.is_still && !is_named && units == session.units.end();
  }

  const fs::path& source_;
  Listing& listing_;
  std::map<std::string, std::string> folder_of_id_;
  std::map<std::string, std::int64_t> count_ = {{"sessions", 0},
                                                {"recordings", 0},
                                                {"without_emotion", 0},
                                                {"of_other_emotion", 0},
                                                {"of_other_view", 0}};
};

/// Which frames, for a clip that has been opened.
void choose_frames(const fs::path& source, const std::string& rule, Recording& recording) {
  if (recording.is_still) {
    recording.frames = {-1};
    return;
  }
  const fs::path path = source / recording.file;
  const ClipHeader header = read_clip_header(path);
  const std::int32_t count =
      header.frames > 0 ? header.frames : read_clip(path, [](int, const Image&) { return true; });
  // The frames are chosen as of the whole clip; read_tree counts those that are not there.
  if (header.is_cut) recording.problems.push_back({recording.file, kCutShort});
  if (header.height > header.width) recording.is_turned = false;  // upright as it stands
  const std::int32_t apex = middle_of(recording.apexes, count);
  if (rule == "dexpression")
    recording.frames = moving_frames(path);
  else if (rule == "middle")
    recording.frames = {count / 2};
  else
    recording.frames = around(apex >= 0 ? apex : count / 2, 1, count);
}

void choose_all_frames(const fs::path& source,
                       const std::string& rule,
                       std::vector<Recording>& recordings) {
  parallel_for(recordings.size(), [&](std::size_t i, int) {
    Recording& recording = recordings[i];
    try {
      choose_frames(source, rule, recording);
    } catch (const Error&) {
      recording.frames = {0};  // fails again in read_tree, which names and counts it
    }
  });
}

/// Ids in order of their length, then of the alphabet: 2 before 10.
std::vector<std::string> subjects_of(const std::vector<Recording>& recordings) {
  std::set<std::pair<std::size_t, std::string>> found;
  for (const Recording& recording : recordings)
    if (!recording.subject.empty()) found.emplace(recording.subject.size(), recording.subject);
  std::vector<std::string> subjects;
  for (const auto& [length, subject] : found) subjects.push_back(subject);
  return subjects;
}

void add_pictures(std::vector<Recording>& recordings, Listing& listing) {
  const std::vector<std::string> subjects = subjects_of(recordings);
  std::int32_t sequence = 0;
  std::int64_t turned = 0, without_frames = 0, unknown = 0;
  for (Recording& recording : recordings) {
    for (Problem& problem : recording.problems) listing.problems.push_back(std::move(problem));
    turned += recording.is_turned;
    unknown += recording.subject.empty();
    without_frames += recording.frames.empty();
    const auto subject = std::ranges::find(subjects, recording.subject);
    for (const std::int32_t frame : recording.frames)
      listing.pictures.push_back(
          {.id = frame < 0 ? recording.id : fmt::format("{}_{:04}", recording.id, frame),
           .file = recording.file,
           .frame = frame,
           .quarter_turns = recording.is_turned ? 1 : 0,
           .label = recording.label,
           .subject = subject == subjects.end()
                          ? -1
                          : static_cast<std::int32_t>(subject - subjects.begin()),
           .sequence = sequence});
    ++sequence;
  }
  listing.facts["used_recordings"] = recordings.size();
  listing.facts["turned_recordings"] = turned;
  listing.facts["recordings_without_chosen_frame"] = without_frames;
  listing.facts["recordings_of_unknown_subject"] = unknown;
  listing.facts["subjects"] = subjects;
}

Samples read(const fs::path& source, const ReadOptions& options) {
  const std::string rule = frame_rule(kMmi, options.frames)->name;
  std::vector<std::string> files;
  Listing listing = start_listing(kMmi, source, files);
  const std::vector<Session> sessions = sessions_of(files);
  if (sessions.empty()) fail_not_found(kMmi, source, "no folder with a session.xml");
  Walk walk(source, listing);
  for (const Session& session : sessions) walk.add(session);
  for (const auto& [what, count] : walk.counts()) listing.facts[what] = count;
  choose_all_frames(source, rule, walk.recordings);
  add_pictures(walk.recordings, listing);
  return read_tree(kMmi, source, std::move(listing), {.side_px = 224}, options);
}

std::vector<fs::path> sources(const fs::path& source) { return files_for(source, is_used); }

// ---- splits ------------------------------------------------------------------------------------

const NamedSplit kNamedSplits[] = {
    {"subject10",
     "ten folds, no subject on both sides",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 10}},
    {"dexpression",
     "ten folds over shuffled frames, as re-implementations of DeXpression do: frames of one clip "
     "lie on both sides",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kImage, .folds = 10}},
    {"sequence10",
     "ten folds, no clip on both sides; subjects are",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSequence, .folds = 10}},
};

}  // namespace

// ---- entry -------------------------------------------------------------------------------------

const DatasetEntry kMmi = {
    .name = "mmi",
    .title = "MMI Facial Expression Database",
    .licence = "end user agreement and account; no redistribution",
    .how_to_obtain =
        "sign the end user agreement of the MMI Facial Expression Database, download the sessions "
        "and put their folder 'Sessions' there",
    .tree =
        "mmi/\n"
        "  Sessions/<n>/session.xml\n"
        "  Sessions/<n>/<id>.xml            emotion\n"
        "  Sessions/<n>/<id>.avi            or .mpg .mpeg .mp4 .mov .wmv .mkv; a still .jpg .png\n"
        "  Sessions/<n>/<id>-oao_aucs.xml   optional: action units, frame by frame\n",
    .class_names = kClassNames,
    .split_names = kOneSplit,
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
