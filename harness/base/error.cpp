#include "harness/base/error.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>

namespace mien {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

void fail_variable(const std::string& where, const std::string& what) {
  fail(Exit::kPrecondition, "{}: {}; get the file from its owner again", where, what);
}

void require_finite(std::span<const float> values, const std::string& where) {
  const auto bad = std::ranges::find_if_not(values, [](float v) { return std::isfinite(v); });
  if (bad != values.end())
    fail_variable(where, fmt::format("number {} is not finite", bad - values.begin()));
}

std::string suggest(std::string_view name, const std::vector<std::string>& known) {
  if (known.empty()) return "";
  const std::size_t reach = std::max<std::size_t>(2, name.size() / 3);
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : known) {
    const bool contains = !name.empty() && candidate.find(name) != std::string::npos;
    const std::size_t distance = contains ? 1 : edit_distance(name, candidate);
    if (distance <= reach) near.emplace_back(distance, candidate);
  }
  if (near.empty()) return fmt::format("; known: {}", fmt::join(known, ", "));
  std::sort(near.begin(), near.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < near.size() && i < 3; ++i) names.push_back(near[i].second);
  return fmt::format(": did you mean {}?", fmt::join(names, ", "));
}

void assertion_failed(const char* fault, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: this is a bug in Mien: %s\n", file, line, fault);
  std::abort();
}

}  // namespace mien
