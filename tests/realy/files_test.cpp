// REALY's files: what is taken, and the one line that each fault gives.
#include "harness/realy/files.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/expect_error.h"
#include "tests/support/realy_tree.h"

extern "C" int fuzz_keypoints(const std::uint8_t* data, std::size_t size);  // aborts at a fault

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

class RealyTree : public ::testing::Test {
 protected:
  void SetUp() override { write_realy_tree(dir_); }
  RealyFolders folders() const { return RealyFolders(dir_.path()); }
  TempDir dir_;
};

TEST_F(RealyTree, ReadsTheLayout) {
  const Topology topology = read_topology(folders(), "SYN");
  EXPECT_EQ(topology.vertices.rows(), kTreeSide * kTreeSide);
  EXPECT_EQ(read_scales(folders()), (std::vector<double>{8.754064, 9}));
  EXPECT_EQ(subjects_in(folders()), (std::vector<int>{1, 2}));
  const Scan scan = read_scan(folders(), read_scales(folders()), 2);
  EXPECT_EQ(scan.mm_per_unit, 9);
  EXPECT_EQ(scan.regions[3].merged.parts, 2);
}

TEST_F(RealyTree, TheToolkitsOwnFolderWorksToo) {
  TempDir other;
  fs::create_directories(other / "data");
  for (const char* name : {"REALY_HIFI3D_keypoints", "REALY_scan_region"})
    fs::rename(dir_ / name, other / (std::string("data/") + name));
  for (const auto& entry : fs::directory_iterator(dir_ / "data"))
    fs::rename(entry.path(), other / "data" / entry.path().filename());
  EXPECT_EQ(subjects_in(RealyFolders(other.path())).size(), 2u);
  EXPECT_EQ(read_scales(RealyFolders(other / "data")).size(), 2u);
}

TEST_F(RealyTree, WindowsLineEndsAreRead) {
  dir_.write("data/metrical_scale.txt", "8.5\r\n9.25\r\n");
  EXPECT_EQ(read_scales(folders()), (std::vector<double>{8.5, 9.25}));
  const Topology topology = read_topology(folders(), "SYN");
  std::string mask = "1";
  for (Eigen::Index i = 1; i < topology.vertices.rows(); ++i) mask += i % 2 ? ",0" : ", 1.0";
  EXPECT_EQ(read_mask(dir_.write("mask.txt", mask + "\r\n"), topology)[2], 1);
}

TEST_F(RealyTree, NamesEachFault) {
  constexpr Exit k = Exit::kPrecondition;
  EXPECT_ERROR(RealyFolders(dir_ / "none"), k, "no such folder");
  EXPECT_ERROR(RealyFolders(dir_ / "pred"), k, "REALY_HIFI3D_keypoints");
  EXPECT_ERROR(read_topology(folders(), "HIFI3D++"), k, "no such template; known: SYN");
  fs::rename(dir_ / "data/SYN.txt", dir_ / "data/SYN.bak");
  EXPECT_ERROR(read_topology(folders(), "SYN"), k, "keypoints are missing");
  dir_.write("data/SYN.txt", "[[0,1,0]]");
  EXPECT_ERROR(read_topology(folders(), "SYN"), k, "1 keypoints, expected 85");
  dir_.write("data/SYN.txt", "");
  EXPECT_ERROR(read_topology(folders(), "SYN"), k, "not a JSON list");
  const std::vector<double> scales = read_scales(folders());
  for (const int subject : {0, 3, 101})
    EXPECT_ERROR(read_scan(folders(), scales, subject), k, "1 to 2");
  Mesh keypoints = formula_keypoint_mesh();
  keypoints.vertices.resize(84 * 3);
  write_obj(dir_ / "REALY_HIFI3D_keypoints/1.obj", keypoints);
  EXPECT_ERROR(read_scan(folders(), scales, 1), k, "84 keypoints, expected 85");
  fs::remove(dir_ / "REALY_scan_region/2/mouth.obj");
  EXPECT_ERROR(read_scan(folders(), scales, 2), k, "mouth.obj");
  dir_.write("data/metrical_scale.txt", "8\nnan\n");
  EXPECT_ERROR(read_scales(folders()), k, "metrical_scale.txt:2: not a positive number");
  EXPECT_ERROR(read_mesh(dir_.write("far.obj", "v 1 2 1e20\n")), k, "a coordinate of 1e+20");
  EXPECT_ERROR(read_mesh(dir_.write("nan.obj", "v 1 2 nan\n")), k, "three finite numbers");
  EXPECT_ERROR(read_mesh(dir_.write("empty.obj", "")), k, "no vertex in it");
}

TEST_F(RealyTree, PredictionsComeInTheToolkitsOrder) {
  for (const char* name : {"10.obj", "1_2.obj", "face.obj", "2_1.ply", "readme.txt"})
    dir_.write(std::string("more/") + name, "");
  std::vector<std::string> names;
  for (const PredictionFile& file : list_predictions(dir_ / "more")) names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{"face", "10", "1_2", "2_1"}));
  EXPECT_EQ(list_predictions(dir_ / "more")[0].subject, -1);
  EXPECT_EQ(list_predictions(dir_ / "more")[2].subject, 1);
  dir_.write("more/10.ply", "");
  EXPECT_ERROR(list_predictions(dir_ / "more"), Exit::kPrecondition, "exists twice");
  EXPECT_ERROR(list_predictions(dir_ / "data/none"), Exit::kPrecondition, "no such folder");
  EXPECT_ERROR(list_predictions(dir_ / "REALY_scan_region"), Exit::kPrecondition, "no .obj");
}

TEST_F(RealyTree, MasksMustFit) {
  const Topology topology = read_topology(folders(), "SYN");
  EXPECT_ERROR(read_mask(dir_.write("m.txt", "1,0,1"), topology),
               Exit::kPrecondition,
               "3 values, the topology SYN has 625 vertices");
  EXPECT_ERROR(read_mask(dir_.write("m.txt", "1,x"), topology),
               Exit::kPrecondition,
               "value 2 is neither 0 nor 1");
  EXPECT_ERROR(read_mask(dir_.write("m.txt", ""), topology), Exit::kPrecondition, "0 values");
}

TEST(KeypointPositions, AnyBytesAreHandled) {
  const std::string good = positions_json(formula_positions(5));  // 32 triangles
  std::srand(7);
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    for (int change = 0; change < 1 + round % 5; ++change)
      bytes[static_cast<std::size_t>(std::rand()) % bytes.size()] =
          static_cast<char>(std::rand() % 128);
    if (round % 7 == 0) bytes.resize(static_cast<std::size_t>(std::rand()) % bytes.size());
    fuzz_keypoints(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  for (const char* text : {"[]", "{}", "null", "[[1e400,0,0]]", "[[[[", "\xff"})
    fuzz_keypoints(reinterpret_cast<const std::uint8_t*>(text), std::strlen(text));
}

}  // namespace
}  // namespace mien::testing
