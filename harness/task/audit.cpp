#include "harness/task/audit.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <set>
#include <string_view>
#include <unordered_map>

namespace mien {
namespace {

using Rows = std::vector<std::int64_t>;

constexpr int kHashSide = 32, kHashFrequencies = 8, kCompareSide = 24;

/// Mean over the pixels that each cell covers, edges shared by their part; channels averaged.
std::vector<float> shrink(const Pack& pack, std::int64_t row, int side) {
  const std::int64_t channels = pack.image_shape()[0], height = pack.image_shape()[1],
                     width = pack.image_shape()[2];
  const std::uint8_t* image =
      pack.images().data() + static_cast<std::size_t>(row * channels * height * width);
  // First over x, then over y; a source pixel [i, i+1) is shared by the cells it overlaps.
  const auto spread = [side](std::int64_t size, auto&& add) {
    const double scale = static_cast<double>(side) / static_cast<double>(size);
    for (std::int64_t i = 0; i < size; ++i) {
      const double begin = static_cast<double>(i) * scale;
      const double end = static_cast<double>(i + 1) * scale;
      for (int cell = static_cast<int>(begin); cell < side && cell < end; ++cell) {
        const double part = std::min<double>(end, cell + 1) - std::max<double>(begin, cell);
        if (part > 1e-9) add(i, cell, static_cast<float>(part));
      }
    }
  };
  std::vector<float> narrow(static_cast<std::size_t>(height * side), 0.f);
  spread(width, [&](std::int64_t x, int cell, float part) {
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t y = 0; y < height; ++y)
        narrow[static_cast<std::size_t>(y * side + cell)] +=
            part * image[(c * height + y) * width + x];
  });
  std::vector<float> small(static_cast<std::size_t>(side * side), 0.f);
  spread(height, [&](std::int64_t y, int cell, float part) {
    for (int x = 0; x < side; ++x)
      small[static_cast<std::size_t>(cell * side + x)] +=
          part * narrow[static_cast<std::size_t>(y * side + x)];
  });
  return small;
}

using Frequencies = std::array<std::array<float, kHashSide>, kHashFrequencies>;

Frequencies cosines() {
  Frequencies table;
  for (int k = 0; k < kHashFrequencies; ++k)
    for (int x = 0; x < kHashSide; ++x)
      table[static_cast<std::size_t>(k)][static_cast<std::size_t>(x)] =
          static_cast<float>(std::cos(std::numbers::pi * (2 * x + 1) * k / (2 * kHashSide)));
  return table;
}

std::uint64_t perceptual_hash(const std::vector<float>& image) {
  static const Frequencies table = cosines();
  std::array<std::array<float, kHashSide>, kHashFrequencies> rows{};
  for (std::size_t k = 0; k < kHashFrequencies; ++k)
    for (std::size_t y = 0; y < kHashSide; ++y)
      for (std::size_t x = 0; x < kHashSide; ++x)
        rows[k][x] += table[k][y] * image[y * kHashSide + x];
  std::array<float, kHashFrequencies * kHashFrequencies - 1> values{};
  for (std::size_t at = 1; at <= values.size(); ++at) {
    const std::size_t k = at / kHashFrequencies, l = at % kHashFrequencies;
    for (std::size_t x = 0; x < kHashSide; ++x) values[at - 1] += rows[k][x] * table[l][x];
  }
  auto sorted = values;
  std::nth_element(sorted.begin(), sorted.begin() + sorted.size() / 2, sorted.end());
  const float median = sorted[sorted.size() / 2];
  std::uint64_t hash = 0;
  for (std::size_t bit = 0; bit < values.size(); ++bit)
    hash |= std::uint64_t{values[bit] > median} << bit;
  return hash;
}

/// Zero mean, unit length; all zeros for an image of one gray level.
std::vector<float> normalised(std::vector<float> image) {
  double sum = 0, squares = 0;
  for (const float value : image) sum += value;
  const double mean = sum / static_cast<double>(image.size());
  for (float& value : image) {
    value -= static_cast<float>(mean);
    squares += static_cast<double>(value) * value;
  }
  const double length = std::sqrt(squares);
  for (float& value : image) value = length > 1e-3 ? static_cast<float>(value / length) : 0.f;
  return image;
}

double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

std::string_view bytes_of(const Pack& pack, std::int64_t row) {
  const auto shape = pack.image_shape();
  const auto size = static_cast<std::size_t>(shape[0] * shape[1] * shape[2]);
  return {
      reinterpret_cast<const char*>(pack.images().data()) + static_cast<std::size_t>(row) * size,
      size};
}

/// The images of the rows in question, hashed once.
class Images {
 public:
  Images(const Pack& pack, std::span<const Fold> folds) : pack_(pack) {
    looks_.resize(static_cast<std::size_t>(pack.size()));
    for (const Fold& fold : folds)
      for (const Rows* side : {&fold.train, &fold.validation, &fold.test})
        for (const std::int64_t row : *side) take(row);
  }

