// Every rule with a row that breaks it and its neighbour that does not; the cases are published.
#include "harness/claims/lint.h"

#include <gtest/gtest.h>

#include <sstream>

#include "harness/base/error.h"

namespace mien {
namespace {

/// A table from its lines, "method figure figure ...", numbered from 1.
PublishedTable table(const std::string& place,
                     const std::string& name,
                     const std::vector<std::string>& columns,
                     const std::vector<std::string>& lines) {
  PublishedTable result;
  result.file = result.publication = place;
  result.board = "board";
  result.name = name;
  result.unit = "mm";
  result.metric = "region error";
  result.grade = "V";
  result.columns = columns;
  for (const std::string& line : lines) {
    std::istringstream words(line);
    PublishedRow row;
    words >> row.method;
    for (std::string word; words >> word;) row.figures.push_back(*parse_figure(word));
    EXPECT_EQ(row.figures.size(), columns.size()) << line;
    row.line = static_cast<std::int64_t>(result.rows.size() + 1);
    result.rows.push_back(row);
  }
  return result;
}

const std::vector<std::string> kRegions = {"nose", "mouth", "forehead", "cheek", "all"};

PublishedTable realy(const std::string& place,
                     const std::string& name,
                     const std::vector<std::string>& lines) {
  PublishedTable result = table(place, name, kRegions, lines);
  result.mean = "all";
  return result;
}

PublishedTable accuracies(const std::string& n, const std::vector<std::string>& lines) {
  PublishedTable result = table("place", "test", {"accuracy"}, lines);
  result.unit = "%";
  result.metric = "accuracy";
  result.n = n;
  return result;
}

PublishedTable copy_of(const std::string& source, PublishedTable copy) {
  copy.copies = {source};
  return copy;
}

/// "line rule column" of every finding.
std::vector<std::string> found(const std::vector<PublishedTable>& tables) {
  std::vector<std::string> texts;
  for (const ClaimFinding& finding : lint_claims(tables))
    texts.push_back(fmt::format("{}:{} {} {}{}",
                                finding.file,
                                finding.line,
                                finding.rule,
                                finding.column,
                                finding.known.empty() ? "" : " known"));
  return texts;
}
using Texts = std::vector<std::string>;

TEST(ClaimLint, MeanOfColumns) {
  const auto findings = lint_claims({realy("realy",
                                           "frontal",
                                           {"MoSAR 1.499 1.424 1.950 1.128 1.500",
                                            "DECA-c 1.697 2.516 2.394 1.479 2.010",
                                            "Edge 1.000 1.000 1.000 1.000 1.001",
                                            "Off 1.000 1.000 1.000 1.000 1.002",
                                            "Part 1.000 1.000 - 1.000 9.000"})});
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].rule, "mean-of-columns");
  EXPECT_EQ(findings[0].line, 2);
  EXPECT_EQ(findings[0].claim, "realy/frontal/DECA-c/all");
  EXPECT_EQ(findings[0].what, "printed 2.010, the mean of its columns is 2.0215");
  EXPECT_EQ(findings[1].line, 4) << "0.001 is what rounding can do, 0.002 is not";
}

TEST(ClaimLint, MeanThatIsAnotherTablesFigure) {
  const auto findings =
      lint_claims({realy("realy", "frontal", {"Deep3D 1.719 1.368 2.015 1.528 1.657"}),
                   realy("realy", "side", {"Deep3D 1.749 1.411 2.074 1.528 1.657"})});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NE(findings[0].what.find("it is the figure of realy/frontal"), std::string::npos);
}

TEST(ClaimLint, Medians) {
  EXPECT_EQ(found({table("realy",
                         "frontal",
                         {"forehead"},
                         {"GANFit 2.402/3.339/0.545",
                          "3DDFA-v2 2.447/3.356/0.647",
                          "EMOCA-nose 1.867/1.548/0.554",
                          "EMOCA-mouth 2.636/1.738/1.284",
                          "ExpNet 3.084/2.879/1.005",
                          "Half 2.000/1.500/1.000",
                          "Bound 2.000/3.000/1.000",
                          "Constant 1.000/1.000/0.000"})}),
            (Texts{"realy:1 median-beyond-std forehead",
                   "realy:2 median-beyond-std forehead",
                   "realy:3 median-far forehead",
                   "realy:4 median-far forehead",
                   "realy:7 median-far forehead"}));
}

TEST(ClaimLint, Order) {
  PublishedTable ranked = table("p", "t", {"all"}, {"a 2.9", "b 2.9", "c 10.1", "d 9.5", "e -"});
  EXPECT_EQ(found({ranked}), Texts{}) << "no order is stated";
  ranked.ranked_by = "all";
  EXPECT_EQ(found({ranked}), Texts{"p:4 order all"}) << "10.1 is more than 2.9, as a number";
  PublishedTable best_first = accuracies("unknown", {"a 90.1", "b 80.2", "c 80.3"});
  best_first.ranked_by = "accuracy";
  EXPECT_EQ(found({best_first}), Texts{"place:3 order accuracy"}) << "more is better";
}

