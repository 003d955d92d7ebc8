// CK+48: the last three frames of each labelled sequence of CK+, cut to the face and scaled, as
// circulating copies hold them. Made from CK+ (ckplus.cpp), whose licence binds it too: a signed
// agreement, research only, no redistribution. This program reads a user's own copy.
//
// On disk; the folders above the class may have any name:
//
//   anger/S010_004_00000017.png     48x48, gray; the name is that of the frame in CK+
//
//   class folders   anger contempt disgust fear happy sadness surprise
#include <map>

#include "datasets/ckplus_plan.h"
#include "datasets/dataset.h"
#include "datasets/listing.h"
#include "datasets/stand_in_tree.h"
#include "harness/core/error.h"

namespace fs = std::filesystem;

namespace mien {

extern const DatasetEntry kCkplus48;

namespace {

constexpr int kSide = 48, kFramesPerSequence = 3;
constexpr const char* kSplitNames[] = {"all"};

constexpr const char* kErrata[] = {
    "three frames of one sequence are nearly one image: a split over images has most test images' "
    "neighbours in training",
    "the ten folds of a much-used implementation (WuJie1010) are slices of each class's sorted "
    "list: no sequence is divided, but 6 to 22 of the 13 to 26 test subjects of each fold are in "
    "training too; 24 images are never tested, 33 twice, and fold 9 takes 6 images of the class "
    "after fear",
    "981 images are not what DeXpression was measured on",
};

// ---- splits ------------------------------------------------------------------------------------

const NamedSplit kNamedSplits[] = {
    {"subject10",
     "the published rule by subject: sorted ascending, fold k holds subjects k, k+10, k+20 ...",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 10}},
    {"image10",
     "ten folds over shuffled images; subjects and sequences lie on both sides",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kImage, .folds = 10}},
    {"deepemotion",
     "Deep-Emotion: 70/10/20 %; of what is not known, images assumed",
     {.scheme = SplitScheme::kHoldout,
      .unit = SplitUnit::kImage,
      .validation_share = .1,
      .test_share = .2}},
    {"loso",
     "leave one subject out",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 0}},
    {"sequence10",
     "ten folds over sequences; subjects lie on both sides",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSequence, .folds = 10}},
};

// ---- reader ------------------------------------------------------------------------------------

/// Label of a folder's name; -1 for any other folder.
std::int64_t class_of(std::string_view folder) {
  for (int label = 0; label < kCkClasses; ++label)
    if (matches(folder, kCkClassNames[label])) return label;
  return -1;
}

bool is_ours(std::string_view path, CkName& name, std::int64_t& label) {
  const std::vector<std::string_view> parts = parts_of(path);
  if (parts.size() < 2) return false;
  label = class_of(parts[parts.size() - 2]);
  return label >= 0 && parse_ck_name(parts.back(), name) && name.ending == ".png";
}

/// Sequences are numbered in the order of their names, whatever their class.
void number_sequences(Listing& listing, const std::vector<std::string>& sequence_of_picture) {
  std::map<std::string, std::int32_t> numbers;
  for (const std::string& name : sequence_of_picture) numbers[name] = 0;
  for (std::int32_t next = 0; auto& [name, number] : numbers) number = next++;
  for (std::size_t i = 0; i < listing.pictures.size(); ++i)
    listing.pictures[i].sequence = numbers[sequence_of_picture[i]];
}

Listing list(const fs::path& source) {
  std::vector<std::string> files, sequence_of_picture;
  Listing listing = start_listing(kCkplus48, source, files);
  std::int64_t ignored = 0;
  for (const std::string& file : files) {
    CkName name;
    std::int64_t label = -1;
    if (!is_ours(file, name, label)) {
      ++ignored;
      continue;
    }
    listing.pictures.push_back({.id = name.id,
                                .file = file,
                                .label = label,
                                .subject = name.subject,
                                .is_face_crop = true});
    sequence_of_picture.push_back(name.sequence);
  }
  if (listing.pictures.empty())
    fail(Exit::kPrecondition,
         "{}: no picture such as anger/S010_004_00000017.png; {}",
         source.string(),
         kCkplus48.how_to_obtain);
  number_sequences(listing, sequence_of_picture);
  for (int label = 0; label < kCkClasses; ++label)
    compare(listing,
            fmt::format("images_{}", kCkClassNames[label]).c_str(),
            count_of(listing, label),
            kFramesPerSequence * kCkSequences[label]);
  listing.facts["ignored_files"] = ignored;
  return listing;
}

Samples read(const fs::path& source, const ReadOptions& options) {
  return read_tree(kCkplus48, source, list(source), {.side_px = kSide}, options);
}

std::vector<fs::path> sources(const fs::path& source) {
  return files_for(source, [](std::string_view path) {
    CkName name;
    std::int64_t label = -1;
    return is_ours(path, name, label);
  });
}

// ---- stand-in ----------------------------------------------------------------------------------

constexpr double kStrengths[kFramesPerSequence] = {.8, .9, 1};

void synthesize(const fs::path& out, const SynthesizeOptions& options) {
  std::vector<PlannedPicture> plan;
  for (const CkSequence& sequence : plan_ckplus(options)) {
    if (sequence.label < 0) continue;
    for (int i = 0; i < kFramesPerSequence; ++i) {
      const int frame = sequence.frames - kFramesPerSequence + 1 + i;
      plan.push_back(
          {.file = fmt::format("{}/{}.png", kCkClassNames[sequence.label], sequence.id(frame)),
           .face = {.seed = options.seed,
                    .subject = sequence.subject,
                    .expression = kCkExpressions[sequence.label],
                    .sitting = sequence.number,
                    .number = frame,
                    .strength = kStrengths[i],
                    .style = FaceStyle::kLab,
                    .width = kSide,
                    .height = kSide,
                    .face_share = 1.1,
                    .head = options.head}});
    }
  }
  draw_pictures(out, plan);
  mark_stand_in(kCkplus48, out, options);
}

// ---- published counts --------------------------------------------------------------------------

constexpr std::int64_t kAll[] = {135, 54, 177, 75, 207, 84, 249};  // 981
constexpr SplitCounts kCounts[] = {{"all", kAll}};

}  // namespace

// ---- entry -------------------------------------------------------------------------------------

const DatasetEntry kCkplus48 = {
    .name = "ckplus48",
    .title = "CK+48, the last three frames of CK+ (Lucey et al. 2010) at 48x48",
    .licence = "that of CK+: signed agreement, research only; no redistribution",
    .how_to_obtain =
        "with an agreement for CK+, put the seven class folders of a CK+48 copy there, or make "
        "them from the last three frames of each labelled sequence",
    .tree =
        "ckplus48/\n"
        "  anger/S010_004_00000017.png      and contempt, disgust, fear, happy, sadness,\n"
        "                                   surprise\n",
    .class_names = kCkClassNames,
    .split_names = kSplitNames,
    .counts = kCounts,
    .files = {},
    .errata = kErrata,
    .frame_rules = {},
    .named_splits = kNamedSplits,
    .reader_version = 1,
    .stand_in_version = 2,
    .stand_in_subjects = 40,
    .sources = sources,
    .read = read,
    .synthesize = synthesize,
};

}  // namespace mien
