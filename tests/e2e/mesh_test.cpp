// `bench data crop` and `bench mesh` as a person types them: tables in, pictures and meshes out,
// and what becomes of rows that cannot be used.
#include "harness/geometry/mesh.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/safetensors.h"
#include "harness/system/process.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

using Floats = std::vector<float>;

Output bench(std::vector<std::string> arguments) {
  Command command{{MIEN_BINARY_DIR "/bin/bench"}, {}, 0};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  return run_to_end(command, /*pass_err=*/false);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// ---- meshes ------------------------------------------------------------------------------------

/// A tetrahedron: identity modes move corner 0 along x and y, the expression corner 3 along z.
void write_face_model(const fs::path& path) {
  const Floats mean = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  const std::vector<std::int32_t> triangles = {0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3};
  Floats identity(24), expression(12);
  identity[0] = identity[12 + 1] = 1;
  expression[11] = 2;
  const Floats identity_std = {10, 0.5F}, expression_std = {3};
  const auto floats = [](const Floats& values, std::vector<std::int64_t> shape) {
    return TensorView{DType::kF32, std::move(shape), std::as_bytes(std::span(values))};
  };
  write_safetensors(path,
                    {{"mean", floats(mean, {4, 3})},
                     {"triangles", {DType::kI32, {4, 3}, std::as_bytes(std::span(triangles))}},
                     {"identity", floats(identity, {2, 4, 3})},
                     {"expression", floats(expression, {1, 4, 3})},
                     {"identity_std", floats(identity_std, {2})},
                     {"expression_std", floats(expression_std, {1})}},
                    {{"format", "mien-face-model-1"},
                     {"name", "small"},
                     {"licence", "ours"},
                     {"millimetres", "1"},
                     {"identity_names", R"(["a","b"])"},
                     {"expression_names", R"(["smile"])"}});
}

class Meshes : public ::testing::Test {
 protected:
  Meshes() { write_face_model(dir_ / "small.safetensors"); }
  Output mesh(const std::string& table, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"mesh",
                                          dir_.write("c.csv", table).string(),
                                          "--face-model",
                                          (dir_ / "small.safetensors").string(),
                                          "-o",
                                          out().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return bench(std::move(arguments));
  }
  fs::path out() const { return dir_ / "out"; }
  const testing::TempDir dir_;
};

constexpr const char* kTwo =
    "ID,s0,s1,e0,p0,p1,p2,p3,p4,p5\nann,2,-4,0.5,0,0,0,10,20,30\nbob,0,0,0,0,0,0,0,0,0\n";

TEST_F(Meshes, AreWrittenWithTheirPose) {
  const Output posed = mesh(kTwo);
  EXPECT_EQ(posed.exited.exit_code, 0) << posed.err;
  EXPECT_TRUE(contains(posed.out, "written") && contains(posed.out, "small")) << posed.out;
  // Without pose corner 0 lies at (10 * 2, 0.5 * -4, 0), corner 3 at z = 1 + 3 * 0.5 * 2.
  EXPECT_EQ(read_ply(out() / "ann_Shape_Expr_Pose.ply").vertices,
            (Floats{10, 18, 30, -9, 20, 30, -10, 21, 30, -10, 20, 34}));
  EXPECT_TRUE(fs::exists(out() / "bob_Shape_Expr_Pose.ply"));
}

TEST_F(Meshes, AreWrittenAsObjWithoutPoseAndReportedAsJson) {
  const Output output = mesh(kTwo, {"--format", "obj", "--no-pose", "--json"});
  ASSERT_EQ(output.exited.exit_code, 0) << output.err;
  const json report = json::parse(output.out);
  EXPECT_EQ(report.at("written"), 2);
  EXPECT_EQ(report.at("pose"), false);
  EXPECT_EQ(report.at("model"), "small");
  const Mesh mesh = read_obj(out() / "ann_Shape_Expr.obj");
  EXPECT_EQ(mesh.vertices, (Floats{20, -2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4}));
  EXPECT_EQ(mesh.triangles.size(), 12U);
}

TEST_F(Meshes, OfGoodRowsStayWhereOthersAreBad) {
  const Output output = mesh("ID,s0\nok,1\nbad,x\nlast,2\n", {"--json"});
  EXPECT_EQ(output.exited.exit_code, 5);
  EXPECT_TRUE(
      output.err.ends_with("\n") && contains(output.err, "\nbench: ") &&
      contains(output.err, "c.csv: 1 of 3 rows left out, the others are written; the first: ") &&
      contains(output.err, "c.csv:3: column 2 (s0): 'x' is not a finite number"))
      << output.err;
  EXPECT_EQ(json::parse(output.out).at("failed"), 1);
  EXPECT_TRUE(fs::exists(out() / "ok_Shape_Expr.ply") && fs::exists(out() / "last_Shape_Expr.ply"));
  EXPECT_FALSE(fs::exists(out() / "bad_Shape_Expr.ply"));
}

TEST_F(Meshes, AreNotMadeOfWhatDoesNotFit) {
  const Output many = mesh("ID,s0,s1,s2\na,1,1,1\n", {"--json"});
  EXPECT_EQ(many.exited.exit_code, 5);
  EXPECT_TRUE(contains(many.err, "3 coefficients of identity, but the face model small has 2"));
  EXPECT_EQ(many.out, "") << "no report of nothing";
  EXPECT_EQ(mesh(kTwo, {"--format", "stl"}).exited.exit_code, 2);
  fs::remove(dir_ / "small.safetensors");
  const Output none = mesh(kTwo);
  EXPECT_EQ(none.exited.exit_code, 5);
  EXPECT_TRUE(contains(none.err, "small.safetensors")) << none.err;
  EXPECT_FALSE(fs::exists(out()));
}

// ---- crops -------------------------------------------------------------------------------------

/// A gray slope, uncompressed: header, pixels, table of entries.
std::string tiff(std::uint32_t width, std::uint32_t height) {
  const auto little_endian = [](std::uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 255);
    return text;
  };
  constexpr std::uint32_t kHeader = 8, kLong = 4;
  std::string file = "II" + little_endian(42, 2) + little_endian(kHeader + width * height, 4);
  for (std::uint32_t i = 0; i < width * height; ++i)
    file += static_cast<char>(3 * (i % width) + i / width);
  // Width, height, bits, compression, black is 0, strip, samples, rows of the strip, its bytes.
  const std::pair<std::uint32_t, std::uint32_t> entries[] = {{256, width},
                                                             {257, height},
                                                             {258, 8},
                                                             {259, 1},
                                                             {262, 1},
                                                             {273, kHeader},
                                                             {277, 1},
                                                             {278, height},
                                                             {279, width * height}};
  file += little_endian(std::size(entries), 2);
  for (const auto& [tag, value] : entries)
    file += little_endian(tag, 2) + little_endian(kLong, 2) + little_endian(1, 4) +
            little_endian(value, 4);
  return file + little_endian(0, 4);
}

