#include "harness/task/predictions.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>
#include <unordered_map>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"

namespace mien {
namespace {

constexpr std::size_t kNamed = 3;          // ids in a message
constexpr std::size_t kLongestList = 400;  // characters of a list in a message

/// The file line by line, each split into cells.
class Lines {
 public:
  Lines(std::string name, const std::string& text) : name_(std::move(name)), rest_(text) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }

  /// The cells of the next line that is not empty; false at the end.
  bool next(std::vector<std::string>& cells) {
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      std::string_view line = rest_.substr(0, end);
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty()) continue;
      split(line, cells);
      return true;
    }
    return false;
  }

  std::int64_t number() const { return number_; }

  [[noreturn]] void reject(const std::string& what) const {
    fail(Exit::kPrecondition, "{}:{}: {}", name_, number_, what);
  }

 private:
  void split(std::string_view line, std::vector<std::string>& cells) const {
    cells.assign(1, "");
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool doubled = quoted && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"';
      if (doubled)
        cells.back() += line[i++];
      else if (line[i] == '"')
        quoted = !quoted;
      else if (line[i] == ',' && !quoted)
        cells.emplace_back();
      else
        cells.back() += line[i];
    }
    if (quoted) reject("a quote is not closed");
  }

  std::string name_;
  std::string_view rest_;
  std::int64_t number_ = 0;
};

/// Turns the cells of a line into scores in the pack's order of classes.
class LineReader {
 public:
  LineReader(Lines& lines, const std::string& name, const std::vector<std::string>& classes)
      : lines_(lines), classes_(classes), where_(name) {
    std::vector<std::string> header;
    if (!lines.next(header) || header[0] != "sample" || header.size() < 2)
      fail(Exit::kPrecondition,
           "{}:1: must begin with 'sample,' and the class names, or with 'sample,label'",
           name);
    columns_ = header.size();
    labels_ = columns_ == 2 && header[1] == "label";
    if (!labels_) order_ = class_order({header.begin() + 1, header.end()}, classes, name + ":1");
  }

  std::vector<float> read(const std::vector<std::string>& cells) const {
    if (cells.size() != columns_)
      lines_.reject(fmt::format("{} cells, the first line has {}", cells.size(), columns_));
    std::vector<float> scores(classes_.size(), 0);
    if (labels_)
      scores[index_of(cells[1])] = 1;
    else
      for (std::size_t i = 0; i < scores.size(); ++i)
        scores[i] = number(cells[static_cast<std::size_t>(order_[i]) + 1]);
    return scores;
  }

 private:
  std::size_t index_of(const std::string& label) const {
    const auto found = std::find(classes_.begin(), classes_.end(), label);
    if (found == classes_.end())
      fail(Exit::kUsage,
           "{}:{}: label '{}' is no class of the dataset, which has {}",
           where_,
           lines_.number(),
           excerpt(label),
           fmt::join(classes_, ", "));
    return static_cast<std::size_t>(found - classes_.begin());
  }

  float number(std::string_view text) const {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    float value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
      lines_.reject(fmt::format("score '{}' is no finite number", excerpt(text)));
    return value;
  }

  Lines& lines_;
  const std::vector<std::string>& classes_;
  std::string where_;
  std::size_t columns_ = 0;
  bool labels_ = false;
  std::vector<std::int64_t> order_;
};

std::string some_of(const std::vector<std::string>& ids) {
  std::vector<std::string> named;
  for (std::size_t i = 0; i < std::min(ids.size(), kNamed); ++i) named.push_back(excerpt(ids[i]));
  return fmt::format("{}{}", fmt::join(named, ", "), ids.size() > kNamed ? ", ..." : "");
}

}  // namespace

std::vector<std::int64_t> class_order(const std::vector<std::string>& given,
                                      const std::vector<std::string>& wanted,
                                      const std::string& where) {
  const std::set<std::string> given_set(given.begin(), given.end());
  if (given_set.size() != given.size() ||
      given_set != std::set<std::string>(wanted.begin(), wanted.end()))
    fail(Exit::kUsage,
         "{}: the classes are {}; the dataset's are {}; name the same ones, each once",
         where,
         excerpt(fmt::format("{}", fmt::join(given, ", ")), kLongestList),
         fmt::join(wanted, ", "));
  std::vector<std::int64_t> order;
  for (const std::string& name : wanted)
    order.push_back(std::find(given.begin(), given.end(), name) - given.begin());
  return order;
}

ExternalScores read_predictions(const std::filesystem::path& path,
                                const Pack& pack,
                                const std::vector<std::int64_t>& rows) {
  const std::string text = read_text(path), name = path.string();
  std::unordered_map<std::string_view, std::int64_t> row_of;
  for (std::int64_t row = 0; row < pack.size(); ++row)
    row_of.emplace(pack.ids()[static_cast<std::size_t>(row)], row);
  Lines lines(name, text);
  const LineReader reader(lines, name, pack.class_names());
  ExternalScores result;
  std::unordered_map<std::int64_t, std::vector<float>> scores_of;
  std::unordered_map<std::string, std::int64_t> first_line;
  std::vector<std::string> cells, unknown, missing;
  while (lines.next(cells)) {
    ++result.lines;
    std::vector<float> scores = reader.read(cells);
    const auto [seen, added] = first_line.emplace(cells[0], lines.number());
    if (!added)
      lines.reject(fmt::format(
          "sample '{}' stands in line {} already; keep one", excerpt(cells[0]), seen->second));
    const auto row = row_of.find(cells[0]);
    if (row == row_of.end())
      unknown.push_back(cells[0]);
    else
      scores_of.emplace(row->second, std::move(scores));
  }
  for (const std::int64_t row : rows)
    if (!scores_of.contains(row)) missing.push_back(pack.ids()[static_cast<std::size_t>(row)]);
  if (!missing.empty())
    fail(Exit::kPrecondition,
         "{}: {} of {} scored samples have no line ({}){}",
         name,
         missing.size(),
         rows.size(),
         some_of(missing),
         unknown.empty() ? ""
                         : fmt::format("; {} samples of the file are not in {} ({})",
                                       unknown.size(),
                                       pack.dataset(),
                                       some_of(unknown)));
  result.unknown = std::ssize(unknown);
  for (const std::int64_t row : rows) {
    const std::vector<float>& scores = scores_of.at(row);
    result.scores.insert(result.scores.end(), scores.begin(), scores.end());
  }
  return result;
}

}  // namespace mien
