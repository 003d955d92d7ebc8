#include "datasets/tree/listing.h"

#include <algorithm>

#include "datasets/tree/stand_in_marker.h"
#include "datasets/tree/walk.h"
#include "harness/base/error.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

// Unlike the functions of the standard library these do not depend on the locale.
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool matches(char c, char pattern) {
  if (pattern == '#') return c >= '0' && c <= '9';
  if (pattern == '@') return upper(c) >= 'A' && upper(c) <= 'Z';
  return lower(c) == lower(pattern);
}

}  // namespace

bool matches(std::string_view text, std::string_view pattern) {
  return std::ranges::equal(text, pattern, [](char a, char b) { return matches(a, b); });
}

bool has_ending(std::string_view name, std::string_view ending) {
  return name.size() >= ending.size() && matches(name.substr(name.size() - ending.size()), ending);
}

bool has_ending(std::string_view name, std::span<const std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view end) { return has_ending(name, end); });
}

std::int32_t index_of(std::span<const char* const> names, std::string_view word) {
  const auto found =
      std::ranges::find_if(names, [&](const char* name) { return matches(word, name); });
  return found == names.end() ? -1 : static_cast<std::int32_t>(found - names.begin());
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = upper(c);
  return out;
}

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at != std::string_view::npos;) {
    at = path.find('/');
    parts.push_back(path.substr(0, at));
    path.remove_prefix(at == std::string_view::npos ? path.size() : at + 1);
  }
  return parts;
}

std::string json_text(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void fail_not_found(const DatasetEntry& entry, const fs::path& source, std::string_view what) {
  fail(Exit::kPrecondition, "{}: {}; {}", source.string(), what, entry.how_to_obtain);
}

Listing start_listing(const DatasetEntry& entry,
                      const fs::path& source,
                      std::vector<std::string>& files) {
  std::error_code ignored;
  if (!fs::is_directory(source, ignored)) fail_not_found(entry, source, "no such folder");
  Listing listing;
  listing.class_names.assign(entry.class_names.begin(), entry.class_names.end());
  listing.facts = nlohmann::ordered_json::object();
  files = walk(source, listing.problems);
  std::erase(files, kMarkerName);
  return listing;
}

void compare(Listing& listing, const char* name, std::int64_t found, std::int64_t published) {
  listing.facts[name] = {{"found", found}, {"published", published}};
  if (found != published) listing.data = DataKind::kUnverified;
}

std::int64_t count_of(const Listing& listing, std::int64_t label) {
  return std::ranges::count(listing.pictures, label, &Picture::label);
}

std::vector<fs::path> files_for(const fs::path& source,
                                const std::function<bool(std::string_view)>& uses) {
  std::error_code ignored;
  std::vector<fs::path> paths;
  if (!fs::is_directory(source, ignored)) return paths;
  std::vector<Problem> unused;
  for (const std::string& file : walk(source, unused))
    if (uses(file)) paths.push_back(source / file);
  if (!paths.empty() && fs::exists(source / kMarkerName, ignored))
    paths.push_back(source / kMarkerName);
  std::ranges::sort(paths);
  return paths;
}

bool read_xml(const fs::path& folder,
              const std::string& relative,
              XmlElement& root,
              std::vector<Problem>& problems) {
  const fs::path path = folder / relative;
  std::string fault;
  try {
    std::error_code ignored;
    if (fs::file_size(path, ignored) > kMostXmlBytes && !ignored)
      fault = fmt::format("more than {} bytes", kMostXmlBytes);
    else {
      XmlDocument document = parse_xml(read_text(path));
      root = std::move(document.root);
      fault = std::move(document.fault);
    }
  } catch (const FileError& error) {
    fault = error.reason();  // a problem names its file relative to the dataset
  }
  if (!fault.empty()) problems.push_back({relative, fault});
  return fault.empty();
}

}  // namespace mien
