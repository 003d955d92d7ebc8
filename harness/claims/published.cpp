#include "harness/claims/published.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "harness/base/error.h"

namespace mien {
namespace {

/// Digits, and digits behind a point; a minus sign in front. None for anything else.
std::optional<Number> parse_number(std::string_view text) {
  constexpr std::size_t kLongest = 15;  // a double holds as many digits
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const std::size_t point = digits.find('.');
  const auto is_digits = [](std::string_view part) {
    return !part.empty() &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (digits.size() > kLongest || !is_digits(digits.substr(0, point))) return std::nullopt;
  if (point != digits.npos && !is_digits(digits.substr(point + 1))) return std::nullopt;
  Number number;
  std::from_chars(text.data(), text.data() + text.size(), number.value);
  if (point != digits.npos) number.decimals = static_cast<int>(digits.size() - point - 1);
  return number;
}

/// As the cell would print it.
double rounded(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  return std::round(value * scale) / scale;
}

struct Printed {
  double value;
  const std::string* method;
};

/// The recorded figures of a column, best first.
std::vector<Printed> best_first(const PublishedTable& table, std::size_t column) {
  std::vector<Printed> printed;
  for (const PublishedRow& row : table.rows)
    if (const Figure& figure = row.figures[column]; figure.recorded())
      printed.push_back({figure.parts[0].value, &row.method});
  const bool low = lower_is_better(table.unit);
  std::stable_sort(printed.begin(), printed.end(), [low](const Printed& a, const Printed& b) {
    return low ? a.value < b.value : a.value > b.value;
  });
  return printed;
}

int decimals_of(const PublishedTable& table, std::size_t column) {
  int decimals = 0;
  for (const PublishedRow& row : table.rows)
    if (const Figure& figure = row.figures[column]; figure.recorded())
      decimals = std::max(decimals, figure.parts[0].decimals);
  return decimals;
}

Ranking rank_in_column(const PublishedTable& table, std::size_t column, double value) {
  const std::vector<Printed> published = best_first(table, column);
  const double mine = rounded(value, decimals_of(table, column));
  const bool low = lower_is_better(table.unit);
  Ranking result{table.columns[column], value, 1, published.size() + 1, {}, {}, {}};
  double nearest_better = 0, nearest_worse = 0;
  for (const Printed& other : published) {
    const double gap = low ? mine - other.value : other.value - mine;
    if (std::abs(gap) < 1e-9) {
      result.equal.push_back(*other.method);
    } else if (gap > 0) {
      ++result.rank;
      if (other.value != nearest_better) result.better.clear();
      nearest_better = other.value;
      result.better.push_back(*other.method);
    } else if (result.worse.empty() || other.value == nearest_worse) {
      nearest_worse = other.value;
      result.worse.push_back(*other.method);
    }
  }
  return result;
}

}  // namespace

double rounding_of(const Number& number) { return 0.5 * std::pow(10.0, -number.decimals); }

std::optional<Figure> parse_figure(std::string_view text) {
  Figure figure{std::string(text), {}};
  if (text == "-") return figure;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    const std::optional<Number> number = parse_number(text.substr(at, end - at));
    if (!number) return std::nullopt;
    figure.parts.push_back(*number);
    at = end + 1;
  }
  if (figure.parts.size() != 1 && figure.parts.size() != 3) return std::nullopt;
  return figure;
}

std::string claim_id(const PublishedTable& table,
                     const std::string& method,
                     const std::string& column) {
  std::string id;
  for (const std::string* part : {&table.publication, &table.name, &method, &column})
    if (!part->empty()) id += (id.empty() ? "" : "/") + *part;
  return id;
}

const PublishedTable* find_table(const std::vector<PublishedTable>& tables,
                                 std::string_view publication,
                                 std::string_view name) {
  for (const PublishedTable& table : tables)
    if (table.publication == publication && table.name == name) return &table;
  return nullptr;
}

std::vector<Ranking> rank_among(const PublishedTable& table,
                                const std::map<std::string, double>& measured) {
  std::vector<Ranking> rankings;
  if (!table.established() || table.ranked_by.empty()) return rankings;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    const auto found = measured.find(table.columns[column]);
    if (found == measured.end() || !std::isfinite(found->second)) continue;
    if (best_first(table, column).empty()) continue;
    rankings.push_back(rank_in_column(table, column, found->second));
  }
  return rankings;
}

Attainability attainability(const Number& percentage, std::int64_t n) {
  MIEN_ASSERT(n > 0);
  if (percentage.value < 0 || percentage.value > 100) return {};
  // In whole units of the last printed digit, k of n images are `hundred` k / n. Where that step
  // is below one unit every figure is attainable.
  constexpr int kMostDecimals = 6;
  constexpr std::int64_t kLargest = 10'000'000;
  if (percentage.decimals > kMostDecimals || n > kLargest)
    return {Attainable::kRounded, std::llround(percentage.value / 100 * static_cast<double>(n))};
  std::int64_t hundred = 100;
  for (int i = 0; i < percentage.decimals; ++i) hundred *= 10;
  const std::int64_t units = std::llround(percentage.value * static_cast<double>(hundred) / 100);
  const std::int64_t below = units * n / hundred;
  for (const std::int64_t k : {below, below + 1})
    if (const std::int64_t twice = 2 * (hundred * k - units * n);
        k <= n && twice >= -n && twice < n)
      return {Attainable::kRounded, k};
  for (const std::int64_t k : {below, below + 1})
    if (const std::int64_t cut = hundred * k - units * n; k <= n && cut >= 0 && cut < n)
      return {Attainable::kTruncated, k};
  const bool up = 2 * (units * n - hundred * below) > hundred && below < n;
  return {Attainable::kNot, below + (up ? 1 : 0)};
}

}  // namespace mien
