// JAFFE, Japanese Female Facial Expression: 213 posed images of ten women. Lyons et al., "Coding
// Facial Expressions with Gabor Wavelets", 1998; Zenodo record 3451524. Licence: non-commercial
// research, access by request, no redistribution. This program reads a user's own copy.
//
// On disk, in this folder or any below it:
//
//   KA.AN1.39.tiff     subject . expression and take . running number; 256x256, 8-bit gray,
//                      uncompressed; .tif as well
//
//   subject      KA KL KM KR MK NA NM TM UY YM
//   expression   AN anger DI disgust FE fear HA happy NE neutral SA sad SU surprise
//   number       1 to 219, each once; 8, 12, 21, 76, 108 and 183 do not exist
#include <algorithm>
#include <map>
#include <set>

#include "datasets/csv.h"
#include "datasets/dataset.h"
#include "datasets/listing.h"
#include "datasets/stand_in_tree.h"
#include "harness/core/error.h"

namespace fs = std::filesystem;

namespace mien {

extern const DatasetEntry kJaffe;

namespace {

constexpr int kClasses = 7;
struct Class {
  const char *code, *expression;  // in file names; for draw_face
};
constexpr Class kClassTable[kClasses] = {
    {"AN", "angry"},
    {"DI", "disgust"},
    {"FE", "fear"},
    {"HA", "happy"},
    {"NE", "neutral"},
    {"SA", "sad"},
    {"SU", "surprise"},
};
constexpr const char* kClassNames[kClasses] = {
    "anger", "disgust", "fear", "happy", "neutral", "sad", "surprise"};
constexpr const char* kSplitNames[] = {"all"};

constexpr int kSubjects = 10, kImages = 213;
constexpr const char* kSubjectCodes[kSubjects] = {
    "KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM"};
constexpr int kPerSubject[kSubjects] = {23, 22, 22, 20, 21, 21, 20, 21, 21, 22};
constexpr int kLastNumber = 219;
constexpr int kMissingNumbers[] = {8, 12, 21, 76, 108, 183};

// More than a face has in a source of 256x256 px, so nothing is lost; tasks scale down.
constexpr int kSide = 224;

constexpr const char* kErrata[] = {
    "the running numbers 8, 12, 21, 76, 108 and 183 do not exist: 213 images are all there are",
    "each class is what the subject was asked to pose; sixty viewers rated the images, and the "
    "strongest rating is not always the posed class",
    "each subject posed each expression about three times: a split over images has each test "
    "image's sister in training",
};

// ---- splits ------------------------------------------------------------------------------------

const NamedSplit kNamedSplits[] = {
    {"loso",
     "leave one subject out: ten folds",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 0}},
    {"deepemotion",
     "Deep-Emotion: 120/23/70 images, 10 test images per class; subjects lie on both sides",
     {.scheme = SplitScheme::kHoldout,
      .unit = SplitUnit::kImage,
      .validation_total = 23,
      .test_per_class = 10,
      .counts_of = kImages}},
    {"image10",
     "ten folds over shuffled images; subjects lie on both sides",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kImage, .folds = 10}},
};

// ---- reader ------------------------------------------------------------------------------------

struct Name {
  std::string subject, expression;  // "KA", "AN"
  std::int64_t number = -1;
};

