// What the PLY reader takes, in text and in bytes, and what it refuses.
#include <gtest/gtest.h>

#include <cstring>

#include "harness/base/error.h"
#include "harness/base/random.h"
#include "harness/geometry/mesh.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

extern "C" int fuzz_ply(const std::uint8_t* data, std::size_t size);  // aborts at a fault

namespace mien::testing {
namespace {

using Triangles = std::vector<std::int32_t>;

Mesh parse(const std::string& text) { return parse_ply(text, "m.ply"); }

std::string header(const std::string& format, int vertices, int faces) {
  return fmt::format(
      "ply\nformat {} 1.0\ncomment ours\nelement vertex {}\nproperty float x\nproperty float y\n"
      "property float z\nelement face {}\nproperty list uchar int vertex_indices\nend_header\n",
      format,
      vertices,
      faces);
}

/// The bytes of numbers, one after the other.
template <typename... T>
std::string packed(T... numbers) {
  std::string out;
  const auto add = [&](auto number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    out.append(bytes, sizeof number);
  };
  (add(numbers), ...);
  return out;
}

const std::string kThree = "0 0 0\n1 0 0\n0 1 0\n";

TEST(Ply, ReadsText) {
  const Mesh mesh =
      parse(header("ascii", 5, 3) + "0 -2.5 3e-1\r\n 4\t5 6\n7 8 9\n1 1 1\n0.1 0 0\n" +
            "3 0 1 2\n4 3 2 1 0\n5 0 1 2 3 4\n\n");
  EXPECT_EQ(mesh.vertices,
            (std::vector<float>{0, -2.5f, 0.3f, 4, 5, 6, 7, 8, 9, 1, 1, 1, 0.1f, 0, 0}));
  EXPECT_EQ(mesh.triangles, (Triangles{0, 1, 2, 3, 2, 1, 3, 1, 0}));
  EXPECT_EQ(mesh.dropped_polygons, 1);
}

TEST(Ply, ReadsBytesOfAnyTypeInAnyOrderPastWhatItDoesNotKnow) {
  const std::string text =
      "ply\r\nformat binary_little_endian 1.0\r\nobj_info x\r\n"
      "element face 2\r\nproperty uchar flag\r\nproperty list int16 uint32 vertex_index\r\n"
      "property list uint8 float texcoord\r\n"
      "element camera 1\r\nproperty double f\r\nproperty list uchar double k\r\n"
      "element vertex 3\r\nproperty double y\r\nproperty uchar red\r\nproperty int8 x\r\n"
      "property list uchar uint16 n\r\nproperty float z\r\nend_header\r\n";
  using u8 = std::uint8_t;
  const std::string body = packed(u8{9}, std::int16_t{3}, 0u, 1u, 2u, u8{2}, 0.5f, 0.5f) +
                           packed(u8{9}, std::int16_t{3}, 2u, 1u, 0u, u8{0}) +
                           packed(1.5, u8{1}, 2.5) +
                           packed(0.25, u8{255}, std::int8_t{-7}, u8{0}, 3.0f) +
                           packed(1e-3, u8{255}, std::int8_t{127}, u8{1}, std::uint16_t{1}, 4.0f) +
                           packed(-2.0, u8{255}, std::int8_t{0}, u8{0}, 5.0f);
  const Mesh mesh = parse(text + body);
  EXPECT_EQ(mesh.vertices, (std::vector<float>{-7, 0.25f, 3, 127, 1e-3f, 4, 0, -2, 5}));
  EXPECT_EQ(mesh.triangles, (Triangles{0, 1, 2, 2, 1, 0}));
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_ERROR(parse(text + body.substr(0, size)), Exit::kPrecondition, "the file ends before");
  EXPECT_ERROR(parse(text + body + "x"),
               Exit::kPrecondition,
               fmt::format("m.ply: byte {}: more bytes", text.size() + body.size()));
}

TEST(Ply, PointsNeedNoFaces) {
  EXPECT_EQ(parse("ply\nformat ascii 1.0\nelement vertex 1\nproperty int x\nproperty int y\n"
                  "property int z\nend_header\n1 2 3\n")
                .vertices,
            (std::vector<float>{1, 2, 3}));
}

TEST(Ply, NamesWhatIsWrongWithItsLine) {
  const std::string ascii = header("ascii", 3, 1), xyz = "property float x\nproperty float y\n";
  struct Case {
    std::string text, message;
  };
  const Case cases[] = {
      {"", "m.ply:0: no PLY file"},
      {"v 1 2 3\n", "m.ply:1: no PLY file"},
      {"ply\n", "m.ply:1: the header has no end_header"},
      {"ply\nformat ascii 2.0\n", "m.ply:2: the format is neither"},
      {"ply\nformat binary_big_endian 1.0\n", "m.ply:2: big-endian data are not read"},
      {"ply\nelement vertex 1\n" + xyz + "end_header\n", "m.ply:5: the header names no format"},
      {"ply\nelement vertex -1\n", "m.ply:2: an element needs a name and a number"},
      {"ply\nelement vertex 99999999999999999999\n", "m.ply:2: an element needs"},
      {"ply\nelement vertex 1\nelement vertex 1\n", "m.ply:3: this element was there before"},
      {"ply\nproperty float x\n", "m.ply:2: a property before any element"},
      {"ply\nelement vertex 1\nproperty real x\n", "m.ply:3: a property of no known type"},
      {"ply\nelement vertex 1\nproperty float\n", "m.ply:3: a property needs a name"},
      {"ply\nelement face 1\nproperty list float int a\n", "m.ply:3: the length of a list"},
      {"ply\nformat ascii 1.0\nelement a 9999999999\nend_header\n", "m.ply:4: an element has no"},
      {"ply\nformat ascii 1.0\nelement vertex 1\n" + xyz + "end_header\n1 2\n", "'z' is 0 times"},
      {"ply\nformat ascii 1.0\nelement vertex 1\n" + xyz + xyz + "end_header\n", "'x' is 2 times"},
      {"ply\nformat ascii 1.0\nelement vertex 1\n" + xyz + "property list int int z\nend_header\n",
       "'z' has the wrong type"},
      {"ply\nformat ascii 1.0\nelement face 1\nproperty list uchar float "
       "vertex_index\nend_header\n",
       "'vertex_index' has the wrong type"},
      {"ply\nformat ascii 1.0\nelement face 1\nproperty int a\nend_header\n",
       "'vertex_indices' is 0 times in element face"},
      {"ply\nfaces 3\n", "m.ply:2: no line of a PLY header"},
      {header("ascii", 0, 0), "m.ply: no vertex"},
      {ascii, "m.ply:10: the file ends before its last record"},
      {ascii + kThree, "m.ply:13: the file ends before its last record"},
      {ascii + "0 0\n", "m.ply:11: fewer numbers"},
      {ascii + "0 0 x\n", "m.ply:11: fewer numbers than the header says, or none"},
      {ascii + "0 0 0 0\n", "m.ply:11: more numbers"},
      {ascii + "0 nan 0\n", "m.ply:11: a coordinate is not finite"},
      {ascii + "0 1e39 0\n", "m.ply:11: a coordinate is not finite"},  // fits a double only
      {ascii + kThree + "3 0 1\n", "m.ply:14: fewer numbers"},
      {ascii + kThree + "2 0 1\n", "m.ply:14: a face needs three corners"},
      {ascii + kThree + "-3 0 1 2\n", "m.ply:14: a list of no length"},
      {ascii + kThree + "2.5 0 1 2\n", "m.ply:14: a fraction"},
      {ascii + kThree + "3 0 1 2.5\n", "m.ply:14: a fraction"},
      {ascii + kThree + "3 0 1 -1\n", "m.ply:14: index -1 is no vertex number"},
      {ascii + kThree + "3 0 1 3\n", "m.ply:14: index 3 (from 0) of 3 vertices"},
      {ascii + kThree + "3 0 1 1e20\n", "m.ply:14: index 100000000000000000000 is no"},
      {ascii + kThree + "3 0 1 2\n3 0 1 2\n", "m.ply:15: more records"},
  };
  for (const Case& c : cases) EXPECT_ERROR(parse(c.text), Exit::kPrecondition, c.message);
}

TEST(Ply, WritesAsPublishedAndReadsBack) {
  const TempDir dir;
  const Mesh mesh{{0.5f, -1.25f, 1000, 0.12345f, 0, -0.00001f, 3, 4, 5}, {2, 0, 1}};
  write_ply(dir / "a.ply", mesh);
  EXPECT_EQ(read_text(dir / "a.ply"),
            "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
            "property float z\nelement face 1\nproperty list uchar int vertex_indices\n"
            "end_header\n0.5000 -1.2500 1000.0000\n0.1235 0.0000 -0.0000\n3.0000 4.0000 5.0000\n"
            "3 2 0 1\n");
  const Mesh back = read_ply(dir / "a.ply");
  EXPECT_EQ(back.triangles, mesh.triangles);
  EXPECT_EQ(back.vertices[3], 0.1235f);
  EXPECT_ERROR(read_ply(dir / "none.ply"), Exit::kPrecondition, "none.ply");
}

TEST(Ply, FourDecimalsAreThoseOfPrintf) {
  const TempDir dir;
  SplitMix random(3);
  Mesh mesh;
  for (int i = 0; i < 3000; ++i)
    mesh.vertices.push_back(static_cast<float>(
        static_cast<double>(random.below(1u << 30)) * (i % 2 ? 1e-5 : 1e-8) - 5));
  mesh.vertices[0] = 0.00005f, mesh.vertices[1] = 0.03125f;  // near a tie, a tie
  write_ply(dir / "a.ply", mesh);
  std::string expected;
  for (std::size_t i = 0; i < mesh.vertices.size(); i += 3) {
    char line[128];
    const float* v = &mesh.vertices[i];
    std::snprintf(line, sizeof line, "%0.4f %0.4f %0.4f\n", v[0], v[1], v[2]);
    expected += line;
  }
  EXPECT_TRUE(read_text(dir / "a.ply").ends_with("end_header\n" + expected));
}

TEST(Ply, MutationsGiveAMeshOrOneClearError) {
  const std::string text = header("ascii", 3, 2) + kThree + "3 0 1 2\n4 0 1 2 2\n";
  const std::string bytes = header("binary_little_endian", 3, 1) +
                            packed(0.f, 0.f, 0.f, 1.f, 0.f, 0.f, 0.f, 1.f, 0.f) +
                            packed(std::uint8_t{3}, 0, 1, 2);
  SplitMix random(7);
  for (int run = 0; run < 20000; ++run) {
    std::string file = run % 2 ? text : bytes;
    for (std::uint64_t change = 1 + random.below(3); change > 0; --change) {
      const std::size_t at = random.below(file.size());
      if (random.below(3) == 0)
        file.erase(at, 1 + random.below(9));
      else if (random.below(2))
        file[at] = "0123456789 -.e\nxyz"[random.below(18)];
      else
        file[at] = static_cast<char>(random.below(256));
    }
    fuzz_ply(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  }
}

}  // namespace
}  // namespace mien::testing
