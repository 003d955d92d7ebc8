// Published figures: files read or refused, the shipped ones, and `bench claims` as it is typed.
#include "harness/config/published_file.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "harness/claims/lint.h"
#include "harness/config/config.h"
#include "harness/system/process.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

const fs::path kConfigs = fs::path(MIEN_SOURCE_DIR) / "configs";

constexpr const char* kGood = R"(schema: 1
board: faces
source: Somebody, somewhere
grade: V
tables:
  - table: test
    locator: Table 2
    metric: region error
    unit: mm
    n: "100"
    columns: [nose, all]
    ranked_by: all
    rows:
      - first of them  1.0/1.1/0.5  1.500
      - 2nd            2.0          -
    known:
      - {row: 2nd, column: all, rule: order, reason: as printed}
)";

class Published : public ::testing::Test {
 protected:
  std::vector<PublishedTable> load(const std::string& text) {
    return load_published(folder.write("place.yaml", text));
  }
  std::string with(const std::string& part, const std::string& replacement) {
    std::string text = kGood;
    const std::size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return text.replace(at, part.size(), replacement);
  }
  testing::TempDir folder;
};

TEST_F(Published, ReadsEverything) {
  const PublishedTable table = load(kGood).at(0);
  EXPECT_EQ(table.publication, "place");
  EXPECT_EQ(table.board, "faces");
  EXPECT_EQ(table.name, "test");
  EXPECT_EQ(table.source, "Somebody, somewhere");
  EXPECT_EQ(table.locator, "Table 2");
  EXPECT_EQ(table.protocol, "unknown");
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0].method, "first of them");
  EXPECT_EQ(table.rows[0].line, 14);
  EXPECT_EQ(table.rows[0].figures[0].parts.size(), 3u);
  EXPECT_EQ(table.rows[0].figures[1].printed, "1.500") << "as printed";
  EXPECT_FALSE(table.rows[1].figures[1].recorded());
  ASSERT_EQ(table.known.size(), 1u);
  EXPECT_EQ(table.known[0].rule, "order");
  EXPECT_EQ(table.known[0].line, 17);
}

TEST_F(Published, RefusesWhatItDoesNotUnderstand) {
  const auto refused = [&](const std::string& part, const std::string& by, const char* expected) {
    EXPECT_ERROR(load(with(part, by)), Exit::kUsage, expected);
  };
  refused("schema: 1", "schema: 2", "place.yaml:1:1: must begin with 'schema: 1'");
  refused("board: faces", "bored: faces", ":2:1: unknown key 'bored'");
  refused("board: faces", "", "key 'board' is missing");
  refused("source: Somebody, somewhere", "", "key 'source' is missing");
  refused("grade: V", "grade: X", ":4:1: grade is 'X', must be one of V M S I C D R U");
  refused("table: test", "tabel: test", "unknown key 'tabel'");
  refused("metric: region error", "title: none", "key 'metric' is missing");
  refused("n: \"100\"", "n: 100", ":10:5: n is 100, must be text");
  refused("[nose, all]", "[nose, nose, all]", "column nose stands there twice");
  refused("[nose, all]", "[]", "a table needs columns");
  refused("ranked_by: all", "ranked_by: al", "no column 'al': did you mean all?");
  refused("1.0/1.1/0.5  1.500", "1.0/1.1  1.500", ":14:9: '1.0/1.1' is no figure");
  refused("1.0/1.1/0.5  1.500", "1.5OO", "'them' is no figure");
  refused("2nd            2.0          -",
          "2nd 2.0",
          ":15:9: '2nd 2.0' must be a method and 2 figures");
  refused(
      "2nd            2.0          -", "[2nd, 2.0]", ":15:9: a row is a method and its figures");
  refused("rule: order, ", "", "a known fault needs its rule and a reason");
  refused("{row: 2nd,", "{raw: 2nd,", "unknown key 'raw'");
  EXPECT_ERROR(load("schema: 1\nboard: b\nsource: s\ntables: none\n"),
               Exit::kUsage,
               "tables must be a list");
  EXPECT_ERROR(load("schema: 1\nboard: b\nsource: s\n"), Exit::kUsage, "tables must be a list");
  EXPECT_ERROR(
      load("schema: 1\nboard: b\nsource: s\ntables: [1]\n"), Exit::kUsage, "a table is a section");
  EXPECT_ERROR(load("\tno"), Exit::kUsage, "place.yaml:1:");
  const std::string tables = std::string(kGood).substr(std::string(kGood).find("  - table"));
  EXPECT_ERROR(load(kGood + tables), Exit::kUsage, "table test stands here a second time");
}

TEST_F(Published, NoFolderIsNoClaim) { EXPECT_TRUE(load_all_published(folder.path()).empty()); }

std::vector<PublishedTable> shipped() {
  std::vector<PublishedTable> tables = load_all_published(kConfigs);
  for (const Experiment& experiment : load_experiments(kConfigs))
    if (experiment.claim) tables.push_back(table_of_claim(experiment));
  return tables;
}

