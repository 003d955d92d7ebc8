// data splits, data audit: how a dataset is divided, and what one side knows of another.
#include <map>
#include <set>

#include "harness/core/audit.h"
#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/sha256.h"
#include "harness/verbs.h"
#include "results/table.h"

namespace mien {
namespace {

using nlohmann::json;

struct Named {
  std::string name, source;
  SplitRule rule;
};

/// The named splits of a dataset's table entry; with `wanted` that one only.
std::vector<Named> named_splits(const std::string& dataset, const std::string& wanted) {
  const Tables tables;
  const json& entry = tables.dataset(dataset, "--");
  std::vector<Named> splits;
  std::vector<std::string> names;
  for (const json& item : entry.at("named_splits")) {
    Named named{item.at("name"), item.at("source"), {}};
    json rule = item;
    for (const char* key : {"name", "source"}) rule.erase(key);
    FieldReader reader(rule, [](const json::json_pointer&) { return "datasets.json"; });
    visit_splits(reader, named.rule, "");
    reader.finish();
    names.push_back(named.name);
    if (wanted.empty() || wanted == named.name) splits.push_back(std::move(named));
  }
  if (splits.empty())
    fail(Exit::kUsage, "{}: no split '{}'{}", dataset, wanted, suggest(wanted, names));
  return splits;
}

Pack prepared_pack(const Options& options) {
  std::vector<std::string> arguments = {"prepare", options.subject};
  if (!options.source.empty()) arguments.insert(arguments.end(), {"--source", options.source});
  if (!options.frames.empty()) arguments.insert(arguments.end(), {"--frames", options.frames});
  if (options.stand_in) arguments.push_back("--stand-in");
  if (options.accept_unverified) arguments.push_back("--accept-unverified");
  return Pack(call_prepare(arguments).at("pack").get<std::string>());
}

std::size_t subjects_in(const Pack& pack, const std::vector<std::int64_t>& rows) {
  std::set<std::int32_t> subjects;
  for (const std::int64_t row : rows)
    subjects.insert(pack.subject()[static_cast<std::size_t>(row)]);
  return subjects.size();
}

/// "12" or "11..13".
std::string range_text(std::vector<std::size_t> values) {
  std::sort(values.begin(), values.end());
  if (values.front() == values.back()) return std::to_string(values.front());
  return fmt::format("{}..{}", values.front(), values.back());
}

/// A split that this copy cannot give (say, no test labels) is listed with its reason.
void list_split(const Pack& pack, const Named& named, Table& table, json& items) {
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
    const std::string whole = !known                                   ? "unknown"
                              : keeps_subjects_whole(pack, named.rule) ? "yes"
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

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

/// One line per fold and labelled sample.
void export_split(const Pack& pack, const Named& named, const std::string& path) {
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

void print_result(const Options& options, const Table& table, const char* key, const json& items) {
  if (options.format == "json")
    print_json({{"schema", 1}, {"dataset", options.subject}, {key, items}});
  else
    print_table(table, options.format);
}

}  // namespace

int verb_data_splits(const Options& options) {
  const std::vector<Named> splits = named_splits(options.subject, options.split);
  if (!options.out.empty() && options.split.empty())
    fail(Exit::kUsage,
         "--out needs --split, one of those that bench data splits {} lists",
         options.subject);
  const Pack pack = prepared_pack(options);
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
  for (const Named& named : splits) list_split(pack, named, table, items);
  if (!options.out.empty()) export_split(pack, splits.front(), options.out);
  print_result(options, table, "splits", items);
  return 0;
}

int verb_data_audit(const Options& options) {
  const std::vector<Named> splits = named_splits(options.subject, options.split);
  const Pack pack = prepared_pack(options);
  Table table{"",
              {{"split"},
               {"side"},
               {"kind"},
               {"rows", Align::kRight},
               {"of", Align::kRight},
               {"share", Align::kRight}},
              {}};
  json items = json::array();
  for (const Named& named : splits) {
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

}  // namespace mien
