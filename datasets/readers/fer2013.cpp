// FER2013: 35,887 faces from a web image search, gray, 48x48, seven expressions. Goodfellow et al.,
// "Challenges in Representation Learning: A report on three machine learning contests", 2013
// (arXiv 1307.0414). Licence: none found that allows redistribution; the competition's rules forbid
// private sharing and the photographs belong to their owners. This program reads a user's own copy.
//
// On disk, looked for in this order (that of torchvision), in the open first, then in archives:
//
//   file                  columns                      rows     quirks
//   fer2013.csv           emotion,pixels,Usage         35,887   LF
//   icml_face_data.csv    emotion, Usage, pixels       35,887   LF; blanks in the header
//   train.csv             emotion,"pixels"             28,709   CRLF; pixels in quotes
//   test.csv              "pixels"                      7,178   CRLF; no labels; the rows of
//                                                               PublicTest, then of PrivateTest
//   fer2013new.csv        see ferplus.h                35,887   optional: FER+ votes
//
//   emotion  0 angry 1 disgust 2 fear 3 happy 4 sad 5 surprise 6 neutral
//   pixels   2,304 numbers 0..255, row by row, one space apart
//   Usage    Training, PublicTest (validation), PrivateTest (test)
//
// All four are the same rows in the same order: written from one another they give the published
// digests. torchvision's "test" split is PublicTest and PrivateTest together.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "datasets/formats/archive_folder.h"
#include "datasets/formats/csv.h"
#include "datasets/readers/fer2013_csv.h"
#include "datasets/readers/ferplus.h"
#include "datasets/tree/inspect.h"
#include "datasets/tree/listing.h"
#include "datasets/tree/stand_in_marker.h"
#include "harness/base/error.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {

extern const DatasetEntry kFer2013;

