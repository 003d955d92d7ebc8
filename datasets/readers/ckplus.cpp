// CK+, the extended Cohn-Kanade set: posed expressions filmed in a laboratory, each sequence from
// neutral to its peak. Lucey et al., "The Extended Cohn-Kanade Dataset (CK+)", CVPR workshops 2010.
// Licence: a signed agreement, research only, no redistribution. This program reads a user's own
// copy.
//
// On disk, as its four archives unpack; the folders above S### may have any name:
//
//   cohn-kanade-images/S005/001/S005_001_00000011.png    640x490 or 640x480, gray or colour
//   Emotion/S005/001/S005_001_00000011_emotion.txt       one number as float text: 3.0000000e+00;
//                                                        named after the last frame; no file and
//                                                        an empty folder both mean: no label
//   Landmarks/S005/001/S005_001_00000011_landmarks.txt   68 lines "x y", px
//   FACS/S005/001/S005_001_00000011_facs.txt             counted, not read
//
//   label  1 anger 2 contempt 3 disgust 4 fear 5 happy 6 sadness 7 surprise (0 neutral: in none)
//   S###   the subject
#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <set>

#include "datasets/formats/csv.h"
#include "datasets/readers/ckplus_names.h"
#include "datasets/tree/listing.h"
#include "datasets/tree/tree.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"

namespace fs = std::filesystem;

