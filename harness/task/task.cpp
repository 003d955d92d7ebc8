#include "harness/task/task.h"

#include <nlohmann/json.hpp>

#include "harness/base/digest.h"
#include "harness/base/fields.h"
#include "harness/base/files.h"

namespace mien {
namespace {

using nlohmann::json;

constexpr std::int64_t kSchema = 1;
constexpr std::int64_t kLargestSeed = 1'000'000'000;

template <typename V, typename E>
void visit_external(V& v, E& e) {
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  v.choice("kind", e.kind, "what the file is");
  v.text("sha256", e.sha256, "digest of the file");
  v.texts("classes", e.classes, "class names in the order of the outputs");
  v.numbers("input", e.input, std::int64_t{1}, std::int64_t{4096}, "channels, height, width");
  v.number("parameters", e.parameters, std::int64_t{0}, kMany, "as declared; 0 = not declared");
  v.text("model", e.model, "weights: table name");
  v.text("variant", e.variant, "weights: named reading of the paper");
  v.text("map_sha256", e.map_sha256, "weights: digest of the name map");
  v.number("images_per_second", e.images_per_second, 0.0, 1e9, "predictions: measured by others");
  v.text("timing_source", e.timing_source, "predictions: by whom, on what");
}

template <typename V, typename T>
void visit_task(V& v, T& t) {
  v.choice("kind", t.kind, "what is measured");
  v.text("experiment", t.experiment, "model@dataset, the config's name");
  v.text("model", t.model, "table name");
  v.text("variant", t.variant, "named reading of the paper");
  v.text("dataset", t.dataset, "table name");
  v.choice("data", t.data, "kind of data");
  v.text("frames", t.frames, "frame rule of the dataset");
  v.text("split", t.split, "name of the split");
  v.text("pack_sha256", t.pack_sha256, "digest of the pack");
  v.text("profile", t.profile, "smoke or full");
  v.flag("official", t.official, "protocol as configured");
  v.number("seed", t.seed, std::int64_t{0}, kLargestSeed, "seed");
  v.number("fold", t.fold, std::int64_t{0}, std::int64_t{1000}, "fold");
  v.text("device_class", t.device_class, "cpu or cuda");
}

}  // namespace

const char* main_metric(TaskKind kind) {
  MIEN_ASSERT(kind != TaskKind::kThroughput);
  if (kind == TaskKind::kRegression) return "coefficient_error";
  return kind == TaskKind::kReconstruction ? "realy_error" : "accuracy";
}

json to_json(const Task& task) {
  FieldWriter fields, protocol;
  visit_task(fields, task);
  visit(protocol, task.protocol);
  json result = std::move(fields.result);
  result["schema"] = kSchema;
  result["metric_version"] = kMetricVersion;
  result["protocol"] = std::move(protocol.result);
  if (task.external) {
    FieldWriter external;
    visit_external(external, *task.external);
    result["external"] = std::move(external.result);
  }
  if (!task.networks.empty()) result["networks"] = task.networks;
  return result;
}

Task task_from_text(const std::string& text, const std::string& name) {
  json source = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!source.is_object()) fail(Exit::kUsage, "{}: not a JSON object; give a task file", name);
  if (source.value("schema", json()) != kSchema ||
      source.value("metric_version", json()) != kMetricVersion)
    fail(Exit::kUsage, "{}: a task of another version of Mien; plan it again with this one", name);
  const json protocol = source.value("protocol", json::object());
  const json external = source.value("external", json());
  const json networks = source.value("networks", json::object());
  for (const char* key : {"schema", "metric_version", "protocol", "external", "networks"})
    source.erase(key);
  const Locate locate = [&](const json::json_pointer&) { return name; };
  Task task;
  FieldReader fields(source, locate);
  visit_task(fields, task);
  fields.finish();
  FieldReader inner(protocol, locate);
  visit(inner, task.protocol);
  inner.finish();
  if (!networks.is_object()) fail(Exit::kUsage, "{}: networks must be an object", name);
  for (const auto& [role, id] : networks.items()) {
    if (!id.is_string()) fail(Exit::kUsage, "{}: network {} must be the id of a task", name, role);
    task.networks[role] = id;
  }
  if (external.is_null()) return task;
  FieldReader outside(external, locate);
  visit_external(outside, task.external.emplace());
  outside.finish();
  return task;
}

Task read_task(const std::filesystem::path& path) {
  return task_from_text(read_text(path), path.string());
}

std::string task_id(const Task& task) { return sha256_hex(to_json(task).dump()); }

std::string group_id(const Task& task) {
  json shared = to_json(task);
  shared.erase("seed");
  shared.erase("fold");
  shared.erase("networks");  // each seed has networks of its own
  return sha256_hex(shared.dump());
}

}  // namespace mien
