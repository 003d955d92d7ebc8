// data splits, data audit: the splits of a dataset, and what occurs on both sides of one.
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/fields.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/cli/command.h"
#include "harness/cli/data.h"
#include "harness/cli/print.h"
#include "harness/config/catalog.h"
#include "harness/system/siblings.h"
#include "harness/task/audit.h"
#include "results/table.h"

namespace mien {
namespace {

using nlohmann::json;

struct SplitsOptions : PrintedOptions {
  SampleOptions samples;
  std::string split;  // "" = all
  std::string out;    // of splits: CSV to write
};

/// Returns the named splits of a dataset, or only the one called `wanted`.
std::vector<NamedSplitInfo> named_splits(const std::string& dataset, const std::string& wanted) {
  const Catalog catalog;
  std::vector<NamedSplitInfo> splits;
  std::vector<std::string> names;
  for (const NamedSplitInfo& split : catalog.dataset(dataset, "--").named_splits) {
    names.push_back(split.name);
    if (wanted.empty() || wanted == split.name) splits.push_back(split);
  }
  if (splits.empty())
    fail(Exit::kUsage, "{}: no split '{}'{}", dataset, wanted, suggest(wanted, names));
  return splits;
}

Pack prepared_pack(const SampleOptions& samples) {
  return Pack(call_prepare(samples.arguments("prepare")).at("pack").get<std::string>());
}

std::size_t subjects_in(const Pack& pack, const std::vector<std::int64_t>& rows) {
  std::set<std::int32_t> subjects;
  for (const std::int64_t row : rows)
    subjects.insert(pack.subject()[static_cast<std::size_t>(row)]);
  return subjects.size();
}

/// Returns "12" or "11..13".
std::string range_text(std::vector<std::size_t> values) {
  std::sort(values.begin(), values.end());
  if (values.front() == values.back()) return std::to_string(values.front());
  return fmt::format("{}..{}", values.front(), values.back());
}

/// Adds a split to the table. If this copy cannot give it (say, for lack of test labels), the row
/// has the reason.
void list_split(const Pack& pack, const NamedSplitInfo& named, Table& table, json& items) {
  json item = {{"name", named.name}, {"rule", name_of(named.rule)}, {"source", named.source}};
  try {
    const std::vector<Fold> folds = folds_of(pack, named.rule);
    std::vector<std::size_t> train, validation, test, people;
    json parts = json::array();
    for (const Fold& fold : folds) {
      train.push_back(fold.train.size());
      validation.push_back(fold.validation.size());
      test.push_back(fold.test.size());
      people.push_back(subjects_in(pack, fold.test));
      parts.push_back({{"train", fold.train.size()},
                       {"validation", fold.validation.size()},
                       {"test", fold.test.size()},
                       {"sha256", digest(pack, fold)}});
    }
    const std::string sha256 = digest(pack, folds);
    const bool known = knows_subjects(pack);
    const std::string whole = !known                                  ? "unknown"
                              : is_subject_disjoint(pack, named.rule) ? "yes"
                                                                      : "no";
    table.rows.push_back({named.name,
                          name_of(named.rule),
                          std::to_string(folds.size()),
                          range_text(train),
                          range_text(validation),
                          range_text(test),
                          known ? range_text(people) : "-",
                          whole,
                          sha256.substr(0, 16),
                          named.source});
    item["folds"] = parts;
    item["subject_disjoint"] = known ? json(whole == "yes") : json();
    item["sha256"] = sha256;
  } catch (const Error& error) {
    table.rows.push_back(
        {named.name, name_of(named.rule), "-", "-", "-", "-", "-", "-", "-", error.what()});
    item["error"] = error.what();
  }
  items.push_back(item);
}

/// Writes one line per fold and labelled sample.
void export_split(const Pack& pack, const NamedSplitInfo& named, const std::string& path) {
  AtomicFile file(path);
  file.write("fold,side,sample_id,class,subject,sequence\n");
  std::int64_t number = 0;
  for (const Fold& fold : folds_of(pack, named.rule)) {
    ++number;
    const auto put = [&](const char* side, const std::vector<std::int64_t>& rows) {
      for (const std::int64_t row : rows) {
        const auto at = static_cast<std::size_t>(row);
        file.write(
            fmt::format("{},{},{},{},{},{}\n",
                        number,
                        side,
                        csv_cell(pack.ids()[at]),
                        csv_cell(pack.class_names()[static_cast<std::size_t>(pack.labels()[at])]),
                        pack.subject()[at] < 0 ? "" : std::to_string(pack.subject()[at]),
                        pack.sequence()[at] < 0 ? "" : std::to_string(pack.sequence()[at])));
      }
    };
    put("train", fold.train);
    put("validation", fold.validation);
    put("test", fold.test);
  }
  file.commit();
}

void print_result(const SplitsOptions& options,
                  const Table& table,
                  const char* key,
                  const json& items) {
  if (options.format == "json")
    print_json({{"schema", 1}, {"dataset", options.samples.dataset}, {key, items}});
  else
    print_table(table, options.format);
}

int list_splits(const SplitsOptions& options) {
  const std::vector<NamedSplitInfo> splits = named_splits(options.samples.dataset, options.split);
  if (!options.out.empty() && options.split.empty())
    fail(Exit::kUsage,
         "--out needs --split, one of those that bench data splits {} lists",
         options.samples.dataset);
  const Pack pack = prepared_pack(options.samples);
  Table table{"",
              {{"split"},
               {"rule"},
               {"folds", Align::kRight},
               {"train", Align::kRight},
               {"validation", Align::kRight},
               {"test", Align::kRight},
               {"test subjects", Align::kRight, 3},
               {"subject-disjoint", Align::kLeft},
               {"sha256", Align::kLeft, 2},
               {"who splits so", Align::kLeft, 1}},
              {}};
  json items = json::array();
  for (const NamedSplitInfo& named : splits) list_split(pack, named, table, items);
  if (!options.out.empty()) export_split(pack, splits.front(), options.out);
  print_result(options, table, "splits", items);
  return 0;
}

int audit_splits(const SplitsOptions& options) {
  const std::vector<NamedSplitInfo> splits = named_splits(options.samples.dataset, options.split);
  const Pack pack = prepared_pack(options.samples);
  Table table{"",
              {{"split"},
               {"side"},
               {"kind"},
               {"rows", Align::kRight},
               {"of", Align::kRight},
               {"share", Align::kRight}},
              {}};
  json items = json::array();
  for (const NamedSplitInfo& named : splits) {
    try {
      for (const Leak& leak : audit(pack, folds_of(pack, named.rule))) {
        table.rows.push_back(
            {named.name,
             leak.side,
             leak.kind,
             std::to_string(leak.rows),
             std::to_string(leak.of),
             fmt::format("{:.1f} %",
                         100 * static_cast<double>(leak.rows) / static_cast<double>(leak.of))});
        items.push_back({{"split", named.name},
                         {"side", leak.side},
                         {"kind", leak.kind},
                         {"rows", leak.rows},
                         {"of", leak.of}});
      }
    } catch (const Error& error) {
      if (!options.split.empty()) throw;
      fmt::print(stderr, "bench: {}: {}\n", named.name, error.what());
    }
  }
  print_result(options, table, "leaks", items);
  return 0;
}

}  // namespace

void declare_data_splits(CliCommand& data) {
  auto [splits, splits_options] =
      data.add<SplitsOptions>("splits", "list the train/validation/test splits", list_splits);
  splits_options.samples.declare(splits);
  splits.option("--split", splits_options.split, "only this one");
  splits.option("-o,--out", splits_options.out, "CSV with the side of every sample; needs --split");
  auto [audit, audit_options] = data.add<SplitsOptions>(
      "audit", "count people or images that occur in both training and test", audit_splits);
  audit_options.samples.declare(audit);
  audit.option("--split", audit_options.split, "only this one; bench data splits lists them");
}

}  // namespace mien
