// claims list, claims lint: published figures, and the checks of them.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/claims/lint.h"
#include "harness/cli/command.h"
#include "harness/cli/print.h"
#include "harness/config/config.h"
#include "harness/config/published_file.h"
#include "results/table.h"

namespace mien {
namespace {

using nlohmann::json;

struct ClaimsOptions : PrintedOptions {
  ConfigOptions configs;
  std::string part;  // only claims with this in their id
};

struct LintOptions : TextOptions {
  ConfigOptions configs;
};

bool is_known(const ClaimFinding& finding) { return !finding.known.empty(); }

/// Returns the claims of experiments, then the published tables.
std::vector<PublishedTable> every_table(const ConfigOptions& configs) {
  std::vector<PublishedTable> tables;
  for (const Experiment& experiment : configs.load())
    if (experiment.claim) tables.push_back(table_of_claim(experiment));
  for (PublishedTable& table : load_all_published(configs.folder))
    tables.push_back(std::move(table));
  return tables;
}

/// Returns the id of a figure. For a table it includes the column.
std::string id_of(const PublishedTable& table, const PublishedRow& row, std::size_t column) {
  return claim_id(table, row.method, table.publication.empty() ? "" : table.columns[column]);
}

/// Returns the rules that a figure breaks, such as "mean-of-columns, copy-differs".
std::string faults_of(const std::vector<ClaimFinding>& findings,
                      const PublishedTable& table,
                      const PublishedRow& row,
                      std::size_t column) {
  std::vector<std::string> rules;
  for (const ClaimFinding& finding : findings)
    if (finding.file == table.file && finding.line == row.line &&
        (finding.column.empty() || finding.column == table.columns[column]))
      rules.push_back(finding.rule);
  return fmt::format("{}", fmt::join(rules, ", "));
}

struct ListedClaim {
  std::string id, value, faults;
  const PublishedTable* table;
};

std::vector<ListedClaim> listed_claims(const std::vector<PublishedTable>& tables,
                                       const std::string& part) {
  const std::vector<ClaimFinding> findings = lint_claims(tables);
  std::vector<ListedClaim> claims;
  for (const PublishedTable& table : tables)
    for (const PublishedRow& row : table.rows)
      for (std::size_t i = 0; i < row.figures.size(); ++i) {
        const std::string id = id_of(table, row, i);
        if (row.figures[i].printed == "-" || id.find(part) == std::string::npos) continue;
        claims.push_back({id,
                          table.established() ? row.figures[i].printed : "unknown",
                          faults_of(findings, table, row, i),
                          &table});
      }
  return claims;
}

Table claims_table(const std::vector<ListedClaim>& claims) {
  Table table{"",
              {{"claim"},
               {"value", Align::kRight},
               {"unit"},
               {"n", Align::kRight},
               {"grade"},
               {"faults", Align::kLeft, 1},
               {"source", Align::kLeft, 2},
               {"locator", Align::kLeft, 3}},
              {}};
  for (const ListedClaim& claim : claims)
    table.rows.push_back({claim.id,
                          claim.value,
                          claim.table->unit,
                          claim.table->n,
                          claim.table->grade,
                          claim.faults,
                          claim.table->source,
                          claim.table->locator});
  return table;
}

json claims_json(const std::vector<ListedClaim>& claims) {
  json items = json::array();
  for (const ListedClaim& claim : claims)
    items.push_back({{"claim", claim.id},
                     {"value", claim.value},
                     {"unit", claim.table->unit},
                     {"metric", claim.table->metric},
                     {"n", claim.table->n},
                     {"grade", claim.table->grade},
                     {"faults", claim.faults},
                     {"source", claim.table->source},
                     {"locator", claim.table->locator},
                     {"protocol", claim.table->protocol},
                     {"file", claim.table->file}});
  return {{"schema", 1}, {"claims", items}};
}

std::size_t count_figures(const std::vector<PublishedTable>& tables) {
  std::size_t count = 0;
  for (const PublishedTable& table : tables)
    for (const PublishedRow& row : table.rows)
      for (const Figure& figure : row.figures) count += figure.recorded() ? 1 : 0;
  return count;
}

json findings_json(const std::vector<ClaimFinding>& findings, std::size_t figures) {
  json items = json::array();
  for (const ClaimFinding& finding : findings)
    items.push_back({{"file", finding.file},
                     {"line", finding.line},
                     {"rule", finding.rule},
                     {"claim", finding.claim},
                     {"what", finding.what},
                     {"why", finding.why},
                     {"known", is_known(finding) ? json(finding.known) : json()}});
  return {{"schema", 1}, {"figures", figures}, {"findings", items}};
}

std::string line_of(const ClaimFinding& finding) {
  const std::string text = fmt::format("{}:{}: {}: {}: {}; {}",
                                       finding.file,
                                       finding.line,
                                       finding.rule,
                                       finding.claim,
                                       finding.what,
                                       finding.why);
  return terminal_text(!is_known(finding) ? text : text + " [known: " + finding.known + "]");
}

int list_claims(const ClaimsOptions& options) {
  const std::vector<PublishedTable> tables = every_table(options.configs);
  const std::vector<ListedClaim> claims = listed_claims(tables, options.part);
  if (claims.empty())
    fail(Exit::kUsage, "no claim has '{}' in its id; bench claims list shows all", options.part);
  if (options.format == "json")
    print_json(claims_json(claims));
  else
    print_table(claims_table(claims), options.format);
  return 0;
}

int lint(const LintOptions& options) {
  const std::vector<PublishedTable> tables = every_table(options.configs);
  const std::vector<ClaimFinding> findings = lint_claims(tables);
  const std::size_t figures = count_figures(tables);
  const auto known =
      static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(), is_known));
  if (options.format == "json")
    print_json(findings_json(findings, figures));
  else
    for (const bool turn : {true, false})  // new findings are printed last
      for (const ClaimFinding& finding : findings)
        if (is_known(finding) == turn) fmt::print("{}\n", line_of(finding));
  std::fflush(stdout);
  fmt::print(stderr,
             "{} figures, {} findings: {} known, {} new\n",
             figures,
             findings.size(),
             known,
             findings.size() - known);
  return static_cast<int>(findings.size() > known ? Exit::kGateFailed : Exit::kDone);
}

}  // namespace

void declare_claims(CliCommand& bench) {
  CliCommand claims = bench.group("claims", "figures that others published");
  auto [list, list_options] = claims.add<ClaimsOptions>(
      "list", "list every published figure: of experiments and of boards", list_claims);
  list.option("part", list_options.part, "only those with this in their id, e.g. realy/frontal");
  list.configs(list_options.configs);
  auto [check, lint_options] = claims.add<LintOptions>(
      "lint", "check figures for impossible values; exit 1 on a new finding", lint);
  check.configs(lint_options.configs);
}

}  // namespace mien
