// One function per rule of lint.h.
#include "harness/claims/lint.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "harness/base/error.h"

namespace mien {
namespace {

/// Decimal figures are not exact in binary.
constexpr double kBinary = 1e-9;

struct Rule {
  const char* name;
  const char* why;
};
constexpr Rule kMeanOfColumns = {"mean-of-columns", "a figure of this row is misprinted"};
constexpr Rule kMedianBeyondStd = {"median-beyond-std",
                                   "no set of numbers has this: a figure is misprinted"};
constexpr Rule kMedianFar = {"median-far", "possible, yet rare: ask for the per-sample figures"};
constexpr Rule kOrder = {"order", "a rank or a figure is wrong"};
constexpr Rule kDuplicateRow = {"duplicate-row", "one row replaced another"};
constexpr Rule kOtherTable = {"other-table", "a row was copied into the wrong table"};
constexpr Rule kCopyDiffers = {"copy-differs", "one of the two publications is wrong"};
constexpr Rule kCopyDigits = {"copy-digits", "one of the two publications changed the digits"};
constexpr Rule kTruncatedOnly = {"truncated-only",
                                 "digits were cut off, or it is not a plain accuracy over n"};
constexpr Rule kNotAttainable = {
    "not-attainable", "another n, faces left out, or a mean of folds or batches: ask which"};
constexpr Rule kRange = {"range", "no such figure exists"};
constexpr Rule kGrade = {"grade", "nobody has read this figure in a source; leave it out"};
constexpr Rule kKnownUnused = {"known-unused", "the mark matches no finding; delete or correct it"};

using Tables = std::vector<PublishedTable>;

struct Lint {
  const Tables& tables;
  std::vector<ClaimFinding> findings;

  void add(const Rule& rule,
           const PublishedTable& table,
           const PublishedRow& row,
           const std::string& column,
           std::string what) {
    findings.push_back({table.file,
                        row.line,
                        rule.name,
                        claim_id(table, row.method, column),
                        column,
                        std::move(what),
                        rule.why,
                        known_reason(rule, table, row, column)});
  }

