#include "datasets/readers/realy_geometry.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "datasets/tree/listing.h"
#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/geometry/mesh.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien {
namespace {

constexpr std::string_view kKeypointFolder = "REALY_HIFI3D_keypoints";
constexpr std::string_view kRegionFolder = "REALY_scan_region";
constexpr std::string_view kDataFolder = "data", kScales = "metrical_scale.txt";
constexpr double kSlack = 1e-3;  // a weight may miss 0..1 by so much

struct Topology {
  const char* name;
  std::size_t vertices, triangles;
};
/// As shipped; HIFI3D's quads are two triangles each.
constexpr Topology kPublished[] = {{"3DDFA_v2", 38365, 76073},
                                   {"BFM09", 53215, 105840},
                                   {"Deep3D", 35709, 70789},
                                   {"FLAME", 5023, 9976},
                                   {"HIFI3D", 20481, 40832}};

// ---- names -------------------------------------------------------------------------------------

std::string_view without(std::string_view name, std::string_view ending) {
  return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : "";
}

/// Returns the whole number that is all of `text`; -1: it is not one.
int number_of(std::string_view text) {
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size() && value >= 0 ? value : -1;
}

/// Returns the place in `files` for the file at `path`; null where it is not part of the ground
/// truth.
std::string* place_of(RealyFiles& files, std::string_view path) {
  const std::vector<std::string_view> parts = parts_of(path);
  if (parts.size() < 2) return nullptr;
  const std::string_view name = parts.back(), folder = parts[parts.size() - 2];
  const std::string_view mesh = without(name, ".obj"), text = without(name, ".txt");
  if (folder == kKeypointFolder && number_of(mesh) >= 0) return &files.keypoints[number_of(mesh)];
  if (parts.size() > 2 && parts[parts.size() - 3] == kRegionFolder && number_of(folder) >= 0 &&
      std::ranges::find(kRealyRegions, mesh) != kRealyRegions.end())
    return &files.regions[number_of(folder)][std::string(mesh)];
  if (folder != kDataFolder) return nullptr;
  if (name == kScales) return &files.scales;
  if (!mesh.empty()) return &files.templates[std::string(mesh)];
  return text.empty() ? nullptr : &files.places[std::string(text)];
}

/// Returns the path from its known folder on.
std::string known_part(std::string_view path) {
  for (const std::string_view folder : {kKeypointFolder, kRegionFolder, kDataFolder})
    if (const std::size_t at = path.rfind(std::string(folder) + "/"); at != path.npos)
      return std::string(path.substr(at));
  return std::string(path);
}

// ---- reading -----------------------------------------------------------------------------------

/// The result of checking one file.
struct Checked {
  std::string path;
  std::string fault = {};  // "" where it is as it should be
  std::uint64_t bytes = 0;
  std::string sha256 = {};
  std::size_t vertices = 0, triangles = 0;
};

/// Reads `path` and hands its text to `use`, which returns what is wrong with it or "".
template <typename Use>
Checked check(const fs::path& source, const std::string& path, const Use& use) {
  Checked file{.path = path};
  try {
    const std::string text = read_text(source / path);
    file.bytes = text.size();
    file.sha256 = sha256_hex(text);
    file.fault = use(text, file);
  } catch (const FileError& error) {
    file.fault = error.reason();
  }
  return file;
}

Mesh parse(const std::string& text, Checked& file) {
  Mesh mesh = parse_obj(text, file.path);
  file.vertices = mesh.vertices.size() / 3;
  file.triangles = mesh.triangles.size() / 3;
  return mesh;
}

std::string keypoint_fault(const std::string& text, Checked& file) {
  parse(text, file);
  if (file.vertices == kRealyKeypoints) return "";
  return fmt::format("{} keypoints, expected {}", file.vertices, kRealyKeypoints);
}

std::string region_fault(const std::string& text, Checked& file) {
  parse(text, file);
  return file.triangles > 0 ? "" : "no triangle in it";
}

std::string template_fault(const std::string& text, Checked& file, const std::string& name) {
  parse(text, file);
  for (const Topology& known : kPublished)
    if (name == known.name &&
        (file.vertices != known.vertices || file.triangles != known.triangles))
      return fmt::format("{} vertices and {} triangles, published are {} and {}",
                         file.vertices,
                         file.triangles,
                         known.vertices,
                         known.triangles);
  return file.triangles > 0 ? "" : "no triangle in it";
}

/// One keypoint is [triangle, w0, w1]; the third weight is 1 - w0 - w1.
std::string place_fault(const ordered_json& place, std::size_t triangles) {
  const auto is_number = [](const ordered_json& value) { return value.is_number(); };
  if (!place.is_array() || place.size() != 3 || !std::ranges::all_of(place, is_number))
    return "is not [triangle, weight, weight]";
  const double triangle = place[0], w0 = place[1], w1 = place[2];
  if (triangle != std::floor(triangle) || triangle < 0 ||
      triangle >= static_cast<double>(triangles))
    return fmt::format("lies on triangle {} of {}", triangle, triangles);
  for (const double weight : {w0, w1, 1 - w0 - w1})
    if (!(weight >= -kSlack && weight <= 1 + kSlack))
      return fmt::format("has a weight of {}, beyond 0..1", weight);
  return "";
}

std::string places_fault(const std::string& text, std::size_t triangles) {
  const ordered_json places = ordered_json::parse(text, nullptr, false);
  if (!places.is_array()) return "not a JSON array";
  if (places.size() != kRealyKeypoints)
    return fmt::format("{} keypoints, expected {}", places.size(), kRealyKeypoints);
  for (std::size_t k = 0; k < places.size(); ++k)
    if (const std::string fault = place_fault(places[k], triangles); !fault.empty())
      return fmt::format("keypoint {} {}", k, fault);
  return "";
}

/// One positive number per line; the rows that could be read are in `scales`.
std::string scales_fault(std::string_view text, std::vector<double>& scales) {
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!word.empty() && (word.back() == '\r' || word.back() == ' ')) word.remove_suffix(1);
    while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
    double value = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || stop != word.data() + word.size() || !std::isfinite(value) ||
        value <= 0)
      return fmt::format("line {}: not a positive number", line);
    scales.push_back(value);
  }
  return "";
}

