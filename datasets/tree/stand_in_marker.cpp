#include "datasets/tree/stand_in_marker.h"

#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {

void write_marker(const fs::path& folder, const StandInMarker& marker) {
  ordered_json text = {{"what", "synthetic stand-in; not the real dataset"},
                       {"dataset", marker.dataset}};
  text.update(stand_in_facts(marker));
  if (!marker.md5.empty()) text["md5"] = marker.md5;
  if (!marker.runs.empty()) text["subject_runs"] = marker.runs;
  write_text(folder / kMarkerName, text.dump() + "\n");
}

std::optional<StandInMarker> read_marker(const fs::path& folder) {
  const fs::path path = folder / kMarkerName;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  try {
    const ordered_json text = ordered_json::parse(read_text(path));
    StandInMarker marker;
    text.at("dataset").get_to(marker.dataset);
    text.at("generator").get_to(marker.generator);
    text.at("seed").get_to(marker.seed);
    text.at("subjects").get_to(marker.subjects);
    if (text.contains("label_noise")) text["label_noise"].get_to(marker.label_noise);
    if (text.contains("head")) text["head"].get_to(marker.head);
    if (text.contains("md5")) text["md5"].get_to(marker.md5);
    if (text.contains("subject_runs")) text["subject_runs"].get_to(marker.runs);
    return marker;
  } catch (const ordered_json::exception&) {
    fail(Exit::kIntegrity,
         "{}: not a stand-in marker of Mien; delete the folder, it is made anew",
         path.string());
  }
}

ordered_json stand_in_facts(const StandInMarker& marker) {
  ordered_json facts = {
      {"generator", marker.generator}, {"seed", marker.seed}, {"subjects", marker.subjects}};
  if (marker.label_noise > 0) facts["label_noise"] = marker.label_noise;
  if (!marker.head.empty()) facts["head"] = marker.head;
  return facts;
}

std::vector<std::pair<int, int>> runs_of(const std::vector<std::int32_t>& subjects) {
  std::vector<std::pair<int, int>> runs;
  for (const std::int32_t subject : subjects) {
    if (runs.empty() || runs.back().first != subject) runs.emplace_back(subject, 0);
    ++runs.back().second;
  }
  return runs;
}

std::vector<std::int32_t> subjects_of(const StandInMarker& marker, std::size_t rows) {
  std::vector<std::int32_t> subjects;
  for (const auto& [subject, count] : marker.runs) {
    if (count < 0 || static_cast<std::size_t>(count) > rows - subjects.size()) break;
    subjects.insert(subjects.end(), static_cast<std::size_t>(count), subject);
  }
  if (subjects.size() != rows)
    fail(Exit::kIntegrity,
         "{}: {} subjects for {} rows; delete the folder, it is made anew",
         kMarkerName,
         subjects.size(),
         rows);
  return subjects;
}

}  // namespace mien
