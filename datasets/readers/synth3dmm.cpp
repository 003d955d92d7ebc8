// Synth3DMM: rendered pictures of a morphable head with the coefficients that they show, as
// networks that regress these learn from (Chang et al., "ExpNet", FG 2018, learned from photographs
// with coefficients that had been fitted to them). Mien renders the set itself.
//
// On disk:
//
//   images/<split>/<subject>_<number>.png   227x227 px; split: train, validation, test; .jpg too
//   coefficients.csv                        ID, s0 ..., e0 ..., p0 ... p5: identity and expression
//                                           in standard deviations, pose as `bench mesh` takes it
//   landmarks.csv                           ID, l0x, l0y ... l67x, l67y: the 68 in iBUG order where
//                                           the picture of 227x227 px has them, seen or hidden: px
//                                           to the right and down from the corner of the picture,
//                                           so that the centre of the first pixel is (0.5, 0.5)
//   model.safetensors                       the head in principal modes, as save_face_model writes
//
// 227 px is the crop of the published code: FacePoseNet takes it whole, ExpNet resized to 224. All
// pictures are taken by the standard camera (camera.h), which the manifest's facts describe: the
// head that the coefficients make, posed and projected, has its landmarks where the table says.
#include "datasets/readers/synth3dmm.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "datasets/face_models/face_models.h"
#include "datasets/formats/csv.h"
#include "datasets/tree/listing.h"
#include "datasets/tree/tree.h"
#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/geometry/camera.h"

namespace fs = std::filesystem;