 private:
  static std::string known_reason(const Rule& rule,
                                  const PublishedTable& table,
                                  const PublishedRow& row,
                                  const std::string& column) {
    for (const KnownFault& known : table.known)
      if (known.rule == rule.name && (known.row.empty() || known.row == row.method) &&
          (known.column.empty() || known.column == column))
        return known.reason.empty() ? "no reason given" : known.reason;
    return "";
  }
};

double value_of(const Figure& figure) { return figure.parts[0].value; }

bool same_figure(const Figure& a, const Figure& b) {
  return a.recorded() && b.recorded() && std::abs(value_of(a) - value_of(b)) < kBinary;
}

/// `row` prints nothing but figures of `other`, at least two.
bool repeats(const PublishedRow& row, const PublishedRow& other) {
  std::size_t same = 0;
  for (std::size_t i = 0; i < row.figures.size(); ++i) {
    if (!row.figures[i].recorded()) continue;
    if (i >= other.figures.size() || !same_figure(row.figures[i], other.figures[i])) return false;
    ++same;
  }
  return same >= 2;
}

bool is_copy_of(const PublishedTable& table, const PublishedTable& other) {
  return std::count(table.copies.begin(), table.copies.end(), other.publication) > 0;
}

std::size_t column_index(const PublishedTable& table, const std::string& column) {
  const auto at = std::find(table.columns.begin(), table.columns.end(), column);
  return static_cast<std::size_t>(at - table.columns.begin());
}

const PublishedRow* row_of(const PublishedTable& table, const std::string& method) {
  for (const PublishedRow& row : table.rows)
    if (row.method == method) return &row;
  return nullptr;
}

/// Other tables of the board: those before this one in the same publication, and those of a
/// publication that this one copies.
std::vector<const PublishedTable*> other_tables(const Lint& lint, const PublishedTable& table) {
  std::vector<const PublishedTable*> others;
  for (const PublishedTable& other : lint.tables) {
    const bool before = other.publication == table.publication && &other < &table;
    if (other.board == table.board && other.name != table.name && other.columns == table.columns &&
        (before || is_copy_of(table, other)))
      others.push_back(&other);
  }
  return others;
}

void check_grade(Lint& lint, const PublishedTable& table, const PublishedRow& row) {
  if (table.established()) return;
  for (std::size_t i = 0; i < row.figures.size(); ++i)
    if (row.figures[i].recorded())
      lint.add(kGrade, table, row, table.columns[i], "a figure of grade " + table.grade);
}

void check_range(Lint& lint, const PublishedTable& table, const PublishedRow& row) {
  for (std::size_t i = 0; i < row.figures.size(); ++i)
    for (std::size_t part = 0; part < row.figures[i].parts.size(); ++part) {
      const double value = row.figures[i].parts[part].value;
      const bool is_spread = part == 2;
      const bool percentage = table.unit == "%";
      if ((percentage || is_spread || lower_is_better(table.unit)) && value < 0)
        lint.add(kRange, table, row, table.columns[i], row.figures[i].printed + " is below 0");
      else if (percentage && value > 100)
        lint.add(kRange, table, row, table.columns[i], row.figures[i].printed + " is above 100 %");
    }
}

void check_mean(Lint& lint, const PublishedTable& table, const PublishedRow& row) {
  const std::size_t mean_column = column_index(table, table.mean);
  if (mean_column >= row.figures.size() || row.figures.size() < 2) return;
  double sum = 0, slack = 0;
  for (const Figure& figure : row.figures) {
    if (!figure.recorded()) return;
    if (&figure == &row.figures[mean_column]) continue;
    sum += value_of(figure);
    slack += rounding_of(figure.parts[0]);
  }
  const auto others = static_cast<double>(row.figures.size() - 1);
  const Number printed = row.figures[mean_column].parts[0];
  const double mean = sum / others;
  if (std::abs(printed.value - mean) <= slack / others + rounding_of(printed) + kBinary) return;
  std::string what = fmt::format("printed {:.{}f}, the mean of its columns is {:.{}f}",
                                 printed.value,
                                 printed.decimals,
                                 mean,
                                 printed.decimals + 1);
  for (const PublishedTable* other : other_tables(lint, table))
    if (const PublishedRow* same = row_of(*other, row.method);
        same && same_figure(same->figures[mean_column], row.figures[mean_column]))
      what += "; it is the figure of " + claim_id(*other, "");
  lint.add(kMeanOfColumns, table, row, table.mean, what);
}

/// (|median - mean|)^2 <= variance holds for every distribution. (Hotelling & Solomons 1932, Ann.
/// Math. Stat. 3, 141-142.)
void check_medians(Lint& lint, const PublishedTable& table, const PublishedRow& row) {
  for (std::size_t i = 0; i < row.figures.size(); ++i) {
    const std::vector<Number>& parts = row.figures[i].parts;
    if (parts.size() != 3) continue;
    const double gap = std::abs(parts[0].value - parts[1].value);
    const double slack = rounding_of(parts[0]) + rounding_of(parts[1]) + kBinary;
    const double spread = parts[2].value + rounding_of(parts[2]);
    const std::string what = fmt::format("{} (mean/median/std): the median is {:.2f} std off",
                                         row.figures[i].printed,
                                         parts[2].value > 0 ? gap / parts[2].value : INFINITY);
    if (gap > spread + slack)
      lint.add(kMedianBeyondStd, table, row, table.columns[i], what);
    else if (gap > spread / 2 + slack)
      lint.add(kMedianFar, table, row, table.columns[i], what);
  }
}

void check_order(Lint& lint, const PublishedTable& table) {
  const std::size_t column = column_index(table, table.ranked_by);
  if (column >= table.columns.size()) return;
  const PublishedRow* previous = nullptr;
  for (const PublishedRow& row : table.rows) {
    if (!row.figures[column].recorded()) continue;
    if (previous) {
      const double step = value_of(row.figures[column]) - value_of(previous->figures[column]);
      if ((lower_is_better(table.unit) ? -step : step) > kBinary)
        lint.add(kOrder,
                 table,
                 row,
                 table.ranked_by,
                 fmt::format("{} stands below {} with {}",
                             row.figures[column].printed,
                             previous->method,
                             previous->figures[column].printed));
    }
    previous = &row;
  }
}

void check_duplicates(Lint& lint, const PublishedTable& table) {
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const PublishedRow &row = table.rows[i], &earlier = table.rows[j];
      if (row.method == earlier.method)
        lint.add(kDuplicateRow,
                 table,
                 row,
                 "",
                 fmt::format("{} stands in line {} already", row.method, earlier.line));
      else if (repeats(row, earlier))
        lint.add(kDuplicateRow, table, row, "", "the figures of " + earlier.method);
    }
}

/// True where the row is one of another table.
bool check_other_tables(Lint& lint, const PublishedTable& table, const PublishedRow& row) {
  for (const PublishedTable* other : other_tables(lint, table))
    for (const PublishedRow& there : other->rows)
      if (repeats(row, there)) {
        lint.add(kOtherTable, table, row, "", "the figures of " + claim_id(*other, there.method));
        return true;
      }
  return false;
}

void compare_figures(Lint& lint,
                     const PublishedTable& table,
                     const PublishedRow& row,
                     std::size_t column,
                     const PublishedTable& source,
                     const Figure& there) {
  const Figure& here = row.figures[column];
  const std::string what =
      fmt::format("{} here, {} in {}", here.printed, there.printed, claim_id(source, row.method));
  bool digits = false;
  for (std::size_t part = 0; part < std::min(here.parts.size(), there.parts.size()); ++part) {
    const Number &a = here.parts[part], &b = there.parts[part];
    const double unit = 2 * std::max(rounding_of(a), rounding_of(b));
    const double allowed = a.decimals == b.decimals ? kBinary : unit - kBinary;  // or cut off
    if (std::abs(a.value - b.value) > allowed)
      return lint.add(kCopyDiffers, table, row, table.columns[column], what);
    digits = digits || a.decimals != b.decimals;
  }
  if (digits) lint.add(kCopyDigits, table, row, table.columns[column], what);
}

void check_copies(Lint& lint, const PublishedTable& table, const PublishedRow& row) {
  for (const PublishedTable& source : lint.tables) {
    if (!is_copy_of(table, source) || source.board != table.board || source.name != table.name)
      continue;
    const PublishedRow* there = row_of(source, row.method);
    for (std::size_t i = 0; there && i < table.columns.size(); ++i)
      if (const std::size_t column = column_index(source, table.columns[i]);
          column < there->figures.size())
        compare_figures(lint, table, row, i, source, there->figures[column]);
  }
}

/// n where it is nothing but a number.
std::int64_t whole_number(const std::string& text) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc() && end == text.data() + text.size() ? n : 0;
}

