// The file that marks a folder as a stand-in. Without it synthetic data could pass for real data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mien {

/// The content of `STAND-IN.json`.
struct StandInMarker {
  std::string dataset;
  int generator = 0;  // StandIn::version
  std::uint64_t seed = 0;
  int subjects = 0;
  double label_noise = 0;  // SynthesizeOptions::label_noise
  std::string head = {};   // the name of the head that was drawn; "" for the built-in one
  std::string md5 = {};    // of the dataset file beside it; "" where the dataset is a tree
  /// (subject, rows) in row order, where the dataset's files have no place for the subject; else
  /// empty.
  std::vector<std::pair<int, int>> runs = {};
};

inline constexpr const char* kMarkerName = "STAND-IN.json";

/// Writes the marker into `folder`. Error (Exit::kPrecondition): it cannot be written.
void write_marker(const std::filesystem::path& folder, const StandInMarker& marker);

/// Returns the marker of `folder`, or nothing where there is none.
/// Error (Exit::kIntegrity): the marker cannot be understood.
std::optional<StandInMarker> read_marker(const std::filesystem::path& folder);

/// Returns what the manifest says of a stand-in: {"generator", "seed", "subjects"}, and
/// "label_noise" and "head" where the marker has them.
nlohmann::ordered_json stand_in_facts(const StandInMarker& marker);

/// Returns one (subject, rows) pair per run of equal subjects.
std::vector<std::pair<int, int>> runs_of(const std::vector<std::int32_t>& subjects);
/// Returns the subject of each row, from the marker's runs.
/// Error (Exit::kIntegrity): the runs do not add up to `rows`.
std::vector<std::int32_t> subjects_of(const StandInMarker& marker, std::size_t rows);

}  // namespace mien
