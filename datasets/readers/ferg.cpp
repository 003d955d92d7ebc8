// FERG-DB: 55,767 renderings of six stylised characters with seven expressions. Aneja et al.,
// "Modeling Stylized Character Expressions via Deep Learning", ACCV 2016. Licence: research, behind
// a form, no redistribution. This program reads a user's own copy.
//
// On disk, with or without FERG_DB_256:
//
//   FERG_DB_256/aia/aia_anger/aia_anger_1.png     256x256, colour
//
//   character    aia bonnie jules malcolm mery ray
//   expression   anger disgust fear joy neutral sadness surprise ("joy" is happy)
#include "datasets/readers/ferg.h"

#include <algorithm>
#include <tuple>

#include "datasets/formats/csv.h"
#include "datasets/tree/listing.h"
#include "datasets/tree/tree.h"
#include "harness/base/error.h"
#include "harness/base/text.h"

namespace fs = std::filesystem;

namespace mien {

extern const DatasetEntry kFerg;

namespace {

constexpr std::int64_t kImages = 55'767;

// Deep-Emotion, which reports on this set, takes 48x48 px.
constexpr int kSide = 48;

constexpr const char* kErrata[] = {
    "six characters are all there are: a split over images has every character on both sides",
    "some pages count 55,769 images; the project page counts 55,767",
    "happy is called joy",
};

// ---- splits ------------------------------------------------------------------------------------

const NamedSplit kNamedSplits[] = {
    {"character6",
     "leave one character out: six folds",
     {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 0}},
    {"deepemotion",
     "Deep-Emotion: about 34k/14k/7k, 1,000 random test images per class; every character lies on "
     "both sides",
     {.scheme = SplitScheme::kHoldout,
      .unit = SplitUnit::kImage,
      .validation_total = 14'000,
      .test_per_class = 1'000,
      .counts_of = kImages}},
};

// ---- reader ------------------------------------------------------------------------------------

struct Name {
  int character = -1;
  std::string expression;  // in lower case
  std::int64_t number = -1;
};

/// Reads "<character>/<character>_<expression>/<character>_<expression>_<number>.png", the end of a
/// path. False for anything else; the expression may be one that this set does not have.
bool parse_path(std::string_view path, Name& name) {
  const std::vector<std::string_view> parts = parts_of(path);
  if (parts.size() < 3) return false;
  const std::string character = lower(parts[parts.size() - 3]),
                    folder = lower(parts[parts.size() - 2]);
  const std::string file = lower(parts.back());
  name.character = index_of(kFergCharacterNames, character);
  if (name.character < 0 || !folder.starts_with(character + "_") ||
      !file.starts_with(folder + "_") || !file.ends_with(".png"))
    return false;
  name.expression = folder.substr(character.size() + 1);
  const std::size_t begin = folder.size() + 1;
  name.number =
      small_number(std::string_view(file).substr(begin, file.size() - begin - 4), 0, 999'999'999);
  return name.number >= 0;
}

/// By character, class and number: a folder's own order would have 10 before 2.
void sort_pictures(std::vector<std::pair<Name, Picture>>& found) {
  std::ranges::stable_sort(found, {}, [](const std::pair<Name, Picture>& item) {
    return std::tuple(item.first.character, item.second.label, item.first.number);
  });
}

Listing list(const fs::path& source) {
  std::vector<std::string> files;
  Listing listing = start_listing(kFerg, source, files);
  std::vector<std::pair<Name, Picture>> found;
  std::int64_t ignored = 0;
  for (const std::string& file : files) {
    Name name;
    if (!parse_path(file, name)) {
      ++ignored;
      continue;
    }
    const int label = index_of(kFergClassNames, name.expression);
    if (label < 0) {
      listing.problems.push_back({file, "no expression is called " + excerpt(name.expression)});
      continue;
    }
    found.push_back(
        {name,
         {.id = fmt::format(
              "{}_{}_{}", kFergCharacterNames[name.character], name.expression, name.number),
          .file = file,
          .label = label,
          .subject = name.character,
          .is_face_crop = true}});
  }
  if (found.empty())
    fail_not_found(kFerg, source, "no picture such as FERG_DB_256/aia/aia_anger/aia_anger_1.png");
  sort_pictures(found);
  for (auto& [name, picture] : found) listing.pictures.push_back(std::move(picture));
  compare(listing, "images", std::ssize(listing.pictures), kImages);
  listing.facts["ignored_files"] = ignored;
  return listing;
}

Samples read(const fs::path& source, const ReadOptions& options) {
  return read_tree(kFerg, source, list(source), {.side_px = kSide}, options);
}

std::vector<fs::path> sources(const fs::path& source) {
  return files_for(source, [](std::string_view path) {
    Name name;
    return parse_path(path, name);
  });
}

}  // namespace

// ---- entry -------------------------------------------------------------------------------------

const DatasetEntry kFerg = {
    .name = "ferg",
    .title = "FERG-DB (Aneja et al. 2016)",
    .licence = "research, behind a form; no redistribution",
    .how_to_obtain =
        "fill in the form on the FERG-DB page of grail.cs.washington.edu and unpack its archive "
        "there",
    .tree =
        "ferg/\n"
        "  FERG_DB_256/aia/aia_anger/aia_anger_1.png    the first folder may be left out\n",
    .class_names = kFergClassNames,
    .split_names = kOneSplit,
    .counts = {},  // per class not published; the total is compared by `list`
    .files = {},
    .errata = kErrata,
    .frame_rules = {},
    .named_splits = kNamedSplits,
    .reader_version = 1,
    .sources = sources,
    .read = read,
};

}  // namespace mien
