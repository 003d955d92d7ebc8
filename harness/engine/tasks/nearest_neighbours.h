// k nearest neighbours over short vectors: standardised columns, neighbours, votes. The search
// compares every query with every training row. That is exact, and fast enough for thousands of
// rows of tens of numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mien {

/// Rows of `width` numbers, one after another.
struct NumberRows {
  std::size_t width = 0;
  std::vector<double> values = {};

  std::size_t size() const { return width == 0 ? 0 : values.size() / width; }
  std::span<const double> row(std::size_t i) const {
    return std::span(values).subspan(i * width, width);
  }
};

/// Shifts and scales columns so that the training rows have mean 0 and standard deviation 1. A
/// column that is constant in the training rows is only shifted.
class Standardiser {
 public:
  /// REQUIRES: at least one row.
  explicit Standardiser(const NumberRows& training);
  /// Returns the standardised rows. REQUIRES: they have the width of the training rows.
  NumberRows operator()(const NumberRows& rows) const;

 private:
  std::vector<double> mean_, deviation_;
};

/// Returns for each query the indices of its `count` nearest training rows, nearest first:
/// [queries, min(count, rows)]. The distance is Euclidean. Of equally distant rows the first one
/// comes first. REQUIRES: equal widths, finite numbers, count > 0.
std::vector<std::uint32_t> nearest_rows(const NumberRows& training,
                                        const NumberRows& queries,
                                        std::size_t count,
                                        int workers);

/// Returns the class with most votes. Of several, the one that appears first in `votes` wins.
/// REQUIRES: at least one vote; all votes in [0, classes).
std::int64_t majority(std::span<const std::int64_t> votes, std::size_t classes);

/// Returns the shares of the votes [queries, classes] of the first k of each query's `listed`
/// neighbours. If several classes have most votes, the majority's share is raised to the next
/// larger number, so that the largest share is the answer. REQUIRES: k > 0; labels in [0, classes).
std::vector<float> vote_shares(std::span<const std::uint32_t> nearest,
                               std::size_t listed,
                               std::size_t k,
                               std::span<const std::int64_t> labels,
                               std::size_t classes);

}  // namespace mien