namespace mien {

extern const DatasetEntry kSynth3dmm;

namespace {

constexpr const char* kSplitNames[] = {"train", "validation", "test"};
constexpr const char* kTable = "coefficients.csv";
constexpr const char* kLandmarks = "landmarks.csv";
constexpr const char* kModel = "model.safetensors";

constexpr const char* kErrata[] = {
    "drawn, not photographed: an error here says nothing about an error on photographs",
    "coefficients are independent and normal, which those of real faces are not",
    "creases and skin do not follow the expression, only the shape does",
};

// ---- splits ------------------------------------------------------------------------------------

const NamedSplit kNamedSplits[] = {
    {"subjects",
     "ours: eight tenths of the subjects train, one validates, one is tested",
     {.train = {"train"}, .validation = {"validation"}, .test = {"test"}}},
};

// ---- reader ------------------------------------------------------------------------------------

/// One of the pack's tensors.
struct Group {
  const char* target;
  std::vector<std::string> names, columns;  // in the pack, in the table
  std::vector<float> std;
};

/// Numbers of a sample, group by group.
using Rows = std::map<std::string, std::vector<float>, std::less<>>;

struct Table {
  const char* file;
  std::vector<Group> groups;
  std::string columns;  // what they follow from, for people
  Rows rows = {};
};

struct Source {
  Listing listing;
  std::vector<Table> tables;
};

std::vector<std::string> numbered(char letter, std::size_t count) {
  std::vector<std::string> names(count);
  for (std::size_t i = 0; i < count; ++i) names[i] = fmt::format("{}{}", letter, i);
  return names;
}

Table coefficient_table(const FaceModel& model) {
  const auto group = [](const char* target, char letter, auto names, auto std) {
    return Group{target, names, numbered(letter, names.size()), std};
  };
  const std::vector<std::string> pose = {"r0", "r1", "r2", "t0_mm", "t1_mm", "t2_mm"};
  return {kTable,
          {group("identity", 's', model.identity_names, model.identity_std),
           group("coefficients", 'e', model.expression_names, model.expression_std),
           group("pose", 'p', pose, std::vector<float>())},
          fmt::format("{} has {} identity and {} expression modes",
                      kModel,
                      model.identity_components(),
                      model.expression_components())};
}

Table landmark_table() {
  std::vector<std::string> names;
  for (int k = 0; k < 68; ++k)
    for (const char axis : {'x', 'y'}) names.push_back(fmt::format("l{}{}", k, axis));
  return {kLandmarks, {{"landmarks", names, names, {}}}, "there are 68 landmarks"};
}

/// Returns the place of each column of the table, in the order of its groups. Error: a column is
/// missing, or there are others.
std::vector<std::size_t> columns_of(const CsvHeader& header,
                                    const CsvLines& lines,
                                    const Table& table) {
  std::vector<std::size_t> columns;
  for (const Group& group : table.groups)
    for (const std::string& name : group.columns) columns.push_back(header.column(name));
  if (header.columns() != columns.size() + 1)
    lines.reject(fmt::format(
        "{} columns, but {}, so {}", header.columns(), table.columns, columns.size() + 1));
  return columns;
}

/// Appends the cells to `values`. Returns "", or what is wrong where one is not a finite number.
std::string parse(const std::vector<std::string_view>& cells,
                  const std::vector<std::size_t>& columns,
                  std::vector<float>& values) {
  for (const std::size_t column : columns) {
    const std::string_view cell = cells[column];
    float value = 0;
    const auto [stop, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc() || stop != cell.data() + cell.size() || !std::isfinite(value))
      return fmt::format("column {}: '{}' is not a finite number", column + 1, excerpt(cell));
    values.push_back(value);
  }
  return "";
}

void read_rows(const fs::path& folder, Table& table, std::vector<Problem>& problems) {
  CsvLines lines(open_file(folder / table.file));
  const CsvHeader header(lines);
  const std::size_t id = header.column("ID");
  const std::vector<std::size_t> columns = columns_of(header, lines, table);
  std::vector<std::string_view> cells(header.columns());
  std::size_t number = 1;
  for (std::string_view line; lines.next(line);) {
    ++number;
    lines.require_line_end();
    std::vector<float> values;
    std::string fault = "another number of cells than the first line";
    if (split_cells(line, cells)) fault = parse(cells, columns, values);
    if (fault.empty() && !table.rows.try_emplace(std::string(cells[id]), std::move(values)).second)
      fault = fmt::format("a second row of {}", excerpt(cells[id]));
    if (!fault.empty()) problems.push_back({table.file, fmt::format("line {}: {}", number, fault)});
  }
}

/// Returns the split of a picture; -1 where `path` is not a picture of this dataset.
int split_of(std::string_view path) {
  const std::vector<std::string_view> parts = parts_of(path);
  if (parts.size() != 3 || parts[0] != "images") return -1;
  if (!has_ending(parts[2], kPictureEndings)) return -1;
  const auto split = std::ranges::find(kSplitNames, parts[1]);
  return split == std::end(kSplitNames) ? -1 : static_cast<int>(split - std::begin(kSplitNames));
}

std::int32_t subject_in(std::string_view id) {
  return static_cast<std::int32_t>(small_number(id.substr(0, id.find('_')), 0, 999999999));
}

/// Returns the first table without a row of `id`; null where all have one.
const Table* table_without(const Source& source, std::string_view id) {
  for (const Table& table : source.tables)
    if (!table.rows.contains(id)) return &table;
  return nullptr;
}

/// Lists the pictures with a row in every table. A picture without a row, or a row without a
/// picture, is a problem.
void list_pictures(const std::vector<std::string>& files, Source& source) {
  std::set<std::string, std::less<>> seen;
  for (const std::string& file : files) {
    const int split = split_of(file);
    if (split < 0) continue;
    const std::string_view name = parts_of(file).back();
    const std::string id(name.substr(0, name.rfind('.')));
    seen.insert(id);
    if (const Table* table = table_without(source, id)) {
      source.listing.problems.push_back({file, fmt::format("no usable row in {}", table->file)});
      continue;
    }
    source.listing.pictures.push_back(
        {.id = id, .file = file, .subject = subject_in(id), .split = split, .is_face_crop = true});
  }
  for (const Table& table : source.tables)
    for (const auto& [id, values] : table.rows)
      if (!seen.contains(id))
        source.listing.problems.push_back(
            {table.file, fmt::format("no picture of {}", excerpt(id))});
}

/// Describes the camera for programs that fit the head; see the top of this file and camera.h.
nlohmann::ordered_json camera_facts() {
  return {{"projection", "perspective: x = cx - f X / Z, y = cy + f Y / Z, Z < 0"},
          {"focal_px", kFocal * kSynthSide},
          {"principal_px", {kSynthSide / 2.0, kSynthSide / 2.0}},
          {"pose", "(X, Y, Z) = R v + t in mm: apply_pose of the target pose"}};
}

Source list(const fs::path& folder) {
  std::vector<std::string> files;
  Source source{start_listing(kSynth3dmm, folder, files), {}};
  for (const char* needed : {kTable, kLandmarks, kModel})
    if (std::ranges::find(files, needed) == files.end())
      fail_not_found(kSynth3dmm, folder, fmt::format("no {}", needed));
  const FaceModel model = load_face_model(folder / kModel);
  source.tables = {coefficient_table(model), landmark_table()};
  for (Table& table : source.tables) read_rows(folder, table, source.listing.problems);
  list_pictures(files, source);
  source.listing.data = DataKind::kUnverified;  // nothing is published that a copy could equal
  source.listing.other_files = {kTable, kLandmarks, kModel};
  source.listing.facts["camera"] = camera_facts();
  source.listing.facts["model"] = {{"name", model.name},
                                   {"licence", model.licence},
                                   {"identity_modes", model.identity_components()},
                                   {"expression_modes", model.expression_components()}};
  return source;
}

std::map<std::string, Targets> targets_of(const Source& source,
                                          const std::vector<std::string>& ids) {
  std::map<std::string, Targets> targets;
  for (const Table& table : source.tables) {
    std::size_t first = 0;
    for (const Group& group : table.groups) {
      const std::size_t width = group.names.size();
      if (width == 0) continue;
      Targets& target = targets[group.target];
      target.names = group.names;
      target.std = group.std;
      for (const std::string& id : ids) {
        const float* values = table.rows.at(id).data() + first;
        target.values.insert(target.values.end(), values, values + width);
      }
      first += width;
    }
  }
  return targets;
}

Samples read(const fs::path& folder, const ReadOptions& options) {
  const Source source = list(folder);
  Samples samples = read_tree(
      kSynth3dmm, folder, source.listing, {.side_px = kSynthSide, .channels = 3}, options);
  samples.targets = targets_of(source, samples.ids);
  samples.face_model = folder / kModel;
  return samples;
}

std::vector<fs::path> sources(const fs::path& folder) {
  return files_for(folder, [](std::string_view path) {
    return path == kTable || path == kLandmarks || path == kModel || split_of(path) >= 0;
  });
}

}  // namespace

// ---- entry -------------------------------------------------------------------------------------

const DatasetEntry kSynth3dmm = {
    .name = "synth3dmm",
    .title = "Synth3DMM (rendered training pairs of a morphable head)",
    .licence = "none needed: drawn by this program; that of the model where the head is another's",
    .how_to_obtain = "make it: bench data synthesize synth3dmm --out DIR --subjects N",
    .tree =
        "synth3dmm/\n"
        "  images/train/00000_00.png    and validation, test; 227x227 px; .jpg too\n"
        "  coefficients.csv             ID, s0 ..., e0 ..., p0 ... p5\n"
        "  landmarks.csv                ID, l0x, l0y ... l67x, l67y: px\n"
        "  model.safetensors            the head in principal modes\n",
    .class_names = {},
    .split_names = kSplitNames,
    .counts = {},
    .files = {},
    .errata = kErrata,
    .frame_rules = {},
    .named_splits = kNamedSplits,
    .reader_version = 2,
    .sources = sources,
    .read = read,
    .has_targets = true,
};

}  // namespace mien