TEST(ShippedClaims, HoldThePublishedBoardWhole) {
  const std::vector<PublishedTable> tables = shipped();
  for (const auto& [name, rows] : {std::pair{"frontal", 26u}, std::pair{"side", 20u}}) {
    const PublishedTable* table = find_table(tables, "realy", name);
    ASSERT_TRUE(table);
    EXPECT_EQ(table->rows.size(), rows);
    EXPECT_EQ(table->grade, "V");
    for (const PublishedRow& row : table->rows)
      for (std::size_t i = 0; i < row.figures.size(); ++i)
        EXPECT_EQ(row.figures[i].parts.size(), i < 4 ? 3u : 1u) << row.method;
  }
}

TEST(ShippedClaims, HaveTheirKnownFaultsAndNoOther) {
  std::set<std::string> board;
  for (const ClaimFinding& finding : lint_claims(shipped())) {
    EXPECT_NE(finding.known, "") << finding.file << ":" << finding.line << " " << finding.rule;
    if (finding.claim.starts_with("realy/")) board.insert(finding.rule + " " + finding.claim);
  }
  EXPECT_EQ(board,
            (std::set<std::string>{"mean-of-columns realy/frontal/DECA-c/all",
                                   "median-beyond-std realy/frontal/GANFit/forehead",
                                   "median-beyond-std realy/frontal/3DDFA-v2/forehead",
                                   "median-far realy/side/EMOCA-c/nose",
                                   "median-far realy/side/EMOCA-c/mouth"}));
}

TEST(ShippedClaims, RankAMeasurementPerRegion) {
  const std::vector<PublishedTable> tables = shipped();
  const std::vector<Ranking> rankings =
      rank_among(*find_table(tables, "realy", "frontal"), {{"nose", 2.509}, {"all", 2.3}});
  ASSERT_EQ(rankings.size(), 2u);
  EXPECT_EQ(rankings[0].equal, std::vector<std::string>{"ExpNet"});
  EXPECT_EQ(rankings[1].rank, 20u);
  EXPECT_EQ(rankings[1].of, 27u);
  EXPECT_EQ(rankings[1].better, std::vector<std::string>{"RingNet"});
  EXPECT_EQ(rankings[1].worse, std::vector<std::string>{"ExpNet"});
}

Output bench(std::vector<std::string> arguments) {
  Command command{{MIEN_BINARY_DIR "/bin/bench", "claims"}, {}, 0};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  return run_to_end(command, /*pass_err=*/false);
}

TEST(ClaimsVerb, ListsFiguresAsPrinted) {
  std::string listed;
  for (const char* part : {"ExpNet", "DECA-c", "deepemo-"}) {
    const Output output = bench({"list", part, "--configs", kConfigs.string()});
    EXPECT_EQ(output.exited.exit_code, 0) << output.err;
    listed += output.out;
  }
  testing::expect_golden("claims.txt", listed);
  const Output whole = bench({"list", "--json", "--configs", kConfigs.string()});
  const auto claims = nlohmann::json::parse(whole.out).at("claims");
  EXPECT_GE(claims.size(), 26u * 5 + 20u * 5);
  EXPECT_EQ(bench({"list", "nobody", "--configs", kConfigs.string()}).exited.exit_code, 2);
}

TEST(ClaimsVerb, PrintsNoRecollectionAndEndsWithOneForNewFindings) {
  const testing::TempDir dir;
  fs::copy_file(kConfigs / "null@jaffe.yaml", dir / "null@jaffe.yaml");
  EXPECT_EQ(bench({"lint", "--configs", dir.path().string()}).exited.exit_code, 0);
  std::string text = kGood;
  text.replace(text.find("grade: V"), 8, "grade: R");
  dir.write("claims/place.yaml", text);
  const Output listed = bench({"list", "--format", "csv", "--configs", dir.path().string()});
  EXPECT_NE(listed.out.find("place/test/first of them/all,unknown,mm,100,R,"), std::string::npos)
      << listed.out;
  EXPECT_EQ(listed.out.find("1.500"), std::string::npos);
  const Output linted = bench({"lint", "--configs", dir.path().string()});
  EXPECT_EQ(linted.exited.exit_code, 1);
  EXPECT_NE(linted.out.find("place.yaml:14: grade: place/test/first of them/all: "),
            std::string::npos)
      << linted.out;
  EXPECT_NE(linted.err.find("3 figures, 4 findings: 0 known, 4 new"), std::string::npos)
      << linted.err;
  const auto json =
      nlohmann::json::parse(bench({"lint", "--json", "--configs", dir.path().string()}).out);
  EXPECT_EQ(json.at("findings").size(), 4u);
  dir.write("claims/place.yaml", "schema: 1\n");
  EXPECT_EQ(bench({"lint", "--configs", dir.path().string()}).exited.exit_code, 2);
}

}  // namespace
}  // namespace mien
