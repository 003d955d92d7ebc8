#include "datasets/listing.h"

#include <algorithm>

#include "datasets/stand_in.h"
#include "harness/core/error.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

// Of the standard's functions these do not ask the locale.
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

Listing start_listing(const DatasetEntry& entry,
                      const fs::path& source,
                      std::vector<std::string>& files) {
  std::error_code ignored;
  if (!fs::is_directory(source, ignored))
    fail(Exit::kPrecondition, "{}: no such folder; {}", source.string(), entry.how_to_obtain);
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

std::string frame_rule(const DatasetEntry& entry, const ReadOptions& options) {
  if (options.frames.empty()) return entry.frame_rules.front().name;
  std::vector<std::string> known;
  for (const FrameRule& rule : entry.frame_rules) {
    if (options.frames == rule.name) return rule.name;
    known.push_back(rule.name);
  }
  fail(Exit::kUsage,
       "{}: no frame rule '{}'{}",
       entry.name,
       options.frames,
       suggest(options.frames, known));
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

}  // namespace mien