/// Side of a square PNG, as its header has it; 0 where it is none.
int side_of(const fs::path& path) {
  const std::string file = read_text(path);
  if (file.size() < 24 || !file.starts_with("\x89PNG\r\n") || file[12] != 'I') return 0;
  const auto number = [&](std::size_t at) {
    return static_cast<unsigned char>(file[at]) * 256 + static_cast<unsigned char>(file[at + 1]);
  };
  return number(18) == number(22) ? number(18) : 0;
}

class Crops : public ::testing::Test {
 protected:
  Crops() { dir_.write("images/a.tif", tiff(60, 50)); }
  Output crop(const std::string& rows,
              const std::string& out,
              const std::vector<std::string>& more = {}) {
    const fs::path table =
        dir_.write("faces.csv", "ID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT\n" + rows);
    std::vector<std::string> arguments = {
        "data", "crop", table.string(), "-o", (dir_ / out).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return bench(std::move(arguments));
  }
  const testing::TempDir dir_;
};

TEST_F(Crops, AreWrittenWithAndWithoutJpeg) {
  const std::string rows = "one,images/a.tif,10,10,20,20\ntwo,images/a.tif,0,0,20,20\n";
  const Output lossy = crop(rows, "jpeg", {"--json"}), plain = crop(rows, "plain", {"--no-jpeg"});
  ASSERT_EQ(lossy.exited.exit_code, 0) << lossy.err;
  ASSERT_EQ(plain.exited.exit_code, 0) << plain.err;
  EXPECT_EQ(json::parse(lossy.out).at("jpeg_quality"), 95);
  EXPECT_TRUE(contains(plain.out, "jpeg_quality") && contains(plain.out, "null")) << plain.out;
  EXPECT_EQ(read_text(dir_ / "jpeg/crops.csv"),
            "ID,FILE,PAD_LEFT,PAD_TOP,LEFT,TOP,SIDE,CROP\n"
            "one,images/a.tif,0,0,5,5,30,one.png\ntwo,images/a.tif,5,5,0,0,30,two.png\n");
  for (const char* name : {"one.png", "two.png"}) {
    EXPECT_EQ(side_of(dir_ / "jpeg" / name), 227);
    EXPECT_EQ(side_of(dir_ / "plain" / name), 227);
    EXPECT_NE(read_text(dir_ / "jpeg" / name), read_text(dir_ / "plain" / name));
  }
  EXPECT_EQ(crop(rows, "small", {"--size", "30"}).exited.exit_code, 0);
  EXPECT_EQ(side_of(dir_ / "small/one.png"), 30);
  EXPECT_EQ(crop(rows, "none", {"--size", "0"}).exited.exit_code, 2);
}

TEST_F(Crops, OfGoodBoxesStayWhereOthersAreBad) {
  const Output output = crop(
      "flat,images/a.tif,10,10,20,0\nok,images/a.tif,10,10,20,20\nfar,images/a.tif,500,0,20,20\n",
      "out");
  EXPECT_EQ(output.exited.exit_code, 5);
  EXPECT_TRUE(contains(output.err, "faces.csv:2: the box is 20 x 0 px")) << output.err;
  EXPECT_TRUE(contains(output.err, "faces.csv:4: ")) << output.err;
  EXPECT_TRUE(contains(output.err, "bench: ") && contains(output.err, "2 of 3 rows left out"));
  EXPECT_TRUE(contains(output.out, "failed")) << "the report comes all the same";
  EXPECT_EQ(side_of(dir_ / "out/ok.png"), 227);
  EXPECT_FALSE(fs::exists(dir_ / "out/flat.png"));
  EXPECT_TRUE(contains(read_text(dir_ / "out/crops.csv"), "\nok,images/a.tif,"));
  EXPECT_FALSE(contains(read_text(dir_ / "out/crops.csv"), "flat"));
}

}  // namespace
}  // namespace mien
