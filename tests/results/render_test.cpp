// The four spellings of one board, and tables in general.
#include "results/render.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/golden.h"
#include "tests/support/records.h"

namespace mien {
namespace {

using testing::expect_golden;
using testing::kStart;
using testing::score;

TEST(Render, WhatComesFromOutsideSaysSo) {
  BoardInput input;
  ScoreRow row = score("net@fer2013", 60);
  row.variant = row.external = "predictions";
  row.external_images_per_second = 120;
  input.scores = {row};
  const Board board = make_board(input);
  const std::string text = render(board, BoardFormat::kText);
  EXPECT_NE(text.find("net@fer2013 (predictions, external)"), std::string::npos) << text;
  EXPECT_NE(text.find("120 (external)"), std::string::npos) << text;
  const auto rows = nlohmann::json::parse(render(board, BoardFormat::kJson)).at("rows");
  EXPECT_EQ(rows[0].at("external"), "predictions");
  EXPECT_EQ(rows[0].at("speed_profile"), "external");
}

TEST(Render, ErrorsAreInMillimetresAndSayWhatIsLeftOut) {
  BoardInput input;
  ScoreRow row = score("mine@realy", 2.30649);
  row.variant = row.external = "meshes";
  row.metric = "realy_error";
  row.unit = "mm";
  row.interval = Interval{2.2123, 2.4};
  row.data = DataKind::kUnverified;
  row.meshes = {.failed = 2, .missing = 1, .reflected = 1, .all = 100, .strict_mm = 2.5};
  input.scores = {row};
  row = score("expnet@synth3dmm", 0.71);
  row.metric = "coefficient_error";
  row.unit = "sd";
  row.interval = Interval{0.69, 0.73};
  row.meshes.reset();
  input.scores.push_back(row);
  Claim claim = testing::claim(0.6);
  claim.metric = row.metric;
  claim.unit = "sd";
  claim.decimals = 2;
  input.claims[row.experiment] = {claim};
  const std::string text = render(make_board(input), BoardFormat::kText);
  for (const char* part :
       {"2.306 mm (2.21..2.40)",
        "mine@realy (meshes, external): 3 of 100 meshes are not counted (2 failed, 1 missing); "
        "counted as failures (strict): 2.500 mm; 1 of 100 meshes fit only when mirrored",
        "0.60 sd",
        "0.71 sd (0.69..0.73)"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  const auto rows = nlohmann::json::parse(render(make_board(input), BoardFormat::kJson)).at("rows");
  EXPECT_EQ(rows[1].at("meshes").at("failed"), 2);
  EXPECT_EQ(rows[1].at("interval"), "stored");
  EXPECT_TRUE(rows[0].at("meshes").is_null());
}

/// A board with one row of every kind.
Board sample_board() {
  BoardInput input;
  for (std::int64_t seed = 1; seed <= 5; ++seed)
    input.scores.push_back(
        score("deepemotion@fer2013", 69.9 + 0.05 * static_cast<double>(seed), seed));
  input.scores.push_back(score("fer2013cnn@fer2013", 100.0 * 2000 / 3589));
  input.scores.push_back(score("null@fer2013", 100.0 * 895 / 3589));
  ScoreRow row = score("deepemotion@jaffe", 97.65);
  row.data = DataKind::kStandIn;
  row.variant = "stn=none";
  row.n = 213;
  input.scores.push_back(row);
  row = score("deepemotion@fer2013", 31.25);
  row.profile = "smoke";
  row.official = false;
  row.device_class = "cpu";
  row.device = "AMD EPYC 9654";
  row.group_id = "smoke";
  row.n = 64;
  input.scores.push_back(row);
  input.scores.push_back(score("dexpression@ckplus", std::nullopt));
  input.failures = {{TaskKind::kAccuracy,
                     "dexpression@mmi",
                     "dexpression",
                     "default",
                     "mmi",
                     DataKind::kReal,
                     "full",
                     true,
                     "cuda",
                     "folds10-image",
                     "f",
                     "oom",
                     "CUDA out of memory\n\x1b[31mtried | to \"allocate\"",
                     kStart}};
  input.speeds = {{"deepemotion",
                   "deepemotion",
                   "default",
                   "smoke",
                   false,
                   "cuda",
                   "NVIDIA H200",
                   81234.5,
                   0.4321,
                   kStart},
                  {"expnet",
                   "expnet",
                   "default",
                   "full",
                   true,
                   "cpu",
                   "AMD EPYC 9654",
                   12.345,
                   std::nullopt,
                   kStart}};
  input.claims["deepemotion@fer2013"] = {testing::claim()};
  Claim claim = testing::claim(70.1);
  claim.differs = {"split", "classes"};
  input.claims["fer2013cnn@fer2013"] = {claim};
  input.claims["deepemotion@jaffe"] = {testing::claim(92.8)};
  input.claims["dexpression@mmi"] = {testing::claim(std::nullopt)};
  return make_board(input);
}

TEST(Render, Goldens) {
  const Board board = sample_board();
  expect_golden("board.txt", render(board, BoardFormat::kText));
  expect_golden("board-100.txt", render(board, BoardFormat::kText, {.width = 100}));
  expect_golden("board.md", render(board, BoardFormat::kMarkdown));
  expect_golden("board.csv", render(board, BoardFormat::kCsv));
  expect_golden("board.json", render(board, BoardFormat::kJson));
}

TEST(Render, KeepsToTheWidth) {
  for (int width = 80; width <= 200; width += 7) {
    std::istringstream lines(render(sample_board(), BoardFormat::kText, {.width = width}));
    for (std::string line; std::getline(lines, line);)
      EXPECT_LE(display_width(line), width) << line;
  }
}

TEST(Render, SaysStandInAndSmokeAtEveryWidth) {
  for (const int width : {80, 100, 200}) {
    const std::string text = render(sample_board(), BoardFormat::kText, {.width = width});
    for (const char* word : {"stand-in", "smoke, CPU", "Stand-in data (synthetic)"})
      EXPECT_NE(text.find(word), std::string::npos) << width << word;
  }
}

TEST(Render, UnmeasuredIsNeverZero) {
  const auto json = nlohmann::json::parse(render(sample_board(), BoardFormat::kJson));
  EXPECT_EQ(json["schema"], kBoardJsonSchema);
  bool seen = false;
  for (const auto& row : json["rows"]) {
    if (row["experiment"] != "expnet") continue;
    seen = true;
    EXPECT_TRUE(row["measured"].is_null());
    EXPECT_TRUE(row["latency_ms_b1"].is_null());
    EXPECT_TRUE(row["n"].is_null());
    EXPECT_TRUE(row["verdict"].is_null());
  }
  EXPECT_TRUE(seen);
  EXPECT_NE(render(sample_board(), BoardFormat::kJson).find("\"value\": \"unknown\""),
            std::string::npos);
}

TEST(Render, EmptyBoards) {
  EXPECT_EQ(render({}, BoardFormat::kText), "no results yet\n");
  EXPECT_EQ(nlohmann::json::parse(render({}, BoardFormat::kJson))["rows"].size(), 0u);
  const std::string csv = render({}, BoardFormat::kCsv);
  EXPECT_EQ(csv.find("\r\n"), csv.size() - 2);
}

TEST(Render, BrokenTextStaysHarmless) {
  Board board = sample_board();
  for (BoardRow& row : board.rows) {
    row.experiment = "a\xff\x1b[2J";
    row.reason = "b\xc3\n";
  }
  for (const BoardFormat format : {BoardFormat::kText, BoardFormat::kMarkdown}) {
    const std::string text = render(board, format, {.width = 80});
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\xff'), std::string::npos);
  }
  EXPECT_TRUE(nlohmann::json::accept(render(board, BoardFormat::kJson)));
}

TEST(Figures, AndDates) {
  EXPECT_EQ(figure(std::nullopt), "–");
  EXPECT_EQ(figure(testing::kNan), "–");
  EXPECT_EQ(figure(81234.5), "81234");
  EXPECT_EQ(figure(0.43214), "0.4321");
  EXPECT_EQ(figure(12.345), "12.35");
  EXPECT_EQ(utc_date(0), "–");
  EXPECT_EQ(utc_date(1), "1970-01-01");
  EXPECT_EQ(utc_date(std::int64_t{1'763'596'799} * 1'000'000'000), "2025-11-19");
}

// -------------------------------------------------------------------------------------- Table

TEST(DisplayWidth, CountsCells) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("é–…"), 3);
  EXPECT_EQ(display_width("e\u0301"), 1);
  EXPECT_EQ(display_width("表情"), 4);
  EXPECT_EQ(display_width("😀"), 2);
  EXPECT_EQ(display_width("\xff\xc3"), 2);
  EXPECT_EQ(display_width("\xed\xa0\x80"), 3);  // a surrogate is not text
}

TEST(Shorten, CutsBetweenCharacters) {
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("abcdef", 4), "abc…");
  EXPECT_EQ(shorten("表情表情", 6), "表情…");
  EXPECT_EQ(shorten("äöü", 2), "ä…");
}

TEST(Printable, TakesOutWhatMovesTheCursor) {
  EXPECT_EQ(terminal_text("a\x1b[31mb\x1b[0m"), "ab");
  EXPECT_EQ(terminal_text("a\x1b[31"), "a [31");
  EXPECT_EQ(terminal_text("\x1b\x07\t\n\x7f"), "     ");
  EXPECT_EQ(terminal_text("\xc2\x9b"), " ");
}

TEST(Wrap, BreaksAtSpaces) {
  EXPECT_EQ(wrap("aa bb cc", 7, "  "), "  aa bb\n  cc\n");
  EXPECT_EQ(wrap("aa  bb", 0, ""), "aa bb\n");
  EXPECT_EQ(wrap("muchtoolong b", 5, ""), "muchtoolong\nb\n");
}

Table small() {
  return {"Title",
          {{"name"}, {"value", Align::kRight, 1}, {"more", Align::kLeft, 2}},
          {{"表", "1", "x"}, {"a|b", "22", "say \"hi\",\nyou"}}};
}

TEST(TableText, AlignsByCells) {
  EXPECT_EQ(to_text(small()),
            "Title\nname  value  more\n表        1  x\na|b      22  say \"hi\", you\n");
}

TEST(TableText, DropsTheLeastImportantFirst) {
  EXPECT_EQ(to_text(small(), {.width = 20}), "Title\nname  value\n表        1\na|b      22\n");
  EXPECT_EQ(to_text(small(), {.width = 8}), "Title\nname\n表\na|b\n");
}

TEST(TableText, ShortensWhatMayNotBeDropped) {
  const Table table{"", {{"a"}, {"b"}}, {{"short", "a very long cell indeed"}}};
  EXPECT_EQ(to_text(table, {.width = 16}), "a      b\nshort  a very l…\n");
}

TEST(TableText, ColorIsOptional) {
  EXPECT_EQ(to_text(small()).find('\033'), std::string::npos);
  EXPECT_EQ(to_text(small(), {.color = true}).rfind("\033[1mTitle\033[0m\n", 0), 0u);
}

TEST(TableMarkdown, EscapesWhatWouldBreakIt) {
  EXPECT_EQ(to_markdown(small()),
            "### Title\n\n| name | value | more |\n| --- | ---: | --- |\n| 表 | 1 | x |\n"
            "| a\\|b | 22 | say \"hi\", you |\n");
}

TEST(TableCsv, FollowsRfc4180) {
  EXPECT_EQ(to_csv(small()), "name,value,more\r\n表,1,x\r\na|b,22,\"say \"\"hi\"\",\nyou\"\r\n");
}

}  // namespace
}  // namespace mien
