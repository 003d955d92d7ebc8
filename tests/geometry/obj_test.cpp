// What the OBJ reader takes, what it refuses, and the samples of ICT-FaceKit where they are.
#include <gtest/gtest.h>

#include <random>

#include "harness/base/error.h"
#include "harness/geometry/mesh.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

extern "C" int fuzz_obj(const std::uint8_t* data, std::size_t size);  // aborts at a fault

namespace mien::testing {
namespace {

using Triangles = std::vector<std::int32_t>;
const std::string kThree = "v 0 0 0\nv 1 0 0\nv 0 1 0\n";
const std::string kFive = kThree + "v 1 1 0\nv 2 2 0\n";

Mesh parse(const std::string& text) { return parse_obj(text, "m.obj"); }

TEST(Obj, ReadsVerticesInEveryDress) {
  const Mesh mesh =
      parse("# v 9 9 9\r\nv 1 -2.5 3e-1\r\nv\t4  5\t6 0.1 0.2 0.3\n  v 7 8 9\nvn 1 1 1\n");
  EXPECT_EQ(mesh.vertices, (std::vector<float>{1, -2.5f, 0.3f, 4, 5, 6, 7, 8, 9}));
  EXPECT_TRUE(mesh.triangles.empty());
}

TEST(Obj, RoundsThroughDoubleToFloat) {
  // Halfway between two floats plus a little that a double cannot hold: a tie, so to even.
  const std::string tie = "1.00000005960464477539062500000000001";
  EXPECT_EQ(parse("v " + tie + " 0 0\n").vertices[0], static_cast<float>(std::stod(tie)));
  EXPECT_EQ(parse("v 0.1 0 0").vertices[0], 0.1f);
}

TEST(Obj, ReadsCornersInEveryDress) {
  for (const char* face : {"f 1 2 3",
                           "f 1/7 2/8 3/9",
                           "f 1/7/1 2/8/1 3/9/1",
                           "f 1//1 2//1 3//1",
                           "f  1\t2  3 \r",
                           "  f 1 2 3"})
    EXPECT_EQ(parse(kThree + face).triangles, (Triangles{0, 1, 2})) << face;
}

TEST(Obj, FacesMayComeBeforeTheirVertices) {
  EXPECT_EQ(parse("f 3 1 2\n" + kThree).triangles, (Triangles{2, 0, 1}));
}

TEST(Obj, SplitsQuadsAtTheFirstCornerAndCountsLargerPolygons) {
  const Mesh mesh = parse(kFive + "f 4 3 2 1\nf 1 2 3 4 5\nf 5 1 2\n");
  EXPECT_EQ(mesh.triangles, (Triangles{3, 2, 1, 3, 1, 0, 4, 0, 1}));
  EXPECT_EQ(mesh.dropped_polygons, 1);
}

TEST(Obj, NamesWhatIsWrongWithItsLine) {
  struct Case {
    std::string text, message;
  };
  const Case cases[] = {
      {"", "m.obj: no vertex"},
      {"\x89PNG\r\n\x1a\n", "m.obj: no vertex"},
      {"f 1 2 3\n", "m.obj: no vertex"},
      {"v 1 2\n", "m.obj:1: a vertex needs three"},
      {"#\nv 1 2 x\n", "m.obj:2: a vertex needs three"},
      {"v 1 2 3x\n", "m.obj:1: a vertex needs three"},
      {"v 1 nan 3\n", "m.obj:1: a vertex needs three finite"},
      {"v 1 inf 3\n", "m.obj:1: a vertex needs three finite"},
      {"v 1 1e39 3\n", "m.obj:1: a vertex needs three finite"},  // fits a double only
      {"v 1 1e999 3\n", "m.obj:1: a vertex needs three finite"},
      {kThree + "f 1 2\n", "m.obj:4: a face needs three corners"},
      {kThree + "f 1 2 4\n", "m.obj:4: index 4 of 3 vertices"},
      {kThree + "f 1 2 0\n", "m.obj:4: index 0"},
      {kThree + "f 1 2 -1\n", "m.obj:4: index -1"},
      {kThree + "f 1 2 3.5\n", "m.obj:4: a corner is not a vertex number"},
      {kThree + "f 1 2 /3\n", "m.obj:4: a corner is not a vertex number"},
      {kThree + "f 1 2 99999999999\n", "m.obj:4: a corner is not a vertex number"},
      {kThree + "f 1 2 3 3 3 9\n", "m.obj:4: index 9 of 3 vertices"},  // dropped, yet wrong
  };
  for (const Case& c : cases) EXPECT_ERROR(parse(c.text), Exit::kPrecondition, c.message);
}

TEST(Obj, WritesSixDecimalsAndReadsThemBack) {
  const TempDir dir;
  const Mesh mesh{{0.5f, -1.25f, 1000, 0.1f, 0, -0.0000004f, 3, 4, 5}, {2, 0, 1}};
  write_obj(dir / "a.obj", mesh);
  EXPECT_EQ(read_text(dir / "a.obj"),
            "v 0.500000 -1.250000 1000.000000\nv 0.100000 0.000000 -0.000000\n"
            "v 3.000000 4.000000 5.000000\nf 3 1 2\n");
  const Mesh back = read_obj(dir / "a.obj");
  EXPECT_EQ(back.triangles, mesh.triangles);
  EXPECT_EQ(back.vertices[3], 0.1f);
  EXPECT_ERROR(read_obj(dir / "none.obj"), Exit::kPrecondition, "none.obj");
}

TEST(Obj, MutationsGiveAMeshOrOneClearError) {
  const std::string seed = kFive + "f 1/1 2/2 3/3 4/4\r\nf 1 2 3 4 5\nv 1.5e3 -0.25 7 1 1 1\n";
  std::mt19937_64 random(7);
  for (int run = 0; run < 20000; ++run) {
    std::string text = seed;
    for (std::uint64_t change = 1 + random() % 3; change > 0; --change) {
      const std::size_t at = random() % text.size();
      if (random() % 2)
        text[at] = "0123456789 -/.evf\n\rx"[random() % 20];
      else
        text.erase(at, 1 + random() % 9);
    }
    fuzz_obj(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
}

}  // namespace
}  // namespace mien::testing
