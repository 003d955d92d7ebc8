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

#include "datasets/readers/ckplus_names.h"
#include "datasets/tree/listing.h"
#include "datasets/tree/tree.h"
#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {

extern const DatasetEntry kCkplus48;

namespace {

constexpr int kSide = 48, kFramesPerSequence = 3;

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
    kCkSubject10,
    {"image10",
     "ten folds over shuffled images; subjects and sequences lie on both sides",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kImage, .folds = 10}},
    {"deepemotion",
     "Deep-Emotion: 70/10/20 %; of what is not known, images assumed",
     {.scheme = SplitScheme::kHoldout,
      .unit = SplitUnit::kImage,
      .validation_share = .1,
      .test_share = .2}},
    kCkLoso,
    kCkSequence10,
};

// ---- reader ------------------------------------------------------------------------------------

bool is_ours(std::string_view path, CkName& name, std::int64_t& label) {
  const std::vector<std::string_view> parts = parts_of(path);
  if (parts.size() < 2) return false;
  label = index_of(kCkClassNames, parts[parts.size() - 2]);
  return label >= 0 && parse_ck_name(parts.back(), name) && name.ending == kCkFrame;
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
    fail_not_found(kCkplus48, source, "no picture such as anger/S010_004_00000017.png");
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