namespace mien {

extern const DatasetEntry kCkplus;

namespace {

constexpr const char* kErrata[] = {
    "327 of the 593 sequences have a label; the others belong to no class and are left out unless "
    "--frames all",
    "no label is 0 (neutral): neutral images are taken from the first frames, by those who want "
    "an eighth class",
    "frames of one sequence differ little: a split over frames has each test image's neighbour in "
    "training",
    "of the ten folds of subject10 the tenth has no fear",
};

constexpr FrameRule kFrameRules[] = {
    {"last3", "the last three frames of each labelled sequence"},
    {"peak", "the last frame of each labelled sequence"},
    {"labelled",
     "every frame of each labelled sequence, neutral onsets included, as re-implementations of "
     "DeXpression take them"},
    {"all", "every frame of every sequence; those without a label have none"},
    {"neutral-first",
     "the last frame of each labelled sequence, and its first as an eighth class, neutral"},
};
constexpr const char* kNeutral = "neutral";

// ---- splits ------------------------------------------------------------------------------------

const NamedSplit kNamedSplits[] = {
    kCkSubject10,
    {"dexpression",
     "re-implementations of DeXpression: ten folds over shuffled frames; subjects and sequences "
     "lie on both sides",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kImage, .folds = 10}},
    {"deepemotion",
     "Deep-Emotion: 70/10/20 %; of what is not known, frames assumed",
     {.scheme = SplitScheme::kHoldout,
      .unit = SplitUnit::kImage,
      .validation_share = .1,
      .test_share = .2}},
    kCkLoso,
    kCkSequence10,
};

// ---- reader ------------------------------------------------------------------------------------

struct Sequence {
  int subject = 0;
  std::map<int, std::string> frames, landmarks;          // frame number -> file
  std::vector<std::pair<std::string, int>> label_files;  // file, frame
  std::int64_t label = -1;
};
using Sequences = std::map<std::string, Sequence>;

bool is_ours(std::string_view path, CkName& name) {
  return parse_ck_name(parts_of(path).back(), name) &&
         (name.ending == kCkFrame || name.ending == kCkLandmarks || name.ending == kCkLabel);
}

/// Whether a file lies in S###/###, as its name says.
bool lies_at_home(std::string_view path, const CkName& name) {
  const std::vector<std::string_view> parts = parts_of(path);
  return parts.size() >= 3 && upper(parts[parts.size() - 3]) == name.sequence.substr(0, 4) &&
         parts[parts.size() - 2] == name.sequence.substr(5);
}

void add_file(const std::string& file,
              const CkName& name,
              Sequences& sequences,
              std::vector<Problem>& problems) {
  if (!lies_at_home(file, name)) {
    problems.push_back({file, "lies outside the folders that its name says"});
    return;
  }
  Sequence& sequence = sequences[name.sequence];
  sequence.subject = name.subject;
  if (name.ending == kCkLabel) {
    sequence.label_files.emplace_back(file, name.frame);
    return;
  }
  std::map<int, std::string>& files =
      name.ending == kCkFrame ? sequence.frames : sequence.landmarks;
  if (const auto [found, is_new] = files.emplace(name.frame, file); !is_new)
    problems.push_back({file, "the same frame as " + found->second});
}

/// Returns the class in a label file; -1, with the reason in `problem`, where it has none.
std::int64_t read_label(const fs::path& path, std::string& problem) {
  char bytes[64] = {};
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    problem = "cannot be opened";
    return -1;
  }
  stream.read(bytes, sizeof bytes);
  std::string_view text(bytes, static_cast<std::size_t>(stream.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  text = trimmed(text);
  double number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    problem = fmt::format("'{}' is not a number from 1 to {}", excerpt(text), kCkClasses);
  else if (number == 0)
    problem = "label 0 (neutral) is not a published label";
  else if (!(number >= 1 && number <= kCkClasses) || number != static_cast<int>(number))
    problem = fmt::format("label {} is out of range 1..{}", number, kCkClasses);
  return problem.empty() ? static_cast<std::int64_t>(number) - 1 : -1;
}

/// A sequence whose label cannot be trusted counts as one without a label. Files that say the same
/// are two copies of one.
void label_sequence(const fs::path& source, Sequence& sequence, std::vector<Problem>& problems) {
  std::set<std::int64_t> labels;
  for (const auto& [file, frame] : sequence.label_files) {
    std::string problem;
    if (!sequence.frames.contains(frame))
      problem = fmt::format("frame {}, which it labels, is not there", frame);
    labels.insert(problem.empty() ? read_label(source / file, problem) : -1);
    if (!problem.empty()) problems.push_back({file, problem});
  }
  if (labels.size() == 1) sequence.label = *labels.begin();
  for (std::size_t i = 1; i < sequence.label_files.size(); ++i)
    problems.push_back({sequence.label_files[i].first,
                        fmt::format("a second label of the sequence of {}; {}",
                                    sequence.label_files[0].first,
                                    sequence.label < 0 ? "none is used" : "both say the same")});
}

void add_picture(const std::string& id,
                 const Sequence& sequence,
                 int index,
                 int frame,
                 std::int64_t label,
                 Listing& listing) {
  const auto landmarks = sequence.landmarks.find(frame);
  listing.pictures.push_back(
      {.id = fmt::format("{}_{:08}", id, frame),
       .file = sequence.frames.at(frame),
       .label = label,
       .subject = sequence.subject,
       .sequence = index,
       .landmarks = landmarks == sequence.landmarks.end() ? "" : landmarks->second});
}

/// How many frames a rule takes from the end of a sequence of `frames`.
std::size_t count_at_end(const std::string& rule, std::size_t frames) {
  if (rule == "last3") return std::min<std::size_t>(3, frames);
  return rule == "peak" || rule == "neutral-first" ? 1 : frames;
}

void add_pictures(const std::string& id,
                  const Sequence& sequence,
                  int index,
                  const std::string& rule,
                  Listing& listing) {
  if (sequence.frames.empty() || (sequence.label < 0 && rule != "all")) return;
  std::vector<int> frames;
  for (const auto& [frame, file] : sequence.frames) frames.push_back(frame);
  if (rule == "neutral-first" && frames.size() > 1)
    add_picture(id, sequence, index, frames.front(), kCkClasses, listing);
  for (std::size_t i = frames.size() - count_at_end(rule, frames.size()); i < frames.size(); ++i)
    add_picture(id, sequence, index, frames[i], sequence.label, listing);
}

/// Counts that the authors published, beside those of this copy.
void compare_with_published(const Sequences& sequences, Listing& listing) {
  std::set<int> subjects, labelled_subjects;
  std::int64_t per_class[kCkClasses] = {}, with_frames = 0, labelled = 0, frames = 0;
  for (const auto& [id, sequence] : sequences) {
    if (sequence.frames.empty()) continue;
    ++with_frames;
    frames += static_cast<std::int64_t>(sequence.frames.size());
    subjects.insert(sequence.subject);
    if (sequence.label < 0) continue;
    ++labelled;
    ++per_class[sequence.label];
    labelled_subjects.insert(sequence.subject);
  }
  compare(listing, "sequences", with_frames, kCkAllSequences);
  compare(listing, "subjects", std::ssize(subjects), kCkSubjects);
  compare(listing, "labelled_sequences", labelled, kCkLabelledSequences);
  compare(listing, "labelled_subjects", std::ssize(labelled_subjects), kCkLabelledSubjects);
  for (int label = 0; label < kCkClasses; ++label)
    compare(listing,
            fmt::format("sequences_{}", kCkClassNames[label]).c_str(),
            per_class[label],
            kCkSequences[label]);
  listing.facts["frames_on_disk"] = frames;
}

/// A copy without its labels is useless, one without landmarks is worth less.
void check_whole(const fs::path& source, const Sequences& sequences, Listing& listing) {
  const auto any = [&](auto files) {
    return std::ranges::any_of(sequences,
                               [&](const auto& item) { return !(item.second.*files).empty(); });
  };
  if (!any(&Sequence::frames))
    fail_not_found(
        kCkplus, source, "no picture such as cohn-kanade-images/S005/001/S005_001_00000011.png");
  if (!any(&Sequence::label_files))
    fail(Exit::kPrecondition,
         "{}: no label such as Emotion/S005/001/S005_001_00000011_emotion.txt; unpack the archive "
         "of the emotion labels there too",
         source.string());
  if (!any(&Sequence::landmarks))
    listing.problems.push_back({"Landmarks", "not there; faces are looked for by the detector"});
  else
    for (const Picture& picture : listing.pictures)
      if (picture.landmarks.empty())
        listing.problems.push_back({picture.file, "no landmarks; the detector looks for its face"});
}

Listing list(const fs::path& source, const ReadOptions& options) {
  const std::string rule = frame_rule(kCkplus, options.frames)->name;
  std::vector<std::string> files;
  Listing listing = start_listing(kCkplus, source, files);
  Sequences sequences;
  std::int64_t facs = 0, ignored = 0;
  for (const std::string& file : files) {
    CkName name;
    if (is_ours(file, name))
      add_file(file, name, sequences, listing.problems);
    else
      ++(name.ending == kCkFacs ? facs : ignored);
  }
  int index = 0;
  for (auto& [id, sequence] : sequences) {
    label_sequence(source, sequence, listing.problems);
    for (const auto& [file, frame] : sequence.label_files) listing.other_files.push_back(file);
    add_pictures(id, sequence, index++, rule, listing);
  }
  check_whole(source, sequences, listing);
  if (rule == "neutral-first") listing.class_names.push_back(kNeutral);
  compare_with_published(sequences, listing);
  listing.facts["facs_files"] = facs;
  listing.facts["ignored_files"] = ignored;
  return listing;
}

Samples read(const fs::path& source, const ReadOptions& options) {
  return read_tree(kCkplus, source, list(source, options), {.side_px = 224}, options);
}

std::vector<fs::path> sources(const fs::path& source) {
  return files_for(source, [](std::string_view path) {
    CkName name;
    return is_ours(path, name);
  });
}

}  // namespace

// ---- entry -------------------------------------------------------------------------------------

const DatasetEntry kCkplus = {
    .name = "ckplus",
    .title = "CK+ (Lucey et al. 2010)",
    .licence = "signed agreement, research only; no redistribution",
    .how_to_obtain =
        "request CK+ from its owners (Affect Analysis Group, University of Pittsburgh) and unpack "
        "its archives of images, landmarks, emotion labels and FACS labels there",
    .tree =
        "ckplus/\n"
        "  cohn-kanade-images/S005/001/S005_001_00000011.png\n"
        "  Emotion/S005/001/S005_001_00000011_emotion.txt\n"
        "  Landmarks/S005/001/S005_001_00000011_landmarks.txt\n"
        "  FACS/S005/001/S005_001_00000011_facs.txt\n",
    .class_names = kCkClassNames,
    .split_names = kOneSplit,
    .counts = {},  // of sequences, whatever the frames: compared by `list`
    .files = {},
    .errata = kErrata,
    .frame_rules = kFrameRules,
    .named_splits = kNamedSplits,
    .reader_version = 1,
    .sources = sources,
    .read = read,
};

}  // namespace mien