// ---- the whole folder --------------------------------------------------------------------------

class Geometry {
 public:
  Geometry(const fs::path& source, const RealyFiles& files, std::vector<Problem>& problems)
      : source_(source), files_(files), problems_(problems) {}

  ordered_json check_all() {
    ordered_json facts;
    facts["regions"] = subjects();
    facts["topologies"] = topologies();
    facts["metrical_scale"] = scales();
    facts["geometry"] = digest();
    return facts;
  }

 private:
  void problem(const std::string& path, const std::string& reason) {
    problems_.push_back({path, reason});
  }
  /// Keeps the digest and the fault of a file.
  const Checked& keep(Checked file) {
    if (!file.fault.empty()) problem(file.path, file.fault);
    return checked_.emplace_back(std::move(file));
  }

  std::set<int> numbers() const {
    std::set<int> all;
    for (const auto& [subject, path] : files_.keypoints) all.insert(subject);
    for (const auto& [subject, paths] : files_.regions) all.insert(subject);
    return all;
  }

  void find_missing(int subject) {
    if (subject < 1 || subject > kRealySubjects)
      problem(fmt::format("{}/{}", kRegionFolder, subject),
              fmt::format("subjects are numbered 1 to {}", kRealySubjects));
    if (!files_.keypoints.contains(subject))
      problem(fmt::format("{}/{}.obj", kKeypointFolder, subject), "missing");
    for (const char* region : kRealyRegions)
      if (!files_.regions.contains(subject) || !files_.regions.at(subject).contains(region))
        problem(fmt::format("{}/{}/{}.obj", kRegionFolder, subject, region), "missing");
  }