namespace {

// ---- errata: what is odd about the data --------------------------------------------------------

constexpr const char* kErrata[] = {
    "34,034 of the 35,887 images are distinct; 1,516 groups of pixel-identical images, 57 of them "
    "with conflicting labels, 557 of them spanning splits",
    "288 PrivateTest and 280 PublicTest rows are pixel-identical to a Training row",
    "12 images are of one gray level (11 Training, 1 PublicTest)",
    "human accuracy is about 65 % (Goodfellow et al. 2013): many labels are wrong",
    "test.csv carries no labels; torchvision's test split is PublicTest and PrivateTest together",
    "FER+ joins by row order only: the number in its image names differs from the row in 35,657 of "
    "35,714 named rows",
    "copies as JPEG folders are re-encoded and often split anew: they are other datasets",
};

// ---- splits ------------------------------------------------------------------------------------

const NamedSplit kNamedSplits[] = {
    {"official", "the contest: PublicTest selects, PrivateTest is scored", {}},
    {"swapped",
     "Khaireddin & Chen (arXiv 2105.03588): PrivateTest selects, PublicTest is scored",
     {.validation = {"PrivateTest"}, .test = {"PublicTest"}}},
};

// ---- reader ------------------------------------------------------------------------------------

constexpr KnownFile kFiles[] = {
    {"fer2013.csv", "f8428a1edbd21e88f42c73edd2a14f95", "301,072,766 bytes; the usual copy"},
    {"icml_face_data.csv", "b114b9e04e6949e5fe8b6a98b3892b1d", "301,072,768 bytes; with labels"},
    {"train.csv", "3f0dfb3d3fd99c811a1299cb947e3131", "240,699,943 bytes; Training"},
    {"test.csv", "b02c2298636a634e8c2faabbf3ea9a23", "60,125,203 bytes; no labels"},
    {"fer2013new.csv", "413eba86d6e454536b99705b8c7fc5c5", "1,602,762 bytes; FER+ votes, MIT"},
};
constexpr const char* kCsvNames[] = {"fer2013.csv", "icml_face_data.csv", "train.csv", "test.csv"};
constexpr const char* kFerPlusNames[] = {"fer2013new.csv", "ferplus-fer2013new.csv"};

struct Part {
  Place place;
  Fer2013Csv kind;
};

struct Layout {
  std::string name;  // files by which it is known, as in the manifest
  std::vector<Part> parts;
};

Layout find_layout(const fs::path& source) {
  const std::map<std::string, Place> places = find_places(source, kCsvNames);
  for (const char* whole : {"fer2013.csv", "icml_face_data.csv"})
    if (const auto found = places.find(whole); found != places.end())
      return {whole, {{found->second, Fer2013Csv::kWhole}}};
  const auto train = places.find("train.csv"), test = places.find("test.csv");
  if (train == places.end())
    fail_not_found(kFer2013,
                   source,
                   "none of fer2013.csv, icml_face_data.csv, train.csv here, nor an archive "
                   "(.tar.gz, .tgz, .zip) with one of them");
  Layout layout{"train.csv", {{train->second, Fer2013Csv::kTrain}}};
  if (test != places.end()) {
    layout.name += "+test.csv";
    layout.parts.push_back({test->second, Fer2013Csv::kTest});
  }
  return layout;
}

/// A file that was read.
struct SourceFile {
  std::string label;  // without its folder
  std::uint64_t bytes;
  std::string md5;
  bool published;
};

SourceFile finish(CsvLines& lines, const Place& place) {
  SourceFile file{label_of(place), lines.bytes(), lines.md5(), false};
  file.published = std::any_of(std::begin(kFiles), std::end(kFiles), [&](const KnownFile& known) {
    return file.md5 == known.md5;
  });
  return file;
}

Fer2013Rows read_parts(const Layout& layout, std::vector<SourceFile>& files) {
  Fer2013Rows rows;
  for (const Part& part : layout.parts) {
    CsvLines lines(open_place(part.place));
    read_fer2013_csv(lines, part.kind, rows);
    files.push_back(finish(lines, part.place));
  }
  return rows;
}

Samples samples_of(Fer2013Rows&& rows) {
  Samples s;
  s.dataset = kFer2013.name;
  s.class_names.assign(std::begin(kFer2013Classes), std::end(kFer2013Classes));
  s.split_names.assign(std::begin(kFer2013Splits), std::end(kFer2013Splits));
  s.height = s.width = static_cast<std::int64_t>(kFer2013Side);
  s.images = std::move(rows.images);
  s.labels = std::move(rows.labels);
  s.split = std::move(rows.split);
  s.subject.assign(s.labels.size(), -1);
  s.sequence.assign(s.labels.size(), -1);
  s.ids.reserve(s.labels.size());
  for (std::size_t row = 0; row < s.labels.size(); ++row)
    s.ids.push_back(fmt::format("row{:05}", row));
  return s;
}

ordered_json join_votes(const fs::path& source, Samples& samples, std::vector<SourceFile>& files) {
  std::error_code ignored;
  for (const char* name : kFerPlusNames) {
    if (!fs::exists(source / name, ignored)) continue;
    const Place place{source / name, ""};
    CsvLines lines(open_place(place));
    ordered_json facts = join_ferplus(lines, samples);
    files.push_back(finish(lines, place));
    return facts;
  }
  return nullptr;
}

/// A marker identifies a stand-in, digests identify real data. Anything else needs
/// --accept-unverified.
DataKind kind_of(const fs::path& source,
                 const std::optional<StandInMarker>& marker,
                 const std::vector<SourceFile>& files,
                 const ReadOptions& options) {
  DataKind kind = marker ? DataKind::kStandIn : DataKind::kReal;
  for (const SourceFile& file : files) {
    const std::string path = (source / file.label).string();
    if (marker && file.md5 != marker->md5)
      fail(Exit::kIntegrity,
           "{}: md5 {}, but {} records {}; delete the folder, the stand-in is made anew",
           path,
           file.md5,
           kMarkerName,
           marker->md5);
    if (marker || file.published) continue;
    if (!options.accept_unverified)
      fail(Exit::kPrecondition,
           "{}: md5 {} is not a published one (fer2013.csv has {}); fetch the file again, "
           "or read it as it is with --accept-unverified",
           path,
           file.md5,
           kFiles[0].md5);
    kind = DataKind::kUnverified;
  }
  return kind;
}

ordered_json manifest_of(const Layout& layout,
                         const std::vector<SourceFile>& files,
                         const Samples& samples) {
  ordered_json manifest = {{"layout", layout.name}, {"sources", ordered_json::array()}};
  for (const SourceFile& file : files)
    manifest["sources"].push_back({{"file", file.label},
                                   {"bytes", file.bytes},
                                   {"md5", file.md5},
                                   {"published", file.published}});
  manifest["counts"] = class_counts(samples);
  const ImageKeys keys = image_keys(samples);
  manifest["duplicates"] = duplicates(samples, keys);
  manifest["constant_images"] = constant_images(samples, keys);
  return manifest;
}

Samples read(const fs::path& source, const ReadOptions& options) {
  const Layout layout = find_layout(source);
  const std::optional<StandInMarker> marker = read_marker(source);
  std::vector<SourceFile> files;
  Samples samples = samples_of(read_parts(layout, files));
  const ordered_json votes = join_votes(source, samples, files);
  samples.data = kind_of(source, marker, files, options);
  if (samples.data == DataKind::kReal) check_counts(kFer2013, samples);
  ordered_json manifest = manifest_of(layout, files, samples);
  if (!votes.is_null()) manifest["ferplus"] = votes;
  if (marker) {
    samples.subject = subjects_of(*marker, samples.labels.size());
    manifest["stand_in"] = stand_in_facts(*marker);
  } else {
    manifest["errata"] = kErrata;
  }
  samples.manifest = manifest.dump();
  return samples;
}

std::vector<fs::path> sources(const fs::path& source) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const char* name : kCsvNames)
    if (fs::exists(source / name, ignored)) files.push_back(source / name);
  for (const fs::path& archive : archives_of(source)) files.push_back(archive);
  if (files.empty()) return files;
  for (const char* name : {kFerPlusNames[0], kFerPlusNames[1], kMarkerName})
    if (fs::exists(source / name, ignored)) files.push_back(source / name);
  std::sort(files.begin(), files.end());
  return files;
}

