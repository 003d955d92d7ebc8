// The Surrey model's binary files and Exp_Pca.bin, written here.
#include "datasets/face_models/sfm.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "datasets/face_models/face_models.h"
#include "harness/base/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

extern "C" int fuzz_sfm(const std::uint8_t* data, std::size_t size);  // aborts at a fault

namespace mien::testing {
namespace {

template <typename T>
std::string bytes_of(T value) {
  std::string out(sizeof value, '\0');
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

std::string matrix(std::int32_t rows, std::int32_t cols, const std::vector<float>& numbers) {
  std::string out = bytes_of(rows) + bytes_of(cols);
  for (const float number : numbers) out += bytes_of(number);
  return out;
}

struct Sfm {
  std::uint32_t version = 1;
  std::vector<float> mean = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  std::vector<float> basis = std::vector<float>(24, 0.5f);
  std::vector<float> eigenvalues = {9, 0.25f};
  std::vector<std::int32_t> triangles = {0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3};
  std::uint64_t uvs = 4;

  std::string text() const {
    const auto modes = static_cast<std::int32_t>(eigenvalues.size());
    const auto size = static_cast<std::int32_t>(mean.size());
    std::string out = bytes_of(version) + matrix(size, 1, mean) +
                      matrix(static_cast<std::int32_t>(basis.size()) / modes, modes, basis) +
                      matrix(modes, 1, eigenvalues) +
                      bytes_of(static_cast<std::uint64_t>(triangles.size() / 3));
    for (const std::int32_t vertex : triangles) out += bytes_of(vertex);
    out += matrix(0, 0, {}) + matrix(0, 0, {}) + matrix(0, 0, {}) + bytes_of(std::uint64_t{0});
    out += bytes_of(uvs);
    for (std::uint64_t i = 0; i < uvs; ++i) out += bytes_of(0.5) + bytes_of(0.25);
    return out;
  }
};

std::string blendshapes(const std::vector<std::string>& names, std::int32_t size) {
  std::string out = bytes_of(static_cast<std::uint64_t>(names.size()));
  for (const std::string& name : names)
    out += bytes_of(static_cast<std::uint64_t>(name.size())) + name +
           matrix(size, 1, std::vector<float>(static_cast<std::size_t>(size), 2));
  return out;
}

FaceModel parse(const std::string& text) {
  return parse_sfm(std::as_bytes(std::span(text)), "sfm.bin");
}

TEST(Sfm, ReadsShapeAndTheBlendshapesBesideIt) {
  const TempDir dir;
  dir.write("sfm_shape_4.bin", Sfm().text());
  const FaceModel bare = load_face_model(dir / "sfm_shape_4.bin");
  EXPECT_EQ(bare.expression_components(), 0u);
  dir.write("expression_blendshapes_4.bin", blendshapes({"anger", "disgust"}, 12));
  const FaceModel model = load_face_model(dir / "sfm_shape_4.bin");
  EXPECT_EQ(model.name, "surrey-sfm");
  EXPECT_EQ(model.millimetres, 1);
  EXPECT_EQ(model.mean, Sfm().mean);
  EXPECT_EQ(model.triangles, Sfm().triangles);
  EXPECT_EQ(model.identity, Sfm().basis);
  EXPECT_EQ(model.identity_std, (std::vector<float>{3, 0.5f}));  // eigenvalues are variances
  EXPECT_EQ(model.expression_names, (std::vector<std::string>{"anger", "disgust"}));
  EXPECT_EQ(model.expression, std::vector<float>(24, 2));
}

TEST(Sfm, TheLayoutAddsUpToThePublishedFileSizes) {
  Sfm sfm;
  sfm.mean.resize(10344);
  sfm.basis.resize(10344 * 63);
  sfm.eigenvalues.resize(63);
  sfm.triangles.assign(6736 * 3, 0);
  sfm.uvs = 3448;
  const std::string text = sfm.text();
  EXPECT_EQ(text.size(), 2784392u);
  FaceModel model = parse(text);
  EXPECT_EQ(model.vertices(), 3448u);
  EXPECT_EQ(model.identity_components(), 63u);
  const std::string shapes =
      blendshapes({"anger", "disgust", "fear", "happiness", "sadness", "surprise"}, 10344);
  EXPECT_EQ(shapes.size(), 248400u);
  parse_blendshapes(std::as_bytes(std::span(shapes)), "b", model);
  EXPECT_EQ(model.expression_components(), 6u);
}

TEST(Sfm, NamesWhatIsWrong) {
  const auto expect_bad = [&](auto change, const std::string& message) {
    Sfm sfm;
    change(sfm);
    EXPECT_ERROR(parse(sfm.text()), Exit::kPrecondition, "sfm.bin: " + message);
  };
  expect_bad([](Sfm& s) { s.version = 2; }, "version: 2, expected 1");
  expect_bad([](Sfm& s) { s.mean.pop_back(); }, "mean: 11 numbers");
  expect_bad([](Sfm& s) { s.mean[3] = INFINITY; }, "mean: number 3 is not finite");
  expect_bad([](Sfm& s) { s.basis.resize(22); }, "basis: 11 x 2 numbers for a mean of 12");
  expect_bad([](Sfm& s) { s.basis[23] = NAN; }, "basis: number 23 is not finite");
  expect_bad([](Sfm& s) { s.eigenvalues[1] = -1; }, "eigenvalues: variance -1");
  expect_bad([](Sfm& s) { s.triangles[2] = 4; }, "triangles: vertex 4 (from 0) of 4");
  EXPECT_ERROR(parse(Sfm().text() + "x"), Exit::kPrecondition, "1 bytes after its end");
  const std::string text = Sfm().text();
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_ERROR(parse(text.substr(0, size)), Exit::kPrecondition, "the file is cut short");
}

TEST(Sfm, BlendshapesMustFit) {
  const auto parse_shapes = [](const std::string& text) {
    FaceModel model = parse(Sfm().text());
    parse_blendshapes(std::as_bytes(std::span(text)), "b.bin", model);
  };
  EXPECT_ERROR(
      parse_shapes(blendshapes({"anger"}, 9)), Exit::kPrecondition, "anger: 9 numbers for 12");
  EXPECT_ERROR(parse_shapes(blendshapes({"an\nger"}, 12)), Exit::kPrecondition, "name: not a name");
  EXPECT_ERROR(parse_shapes(blendshapes({"x"}, 12) + "y"), Exit::kPrecondition, "1 bytes after");
  const std::string text = blendshapes({"anger", "fear"}, 12);
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_ERROR(parse_shapes(text.substr(0, size)), Exit::kPrecondition, "cut short");
}

TEST(Sfm, MutationsGiveAModelOrOneClearError) {
  const std::string seeds[] = {'\0' + Sfm().text(), '\1' + blendshapes({"anger", "fear"}, 12)};
  std::mt19937_64 random(3);
  for (int run = 0; run < 20000; ++run) {
    std::string text = seeds[run % 2];
    for (std::uint64_t change = 1 + random() % 3; change > 0; --change)
      text[1 + random() % (text.size() - 1)] = static_cast<char>(random());
    fuzz_sfm(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
}

// ---- Exp_Pca.bin -------------------------------------------------------------------------------

constexpr std::size_t kNumbers = 3 * 53215;

std::string exp_pca(std::int32_t modes, float mean, float basis) {
  std::vector<float> numbers(kNumbers * (1 + static_cast<std::size_t>(modes)), basis);
  std::fill_n(numbers.begin(), kNumbers, mean);
  return bytes_of(modes) +
         std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * 4);
}

TEST(ExpPca, ReadsExpressionsWithTheirDeviations) {
  const TempDir dir;
  dir.write("Exp_Pca.bin", exp_pca(2, 0.25f, -1));
  EXPECT_TRUE(load_face_model(dir / "Exp_Pca.bin").expression_std.empty());
  dir.write("std_exp.txt", "12.5 3e-1\n");
  const FaceModel model = load_face_model(dir / "Exp_Pca.bin");
  EXPECT_EQ(model.mean, std::vector<float>(kNumbers, 0.25f));
  EXPECT_EQ(model.expression, std::vector<float>(2 * kNumbers, -1));
  EXPECT_EQ(model.expression_std, (std::vector<float>{12.5f, 0.3f}));
  EXPECT_EQ(model.identity_components(), 0u);
}

TEST(ExpPca, IsChecked) {
  const TempDir dir;
  const std::string text = exp_pca(1, 0, 1);
  EXPECT_ERROR(load_face_model(dir.write("a.bin", text.substr(0, text.size() - 1))),
               Exit::kPrecondition,
               "unknown format of a face model");
  EXPECT_ERROR(load_face_model(dir.write("a.bin", exp_pca(1, NAN, 1))),
               Exit::kPrecondition,
               "a.bin: mean: number 0 is not finite");
  dir.write("a.bin", text);
  for (const char* bad : {"1 2", "", "one", "1x", "nan"}) {
    dir.write("std_exp.txt", bad);
    EXPECT_ERROR(load_face_model(dir / "a.bin"), Exit::kPrecondition, "std_exp.txt: ");
  }
}

}  // namespace
}  // namespace mien::testing
