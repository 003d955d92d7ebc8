#include "harness/config/yaml_file.h"

#include <yaml-cpp/yaml.h>

#include "harness/base/error.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

std::string location(const YAML::Mark& mark) {
  return mark.is_null() ? "1:1" : fmt::format("{}:{}", mark.line + 1, mark.column + 1);
}

json scalar(const YAML::Node& node) {
  const std::string text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true" || text == "false") return text == "true";
  if (json number = json::parse(text, nullptr, false); number.is_number()) return number;
  return text;
}

/// Turns YAML into JSON and records where every key stands.
json convert(const YAML::Node& node,
             const std::string& pointer,
             const std::string& file,
             SourceLocations& locations) {
  if (node.IsScalar()) return scalar(node);
  if (node.IsNull()) return nullptr;
  if (node.IsSequence()) {
    json list = json::array();
    for (const YAML::Node& item : node) {
      const std::string inner = fmt::format("{}/{}", pointer, list.size());
      locations[inner] = location(item.Mark());
      list.push_back(convert(item, inner, file, locations));
    }
    return list;
  }
  json object = json::object();
  for (const auto& pair : node) {
    const std::string key = pair.first.as<std::string>();
    const std::string inner = pointer + "/" + key;
    if (object.contains(key))
      fail(Exit::kUsage,
           "{}:{}: key '{}' stands here a second time; keep one",
           file,
           location(pair.first.Mark()),
           key);
    locations[inner] = location(pair.first.Mark());
    object[key] = convert(pair.second, inner, file, locations);
  }
  return object;
}

json parse_yaml(const std::string& text, const std::string& file, SourceLocations& locations) {
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) fail(Exit::kUsage, "{}:1:1: expected keys and values", file);
    return convert(root, "", file, locations);
  } catch (const YAML::Exception& error) {
    fail(Exit::kUsage, "{}:{}: not YAML: {}", file, location(error.mark), error.msg);
  }
}

}  // namespace

YamlFile::YamlFile(const fs::path& file)
    : name(file.string()), root(parse_yaml(read_text(file), name, locations)) {}

Locate locator(const std::string& file,
               const SourceLocations& locations,
               const std::string& prefix) {
  return [=, &locations](const json::json_pointer& pointer) {
    for (json::json_pointer at = pointer;; at = at.parent_pointer()) {
      const auto found = locations.find(prefix + at.to_string());
      if (found != locations.end()) return file + ":" + found->second;
      if (at.empty()) return file + ":1:1";
    }
  };
}

std::int64_t line_of(const std::string& where) {
  const std::size_t column = where.rfind(':');
  const std::size_t line = column == std::string::npos ? column : where.rfind(':', column - 1);
  if (line == std::string::npos) return 1;
  return std::strtoll(where.c_str() + line + 1, nullptr, 10);
}

json parse_yaml_value(const std::string& text, const std::string& where) {
  try {
    SourceLocations ignored;
    return convert(YAML::Load(text), "", "--set", ignored);
  } catch (const YAML::Exception& error) {
    fail(Exit::kUsage, "{}: not a YAML value: {}", where, error.msg);
  }
}

json take(json& object, const char* key) {
  json value = object.value(key, json());
  object.erase(key);
  return value;
}

void take_schema(YamlFile& yaml) {
  if (take(yaml.root, "schema") != 1)
    fail(Exit::kUsage, "{}:1:1: must begin with 'schema: 1'", yaml.name);
}

void require_text(const std::string& value, const char* key, const std::string& where) {
  if (value.empty()) fail(Exit::kUsage, "{}: key '{}' is missing", where, key);
}

}  // namespace mien
