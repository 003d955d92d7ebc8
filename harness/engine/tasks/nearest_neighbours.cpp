#include "harness/engine/tasks/nearest_neighbours.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/parallel.h"

namespace mien {
namespace {

constexpr std::size_t kBlock = 1024;  // rows whose distances stay in the first-level cache

/// Returns the columns one after another, so that the inner loop of a distance runs over rows.
std::vector<double> transposed(const NumberRows& rows) {
  const std::size_t n = rows.size();
  std::vector<double> columns(rows.values.size());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < rows.width; ++j) columns[j * n + i] = rows.row(i)[j];
  return columns;
}

/// Writes the squared distances of `query` to all rows, whose columns are `columns`.
void squared_distances(const std::vector<double>& columns,
                       std::span<const double> query,
                       std::vector<double>& distance) {
  const std::size_t n = distance.size();
  std::fill(distance.begin(), distance.end(), 0.0);
  for (std::size_t begin = 0; begin < n; begin += kBlock) {
    const std::size_t end = std::min(n, begin + kBlock);
    for (std::size_t j = 0; j < query.size(); ++j)
      for (std::size_t i = begin; i < end; ++i) {
        const double difference = columns[j * n + i] - query[j];
        distance[i] += difference * difference;
      }
  }
}

}  // namespace

Standardiser::Standardiser(const NumberRows& training) {
  MIEN_ASSERT(training.size() > 0);
  const double n = static_cast<double>(training.size());
  for (std::size_t j = 0; j < training.width; ++j) {
    std::vector<double> column(training.size());
    for (std::size_t i = 0; i < column.size(); ++i) column[i] = training.row(i)[j];
    const auto [low, high] = std::minmax_element(column.begin(), column.end());
    const bool constant = *low == *high;  // rounding would give it a deviation above 0
    const double mean = constant ? *low : std::accumulate(column.begin(), column.end(), 0.0) / n;
    double squares = 0;
    for (const double value : column) squares += (value - mean) * (value - mean);
    mean_.push_back(mean);
    deviation_.push_back(constant ? 1 : std::sqrt(squares / n));
  }
}

NumberRows Standardiser::operator()(const NumberRows& rows) const {
  MIEN_ASSERT(rows.width == mean_.size());
  NumberRows result = rows;
  for (std::size_t at = 0; at < result.values.size(); ++at)
    result.values[at] = (result.values[at] - mean_[at % rows.width]) / deviation_[at % rows.width];
  return result;
}

std::vector<std::uint32_t> nearest_rows(const NumberRows& training,
                                        const NumberRows& queries,
                                        std::size_t count,
                                        int workers) {
  MIEN_ASSERT(training.width == queries.width && count > 0);
  const std::size_t n = training.size(), listed = std::min(count, n);
  MIEN_ASSERT(n < std::numeric_limits<std::uint32_t>::max());
  const std::vector<double> columns = transposed(training);
  std::vector<std::uint32_t> nearest(queries.size() * listed);
  parallel_for(queries.size(), workers, [&](std::size_t query, int) {
    std::vector<double> distance(n);
    squared_distances(columns, queries.row(query), distance);
    std::vector<std::uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0u);
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(listed);
    std::partial_sort(order.begin(), end, order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return distance[a] != distance[b] ? distance[a] < distance[b] : a < b;
    });
    std::copy(order.begin(), end, nearest.begin() + static_cast<std::ptrdiff_t>(query * listed));
  });
  return nearest;
}

std::int64_t majority(std::span<const std::int64_t> votes, std::size_t classes) {
  std::vector<std::size_t> count(classes, 0);
  for (const std::int64_t vote : votes) ++count[static_cast<std::size_t>(vote)];
  return *std::max_element(votes.begin(), votes.end(), [&](std::int64_t a, std::int64_t b) {
    return count[static_cast<std::size_t>(a)] < count[static_cast<std::size_t>(b)];
  });
}

std::vector<float> vote_shares(std::span<const std::uint32_t> nearest,
                               std::size_t listed,
                               std::size_t k,
                               std::span<const std::int64_t> labels,
                               std::size_t classes) {
  if (listed == 0) return {};
  const std::size_t queries = nearest.size() / listed, voting = std::min(k, listed);
  std::vector<float> shares(queries * classes);
  for (std::size_t query = 0; query < queries; ++query) {
    std::vector<std::int64_t> votes;
    for (std::size_t i = 0; i < voting; ++i) votes.push_back(labels[nearest[query * listed + i]]);
    const std::span<float> share = std::span(shares).subspan(query * classes, classes);
    for (std::size_t label = 0; label < classes; ++label)
      share[label] =
          static_cast<float>(std::count(votes.begin(), votes.end(), std::int64_t(label))) /
          static_cast<float>(voting);
    float& best = share[static_cast<std::size_t>(majority(votes, classes))];
    if (std::count(share.begin(), share.end(), best) > 1) best = std::nextafter(best, 2.f);
  }
  return shares;
}

}  // namespace mien
