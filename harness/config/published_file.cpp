#include "harness/config/published_file.h"

#include <algorithm>
#include <sstream>

#include "harness/base/error.h"
#include "harness/config/sections.h"
#include "harness/config/yaml_file.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

template <typename V>
void visit_place(V& v, PublishedTable& t) {
  v.text("board", t.board, "what is measured; tables of one board are compared");
  v.text("source", t.source, "authors, title, identifier");
  v.text("grade", t.grade, "evidence: V M S I C D R U");
  v.texts("copies", t.copies, "files whose rows this place repeats");
}

template <typename V>
void visit_table(V& v, PublishedTable& t) {
  v.text("table", t.name, "name, as split or part of the board");
  v.text("title", t.title, "one line");
  v.text("locator", t.locator, "table or page, or unknown");
  v.text("metric", t.metric, "metric name");
  v.text("unit", t.unit, "unit of the figures");
  v.text("n", t.n, "test images, or unknown");
  v.text("protocol", t.protocol, "what is known of it");
  v.texts("columns", t.columns, "what the figures of a row are");
  v.text("mean", t.mean, "column that is the mean of the others");
  v.text("ranked_by", t.ranked_by, "column by which the rows stand in order, best first");
}

/// A file with its places, and how to name one in an error.
struct Source {
  YamlFile yaml;

  Locate locate(const std::string& prefix = "") const {
    return locator(yaml.name, yaml.locations, prefix);
  }
  std::string where(const std::string& pointer) const {
    return locate()(json::json_pointer(pointer));
  }
};

/// "ResNet18 with tricks  73.70" -> method and as many figures as there are columns.
PublishedRow read_row(const Source& source,
                      const PublishedTable& table,
                      const json& text,
                      const std::string& pointer) {
  if (!text.is_string())
    fail(Exit::kUsage, "{}: a row is a method and its figures", source.where(pointer));
  std::istringstream stream(text.get<std::string>());
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  const std::size_t figures = table.columns.size();
  if (words.size() <= figures)
    fail(Exit::kUsage,
         "{}: '{}' must be a method and {} figures ({})",
         source.where(pointer),
         text.get<std::string>(),
         figures,
         fmt::join(table.columns, ", "));
  const auto first = words.end() - static_cast<std::ptrdiff_t>(figures);
  PublishedRow row{
      fmt::format("{}", fmt::join(words.begin(), first, " ")), {}, line_of(source.where(pointer))};
  for (auto word = first; word != words.end(); ++word) {
    const std::optional<Figure> figure = parse_figure(*word);
    if (!figure)
      fail(Exit::kUsage,
           "{}: '{}' is no figure; write 1.275, mean/median/std, or - where none is recorded",
           source.where(pointer),
           *word);
    row.figures.push_back(*figure);
  }
  return row;
}

void read_rows(const Source& source, PublishedTable& table, const json& rows, std::string at) {
  if (!rows.is_array() || rows.empty())
    fail(Exit::kUsage, "{}: rows must be a list of lines", source.where(at));
  at += "/rows/";
  for (std::size_t i = 0; i < rows.size(); ++i)
    table.rows.push_back(read_row(source, table, rows[i], at + std::to_string(i)));
}

void check_columns(const Source& source, const PublishedTable& table, const std::string& at) {
  const auto has = [&](const std::string& column) {
    return std::count(table.columns.begin(), table.columns.end(), column) > 0;
  };
  if (table.columns.empty()) fail(Exit::kUsage, "{}: a table needs columns", source.where(at));
  for (const std::string* column : {&table.mean, &table.ranked_by})
    if (!column->empty() && !has(*column))
      fail(Exit::kUsage,
           "{}: no column '{}'{}",
           source.where(at),
           *column,
           suggest(*column, table.columns));
  for (const std::string& column : table.columns)
    if (std::count(table.columns.begin(), table.columns.end(), column) > 1)
      fail(Exit::kUsage, "{}: column {} stands there twice", source.where(at), column);
}

PublishedTable read_table(const Source& source,
                          const PublishedTable& place,
                          json table_json,
                          const std::string& at) {
  PublishedTable table = place;
  if (!table_json.is_object())
    fail(Exit::kUsage, "{}: a table is a section with keys", source.where(at));
  const json rows = take(table_json, "rows"), known = take(table_json, "known");
  FieldReader reader(table_json, source.locate(at));
  visit_table(reader, table);
  reader.finish();
  require_text(table.name, "table", source.where(at));
  require_text(table.metric, "metric", source.where(at));
  require_text(table.unit, "unit", source.where(at));
  check_columns(source, table, at);
  read_rows(source, table, rows, at);
  table.known = read_known(known, source.locate(at + "/known"));
  return table;
}

}  // namespace

std::vector<PublishedTable> load_published(const fs::path& file) {
  Source source{YamlFile(file)};
  json& root = source.yaml.root;
  const std::string& name = source.yaml.name;
  take_schema(source.yaml);
  const json list = take(root, "tables");
  PublishedTable place;
  place.file = name;
  place.publication = file.stem().string();
  FieldReader reader(root, source.locate());
  visit_place(reader, place);
  reader.finish();
  require_text(place.board, "board", name + ":1:1");
  require_text(place.source, "source", name + ":1:1");
  if (place.grade.size() != 1 || std::string("VMSICDRU").find(place.grade) == std::string::npos)
    fail(Exit::kUsage,
         "{}: grade is '{}', must be one of V M S I C D R U",
         source.where("/grade"),
         place.grade);
  if (!list.is_array() || list.empty())
    fail(Exit::kUsage, "{}: tables must be a list of tables", source.where("/tables"));
  std::vector<PublishedTable> tables;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string at = fmt::format("/tables/{}", i);
    tables.push_back(read_table(source, place, list[i], at));
    if (find_table(tables, place.publication, tables.back().name) != &tables.back())
      fail(Exit::kUsage,
           "{}: table {} stands here a second time; keep one",
           source.where(at),
           tables.back().name);
  }
  return tables;
}

std::vector<PublishedTable> load_all_published(const fs::path& configs) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(configs / "claims", error))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<PublishedTable> all;
  for (const fs::path& file : files)
    for (PublishedTable& table : load_published(file)) all.push_back(std::move(table));
  return all;
}

PublishedTable table_of_claim(const Experiment& experiment) {
  MIEN_ASSERT(experiment.claim);
  const Claim& claim = *experiment.claim;
  PublishedTable table;
  table.file = experiment.file.string();
  table.board = experiment.dataset;
  table.title = experiment.title;
  table.source = claim.source;
  table.locator = claim.locator;
  table.metric = claim.metric;
  table.unit = claim.unit;
  table.n = claim.n;
  table.protocol = claim.protocol;
  table.grade = claim.grade;
  table.columns = {claim.metric};
  table.known = claim.known;
  Figure figure{printed(claim), {}};
  if (is_testable(claim)) figure.parts = {{*claim.value, static_cast<int>(claim.decimals)}};
  const Locate locate = locator(table.file, experiment.locations, "");
  table.rows = {{claim.id.empty() ? experiment.id : claim.id,
                 {figure},
                 line_of(locate(json::json_pointer("/claim/value")))}};
  return table;
}

}  // namespace mien
