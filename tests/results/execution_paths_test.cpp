// Checks the table of execution paths as text, and its JSON in both directions.
#include "results/execution_paths.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/golden.h"
#include "tests/support/records.h"

namespace mien {
namespace {

ExecutionPathRow row(const std::string& mode) {
  ExecutionPathRow row;
  row.device = "GPU X";
  row.libtorch = "2.11.0";
  row.threads = 2;
  row.mode = mode;
  return row;
}

std::vector<ExecutionPathRow> modes() {
  std::vector<ExecutionPathRow> rows = {row("fp32"), row("bf16"), row("graph"), row("inference")};
  for (int i = 0; i < 3; ++i) {
    rows[i].n = 3589;
    rows[i].metric = "accuracy";
    rows[i].unit = "%";
    rows[i].value = 70.104 + 0.1 * i;
    rows[i].images_per_second = 13028 * (i + 1);
  }
  rows[1].flipped = 31;
  rows[1].lost = 12;
  rows[1].gained = 9;
  rows[1].p = 0.6636;
  rows[1].largest = 0.0834;
  rows[1].relative = 0.00612;
  rows[1].speed_up = 1.954;
  rows[1].interval = Interval{1.91, 2.004};
  rows[2].p = 1;
  rows[2].largest = rows[2].relative = 0;
  rows[2].problem = "no time taken: out of memory";
  rows[3].problem = "not on this device: models/inference is of the CPU";
  return rows;
}

TEST(ModeTable, Golden) {
  testing::expect_golden(
      "modes.txt", to_text(execution_path_table("deepemotion@fer2013 (fig), GPU X", modes())));
}

TEST(ModeTable, OfCoefficientsHasNoFlips) {
  ExecutionPathRow one = row("bf16");
  one.n = 400;
  one.metric = "coefficient_error";
  one.unit = "sd";
  one.value = 0.97812;
  one.largest = 0.0213;
  const Table table = execution_path_table("", {one});
  EXPECT_EQ(table.columns[2].header, "error sd");
  EXPECT_EQ(table.rows[0][2], "0.9781");
  for (int i = 3; i <= 6; ++i) EXPECT_EQ(table.rows[0][i], "–") << table.columns[i].header;
  EXPECT_EQ(table.rows[0][7], "0.021");
}

TEST(ModesJson, ComesBack) {
  std::vector<ExecutionPathRow> rows = modes();
  rows.push_back(testing::record(3).execution_paths.at(0));
  const std::vector<ExecutionPathRow> back =
      execution_paths_from_json(nlohmann::json::parse(execution_paths_json(rows).dump()));
  EXPECT_EQ(execution_paths_json(back), execution_paths_json(rows));
  ASSERT_EQ(back.size(), 5u);
  EXPECT_EQ(back[1].gained, 9);
  EXPECT_FALSE(back[0].speed_up);
  EXPECT_THROW(execution_paths_from_json(nlohmann::json::parse("[{}]")), nlohmann::json::exception);
}

}  // namespace
}  // namespace mien