  bool near(std::int64_t a, std::int64_t b) const {
    const Look &first = look(a), &second = look(b);
    return std::popcount(first.hash ^ second.hash) <= kHashBits &&
           correlation(first.image, second.image) >= kNearCorrelation;
  }
  bool near_any(std::int64_t row, const Rows& others) const {
    return std::any_of(
        others.begin(), others.end(), [&](std::int64_t other) { return near(row, other); });
  }

 private:
  struct Look {
    std::uint64_t hash = 0;
    std::vector<float> image = {};
  };
  void take(std::int64_t row) {
    Look& look = looks_[static_cast<std::size_t>(row)];
    if (!look.image.empty()) return;  // another fold has it too
    look = {perceptual_hash(shrink(pack_, row, kHashSide)),
            normalised(shrink(pack_, row, kCompareSide))};
  }
  const Look& look(std::int64_t row) const { return looks_[static_cast<std::size_t>(row)]; }

  const Pack& pack_;
  std::vector<Look> looks_;
};

bool all_known(std::span<const std::int32_t> keys, const Rows& rows) {
  return std::all_of(rows.begin(), rows.end(), [&](std::int64_t row) {
    return keys[static_cast<std::size_t>(row)] >= 0;
  });
}

class Comparison {
 public:
  Comparison(const Pack& pack,
             const Images& images,
             const Rows& later,
             const Rows& earlier,
             std::string side)
      : pack_(pack), images_(images), later_(later), earlier_(earlier), side_(std::move(side)) {}

  void add_to(std::vector<Leak>& leaks) const {
    add_shared("subject", pack_.subject(), leaks);
    add_shared("sequence", pack_.sequence(), leaks);
    std::unordered_map<std::string_view, std::set<std::int64_t>> labels;
    for (const std::int64_t row : earlier_) labels[bytes_of(pack_, row)].insert(label(row));
    std::int64_t identical = 0, near = 0, conflicting = 0;
    for (const std::int64_t row : later_) {
      const auto copies = labels.find(bytes_of(pack_, row));
      if (copies == labels.end()) {
        near += images_.near_any(row, earlier_);
        continue;
      }
      ++identical;
      conflicting += copies->second.size() > 1 || *copies->second.begin() != label(row);
    }
    for (const auto& [kind, rows] :
         {std::pair("identical", identical), {"near", near}, {"conflicting", conflicting}})
      leaks.push_back({side_, kind, rows, std::ssize(later_)});
  }

 private:
  std::int64_t label(std::int64_t row) const {
    return pack_.labels()[static_cast<std::size_t>(row)];
  }
  void add_shared(const char* kind,
                  std::span<const std::int32_t> keys,
                  std::vector<Leak>& leaks) const {
    if (!all_known(keys, earlier_) || !all_known(keys, later_)) return;
    std::set<std::int32_t> known;
    for (const std::int64_t row : earlier_) known.insert(keys[static_cast<std::size_t>(row)]);
    const std::int64_t shared = std::count_if(later_.begin(), later_.end(), [&](std::int64_t row) {
      return known.contains(keys[static_cast<std::size_t>(row)]);
    });
    leaks.push_back({side_, kind, shared, std::ssize(later_)});
  }

  const Pack& pack_;
  const Images& images_;
  const Rows &later_, &earlier_;
  std::string side_;
};

std::vector<Leak> leaks_of(const Pack& pack, const Images& images, const Fold& fold) {
  std::vector<Leak> leaks;
  const auto compare = [&](const Rows& later, const Rows& earlier, const char* side) {
    if (!later.empty() && !earlier.empty())
      Comparison(pack, images, later, earlier, side).add_to(leaks);
  };
  compare(fold.test, fold.train, "test in train");
  compare(fold.validation, fold.train, "validation in train");
  compare(fold.test, fold.validation, "test in validation");
  return leaks;
}

void add(const std::vector<Leak>& leaks, std::vector<Leak>& sums) {
  for (const Leak& leak : leaks) {
    const auto same = std::find_if(sums.begin(), sums.end(), [&](const Leak& known) {
      return known.side == leak.side && known.kind == leak.kind;
    });
    if (same == sums.end()) {
      sums.push_back(leak);
    } else {
      same->rows += leak.rows;
      same->of += leak.of;
    }
  }
}

}  // namespace

std::vector<Leak> audit(const Pack& pack, const Fold& fold) {
  return audit(pack, std::span(&fold, 1));
}

std::vector<Leak> audit(const Pack& pack, std::span<const Fold> folds) {
  const Images images(pack, folds);
  std::vector<Leak> sums;
  for (const Fold& fold : folds) add(leaks_of(pack, images, fold), sums);
  return sums;
}

std::string summary(const std::vector<Leak>& leaks) {
  std::string text, side;
  for (const Leak& leak : leaks) {
    if (leak.rows == 0) continue;
    if (leak.side != side)
      text += fmt::format("{}{} (of {}): ", text.empty() ? "" : "; ", leak.side, leak.of);
    else
      text += ", ";
    side = leak.side;
    text += fmt::format("{} {}", leak.rows, leak.kind);
  }
  return text.empty() ? "no leak found" : text;
}

}  // namespace mien
