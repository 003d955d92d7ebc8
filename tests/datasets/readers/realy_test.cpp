// What the REALY reader makes of a whole tree and of everything that can be wrong with one.
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "datasets/faces/faces.h"
#include "datasets/faces/head.h"
#include "datasets/readers/realy_geometry.h"
#include "datasets/registry.h"
#include "datasets/tree/walk.h"
#include "harness/geometry/mesh.h"
#include "tests/support/expect_error.h"
#include "tests/support/tree_files.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien::testing {
namespace {

const std::string kTriangle = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n";

std::string keypoints(int count) {
  std::string text;
  for (int k = 0; k < count; ++k) text += fmt::format("v {} 0 0\n", k);
  return text;
}

ordered_json places(std::size_t count = 85) {
  ordered_json all = ordered_json::array();
  for (std::size_t k = 0; k < count; ++k) all.push_back({0, 0.25, 0.5});
  return all;
}

/// Two subjects in the true layout, small; what is written over it makes a bad copy.
class Realy : public ::testing::Test {
 protected:
  Realy() {
    static const std::string picture = image_bytes(face_image(64, 3), ".png");
    for (const char* name : {"1.png", "2.png", "1_1.png", "1_10.png", "1_2.png", "2_1.png"})
      dir.write(std::string("REALY_image/") + name, picture);
    for (const int subject : {1, 2}) {
      dir.write(fmt::format("REALY_HIFI3D_keypoints/{}.obj", subject), keypoints(85));
      for (const char* region : kRealyRegions)
        dir.write(fmt::format("REALY_scan_region/{}/{}.obj", subject, region), kTriangle);
    }
    dir.write("data/metrical_scale.txt", "8.754064000000000e+00\n6.5\n");
    dir.write("data/TINY.obj", kTriangle);
    dir.write("data/TINY.txt", places().dump());
  }
  Samples read() const { return find_dataset("realy").read(dir.path(), {}); }
  /// The only problem is at `path` and holds `reason`.
  void expect_problem(const std::string& path, const std::string& reason) const {
    const Samples samples = read();
    EXPECT_EQ(problem_count(samples), 1u) << samples.manifest;
    EXPECT_NE(reasons(samples, path).find(reason), std::string::npos)
        << reasons(samples, path) << "expected: " << reason;
  }

