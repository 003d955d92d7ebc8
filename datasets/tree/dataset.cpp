#include "datasets/tree/dataset.h"

#include "harness/base/error.h"

namespace mien {

const FrameRule* frame_rule(const DatasetEntry& entry, std::string_view name) {
  std::vector<std::string> known;
  for (const FrameRule& rule : entry.frame_rules) {
    if (name.empty() || name == rule.name) return &rule;
    known.push_back(rule.name);
  }
  if (name.empty()) return nullptr;
  if (known.empty())
    fail(Exit::kUsage, "{}: has no frames to choose from; run it without --frames", entry.name);
  fail(Exit::kUsage, "{}: no frame rule '{}'{}", entry.name, name, suggest(name, known));
}

}  // namespace mien