void check_attainable(Lint& lint, const PublishedTable& table, const PublishedRow& row) {
  const std::int64_t n = whole_number(table.n);
  if (table.unit != "%" || table.metric != "accuracy" || n <= 0) return;
  for (std::size_t i = 0; i < row.figures.size(); ++i) {
    const Figure& figure = row.figures[i];
    if (figure.parts.size() != 1 || value_of(figure) < 0 || value_of(figure) > 100) continue;
    const Attainability found = attainability(figure.parts[0], n);
    if (found.how == Attainable::kRounded) continue;
    const bool cut = found.how == Attainable::kTruncated;
    lint.add(cut ? kTruncatedOnly : kNotAttainable,
             table,
             row,
             table.columns[i],
             fmt::format("{} of n = {}: {} is {}/{} = {:.{}f}",
                         figure.printed,
                         n,
                         cut ? "what fits, cut off," : "the nearest",
                         found.k,
                         n,
                         100.0 * static_cast<double>(found.k) / static_cast<double>(n),
                         figure.parts[0].decimals + 2));
  }
}

bool hides(const KnownFault& known, const PublishedTable& table, const ClaimFinding& finding) {
  if (finding.file != table.file || finding.rule != known.rule) return false;
  for (const PublishedRow& row : table.rows)
    if ((known.row.empty() || known.row == row.method) &&
        (known.column.empty() || known.column == finding.column) &&
        finding.claim == claim_id(table, row.method, finding.column))
      return true;
  return false;
}

void check_known(Lint& lint, const PublishedTable& table) {
  for (const KnownFault& known : table.known) {
    const bool used =
        std::any_of(lint.findings.begin(), lint.findings.end(), [&](const ClaimFinding& finding) {
          return hides(known, table, finding);
        });
    if (used) continue;
    PublishedRow mark;
    mark.method = known.row;
    mark.line = known.line;
    lint.add(kKnownUnused,
             table,
             mark,
             known.column,
             fmt::format("'{}' is marked as known and is not found", known.rule));
  }
}

void check_table(Lint& lint, const PublishedTable& table) {
  for (const PublishedRow& row : table.rows) {
    check_grade(lint, table, row);
    check_range(lint, table, row);
    check_mean(lint, table, row);
    check_medians(lint, table, row);
    check_attainable(lint, table, row);
    if (!check_other_tables(lint, table, row)) check_copies(lint, table, row);
  }
  check_order(lint, table);
  check_duplicates(lint, table);
  check_known(lint, table);
}

}  // namespace

std::vector<ClaimFinding> lint_claims(const std::vector<PublishedTable>& tables) {
  Lint lint{tables, {}};
  for (const PublishedTable& table : tables) check_table(lint, table);
  std::stable_sort(
      lint.findings.begin(), lint.findings.end(), [](const ClaimFinding& a, const ClaimFinding& b) {
        return std::tie(a.file, a.line) < std::tie(b.file, b.line);
      });
  return lint.findings;
}

}  // namespace mien
