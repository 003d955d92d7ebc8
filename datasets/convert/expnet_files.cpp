#include "datasets/convert/expnet_files.h"

#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "datasets/face_models/face_models.h"
#include "datasets/formats/csv.h"
#include "datasets/formats/image_header.h"
#include "datasets/images/image_io.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/base/text.h"
#include "harness/geometry/mesh.h"
#include "harness/geometry/reconstruct.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

// ---- tables ------------------------------------------------------------------------------------

/// "" where files may be called `id`.
std::string id_fault(std::string_view id) {
  constexpr std::size_t kLongest = 200;
  if (id.empty()) return "the ID is empty";
  if (id.size() > kLongest) return fmt::format("the ID is longer than {} bytes", kLongest);
  for (const char c : id)
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < ' ' || c == '\x7f')
      return fmt::format("the ID '{}' is not a file name", excerpt(id));
  return id.front() == '.' ? fmt::format("the ID '{}' begins with a dot", excerpt(id)) : "";
}

struct Row {
  std::string where;  // "faces.csv:3"
  std::string id;     // "" where `problem` is not
  std::string text;   // cell of the text column
  std::vector<double> numbers;
  std::string problem = {};
};

/// The rows of a table, each with its values or its problem.
class Table {
 public:
  explicit Table(const fs::path& path) : path_(path), lines_(open_file(path)) {
    std::string_view line;
    if (!lines_.next(line) || line.empty())
      fail(
          Exit::kPrecondition, "{}:1: the table is empty; expected a line of names", path.string());
    cells_.resize(1 + static_cast<std::size_t>(std::count(line.begin(), line.end(), ',')));
    split_cells(line, cells_);
    names_.assign(cells_.begin(), cells_.end());
  }

  const std::vector<std::string>& names() const { return names_; }
  [[noreturn]] void reject(const std::string& what) const {
    fail(Exit::kPrecondition, "{}:1: {}", path_.string(), what);
  }
  /// Returns the index of column `name`. Error: it does not occur exactly once.
  std::size_t column(const std::string& name) const {
    const auto times = std::count(names_.begin(), names_.end(), name);
    if (times != 1) reject(fmt::format("column {} occurs {} times, expected once", name, times));
    return static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
  }

  /// Every row; `text` is a column or none (= id). Error: there is no row.
  std::vector<Row> rows(std::size_t id, std::size_t text, const std::vector<std::size_t>& numbers) {
    std::vector<Row> rows;
    std::set<std::string> ids;
    std::string_view line;
    while (lines_.next(line)) {
      if (trimmed(line).empty()) continue;
      Row row{lines_.where(), "", "", {}};
      row.problem = read(line, id, text, numbers, row);
      if (row.problem.empty() && !ids.insert(row.id).second)
        row.problem = fmt::format("the ID '{}' occurs twice", excerpt(row.id));
      rows.push_back(std::move(row));
    }
    if (rows.empty()) fail(Exit::kPrecondition, "{}: no row below the names", path_.string());
    return rows;
  }

 private:
  /// What is wrong with a line, "" where nothing is.
  std::string read(std::string_view line,
                   std::size_t id,
                   std::size_t text,
                   const std::vector<std::size_t>& numbers,
                   Row& row) {
    if (!split_cells(line, cells_))
      return fmt::format(
          "{} cells, expected {}", 1 + std::count(line.begin(), line.end(), ','), names_.size());
    row.id = cells_[id];
    row.text = cells_[text];
    row.numbers.reserve(numbers.size());
    for (const std::size_t column : numbers) {
      const std::string_view cell = cells_[column];
      double value = 0;
      const auto [stop, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
      if (cell.empty() || error != std::errc() || stop != cell.data() + cell.size() ||
          !std::isfinite(static_cast<float>(value)))
        return fmt::format("column {} ({}): '{}' is not a finite number",
                           column + 1,
                           names_[column],
                           excerpt(cell));
      row.numbers.push_back(value);
    }
    return id_fault(row.id);
  }

  fs::path path_;
  CsvLines lines_;
  std::vector<std::string> names_;
  std::vector<std::string_view> cells_;
};

/// Calls make(index, row) for all good rows, several at a time, and then the function that it
/// returns, which writes the files of the row. An Error of `make` is the problem of that row; an
/// Error of the writer ends the conversion.
template <typename Make>
void for_each_row(std::vector<Row>& rows, const Make& make) {
  parallel_for(rows.size(), [&](std::size_t index, int) {
    Row& row = rows[index];
    if (!row.problem.empty()) return;
    std::function<void()> write;
    try {
      write = make(index, row);
    } catch (const Error& error) {
      row.problem = error.what();
      return;
    }
    write();
  });
}

RowsResult result_of(const std::vector<Row>& rows, const fs::path& out) {
  RowsResult result;
  for (const Row& row : rows)
    if (!row.problem.empty()) result.problems.push_back(row.where + ": " + row.problem);
  result.report = {{"rows", rows.size()},
                   {"written", rows.size() - result.problems.size()},
                   {"failed", result.problems.size()},
                   {"out", out.string()}};
  return result;
}

// ---- crops -------------------------------------------------------------------------------------

Image read_picture(const fs::path& path) {
  const std::string file = read_text(path);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  std::string fault = image_fault(bytes, path.extension().string());
  std::optional<Image> image;
  if (fault.empty() && !(image = decode_image(bytes, 3))) fault = "damaged: it cannot be decoded";
  if (!image) fail(Exit::kPrecondition, "{}: {}", path.string(), fault);
  return std::move(*image);
}

std::string line_of(const Row& row, const CropWindow& w) {
  return fmt::format("{0},{1},{2},{3},{4},{5},{6},{0}.png\n",
                     row.id,
                     row.text,
                     w.pad_left,
                     w.pad_top,
                     w.left,
                     w.top,
                     w.side);
}

// ---- meshes ------------------------------------------------------------------------------------

/// Columns of the numbers that belong together: "s" -> where s0, s1 ... stand.
using Groups = std::map<char, std::vector<std::size_t>>;

/// The number after a group's letter; -1 where `name` is no such column.
std::int64_t number_in_group(const std::string& name) {
  const bool known = !name.empty() && std::string_view("step").find(name[0]) != std::string::npos;
  const bool canonical = name.size() == 2 || (name.size() > 2 && name[1] != '0');
  return known && canonical ? small_number(std::string_view(name).substr(1), 0, 9999) : -1;
}

Groups groups_of(const Table& table) {
  std::map<char, std::map<std::int64_t, std::size_t>> found;
  for (std::size_t column = 0; column < table.names().size(); ++column) {
    const std::string& name = table.names()[column];
    if (name == "ID") continue;
    const std::int64_t number = number_in_group(name);
    if (number < 0 || !found[name[0]].emplace(number, column).second)
      table.reject(
          fmt::format("column {} is '{}'; expected ID, s0 .. s98, e0 .. e28, p0 .. p5, each once",
                      column + 1,
                      excerpt(name)));
  }
  Groups groups;
  for (const auto& [letter, columns] : found) {
    const auto last = columns.rbegin()->first;
    if (last + 1 != static_cast<std::int64_t>(columns.size()))
      table.reject(fmt::format("{0}{1} is there, but not all of {0}0 .. {0}{1}", letter, last));
    for (const auto& [number, column] : columns) groups[letter].push_back(column);
  }
  if (!groups['p'].empty() && groups['p'].size() != 6)
    table.reject(fmt::format("a pose of {} numbers, expected p0 .. p5", groups['p'].size()));
  return groups;
}

}  // namespace

