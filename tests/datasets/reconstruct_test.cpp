// Coefficients to vertices, with numbers by hand; the tables that `bench mesh` reads.
#include "datasets/reconstruct.h"

#include <gtest/gtest.h>

#include <cmath>

#include "datasets/expnet_files.h"
#include "datasets/face_models.h"
#include "harness/core/mesh.h"
#include "harness/core/random.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

using Floats = std::vector<float>;

/// A tetrahedron: identity modes move corner 0 along x and y, the expression corner 3 along z.
FaceModel small_model() {
  FaceModel m;
  m.name = "small";
  m.mean = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  m.triangles = {0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3};
  m.identity = Floats(24);
  m.identity[0] = m.identity[12 + 1] = 1;
  m.identity_names = {"a", "b"};
  m.identity_std = {10, 0.5f};
  m.expression = Floats(12);
  m.expression[11] = 2;
  m.expression_names = {"smile"};
  m.expression_std = {3};
  return m;
}

void expect_near(const Floats& got, const Floats& expected, float tolerance = 1e-6f) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], tolerance) << i;
}

// ---- geometry ----------------------------------------------------------------------------------

TEST(Reconstruct, CoefficientsCountStandardDeviations) {
  // Corner 0: x = 10 * 2, y = 0.5 * -4. Corner 3: z = 1 + 3 * 0.5 * 2.
  EXPECT_EQ(reconstruct(small_model(), Floats{2, -4}, Floats{0.5f}),
            (Floats{20, -2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4}));
}

TEST(Reconstruct, WithoutStandardDeviationsTheyAreTheCoefficients) {
  FaceModel model = small_model();
  model.identity_std.clear();
  EXPECT_EQ(reconstruct(model, Floats{2}, {}), (Floats{2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}));
}

TEST(Reconstruct, MissingCoefficientsAreZerosAndTooManyAnError) {
  EXPECT_EQ(reconstruct(small_model(), {}, {}), small_model().mean);
  EXPECT_ERROR(reconstruct(small_model(), Floats(3), {}),
               Exit::kPrecondition,
               "3 coefficients of identity, but the face model small has 2 modes");
  EXPECT_ERROR(reconstruct(small_model(), {}, Floats(29)),
               Exit::kPrecondition,
               "29 coefficients of expression, but the face model small has 1 modes");
}

TEST(Rotation, QuarterTurnsAreCounterClockwise) {
  const double quarter = std::acos(0.0);
  struct Case {
    std::array<double, 3> axis;
    std::array<double, 9> rows;
  };
  const Case cases[] = {{{0, 0, 0}, {1, 0, 0, 0, 1, 0, 0, 0, 1}},
                        {{quarter, 0, 0}, {1, 0, 0, 0, 0, -1, 0, 1, 0}},
                        {{0, quarter, 0}, {0, 0, 1, 0, 1, 0, -1, 0, 0}},
                        {{0, 0, quarter}, {0, -1, 0, 1, 0, 0, 0, 0, 1}}};
  for (const Case& c : cases)
    for (std::size_t i = 0; i < 9; ++i)
      EXPECT_NEAR(rotation_of(c.axis)[i], c.rows[i], 1e-15) << c.axis[0] << c.axis[1] << c.axis[2];
}

TEST(Rotation, IsOrthonormalKeepsItsAxisAndTurnsByItsLength) {
  SplitMix random(11);
  for (int run = 0; run < 1000; ++run) {
    std::array<double, 3> axis;
    const double scale = std::pow(10.0, static_cast<double>(random.below(12)) - 10);
    for (double& v : axis) v = scale * (static_cast<double>(random.below(2001)) / 1000 - 1);
    const auto r = rotation_of(axis);
    const double angle = std::hypot(axis[0], axis[1], axis[2]);
    double determinant = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      double along = 0;
      for (std::size_t j = 0; j < 3; ++j) {
        double product = 0;
        for (std::size_t k = 0; k < 3; ++k) product += r[3 * i + k] * r[3 * j + k];
        EXPECT_NEAR(product, i == j, 1e-14);
        along += r[3 * i + j] * axis[j];
      }
      EXPECT_NEAR(along, axis[i], 1e-14 * (1 + angle));
      const std::size_t j = (i + 1) % 3, k = (i + 2) % 3;
      determinant += r[i] * (r[3 + j] * r[6 + k] - r[3 + k] * r[6 + j]);
    }
    EXPECT_NEAR(determinant, 1, 1e-14);
    EXPECT_NEAR(r[0] + r[4] + r[8], 1 + 2 * std::cos(angle), 1e-13);
  }
}

TEST(Pose, SignsAreThePublishedOnes) {
  const float quarter = std::acos(0.0f);
  const auto posed = [](Floats pose) {
    Floats v = {1, 2, 3};
    apply_pose(v, std::span<const float, 6>(pose.data(), 6));
    return v;
  };
  expect_near(posed({0, 0, 0, 0, 0, 0}), {1, 2, 3});
  expect_near(posed({quarter, 0, 0, 0, 0, 0}), {1, -3, 2});
  expect_near(posed({0, quarter, 0, 0, 0, 0}), {-3, 2, 1});       // about -y
  expect_near(posed({0, 0, quarter, 0, 0, 0}), {2, -1, 3});       // about -z
  expect_near(posed({0, 0, 0, 10, 20, 30}), {-9, 22, 33});        // -x, y, z
  expect_near(posed({0, 0, quarter, 10, 20, 30}), {-8, 19, 33});  // turned before it is moved
}

// ---- tables ------------------------------------------------------------------------------------

class Meshes : public ::testing::Test {
 protected:
  Meshes() { save_face_model(dir_ / "model", small_model()); }
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
  EXPECT_EQ(vertices("bob smith_Shape_Expr_Pose.ply"), small_model().mean);
  write(table, {MeshFormat::kPly, false});
  EXPECT_EQ(vertices("ann_Shape_Expr.ply"), (Floats{20, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4}));
  write(table, {MeshFormat::kObj, true});
  const Mesh obj = read_obj(dir_ / "out/ann_Shape_Expr_Pose.obj");
  EXPECT_EQ(obj.vertices[0], 10);
  EXPECT_EQ(obj.triangles, small_model().triangles);
}

TEST_F(Meshes, WithoutAPoseNoneIsApplied) {
  EXPECT_EQ(write("ID\nann\n").report.at("pose"), false);
  EXPECT_EQ(vertices("ann_Shape_Expr.ply"), small_model().mean);
}

TEST_F(Meshes, BadRowsAreNamedTheOthersWritten) {
  const RowsResult result = write(
      "ID,s0,s1\nok,1,2\nx,1\ny,1,2,3\nz,1,abc\nw,nan,1\nv,1,\n../up,1,2\n.hidden,1,2\n,1,2\n"
      "ok,1,2\n\nhuge,3e38,0\nlast,0,0\n");
  const std::vector<std::string> expected = {
      "c.csv:3: 2 cells, expected 3",
      "c.csv:4: 4 cells, expected 3",
      "c.csv:5: column 3 (s1): 'abc' is no finite number",
      "c.csv:6: column 2 (s0): 'nan' is no finite number",
      "c.csv:7: column 3 (s1): '' is no finite number",
      "c.csv:8: the ID '../up' is no file name",
      "c.csv:9: the ID '.hidden' begins with a dot",
      "c.csv:10: the ID is empty",
      "c.csv:11: the ID 'ok' was there before",
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
      {"s0\n1\n", "column ID is there 0 times"},
      {"ID,ID\na,a\n", "column ID is there 2 times"},
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
