#include "harness/cli/print.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "harness/base/files.h"
#include "harness/system/progress.h"

namespace mien {

TextStyle stdout_style() {
  TextStyle style;
  if (!::isatty(STDOUT_FILENO)) return style;
  style.width = terminal_columns(STDOUT_FILENO);
  style.color = paths::environment("NO_COLOR").empty();
  return style;
}

void print_table(const Table& table, const std::string& format) {
  if (format == "md") return fmt::print("{}", to_markdown(table));
  if (format == "csv") return fmt::print("{}", to_csv(table));
  fmt::print("{}", to_text(table, stdout_style()));
}

void print_text(const Table& table) { fmt::print("{}\n", to_text(table, stdout_style())); }

void print_json(const nlohmann::json& document) { fmt::print("{}\n", document.dump(2)); }

Table pairs(const std::string& title,
            const std::vector<std::pair<std::string, std::string>>& rows) {
  Table table{title, {{"what"}, {"value"}}, {}};
  for (const auto& [what, value] : rows) table.rows.push_back({what, value});
  return table;
}

BoardFormat board_format(const std::string& format) {
  if (format == "md") return BoardFormat::kMarkdown;
  if (format == "csv") return BoardFormat::kCsv;
  return format == "json" ? BoardFormat::kJson : BoardFormat::kText;
}

}  // namespace mien
