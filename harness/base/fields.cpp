#include "harness/base/fields.h"

#include <algorithm>

namespace mien {

using nlohmann::json;

json::json_pointer pointer_of(const std::string& key) {
  json::json_pointer pointer;
  std::size_t at = 0;
  while (true) {
    const std::size_t dot = key.find('.', at);
    pointer.push_back(key.substr(at, dot - at));  // escapes '/' and '~'
    if (dot == std::string::npos) return pointer;
    at = dot + 1;
  }
}

FieldReader::FieldReader(const json& source, Locate locate)
    : source_(source), locate_(std::move(locate)) {
  if (!source.is_object())
    fail(Exit::kUsage, "{}: expected keys and values", locate_(json::json_pointer()));
}

const json* FieldReader::find(const std::string& key) {
  known_.insert(key);
  const json::json_pointer pointer = pointer_of(key);
  // A scalar where a section should be is reported by check_known, not looked into.
  for (json::json_pointer parent = pointer.parent_pointer(); !parent.empty();
       parent = parent.parent_pointer())
    if (source_.contains(parent) && !source_[parent].is_object()) return nullptr;
  return source_.contains(pointer) ? &source_[pointer] : nullptr;
}

std::string FieldReader::where(const std::string& key) const { return locate_(pointer_of(key)); }

void FieldReader::wrong_type(const std::string& key,
                             const json& value,
                             const char* expected) const {
  fail(Exit::kUsage, "{}: {} is {}, must be {}", where(key), key, value.dump(), expected);
}

void FieldReader::wrong_choice(const std::string& key,
                               const json& value,
                               const std::vector<std::string>& names) const {
  fail(Exit::kUsage,
       "{}: {} is {}, must be one of {}",
       where(key),
       key,
       value.dump(),
       fmt::join(names, ", "));
}

void FieldReader::flag(const std::string& key, bool& member, const char*) {
  const json* value = find(key);
  if (!value) return;
  if (!value->is_boolean()) wrong_type(key, *value, "true or false");
  member = value->get<bool>();
}

void FieldReader::text(const std::string& key, std::string& member, const char*) {
  const json* value = find(key);
  if (!value) return;
  if (!value->is_string()) wrong_type(key, *value, "text");
  member = value->get<std::string>();
}

void FieldReader::texts(const std::string& key, std::vector<std::string>& member, const char*) {
  const json* value = find(key);
  if (!value) return;
  const auto is_text = [](const json& item) { return item.is_string(); };
  if (!value->is_array() || !std::all_of(value->begin(), value->end(), is_text))
    wrong_type(key, *value, "a list of names");
  member = value->get<std::vector<std::string>>();
}

void FieldReader::check_known(const json& object, const std::string& prefix) const {
  for (const auto& [name, value] : object.items()) {
    const std::string key = prefix + name;
    // "optimizer.name" written as one key is not the key name of section optimizer.
    const bool dotted = name.find('.') != std::string::npos;
    if (dotted && known_.contains(key))
      fail(Exit::kUsage, "{}: write '{}' as nested keys, not with a dot", where(key), key);
    if (known_.contains(key)) continue;
    const auto inside = [&](const std::string& known) { return known.starts_with(key + "."); };
    if (std::any_of(known_.begin(), known_.end(), inside)) {
      if (!value.is_object()) wrong_type(key, value, "a section with keys of its own");
      check_known(value, key + ".");
      continue;
    }
    fail(Exit::kUsage,
         "{}: unknown key '{}'{}",
         where(key),
         key,
         suggest(key, {known_.begin(), known_.end()}));
  }
}

void FieldReader::finish() const { check_known(source_, ""); }

}  // namespace mien
