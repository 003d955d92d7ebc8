// REALY: 100 face scans with 100 frontal and 400 side pictures, for 3D reconstruction. Chai et al.,
// "REALY: Rethinking the Evaluation of 3D Face Reconstruction", ECCV 2022. Licence: the Headspace
// agreement (signed form, non-commercial research). This program reads a user's own copy.
//
// On disk; what is above these folders does not matter:
//
//   REALY_HIFI3D_keypoints/<id>.obj       85 vertices: the true keypoints; id from 1
//   REALY_scan_region/<id>/{nose,mouth,forehead,cheek}.obj
//   data/<TOPOLOGY>.obj, .txt             template; 85 keypoints [triangle, w0, w1] as JSON
//   data/metrical_scale.txt               millimetres per unit, row = id
//   REALY_image/.../<id>.png              frontal, 512x512; .jpg as well
//   REALY_image/.../<id>_<k>.png          from the side
//
// The pictures have no labels. How the set of side views names them is not published: these names
// are a guess.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "datasets/readers/realy_geometry.h"
#include "datasets/tree/listing.h"
#include "datasets/tree/tree.h"
#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {

extern const DatasetEntry kRealy;

namespace {

constexpr const char* kSplitNames[] = {"frontal", "side"};
constexpr int kFrontal = 100, kSide = 400;  // pictures, as published
constexpr double kScaleMean = 8.950, kScaleFirst = 8.754064, kScaleMin = 6.492, kScaleMax = 10.245;

constexpr const char* kErrata[] = {
    "the official toolkit skips missing predictions: a method that fails on hard pictures gains",
    "the official fit may mirror a prediction: a reflected face scores the same",
    "the toolkit's default topology HIFI3D++ has no file; HIFI3D has one",
    "the scale of subject 0 is the last row's; numbers above 100 have none",
};

// ---- splits ------------------------------------------------------------------------------------

const NamedSplit kNamedSplits[] = {
    {"frontal",
     "the benchmark's frontal table: all 100 are scored, nothing is trained",
     {.train = {}, .validation = {}, .test = {"frontal"}}},
    {"side",
     "the benchmark's side-view table: all 400 are scored, nothing is trained",
     {.train = {}, .validation = {}, .test = {"side"}}},
};

// ---- reader ------------------------------------------------------------------------------------

struct View {
  std::string_view stem;
  int subject, split;
  bool is_crop;  // some folder's name says so
};

/// Parses the path of a picture. Returns false where it is not one of this dataset.
bool parse_view(std::string_view path, View& view) {
  const std::vector<std::string_view> parts = parts_of(path);
  if (std::ranges::find(parts, "REALY_image") == parts.end()) return false;
  if (!has_ending(parts.back(), kPictureEndings)) return false;
  if (lower(path).find("depth") != std::string::npos) return false;
  view.stem = parts.back().substr(0, parts.back().rfind('.'));
  view.subject = realy_subject(view.stem);
  view.split = view.stem.find('_') == view.stem.npos ? 0 : 1;
  view.is_crop = std::ranges::any_of(parts, [](std::string_view part) {
    return part.find("512") != part.npos || lower(part).find("crop") != std::string::npos;
  });
  return view.subject >= 0;
}

/// Returns the pictures among `files`. Originals and crops have the same names, so where a folder
/// name says that it holds crops, only crops are used.
std::vector<std::pair<View, std::string>> views_in(const std::vector<std::string>& files) {
  std::vector<std::pair<View, std::string>> views;
  for (const std::string& file : files)
    if (View view; parse_view(file, view)) views.emplace_back(view, file);
  const auto is_crop = [](const auto& item) { return item.first.is_crop; };
  if (std::ranges::any_of(views, is_crop))
    std::erase_if(views, [&](const auto& item) { return !is_crop(item); });
  // A side view's number is short: by length, then by text is by number.
  std::ranges::stable_sort(views, {}, [](const auto& item) {
    const View& v = item.first;
    return std::tuple(v.split, v.subject, v.stem.size(), v.stem);
  });
  return views;
}

void compare_scales(Listing& listing) {
  nlohmann::ordered_json& scales = listing.facts["metrical_scale"];
  if (scales.is_null()) return;
  const auto near = [&](const char* name, double published, double tolerance) {
    return std::abs(scales.at(name).get<double>() - published) <= tolerance;
  };
  const bool equal = scales.at("rows") == kRealySubjects && near("mean", kScaleMean, 5e-4) &&
                     near("min", kScaleMin, 5e-4) && near("max", kScaleMax, 5e-4) &&
                     near("first", kScaleFirst, 5e-7);
  scales["as_published"] = equal;
  if (!equal) listing.data = DataKind::kUnverified;
}

Listing list(const fs::path& source) {
  std::vector<std::string> files;
  Listing listing = start_listing(kRealy, source, files);
  const RealyFiles geometry = find_realy_files(files, listing.problems);
  std::int64_t frontal = 0;
  for (const auto& [view, file] : views_in(files)) {
    if (!geometry.keypoints.contains(view.subject))
      listing.problems.push_back({file, fmt::format("no keypoints of subject {}", view.subject)});
    frontal += view.split == 0;
    listing.pictures.push_back({.id = std::string(view.stem),
                                .file = file,
                                .subject = view.subject,
                                .split = view.split,
                                .is_face_crop = true});
  }
  if (listing.pictures.empty())
    fail_not_found(kRealy, source, "no picture such as REALY_image/1.png");
  compare(listing, "subjects", std::ssize(geometry.keypoints), kRealySubjects);
  compare(listing, "frontal", frontal, kFrontal);
  compare(listing, "side", std::ssize(listing.pictures) - frontal, kSide);
  listing.facts.update(check_realy_geometry(source, geometry, listing.problems));
  compare_scales(listing);
  listing.other_files = geometry.all();
  return listing;
}

Samples read(const fs::path& source, const ReadOptions& options) {
  return read_tree(kRealy, source, list(source), {.side_px = 224, .channels = 3}, options);
}

std::vector<fs::path> sources(const fs::path& source) {
  std::vector<Problem> unused;
  return files_for(source, [&](std::string_view path) {
    const std::string file(path);
    View view;
    // Which texts go with a template is not known from one path: all are watched.
    return parse_view(path, view) || !find_realy_files({&file, 1}, unused).all().empty() ||
           file.ends_with(".txt");
  });
}

}  // namespace

// ---- entry -------------------------------------------------------------------------------------

const DatasetEntry kRealy = {
    .name = "realy",
    .title = "REALY (Chai et al. 2022)",
    .licence = "Headspace agreement: signed form, non-commercial research; no redistribution",
    .how_to_obtain =
        "sign the form that the repository czh-98/REALY names, and put its scan regions, "
        "keypoints and pictures there, with the repository's folder data",
    .tree =
        "realy/\n"
        "  REALY_HIFI3D_keypoints/1.obj    85 vertices; to 100.obj\n"
        "  REALY_scan_region/1/nose.obj    and mouth.obj, forehead.obj, cheek.obj; to 100\n"
        "  REALY_image/1.png               frontal, 512x512 px; 1_<k>.png from the side; .jpg too\n"
        "  data/HIFI3D.obj, HIFI3D.txt     and further topologies, of the repository\n"
        "  data/metrical_scale.txt         100 rows\n",
    .class_names = {},  // nothing is classified
    .split_names = kSplitNames,
    .counts = {},  // `list` compares them
    .files = {},
    .errata = kErrata,
    .frame_rules = {},
    .named_splits = kNamedSplits,
    .reader_version = 1,
    .sources = sources,
    .read = read,
};

}  // namespace mien