  ordered_json subjects() {
    std::vector<std::pair<std::string, std::string>> work;  // path, region or ""
    for (const int subject : numbers()) {
      find_missing(subject);
      if (const auto found = files_.keypoints.find(subject); found != files_.keypoints.end())
        work.emplace_back(found->second, "");
      if (const auto found = files_.regions.find(subject); found != files_.regions.end())
        for (const auto& [region, path] : found->second) work.emplace_back(path, region);
    }
    std::vector<Checked> results(work.size());
    parallel_for(work.size(), [&](std::size_t i, int) {
      results[i] =
          check(source_, work[i].first, work[i].second.empty() ? keypoint_fault : region_fault);
    });
    ordered_json facts = ordered_json::object();
    for (const char* region : kRealyRegions) {
      std::size_t count = 0, least = SIZE_MAX, most = 0;
      for (std::size_t i = 0; i < work.size(); ++i) {
        if (work[i].second != region || !results[i].fault.empty()) continue;
        ++count;
        least = std::min(least, results[i].vertices);
        most = std::max(most, results[i].vertices);
      }
      if (count > 0)
        facts[region] = {{"files", count}, {"vertices_min", least}, {"vertices_max", most}};
    }
    for (Checked& result : results) keep(std::move(result));
    return facts;
  }

  ordered_json topologies() {
    ordered_json facts = ordered_json::object();
    for (const auto& [name, path] : files_.templates) {
      const Checked mesh = keep(check(source_, path, [&](const std::string& text, Checked& file) {
        return template_fault(text, file, name);
      }));
      facts[name] = {{"vertices", mesh.vertices}, {"triangles", mesh.triangles}};
      const auto places = files_.places.find(name);
      if (places == files_.places.end()) {
        problem(fmt::format("{}/{}.txt", kDataFolder, name), "missing");
        continue;
      }
      keep(check(source_, places->second, [&](const std::string& text, Checked&) {
        return places_fault(text, mesh.triangles);
      }));
    }
    return facts;
  }

  ordered_json scales() {
    const std::set<int> subjects = numbers();
    if (files_.scales.empty()) {
      if (!subjects.empty()) problem(fmt::format("{}/{}", kDataFolder, kScales), "missing");
      return nullptr;
    }
    std::vector<double> rows;
    keep(check(source_, files_.scales, [&](const std::string& text, Checked&) {
      const std::string fault = scales_fault(text, rows);
      if (!fault.empty() || subjects.empty() || *subjects.rbegin() <= std::ssize(rows))
        return fault;
      return fmt::format("{} rows, but there is a subject {}", rows.size(), *subjects.rbegin());
    }));
    if (rows.empty()) return nullptr;
    double sum = 0;
    for (const double row : rows) sum += row;
    return {{"rows", rows.size()},
            {"mean", sum / static_cast<double>(rows.size())},
            {"min", *std::ranges::min_element(rows)},
            {"max", *std::ranges::max_element(rows)},
            {"first", rows.front()}};
  }

  ordered_json digest() const {
    std::map<std::string, const Checked*> by_path;
    for (const Checked& file : checked_) by_path[known_part(file.path)] = &file;
    std::string lines;
    std::uint64_t bytes = 0;
    for (const auto& [path, file] : by_path) {
      lines += fmt::format("{}  {}\n", file->sha256, path);
      bytes += file->bytes;
    }
    return {{"files", by_path.size()}, {"bytes", bytes}, {"sha256", sha256_hex(lines)}};
  }

  const fs::path& source_;
  const RealyFiles& files_;
  std::vector<Problem>& problems_;
  std::vector<Checked> checked_;
};

}  // namespace

int realy_subject(std::string_view stem) {
  return stem.empty() ? -1 : number_of(stem.substr(0, stem.find('_')));
}

std::vector<std::string> RealyFiles::all() const {
  std::vector<std::string> paths;
  for (const auto& [subject, path] : keypoints) paths.push_back(path);
  for (const auto& [subject, by_region] : regions)
    for (const auto& [region, path] : by_region) paths.push_back(path);
  for (const auto& [name, path] : templates) paths.push_back(path);
  for (const auto& [name, path] : places)
    if (templates.contains(name)) paths.push_back(path);  // other texts are not ours
  if (!scales.empty()) paths.push_back(scales);
  std::ranges::sort(paths);
  return paths;
}

RealyFiles find_realy_files(std::span<const std::string> files, std::vector<Problem>& problems) {
  RealyFiles found;
  for (const std::string& path : files) {
    std::string* place = place_of(found, path);
    if (!place) continue;
    if (place->empty())
      *place = path;
    else
      problems.push_back({path, "a second " + *place});
  }
  return found;
}

ordered_json check_realy_geometry(const fs::path& source,
                                  const RealyFiles& files,
                                  std::vector<Problem>& problems) {
  return Geometry(source, files, problems).check_all();
}

}  // namespace mien