// ---- published counts --------------------------------------------------------------------------

constexpr std::int64_t kTraining[] = {3995, 436, 4097, 7215, 4830, 3171, 4965};  // 28,709
constexpr std::int64_t kPublicTest[] = {467, 56, 496, 895, 653, 415, 607};       //  3,589
constexpr std::int64_t kPrivateTest[] = {491, 55, 528, 879, 594, 416, 626};      //  3,589
constexpr SplitCounts kCounts[] = {
    {"Training", kTraining}, {"PublicTest", kPublicTest}, {"PrivateTest", kPrivateTest}};

}  // namespace

// ---- entry -------------------------------------------------------------------------------------

const DatasetEntry kFer2013 = {
    .name = "fer2013",
    .title = "FER2013 (Goodfellow et al. 2013)",
    .licence = "no licence found that allows redistribution; photographs belong to their owners",
    .how_to_obtain =
        "get fer2013.csv or the archive of the Kaggle competition 'Challenges in "
        "Representation Learning: Facial Expression Recognition Challenge' and put it "
        "there; optionally fer2013new.csv of microsoft/FERPlus beside it",
    .tree =
        "fer2013/\n"
        "  fer2013.csv          or icml_face_data.csv, or train.csv (and test.csv),\n"
        "                       or an archive (.tar.gz, .tgz, .zip) with one of them\n"
        "  fer2013new.csv       optional: FER+ votes\n",
    .class_names = kFer2013Classes,
    .split_names = kFer2013Splits,
    .counts = kCounts,
    .files = kFiles,
    .errata = kErrata,
    .frame_rules = {},
    .named_splits = kNamedSplits,
    .reader_version = 1,
    .sources = sources,
    .read = read,
};

}  // namespace mien