/// "KA.AN1.39.tiff"; false for what does not look like a name of this set.
bool parse_name(std::string_view path, Name& name) {
  constexpr std::string_view kPattern = "@@.@@#.";
  std::string_view rest = parts_of(path).back();
  if (!matches(rest.substr(0, kPattern.size()), kPattern)) return false;
  name.subject = upper(rest.substr(0, 2));
  name.expression = upper(rest.substr(3, 2));
  rest.remove_prefix(kPattern.size());
  const std::size_t dot = rest.find('.');
  name.number = small_number(rest.substr(0, dot), 1, 999'999);
  return name.number > 0 && dot != std::string_view::npos &&
         (matches(rest.substr(dot), ".tiff") || matches(rest.substr(dot), ".tif"));
}

std::int64_t label_of(const Name& name) {
  for (std::int64_t label = 0; label < kClasses; ++label)
    if (name.expression == kClassTable[label].code) return label;
  return -1;
}

/// The published ten first; whoever else is there follows in alphabetical order.
std::map<std::string, std::int32_t> number_subjects(const std::set<std::string>& found) {
  std::map<std::string, std::int32_t> numbers;
  std::int32_t next = 0;
  for (const char* code : kSubjectCodes) numbers[code] = next++;
  for (const std::string& code : found)
    if (numbers.try_emplace(code, next).second) ++next;
  return numbers;
}

void add_pictures(const std::vector<std::string>& files, Listing& listing) {
  std::set<std::string> codes;
  std::map<std::int64_t, std::string> file_of_number;
  std::vector<Name> names;
  std::int64_t ignored = 0;
  for (const std::string& file : files) {
    Name name;
    if (!parse_name(file, name)) {
      ++ignored;
      continue;
    }
    if (label_of(name) < 0) {
      listing.problems.push_back({file, "no expression is called " + name.expression});
      continue;
    }
    const auto [first, is_new] = file_of_number.emplace(name.number, file);
    if (!is_new) {
      listing.problems.push_back(
          {file, fmt::format("number {} is also that of {}", name.number, first->second)});
      continue;
    }
    listing.pictures.push_back({.id = fs::path(upper(parts_of(file).back())).stem().string(),
                                .file = file,
                                .label = label_of(name)});
    names.push_back(name);
    codes.insert(name.subject);
  }
  std::map<std::string, std::int32_t> subjects = number_subjects(codes);
  for (std::size_t i = 0; i < names.size(); ++i)
    listing.pictures[i].subject = subjects[names[i].subject];
  compare(listing, "subjects", std::ssize(codes), kSubjects);
  compare(listing, "images", std::ssize(listing.pictures), kImages);
  listing.facts["ignored_files"] = ignored;
}

void compare_with_published(Listing& listing) {
  for (int subject = 0; subject < kSubjects; ++subject)
    compare(listing,
            fmt::format("images_{}", kSubjectCodes[subject]).c_str(),
            std::ranges::count(listing.pictures, subject, &Picture::subject),
            kPerSubject[subject]);
  for (std::int64_t label = 0; label < kClasses; ++label)
    compare(listing,
            fmt::format("images_{}", kClassNames[label]).c_str(),
            count_of(listing, label),
            kJaffe.counts[0].per_class[static_cast<std::size_t>(label)]);
}

Listing list(const fs::path& source) {
  std::vector<std::string> files;
  Listing listing = start_listing(kJaffe, source, files);
  add_pictures(files, listing);
  if (listing.pictures.empty())
    fail(Exit::kPrecondition,
         "{}: no picture such as KA.AN1.39.tiff; {}",
         source.string(),
         kJaffe.how_to_obtain);
  compare_with_published(listing);
  return listing;
}

Samples read(const fs::path& source, const ReadOptions& options) {
  return read_tree(kJaffe, source, list(source), {.side_px = kSide}, options);
}

std::vector<fs::path> sources(const fs::path& source) {
  return files_for(source, [](std::string_view path) {
    Name name;
    return parse_name(path, name);
  });
}

// ---- stand-in ----------------------------------------------------------------------------------

constexpr int kTakes = 3;
constexpr int kMostSubjects = 100;

/// How many takes more or fewer than three a subject has. With it the images per subject and per
/// class are the published ones; which subject has the fourth take of what is ours.
struct Uneven {
  int subject;
  const char* expression;
  int takes;
};
constexpr Uneven kUneven[] = {
    {0, "FE", +1},
    {0, "HA", +1},
    {1, "FE", +1},
    {2, "SA", +1},
    {3, "DI", -1},
    {6, "SA", -1},
    {9, "SA", +1},
};

int takes_of(int subject, const char* code) {
  for (const Uneven& uneven : kUneven)
    if (uneven.subject == subject && std::string_view(uneven.expression) == code)
      return kTakes + uneven.takes;
  return kTakes;
}

/// The published ten, then invented codes: QA QB ... TV.
std::string subject_code(int subject) {
  if (subject < kSubjects) return kSubjectCodes[subject];
  const int extra = subject - kSubjects;
  return {static_cast<char>('Q' + extra / 26), static_cast<char>('A' + extra % 26)};
}

int next_number(int number) {
  do ++number;
  while (std::ranges::find(kMissingNumbers, number) != std::end(kMissingNumbers));
  return number;
}

void synthesize(const fs::path& out, const SynthesizeOptions& options) {
  if (options.subjects < 1 || options.subjects > kMostSubjects)
    fail(Exit::kUsage, "--subjects {}: from 1 to {}", options.subjects, kMostSubjects);
  std::vector<PlannedPicture> plan;
  int number = 0;
  for (int subject = 0; subject < options.subjects; ++subject)
    for (const auto& [code, expression] : kClassTable)
      for (int take = 1; take <= takes_of(subject, code); ++take) {
        number = next_number(number);
        plan.push_back(
            {.file = fmt::format("{}.{}{}.{}.tiff", subject_code(subject), code, take, number),
             .face = {.seed = options.seed,
                      .subject = subject,
                      .expression = expression,
                      .sitting = take,
                      .number = number,
                      .style = FaceStyle::kLab,
                      .width = 256,
                      .height = 256,
                      .face_share = .7,
                      .head = options.head}});
      }
  MIEN_ASSERT(options.subjects != kSubjects || number == kLastNumber);
  draw_pictures(out, plan);
  mark_stand_in(kJaffe, out, options);
}

// ---- published counts --------------------------------------------------------------------------

constexpr std::int64_t kAll[kClasses] = {30, 29, 32, 31, 30, 31, 30};  // 213
constexpr SplitCounts kCounts[] = {{"all", kAll}};

}  // namespace

// ---- entry -------------------------------------------------------------------------------------

const DatasetEntry kJaffe = {
    .name = "jaffe",
    .title = "JAFFE (Lyons et al. 1998)",
    .licence = "non-commercial research, access by request; no redistribution",
    .how_to_obtain = "request access at Zenodo record 3451524 and put its .tiff files there",
    .tree =
        "jaffe/\n"
        "  KA.AN1.39.tiff       213 of them, in this folder or any below it; .tif as well\n",
    .class_names = kClassNames,
    .split_names = kSplitNames,
    .counts = kCounts,
    .files = {},
    .errata = kErrata,
    .frame_rules = {},
    .named_splits = kNamedSplits,
    .reader_version = 1,
    .stand_in_version = 1,
    .stand_in_subjects = kSubjects,
    .sources = sources,
    .read = read,
    .synthesize = synthesize,
};

}  // namespace mien
