// The tables that `bench mesh` reads, and the meshes that it makes of them.
#include <gtest/gtest.h>

#include "datasets/convert/expnet_files.h"
#include "datasets/face_models/face_models.h"
#include "harness/geometry/mesh.h"
#include "tests/support/expect_error.h"
#include "tests/support/small_face_model.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

using Floats = std::vector<float>;

class Meshes : public ::testing::Test {
 protected:
  Meshes() { save_face_model(dir_ / "model", small_face_model()); }
  RowsResult write(const std::string& table, const MeshOptions& options = {}) {
    return write_meshes(dir_.write("c.csv", table), dir_ / "model", dir_ / "out", options);
  }
  Floats vertices(const std::string& name) { return read_ply(dir_ / ("out/" + name)).vertices; }
  const TempDir dir_;
};

TEST_F(Meshes, NamesAreThePublishedOnes) {
  const std::string table =
      "ID,e0,p0,p1,p2,p3,p4,p5,s0,t0\nann,0.5,0,0,0,10,0,0,2,7\nbob smith,0,0,0,0,0,0,0,0,x\n";
  const RowsResult result = write(table);
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(result.report.at("written"), 2);
  EXPECT_EQ(result.report.at("shape_std"), true);
  EXPECT_EQ(vertices("ann_Shape_Expr_Pose.ply"),
            (Floats{10, 0, 0, -9, 0, 0, -10, 1, 0, -10, 0, 4}));
  EXPECT_EQ(vertices("bob smith_Shape_Expr_Pose.ply"), small_face_model().mean);
  write(table, {MeshFormat::kPly, false});
  EXPECT_EQ(vertices("ann_Shape_Expr.ply"), (Floats{20, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4}));
  write(table, {MeshFormat::kObj, true});
  const Mesh obj = read_obj(dir_ / "out/ann_Shape_Expr_Pose.obj");
  EXPECT_EQ(obj.vertices[0], 10);
  EXPECT_EQ(obj.triangles, small_face_model().triangles);
}

TEST_F(Meshes, WithoutAPoseNoneIsApplied) {
  EXPECT_EQ(write("ID\nann\n").report.at("pose"), false);
  EXPECT_EQ(vertices("ann_Shape_Expr.ply"), small_face_model().mean);
}

TEST_F(Meshes, BadRowsAreNamedTheOthersWritten) {
  const RowsResult result = write(
      "ID,s0,s1\nok,1,2\nx,1\ny,1,2,3\nz,1,abc\nw,nan,1\nv,1,\n../up,1,2\n.hidden,1,2\n,1,2\n"
      "ok,1,2\n\nhuge,3e38,0\nlast,0,0\n");
  const std::vector<std::string> expected = {
      "c.csv:3: 2 cells, expected 3",
      "c.csv:4: 4 cells, expected 3",
      "c.csv:5: column 3 (s1): 'abc' is not a finite number",
      "c.csv:6: column 2 (s0): 'nan' is not a finite number",
      "c.csv:7: column 3 (s1): '' is not a finite number",
      "c.csv:8: the ID '../up' is not a file name",
      "c.csv:9: the ID '.hidden' begins with a dot",
      "c.csv:10: the ID is empty",
      "c.csv:11: the ID 'ok' occurs twice",
      "c.csv:13: its coefficients are so large",
  };
  ASSERT_EQ(result.problems.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NE(result.problems[i].find(expected[i]), std::string::npos) << result.problems[i];
  EXPECT_EQ(result.report.at("written"), 2);
  EXPECT_TRUE(fs::exists(dir_ / "out/ok_Shape_Expr.ply"));
  EXPECT_TRUE(fs::exists(dir_ / "out/last_Shape_Expr.ply"));
  EXPECT_FALSE(fs::exists(dir_ / "up_Shape_Expr.ply"));
}

TEST_F(Meshes, TablesThatCannotBeMeantAreRefused) {
  struct Case {
    std::string table, message;
  };
  const Case cases[] = {
      {"", "c.csv:1: the table is empty"},
      {"ID,s0\n", "c.csv: no row"},
      {"s0\n1\n", "column ID occurs 0 times"},
      {"ID,ID\na,a\n", "column ID occurs 2 times"},
      {"ID,S0\na,1\n", "column 2 is 'S0'; expected"},
      {"ID,s0,s0\na,1,1\n", "column 3 is 's0'; expected"},
      {"ID,s00\na,1\n", "column 2 is 's00'; expected"},
      {"ID,s1\na,1\n", "s1 is there, but not all of s0 .. s1"},
      {"ID,p0,p1,p2\na,1,1,1\n", "a pose of 3 numbers"},
      {"ID,s0,s1,s2\na,1,1,1\n",
       "c.csv:1: 3 coefficients of identity, but the face model small has 2"},
      {"ID,e0,e1\na,1,1\n", "2 coefficients of expression, but the face model small has 1"},
  };
  for (const Case& c : cases) EXPECT_ERROR(write(c.table), Exit::kPrecondition, c.message);
}

TEST_F(Meshes, AFolderThatCannotBeWrittenIsNoFaultOfARow) {
  dir_.write("out", "a file");
  EXPECT_ERROR(write("ID,s0\na,1\n"), Exit::kPrecondition, "out");
}

TEST(MeshesOfIct, FollowTheModelsOwnShapes) {
  const fs::path ict = fs::path(MIEN_SOURCE_DIR) / "../shared/data/ict-facekit";
  if (!fs::exists(ict)) GTEST_SKIP() << "no ../shared/data/ict-facekit";
  const FaceModel model = load_face_model(ict / "ict-face-light.safetensors");
  const TempDir dir;
  std::string names = "ID", numbers = "a";
  for (int i = 0; i < 99; ++i) {
    names += fmt::format(",s{}", i);
    numbers += i == 98 ? ",1.5" : ",0";
  }
  for (int i = 0; i < 29; ++i) {
    names += fmt::format(",e{}", i);
    numbers += i == 3 ? ",0.25" : ",0";
  }
  write_meshes(dir.write("c.csv", names + "\n" + numbers + "\n"),
               ict / "ict-face-light.safetensors",
               dir.path(),
               {});
  const Mesh mesh = read_ply(dir / "a_Shape_Expr.ply");
  EXPECT_EQ(mesh.triangles, model.triangles);
  const std::size_t size = model.mean.size();
  ASSERT_EQ(mesh.vertices.size(), size);
  for (std::size_t i = 0; i < size; ++i)
    ASSERT_NEAR(mesh.vertices[i],
                model.mean[i] + 1.5f * model.identity[98 * size + i] +
                    0.25f * model.expression[3 * size + i],
                6e-5f)
        << i;
}

}  // namespace
}  // namespace mien::testing
