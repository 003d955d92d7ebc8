// What the datasets that are trees of pictures share when they list their files: names, label
// files, counts beside the published ones.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/tree.h"

namespace mien {

/// Whether `text` is as `pattern` says: '#' is a digit, '@' an ASCII letter, any other character
/// itself in either case.
bool matches(std::string_view text, std::string_view pattern);

/// With all ASCII letters in lower or upper case; other bytes as they are.
std::string lower(std::string_view text);
std::string upper(std::string_view text);

/// The parts of a relative path between its '/'. Views into `path`.
std::vector<std::string_view> parts_of(std::string_view path);

/// A listing with the entry's class names and no facts yet; `files` receives what `walk` finds.
/// Error (Exit::kPrecondition): `source` is no folder.
Listing start_listing(const DatasetEntry& entry,
                      const std::filesystem::path& source,
                      std::vector<std::string>& files);

/// Records facts[name] = {"found", "published"}; a copy that differs is kUnverified.
void compare(Listing& listing, const char* name, std::int64_t found, std::int64_t published);

/// Pictures of class `label`.
std::int64_t count_of(const Listing& listing, std::int64_t label);

/// The frame rule that `options` name, or the entry's first. Error (Exit::kUsage): no such rule.
std::string frame_rule(const DatasetEntry& entry, const ReadOptions& options);

/// Files below `source` for which `uses(relative path)` holds, and the marker, as sorted paths;
/// empty where there is none.
std::vector<std::filesystem::path> files_for(const std::filesystem::path& source,
                                             const std::function<bool(std::string_view)>& uses);

}  // namespace mien