TEST(ClaimLint, Duplicates) {
  EXPECT_EQ(found({table("p", "t", {"x", "y"}, {"a 1 2", "b 1 3", "a 4 5", "c 1 2", "d 1 -"})}),
            (Texts{"p:3 duplicate-row ", "p:4 duplicate-row "}));
}

TEST(ClaimLint, RowsOfAnotherTable) {
  const PublishedTable frontal =
      realy("realy", "frontal", {"MGCNet 1.771 1.417 2.268 1.639 1.774"});
  const PublishedTable side = realy("realy", "side", {"MGCNet 1.827 1.409 2.248 1.665 1.787"});
  const PublishedTable copy = realy("pwc", "frontal", {"MGCNet 1.827 1.409 - - 1.787"});
  EXPECT_EQ(found({frontal, side, copy_of("realy", copy)}), Texts{"pwc:1 other-table "})
      << "and not as five differences";
  EXPECT_EQ(found({frontal, side, copy}), Texts{}) << "nobody says it is a copy";
  EXPECT_EQ(
      found({frontal, side, copy_of("realy", realy("pwc", "side", {"MGCNet 1.827 1.409 - - -"}))}),
      Texts{});
  PublishedTable twice = frontal;
  twice.name = "side";
  EXPECT_EQ(found({frontal, twice}), Texts{"realy:1 other-table "});
}

TEST(ClaimLint, Copies) {
  const PublishedTable source =
      table("realy",
            "frontal",
            {"nose", "cheek"},
            {"DECA 1.697/1.654/0.355 1.479", "HiFace 0.992 1.439/1.394/0.429"});
  const auto of = [&](const std::string& row) {
    return found({source, copy_of("realy", table("pwc", "frontal", {"nose", "cheek"}, {row}))});
  };
  EXPECT_EQ(of("DECA 1.694 -"), Texts{"pwc:1 copy-differs nose"});
  EXPECT_EQ(of("DECA 1.697/1.655/0.355 -"), Texts{"pwc:1 copy-differs nose"}) << "the median too";
  EXPECT_EQ(of("HiFace - 1.4392"), Texts{"pwc:1 copy-digits cheek"});
  EXPECT_EQ(of("HiFace - 1.4399"), Texts{"pwc:1 copy-digits cheek"}) << "1.439 may be cut off";
  EXPECT_EQ(of("HiFace - 1.4402"), Texts{"pwc:1 copy-differs cheek"});
  EXPECT_EQ(of("HiFace 0.992 1.439"), Texts{});
  EXPECT_EQ(of("Unknown 9 9"), Texts{});
}

TEST(ClaimLint, Attainable) {
  EXPECT_EQ(found({accuracies("70", {"Deep-Emotion 92.8", "rounded 92.9"})}),
            Texts{"place:1 truncated-only accuracy"});
  EXPECT_EQ(
      found({accuracies("3589", {"Segmentation 75.97", "VGGNet 73.28", "DenseNet121 73.16"})}),
      (Texts{"place:1 not-attainable accuracy", "place:3 truncated-only accuracy"}));
  EXPECT_EQ(found({accuracies("about 7000", {"a 75.97"}),
                   accuracies("unknown", {"a 75.97"}),
                   accuracies("0", {"a 75.97"})}),
            Texts{});
  PublishedTable folds = accuracies("3589", {"a 75.97"});
  folds.metric = "mean accuracy of folds";
  EXPECT_EQ(found({folds}), Texts{}) << "no k/n";
}

TEST(ClaimLint, Range) {
  EXPECT_EQ(found({accuracies("unknown", {"a 100", "b 100.1", "c -0.1", "d 0"})}),
            (Texts{"place:2 range accuracy", "place:3 range accuracy"}));
  EXPECT_EQ(found({table("p", "t", {"x"}, {"a -1", "b 1/1/-0.5", "c 0"})}).front(), "p:1 range x");
  PublishedTable correlation = table("p", "t", {"x"}, {"a -0.5", "b 200"});
  correlation.unit = "r";
  EXPECT_EQ(found({correlation}), Texts{});
}

TEST(ClaimLint, Grade) {
  PublishedTable recollected = table("p", "t", {"x"}, {"a 1", "b -"});
  recollected.grade = "R";
  EXPECT_EQ(found({recollected}), Texts{"p:1 grade x"});
  recollected.grade = "I";
  EXPECT_EQ(found({recollected}), Texts{});
}

TEST(ClaimLint, KnownFaultsAreCountedAndMustBeThere) {
  PublishedTable marked = accuracies("70", {"a 92.8", "b 92.9", "c 92.7"});
  marked.known = {{"a", "accuracy", "truncated-only", "as printed", 9}};
  EXPECT_EQ(found({marked}),
            (Texts{"place:1 truncated-only accuracy known", "place:3 not-attainable accuracy"}));
  marked.known = {{"", "", "truncated-only", "as printed", 9},
                  {"c", "", "not-attainable", "so", 9}};
  EXPECT_EQ(
      found({marked}),
      (Texts{"place:1 truncated-only accuracy known", "place:3 not-attainable accuracy known"}));
  marked.known.push_back({"b", "accuracy", "truncated-only", "as printed", 11});
  EXPECT_EQ(found({marked}).back(), "place:11 known-unused accuracy") << "a wrong mark is no cover";
}

}  // namespace
}  // namespace mien
