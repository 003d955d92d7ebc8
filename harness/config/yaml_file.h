// YAML files as JSON values, with the line and column of every key. Only yaml_file.cpp includes
// yaml-cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/base/fields.h"

namespace mien {

/// Where each key of a file stands: JSON pointer -> "line:column".
using SourceLocations = std::map<std::string, std::string>;

struct YamlFile {
  /// Reads a file. Plain scalars that read as JSON numbers, and true and false, become these;
  /// everything else, and everything quoted, becomes text.
  /// Errors (Exit::kUsage): not YAML, no keys and values, a key that stands there twice.
  explicit YamlFile(const std::filesystem::path& file);

  std::string name;
  SourceLocations locations;
  nlohmann::json root;
};

/// Returns a function that says "file:line:column" of a pointer below `prefix`, or of its nearest
/// ancestor whose location is known. REQUIRES: `locations` outlives it.
Locate locator(const std::string& file,
               const SourceLocations& locations,
               const std::string& prefix);

/// Returns the line in a text such as "configs/x.yaml:12:5", or 1 if there is none.
std::int64_t line_of(const std::string& where);

/// Reads one YAML value, as --set takes it. Error (Exit::kUsage): not YAML; it begins with `where`.
nlohmann::json parse_yaml_value(const std::string& text, const std::string& where);

/// Removes `key` from `object` and returns its value, or null if it is absent.
nlohmann::json take(nlohmann::json& object, const char* key);

/// Takes the key `schema`. Error (Exit::kUsage): it is not 1.
void take_schema(YamlFile& yaml);

/// Checks that a key has a text. Error (Exit::kUsage), which begins with `where`: it has none.
void require_text(const std::string& value, const char* key, const std::string& where);

}  // namespace mien
