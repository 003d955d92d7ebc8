#include "harness/config/sections.h"

#include "harness/base/error.h"
#include "harness/config/yaml_file.h"

namespace mien {
namespace {

using nlohmann::json;

template <typename V>
void visit_claim(V& v, Claim& c, double& value) {
  v.text("id", c.id, "short name");
  v.text("source", c.source, "authors, title, identifier");
  v.text("locator", c.locator, "table or page, or unknown");
  v.text("metric", c.metric, "metric name");
  v.text("unit", c.unit, "unit of value");
  v.number("value", value, -1e9, 1e9, "figure as printed; unknown where absent");
  v.number("decimals", c.decimals, std::int64_t{0}, std::int64_t{9}, "decimals as printed");
  v.text("n", c.n, "test images, or unknown");
  v.text("protocol", c.protocol, "what is known of it");
  v.text("grade", c.grade, "evidence: V M S I C D R U");
  v.texts("differs", c.differs, "fields in which ours is known to differ");
}

template <typename V>
void visit_known(V& v, KnownFault& k) {
  v.text("row", k.row, "method; any where absent");
  v.text("column", k.column, "column; any where absent");
  v.text("rule", k.rule, "rule that finds it");
  v.text("reason", k.reason, "why it stands as it is");
}

}  // namespace

std::optional<Claim> read_claim(const json& source, const Locate& locate) {
  if (source.is_null()) return std::nullopt;
  Claim claim;
  json fields = source;
  const json::json_pointer known("/known");
  if (fields.is_object())
    claim.known = read_known(take(fields, "known"),
                             [&](const json::json_pointer& p) { return locate(known / p); });
  FieldReader reader(fields, locate);
  double value = 0;
  visit_claim(reader, claim, value);
  if (fields.contains("value")) claim.value = value;
  reader.finish();
  return claim;
}

std::vector<KnownFault> read_known(const json& source, const Locate& locate) {
  std::vector<KnownFault> list;
  if (source.is_null()) return list;
  if (!source.is_array())
    fail(Exit::kUsage, "{}: known must be a list", locate(json::json_pointer()));
  for (std::size_t i = 0; i < source.size(); ++i) {
    const json::json_pointer item = json::json_pointer() / i;
    KnownFault known;
    FieldReader reader(source[i], [&](const json::json_pointer& p) { return locate(item / p); });
    visit_known(reader, known);
    reader.finish();
    const std::string where = locate(item);
    if (known.rule.empty() || known.reason.empty())
      fail(Exit::kUsage, "{}: a known fault needs its rule and a reason", where);
    known.line = line_of(where);
    list.push_back(known);
  }
  return list;
}

}  // namespace mien
