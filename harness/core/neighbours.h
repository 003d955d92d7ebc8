// k nearest neighbours over short vectors, in standard deviations of what was trained on. Brute
// force: exact, and quick for thousands of rows of tens of numbers.
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

/// Columns to mean 0 and standard deviation 1 of the rows that it is made of; a column in which
/// they all agree is only shifted.
class Standardiser {
 public:
  /// REQUIRES: at least one row.
  explicit Standardiser(const NumberRows& training);
  /// REQUIRES: as wide as those.
  NumberRows operator()(const NumberRows& rows) const;

 private:
  std::vector<double> mean_, deviation_;
};

/// For each query the indices of its `count` nearest training rows (of all, where there are
/// fewer), nearest first: [queries, min(count, rows)]. Euclidean; of equal distances the row that
/// comes first. REQUIRES: equal widths, numbers that are finite, count > 0.
std::vector<std::uint32_t> nearest_rows(const NumberRows& training,
                                        const NumberRows& queries,
                                        std::size_t count,
                                        int workers);

/// The class with most votes; of several the one that votes first. REQUIRES: a vote; all of them in
/// [0, classes).
std::int64_t majority(std::span<const std::int64_t> votes, std::size_t classes);

/// What the first k of each query's `listed` neighbours vote for: shares [queries, classes]. The
/// majority's is raised to the next larger number where others have as many votes, so that the
/// largest share is the answer. REQUIRES: k > 0; labels in [0, classes).
std::vector<float> vote_shares(std::span<const std::uint32_t> nearest,
                               std::size_t listed,
                               std::size_t k,
                               std::span<const std::int64_t> labels,
                               std::size_t classes);

}  // namespace mien
