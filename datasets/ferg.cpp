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
#include <algorithm>
#include <tuple>

#include "datasets/csv.h"
#include "datasets/dataset.h"
#include "datasets/listing.h"
#include "datasets/stand_in_tree.h"
#include "harness/core/error.h"

namespace fs = std::filesystem;

namespace mien {

extern const DatasetEntry kFerg;

namespace {

constexpr int kClasses = 7, kCharacters = 6;
constexpr const char* kClassNames[kClasses] = {
    "anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"};
/// The same as draw_face names them.
constexpr const char* kExpressions[kClasses] = {
    "angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"};
constexpr const char* kCharacterNames[kCharacters] = {
    "aia", "bonnie", "jules", "malcolm", "mery", "ray"};
constexpr const char* kSplitNames[] = {"all"};
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

template <std::size_t N>
int index_in(const char* const (&names)[N], std::string_view name) {
  const auto found = std::ranges::find(names, name);
  return found == std::end(names) ? -1 : static_cast<int>(found - std::begin(names));
}

/// Reads "<character>/<character>_<expression>/<character>_<expression>_<number>.png", the end of a
/// path. False for anything else; the expression may be one that this set does not have.
bool parse_path(std::string_view path, Name& name) {
  const std::vector<std::string_view> parts = parts_of(path);
  if (parts.size() < 3) return false;
  const std::string character = lower(parts[parts.size() - 3]),
                    folder = lower(parts[parts.size() - 2]);
  const std::string file = lower(parts.back());
  name.character = index_in(kCharacterNames, character);
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
    const int label = index_in(kClassNames, name.expression);
    if (label < 0) {
      listing.problems.push_back({file, "no expression is called " + printable(name.expression)});
      continue;
    }
    found.push_back(
        {name,
         {.id = fmt::format(
              "{}_{}_{}", kCharacterNames[name.character], name.expression, name.number),
          .file = file,
          .label = label,
          .subject = name.character,
          .is_face_crop = true}});
  }
  if (found.empty())
    fail(Exit::kPrecondition,
         "{}: no picture such as FERG_DB_256/aia/aia_anger/aia_anger_1.png; {}",
         source.string(),
         kFerg.how_to_obtain);
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

// ---- stand-in ----------------------------------------------------------------------------------

constexpr int kMovement = 3;  // neighbours that differ little, as frames of a movement do

/// Images of each character and class; fewer where not all characters are drawn, as tests do.
int images_per_class(int characters) { return characters == kCharacters ? 30 : 4; }

void synthesize(const fs::path& out, const SynthesizeOptions& options) {
  if (options.subjects < 1 || options.subjects > kCharacters)
    fail(Exit::kUsage,
         "--subjects {}: from 1 to {}, the characters that there are",
         options.subjects,
         kCharacters);
  const int per_class = images_per_class(options.subjects);
  std::vector<PlannedPicture> plan;
  for (int character = 0; character < options.subjects; ++character)
    for (int label = 0; label < kClasses; ++label)
      for (int number = 1; number <= per_class; ++number) {
        const std::string folder =
            fmt::format("{}_{}", kCharacterNames[character], kClassNames[label]);
        plan.push_back(
            {.file = fmt::format(
                 "FERG_DB_256/{}/{}/{}_{}.png", kCharacterNames[character], folder, folder, number),
             .face = {.seed = options.seed,
                      .subject = character,
                      .expression = kExpressions[label],
                      .sitting = (per_class * label + number) / kMovement,
                      .number = number,
                      .style = FaceStyle::kToon,
                      .width = 256,
                      .height = 256,
                      .channels = 3,
                      .head = options.head}});
      }
  draw_pictures(out, plan);
  mark_stand_in(kFerg, out, options);
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
    .class_names = kClassNames,
    .split_names = kSplitNames,
    .counts = {},  // per class not published; the total is compared by `list`
    .files = {},
    .errata = kErrata,
    .frame_rules = {},
    .named_splits = kNamedSplits,
    .reader_version = 1,
    .stand_in_version = 1,
    .stand_in_subjects = kCharacters,
    .sources = sources,
    .read = read,
    .synthesize = synthesize,
};

}  // namespace mien