RowsResult crop_faces(const fs::path& path, const fs::path& out, const CropOptions& options) {
  Table table(path);
  std::vector<std::size_t> box;
  for (const char* name : {"FACE_X", "FACE_Y", "FACE_WIDTH", "FACE_HEIGHT"})
    box.push_back(table.column(name));
  std::vector<Row> rows = table.rows(table.column("ID"), table.column("FILE"), box);
  std::vector<std::string> windows(rows.size());
  for_each_row(rows, [&](std::size_t index, const Row& row) {
    const Image picture = read_picture(path.parent_path() / row.text);
    const FaceBox face{row.numbers[0], row.numbers[1], row.numbers[2], row.numbers[3]};
    windows[index] = line_of(row, expnet_window(face, picture.width, picture.height));
    return [&out, &row, crop = expnet_crop(picture, face, options)] {
      write_image(out / (row.id + ".png"), crop);
    };
  });
  write_text(
      out / "crops.csv",
      fmt::format("ID,FILE,PAD_LEFT,PAD_TOP,LEFT,TOP,SIDE,CROP\n{}", fmt::join(windows, "")));
  RowsResult result = result_of(rows, out);
  result.report["side_px"] = options.side_px;
  result.report["jpeg_quality"] = options.jpeg ? ordered_json(kCropJpegQuality) : nullptr;
  return result;
}

RowsResult write_meshes(const fs::path& path,
                        const fs::path& face_model,
                        const fs::path& out,
                        const MeshOptions& options) {
  Table table(path);
  Groups groups = groups_of(table);
  const std::size_t id = table.column("ID"), s = groups['s'].size(), e = groups['e'].size();
  const bool pose = options.pose && !groups['p'].empty();
  std::vector<std::size_t> columns;
  for (const char letter : {'s', 'e', 'p'})
    columns.insert(columns.end(), groups[letter].begin(), groups[letter].end());
  std::vector<Row> rows = table.rows(id, id, columns);
  const FaceModel model = load_face_model(face_model);
  try {
    reconstruct(model, std::vector<float>(s), std::vector<float>(e));  // are there so many modes?
  } catch (const Error& error) {
    table.reject(error.what());
  }

  const std::string ending = fmt::format(
      "_Shape_Expr{}.{}", pose ? "_Pose" : "", options.format == MeshFormat::kPly ? "ply" : "obj");
  for_each_row(rows, [&](std::size_t, const Row& row) {
    const std::vector<float> numbers(row.numbers.begin(), row.numbers.end());
    const std::span all(numbers);
    Mesh mesh{reconstruct(model, all.first(s), all.subspan(s, e)), model.triangles};
    if (pose) apply_pose(mesh.vertices, all.subspan(s + e).first<6>());
    if (!std::ranges::all_of(mesh.vertices, [](float v) { return std::isfinite(v); }))
      fail(Exit::kPrecondition, "its coefficients are so large that the mesh is not finite");
    return [&, mesh = std::move(mesh)] {
      const fs::path file = out / (row.id + ending);
      options.format == MeshFormat::kPly ? write_ply(file, mesh) : write_obj(file, mesh);
    };
  });
  RowsResult result = result_of(rows, out);
  result.report.update({{"model", model.name},
                        {"vertices", model.vertices()},
                        {"shape", s},
                        {"expression", e},
                        {"pose", pose},
                        {"shape_std", !model.identity_std.empty()},
                        {"expression_std", !model.expression_std.empty()}});
  return result;
}

}  // namespace mien