  TempDir dir;
};

TEST_F(Realy, ListsPicturesBySubjectAndView) {
  const Samples samples = read();
  EXPECT_EQ(samples.ids, (std::vector<std::string>{"1", "2", "1_1", "1_2", "1_10", "2_1"}));
  EXPECT_EQ(samples.subject, (std::vector<std::int32_t>{1, 2, 1, 1, 1, 2}));
  EXPECT_EQ(samples.split, (std::vector<std::int32_t>{0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(samples.labels, std::vector<std::int64_t>(6, -1));
  EXPECT_TRUE(samples.class_names.empty());
  EXPECT_EQ(samples.channels, 3);
  EXPECT_EQ(samples.width, 224);
  EXPECT_EQ(samples.data, DataKind::kUnverified);  // not the published counts
  EXPECT_EQ(problem_count(samples), 0u) << samples.manifest;
}

TEST_F(Realy, StatesTheGeometry) {
  const Samples samples = read();
  EXPECT_EQ(fact(samples, "subjects"), (ordered_json{{"found", 2}, {"published", 100}}));
  EXPECT_EQ(fact(samples, "side"), (ordered_json{{"found", 4}, {"published", 400}}));
  EXPECT_EQ(fact(samples, "regions").at("cheek"),
            (ordered_json{{"files", 2}, {"vertices_min", 3}, {"vertices_max", 3}}));
  EXPECT_EQ(fact(samples, "topologies").at("TINY"),
            (ordered_json{{"vertices", 3}, {"triangles", 1}}));
  const ordered_json scale = fact(samples, "metrical_scale");
  EXPECT_EQ(scale.at("first"), 8.754064);
  EXPECT_EQ(scale.at("min"), 6.5);
  EXPECT_EQ(scale.at("as_published"), false);
  EXPECT_EQ(fact(samples, "geometry").at("files"), 2 + 8 + 2 + 1);
}

TEST_F(Realy, DigestNamesTheGeometryWhereverItLies) {
  const auto digest = [&] { return fact(read(), "geometry").at("sha256").get<std::string>(); };
  const std::string before = digest();
  dir.write("data/notes.txt", "no keypoints, not ours");
  EXPECT_EQ(digest(), before);
  fs::create_directory(dir / "REALY");
  for (const char* folder : {"data", "REALY_HIFI3D_keypoints", "REALY_scan_region"})
    fs::rename(dir / folder, dir / (std::string("REALY/") + folder));
  EXPECT_EQ(digest(), before);
  dir.write("REALY/REALY_scan_region/2/nose.obj", kTriangle + "#\n");
  EXPECT_NE(digest(), before);
}

TEST_F(Realy, PrefersCropsToOriginalsAndDepth) {
  for (const char* folder : {"REALY_image/crop_512", "REALY_image/depth"}) {
    fs::create_directories(dir / folder);
    fs::copy_file(dir / "REALY_image/2.png", dir / folder / "2.png");
  }
  const Samples samples = read();
  EXPECT_EQ(samples.ids, std::vector<std::string>{"2"});
  EXPECT_EQ(problem_count(samples), 0u);
}

TEST_F(Realy, NamesKeypointsThatAreNot85) {
  dir.write("REALY_HIFI3D_keypoints/2.obj", keypoints(84));
  expect_problem("REALY_HIFI3D_keypoints/2.obj", "84 keypoints, expected 85");
  EXPECT_ERROR(find_dataset("realy").read(dir.path(), {.strict = true}),
               Exit::kPrecondition,
               "84 keypoints");
}

TEST_F(Realy, NamesMissingFiles) {
  fs::remove(dir / "REALY_scan_region/2/mouth.obj");
  expect_problem("REALY_scan_region/2/mouth.obj", "missing");
  dir.write("REALY_scan_region/2/mouth.obj", kTriangle);
  fs::remove(dir / "data/TINY.txt");
  expect_problem("data/TINY.txt", "missing");
  dir.write("data/TINY.txt", places().dump());
  fs::remove(dir / "data/metrical_scale.txt");
  expect_problem("data/metrical_scale.txt", "missing");
}

TEST_F(Realy, NamesBadMeshes) {
  const std::string nose = "REALY_scan_region/1/nose.obj";
  dir.write(nose, "");
  expect_problem(nose, "no vertex in it");
  dir.write(nose, keypoints(9));
  expect_problem(nose, "no triangle in it");
  dir.write(nose, "v nan 0 0\n" + kTriangle);
  expect_problem(nose, "line 1: a vertex needs three finite numbers");
  dir.write(nose, kTriangle + "f 1 2 4\n");
  expect_problem(nose, "line 5: index 4 of 3 vertices");
}

TEST_F(Realy, NamesBadTemplateKeypoints) {
  const auto expect_bad = [&](const std::string& text, const std::string& reason) {
    dir.write("data/TINY.txt", text);
    expect_problem("data/TINY.txt", reason);
  };
  const auto with = [](const ordered_json& place) {
    ordered_json all = places();
    all[84] = place;
    return all.dump();
  };
  expect_bad(places(84).dump(), "84 keypoints, expected 85");
  expect_bad("1 2 3", "not a JSON array");
  expect_bad(with({1, 0.5, 0.5}), "keypoint 84 lies on triangle 1 of 1");
  expect_bad(with({-1, 0.5, 0.5}), "keypoint 84 lies on triangle -1");
  expect_bad(with({0.5, 0.5, 0.5}), "keypoint 84 lies on triangle 0.5");
  expect_bad(with({0, 0.75, 0.5}), "keypoint 84 has a weight of -0.25");
  expect_bad(with({0, 0.5}), "keypoint 84 is not [triangle, weight, weight]");
  expect_bad(with({0, "a", 0.5}), "keypoint 84 is not [triangle, weight, weight]");
}

TEST_F(Realy, NamesTemplatesThatAreNotThePublishedOnes) {
  dir.write("data/HIFI3D.obj", kTriangle);
  dir.write("data/HIFI3D.txt", places().dump());
  expect_problem("data/HIFI3D.obj", "3 vertices and 1 triangles, published are 20481 and 40832");
}

TEST_F(Realy, NamesBadScales) {
  const std::string scales = "data/metrical_scale.txt";
  dir.write(scales, "8.7\n");
  expect_problem(scales, "1 rows, but there is a subject 2");
  for (const char* bad : {"8.7\n0\n", "8.7\n-1\n", "8.7\nnan\n", "8.7\n8.7mm\n"}) {
    dir.write(scales, bad);
    expect_problem(scales, "line 2: not a positive number");
  }
}

TEST_F(Realy, NamesPicturesAndSubjectsThatDoNotBelong) {
  fs::copy_file(dir / "REALY_image/1.png", dir / "REALY_image/77.png");
  expect_problem("REALY_image/77.png", "no keypoints of subject 77");
  fs::remove(dir / "REALY_image/77.png");
  dir.write("REALY_HIFI3D_keypoints/0.obj", keypoints(85));
  for (const char* region : kRealyRegions)
    dir.write(fmt::format("REALY_scan_region/0/{}.obj", region), kTriangle);
  expect_problem("REALY_scan_region/0", "subjects are numbered 1 to 100");
}

TEST_F(Realy, NamesSecondCopies) {
  dir.write("again/data/TINY.obj", kTriangle);
  expect_problem("data/TINY.obj", "a second again/data/TINY.obj");
}

TEST_F(Realy, WithoutPicturesThereIsNothingToRead) {
  fs::remove_all(dir / "REALY_image");
  EXPECT_ERROR(read(), Exit::kPrecondition, "no picture such as REALY_image/1.png");
}

// ---- stand-in ----------------------------------------------------------------------------------

/// How many parts a mesh falls into.
std::size_t parts_of_mesh(const Mesh& mesh) {
  std::vector<std::int32_t> leader(mesh.vertices.size() / 3);
  std::iota(leader.begin(), leader.end(), 0);
  const auto find = [&](std::int32_t v) {
    while (leader[static_cast<std::size_t>(v)] != v) v = leader[static_cast<std::size_t>(v)];
    return v;
  };
  for (std::size_t t = 0; t < mesh.triangles.size(); t += 3)
    for (const std::size_t other : {t + 1, t + 2}) {
      const std::int32_t a = find(mesh.triangles[t]), b = find(mesh.triangles[other]);
      leader[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
    }
  std::set<std::int32_t> leaders;
  for (const std::int32_t v : leader) leaders.insert(find(v));
  return leaders.size();
}

double distance(const float* a, const float* b) {
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

TEST(RealyStandIn, ScansKeypointsAndTemplateFitTogether) {
  const TempDir dir;
  write_stand_in(stand_in_of(find_dataset("realy")), dir.path(), {.subjects = 2, .seed = 5});
  const Mesh head = read_obj(dir / "data/SYN.obj");
  EXPECT_EQ(head.triangles, built_in_head().model.triangles);
  const Mesh truth = read_obj(dir / "REALY_HIFI3D_keypoints/2.obj");
  ASSERT_EQ(truth.vertices.size(), 85u * 3);
  const double scale = std::stod(read_text(dir / "data/metrical_scale.txt").substr(25));

  // The subject's own head, keypoints placed as the template says, is what the truth holds.
  const std::vector<float> mm = head_vertices(
      {.seed = 5, .subject = 1, .expression = "neutral", .strength = 0, .style = FaceStyle::kLab});
  const ordered_json keypoint_places = ordered_json::parse(read_text(dir / "data/SYN.txt"));
  for (std::size_t k = 0; k < 85; ++k) {
    const std::size_t t = keypoint_places[k][0];
    const double w[] = {keypoint_places[k][1],
                        keypoint_places[k][2],
                        1 - double(keypoint_places[k][1]) - double(keypoint_places[k][2])};
    float point[3] = {};
    for (std::size_t corner = 0; corner < 3; ++corner)
      for (std::size_t axis = 0; axis < 3; ++axis)
        point[axis] += static_cast<float>(
            w[corner] * mm[static_cast<std::size_t>(head.triangles[3 * t + corner]) * 3 + axis] /
            scale);
    ASSERT_LT(distance(point, &truth.vertices[3 * k]), 1e-4) << "keypoint " << k;
  }

  const std::map<std::string, std::pair<std::size_t, std::size_t>> expected = {
      // a keypoint that the region holds, and its parts
      {"nose", {30, 1}},
      {"mouth", {48, 1}},
      {"forehead", {19, 1}},
      {"cheek", {76, 2}}};
  for (const auto& [region, what] : expected) {
    const Mesh scan = read_obj(dir / ("REALY_scan_region/2/" + region + ".obj"));
    EXPECT_EQ(parts_of_mesh(scan), what.second) << region;
    double nearest = 1e9;
    for (std::size_t v = 0; v < scan.vertices.size(); v += 3)
      nearest = std::min(nearest, distance(&scan.vertices[v], &truth.vertices[3 * what.first]));
    EXPECT_LT(nearest * scale, 1.5) << region << ", mm";
  }
}

TEST(RealyStandIn, HasTheBenchmarksFiles) {
  const TempDir dir;
  write_stand_in(stand_in_of(find_dataset("realy")), dir.path(), {.subjects = 1, .seed = 1});
  for (const char* name : {"1.png", "1_1.png", "1_2.png", "1_3.png", "1_4.png"}) {
    const std::string png = read_text(dir / (std::string("REALY_image/") + name));
    EXPECT_EQ(png.substr(16, 8), std::string("\0\0\x02\0\0\0\x02\0", 8)) << "512 x 512";
  }
  const std::string scales = read_text(dir / "data/metrical_scale.txt");
  EXPECT_EQ(std::count(scales.begin(), scales.end(), '\n'), 100);
  EXPECT_ERROR(write_stand_in(stand_in_of(find_dataset("realy")), dir.path(), {.subjects = 101}),
               Exit::kUsage,
               "--subjects 101: from 1 to 100");
}

// ---- the shared sample of the layout -----------------------------------------------------------

TEST(RealyGeometry, SharedReferenceCasesAreWhole) {
  const fs::path folder = fs::path(MIEN_SOURCE_DIR) / "../shared/realy-golden";
  if (!fs::exists(folder)) GTEST_SKIP() << "no ../shared/realy-golden";
  std::vector<Problem> problems;
  const std::vector<std::string> files = walk(folder, problems);
  const RealyFiles found = find_realy_files(files, problems);
  const ordered_json facts = check_realy_geometry(folder, found, problems);
  EXPECT_TRUE(problems.empty()) << problems[0].path << ": " << problems[0].reason;
  EXPECT_EQ(found.keypoints.size(), 6u);
  EXPECT_EQ(facts.at("regions").at("forehead").at("files"), 6);
  EXPECT_EQ(facts.at("topologies").at("synthA").at("vertices"), 5063);
  EXPECT_EQ(facts.at("topologies").at("synthB").at("vertices"), 12096);
  EXPECT_EQ(facts.at("metrical_scale").at("rows"), 6);
}

}  // namespace
}  // namespace mien::testing
