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
#include "datasets/readers/jaffe.h"

#include <algorithm>
#include <map>
#include <set>

#include "datasets/formats/csv.h"
#include "datasets/tree/listing.h"
#include "datasets/tree/tree.h"
#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {

extern const DatasetEntry kJaffe;

namespace {

constexpr const char* kClassNames[kJaffeClasses] = {
    "anger", "disgust", "fear", "happy", "neutral", "sad", "surprise"};

constexpr int kImages = 213;
constexpr int kPerSubject[kJaffeSubjects] = {23, 22, 22, 20, 21, 21, 20, 21, 21, 22};

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

/// Parses "KA.AN1.39.tiff". Returns false for any other form.
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

/// The published ten first; whoever else is there follows in alphabetical order.
std::map<std::string, std::int32_t> number_subjects(const std::set<std::string>& found) {
  std::map<std::string, std::int32_t> numbers;
  std::int32_t next = 0;
  for (const char* code : kJaffeSubjectCodes) numbers[code] = next++;
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
    const std::int64_t label = index_of(kJaffeClassCodes, name.expression);
    if (label < 0) {
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
                                .label = label});
    names.push_back(name);
    codes.insert(name.subject);
  }
  std::map<std::string, std::int32_t> subjects = number_subjects(codes);
  for (std::size_t i = 0; i < names.size(); ++i)
    listing.pictures[i].subject = subjects[names[i].subject];
  compare(listing, "subjects", std::ssize(codes), kJaffeSubjects);
  compare(listing, "images", std::ssize(listing.pictures), kImages);
  listing.facts["ignored_files"] = ignored;
}

void compare_with_published(Listing& listing) {
  for (int subject = 0; subject < kJaffeSubjects; ++subject)
    compare(listing,
            fmt::format("images_{}", kJaffeSubjectCodes[subject]).c_str(),
            std::ranges::count(listing.pictures, subject, &Picture::subject),
            kPerSubject[subject]);
  for (std::int64_t label = 0; label < kJaffeClasses; ++label)
    compare(listing,
            fmt::format("images_{}", kClassNames[label]).c_str(),
            count_of(listing, label),
            kJaffe.counts[0].per_class[static_cast<std::size_t>(label)]);
}

Listing list(const fs::path& source) {
  std::vector<std::string> files;
  Listing listing = start_listing(kJaffe, source, files);
  add_pictures(files, listing);
  if (listing.pictures.empty()) fail_not_found(kJaffe, source, "no picture such as KA.AN1.39.tiff");
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

// ---- published counts --------------------------------------------------------------------------

constexpr std::int64_t kAll[kJaffeClasses] = {30, 29, 32, 31, 30, 31, 30};  // 213
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
    .split_names = kOneSplit,
    .counts = kCounts,
    .files = {},
    .errata = kErrata,
    .frame_rules = {},
    .named_splits = kNamedSplits,
    .reader_version = 1,
    .sources = sources,
    .read = read,
};

}  // namespace mien
