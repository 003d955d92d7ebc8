// The marker that makes a folder a stand-in: without it synthetic data could pass for real.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mien {

/// Content of `STAND-IN.json`.
struct StandInMarker {
  std::string dataset;
  int generator = 0;  // DatasetEntry::stand_in_version
  std::uint64_t seed = 0;
  int subjects = 0;
  double label_noise = 0;  // see SynthesizeOptions
  std::string head = {};   // of the faces, "" for the built-in one
  std::string md5 = {};    // of the dataset file beside it; "" where the dataset is a tree
  /// (subject, rows) in row order, where the true layout has no place for the subject; else none.
  std::vector<std::pair<int, int>> runs = {};
};

inline constexpr const char* kMarkerName = "STAND-IN.json";

void write_marker(const std::filesystem::path& folder, const StandInMarker& marker);

/// Nothing where `folder` has no marker. Error (Exit::kIntegrity): one that cannot be understood.
std::optional<StandInMarker> read_marker(const std::filesystem::path& folder);

/// One (subject, rows) pair per run of equal subjects, and back.
std::vector<std::pair<int, int>> runs_of(const std::vector<std::int32_t>& subjects);
/// Error (Exit::kIntegrity): the runs do not add up to `rows`.
std::vector<std::int32_t> subjects_of(const StandInMarker& marker, std::size_t rows);

}  // namespace mien
