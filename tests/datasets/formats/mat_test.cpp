// Face models in MATLAB files, written here by matio: layouts, index base, units, and what is
// wrong.
#include <gtest/gtest.h>
#include <matio.h>

#include <random>

#include "datasets/face_models/face_models.h"
#include "datasets/formats/mat_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

using Numbers = std::vector<double>;  // column by column, as MATLAB has them

matvar_t* variable(const char* name, std::size_t rows, const Numbers& numbers) {
  std::size_t dims[2] = {rows, numbers.size() / rows};
  return Mat_VarCreate(
      name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, const_cast<double*>(numbers.data()), 0);
}

using Format = matio_compression;
constexpr Format kPlain = MAT_COMPRESSION_NONE;
constexpr Format kFormats[] = {kPlain, MAT_COMPRESSION_ZLIB};

class MatWriter {
 public:
  explicit MatWriter(const fs::path& path, Format format = kPlain)
      : file_(Mat_CreateVer(path.c_str(), nullptr, MAT_FT_MAT5)), format_(format) {}
  ~MatWriter() { Mat_Close(file_); }
  void put(const char* name, std::size_t rows, const Numbers& numbers) {
    put(variable(name, rows, numbers));
  }
  void put(matvar_t* made) {
    ASSERT_EQ(Mat_VarWrite(file_, made, format_), 0);
    Mat_VarFree(made);
  }

 private:
  mat_t* file_;
  Format format_;
};

// A tetrahedron that faces outwards, vertex numbers from 1, as MATLAB's 4 x 3 matrix.
const Numbers kMean = {0, 0, 0, 1000, 0, 0, 0, 1000, 0, 0, 0, 1000};
const Numbers kTriangles = {1, 1, 1, 2, 3, 2, 4, 3, 2, 4, 3, 4};
const std::vector<std::int32_t> kFromZero = {0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3};

Numbers counting(std::size_t count, double first) {
  Numbers numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = first + static_cast<double>(i);
  return numbers;
}
std::vector<float> floats(const Numbers& numbers) { return {numbers.begin(), numbers.end()}; }

Numbers transposed(const Numbers& numbers, std::size_t rows) {
  Numbers out(numbers.size());
  const std::size_t cols = numbers.size() / rows;
  for (std::size_t i = 0; i < numbers.size(); ++i) out[i % rows * cols + i / rows] = numbers[i];
  return out;
}

void write_bfm2009(const fs::path& path, Format format = kPlain) {
  MatWriter file(path, format);
  file.put("shapeMU", 12, kMean);
  file.put("shapePC", 12, counting(24, 1));  // two modes, one per column
  file.put("shapeEV", 2, {900, 300});
  file.put("tl", 4, kTriangles);
}

TEST(MatModels, ReadsBfm2009PlainAndCompressed) {
  for (const Format format : kFormats) {
    SCOPED_TRACE(format);
    const TempDir dir;
    write_bfm2009(dir / "01_MorphableModel.mat", format);
    const FaceModel model = load_face_model(dir / "01_MorphableModel.mat");
    EXPECT_EQ(model.name, "bfm2009");
    EXPECT_NE(model.licence.find("do not pass on"), std::string::npos);
    EXPECT_EQ(model.millimetres, 0.001);
    EXPECT_EQ(model.mean, floats(kMean));
    EXPECT_EQ(model.triangles, kFromZero);
    EXPECT_EQ(model.identity, floats(counting(24, 1)));
    EXPECT_EQ(model.identity_names, (std::vector<std::string>{"identity000", "identity001"}));
    EXPECT_EQ(model.identity_std, (std::vector<float>{900, 300}));  // EV is the deviation itself
    EXPECT_EQ(model.expression_components(), 0u);
    EXPECT_TRUE(model.landmarks68.empty());
  }
}

TEST(MatModels, ReadsSmallerNumberTypes) {
  const TempDir dir;
  {
    MatWriter file(dir / "a.mat");
    std::vector<float> mean = floats(kMean);
    std::vector<std::uint16_t> triangles(kTriangles.begin(), kTriangles.end());
    std::size_t mean_dims[2] = {12, 1}, triangle_dims[2] = {4, 3};
    file.put(Mat_VarCreate("shapeMU", MAT_C_SINGLE, MAT_T_SINGLE, 2, mean_dims, mean.data(), 0));
    file.put(
        Mat_VarCreate("tl", MAT_C_UINT16, MAT_T_UINT16, 2, triangle_dims, triangles.data(), 0));
    file.put("shapePC", 12, counting(12, 0));
    file.put("shapeEV", 1, {1});
  }
  EXPECT_EQ(load_face_model(dir / "a.mat").mean, floats(kMean));
  EXPECT_EQ(load_face_model(dir / "a.mat").triangles, kFromZero);
}

/// BaselFaceModel_mod.mat: a struct BFM; `expression` as Expression-Net's copy has it.
void write_bfm_mod(const fs::path& path, bool expression) {
  const char* fields[] = {"shapeMU", "shapePC", "shapeEV", "faces", "expMU", "expPC", "expEV"};
  const unsigned count = expression ? 7 : 4;
  std::size_t dims[2] = {1, 1};
  matvar_t* bfm = Mat_VarCreateStruct("BFM", 2, dims, fields, count);
  // Flipped winding, as the published file has it.
  const Numbers faces = {1, 1, 1, 2, 2, 4, 3, 4, 3, 2, 4, 3};
  Mat_VarSetStructFieldByName(bfm, "shapeMU", 0, variable(nullptr, 12, kMean));
  Mat_VarSetStructFieldByName(bfm, "shapePC", 0, variable(nullptr, 12, counting(24, 1)));
  Mat_VarSetStructFieldByName(bfm, "shapeEV", 0, variable(nullptr, 2, {9, 3}));
  Mat_VarSetStructFieldByName(bfm, "faces", 0, variable(nullptr, 4, faces));
  if (expression) {
    Mat_VarSetStructFieldByName(bfm, "expMU", 0, variable(nullptr, 12, counting(12, 1)));
    Mat_VarSetStructFieldByName(bfm, "expPC", 0, variable(nullptr, 12, counting(12, 50)));
    Mat_VarSetStructFieldByName(bfm, "expEV", 0, variable(nullptr, 1, {0.5}));
  }
  MatWriter(path).put(bfm);
}

TEST(MatModels, ReadsTheModifiedBfmWithAndWithoutExpressions) {
  const TempDir dir;
  write_bfm_mod(dir / "with.mat", true);
  const FaceModel with = load_face_model(dir / "with.mat");
  EXPECT_EQ(with.name, "bfm-mod");
  EXPECT_EQ(with.millimetres, 1);
  EXPECT_EQ(with.mean[3], 1000 + 4);  // both means
  EXPECT_EQ(with.identity_std, (std::vector<float>{9, 3}));
  EXPECT_EQ(with.expression, floats(counting(12, 50)));
  EXPECT_EQ(with.expression_std, (std::vector<float>{0.5f}));
  EXPECT_EQ(with.triangles, kFromZero);  // turned
  write_bfm_mod(dir / "without.mat", false);
  const FaceModel without = load_face_model(dir / "without.mat");
  EXPECT_EQ(without.mean, floats(kMean));
  EXPECT_EQ(without.expression_components(), 0u);
}

void write_deep3d(const fs::path& path, const Numbers& landmarks) {
  MatWriter file(path);
  file.put("meanshape", 1, kMean);
  file.put("idBase", 12, counting(24, 1));
  file.put("exBase", 12, counting(36, 1));
  file.put("tri", 4, kTriangles);
  file.put("keypoints", 1, landmarks);
}

TEST(MatModels, ReadsDeep3d) {
  const TempDir dir;
  write_deep3d(dir / "front.mat", Numbers(68, 4));
  const FaceModel model = load_face_model(dir / "front.mat");
  EXPECT_EQ(model.name, "bfm-deep3d");
  EXPECT_EQ(model.millimetres, 100);
  EXPECT_EQ(model.identity_components(), 2u);
  EXPECT_EQ(model.expression_components(), 3u);
  EXPECT_TRUE(model.identity_std.empty());
  EXPECT_EQ(model.landmarks68, std::vector<std::int32_t>(68, 3));
  write_deep3d(dir / "front.mat", Numbers(67, 4));
  EXPECT_ERROR(load_face_model(dir / "front.mat"), Exit::kPrecondition, "keypoints: 67 landmarks");
  write_deep3d(dir / "front.mat", Numbers(68, 5));
  EXPECT_ERROR(
      load_face_model(dir / "front.mat"), Exit::kPrecondition, "keypoints: vertex 4 (from");
}

TEST(MatModels, ReadsHifi3dppWhoseModesAreRowsAndCountsFromZeroWhereTheFileDoes) {
  const TempDir dir;
  Numbers from_zero = kTriangles;
  for (double& index : from_zero) index -= 1;
  for (const Numbers& triangles : {kTriangles, from_zero}) {
    {
      MatWriter file(dir / "HIFI3D++.mat");
      file.put("mu_shape", 1, kMean);
      file.put("basis_shape", 2, transposed(counting(24, 1), 12));
      file.put("basis_exp", 3, transposed(counting(36, 7), 12));
      file.put("EVs", 2, {4, 1});
      file.put("tri", 4, triangles);
    }
    const FaceModel model = load_face_model(dir / "HIFI3D++.mat");
    EXPECT_EQ(model.name, "hifi3dpp");
    EXPECT_EQ(model.millimetres, 0);
    EXPECT_EQ(model.identity, floats(counting(24, 1)));
    EXPECT_EQ(model.expression, floats(counting(36, 7)));
    EXPECT_TRUE(model.identity_std.empty());
    EXPECT_EQ(model.triangles, kFromZero);
  }
}

void write_lyhm(const fs::path& path, const Numbers& variances) {
  std::size_t dims[2] = {1, 1};
  const char* fields[] = {"mu", "eigVec", "eigVal"};
  matvar_t* shp = Mat_VarCreateStruct("shp", 2, dims, fields, 3);
  Mat_VarSetStructFieldByName(shp, "mu", 0, variable(nullptr, 1, kMean));
  Mat_VarSetStructFieldByName(shp, "eigVec", 0, variable(nullptr, 12, counting(24, 1)));
  Mat_VarSetStructFieldByName(shp, "eigVal", 0, variable(nullptr, 2, variances));
  const char* faces[] = {"faces"};
  matvar_t* tri = Mat_VarCreateStruct("tri", 2, dims, faces, 1);
  Mat_VarSetStructFieldByName(tri, "faces", 0, variable(nullptr, 4, kTriangles));
  MatWriter file(path);
  file.put(shp);
  file.put(tri);
}

TEST(MatModels, ReadsLyhmWhoseEigenvaluesAreVariances) {
  const TempDir dir;
  write_lyhm(dir / "LYHM.mat", {16, 2.25});
  const FaceModel model = load_face_model(dir / "LYHM.mat");
  EXPECT_EQ(model.name, "lyhm");
  EXPECT_EQ(model.identity_std, (std::vector<float>{4, 1.5f}));
  EXPECT_EQ(model.triangles, kFromZero);
  write_lyhm(dir / "LYHM.mat", {16, -1});
  EXPECT_ERROR(load_face_model(dir / "LYHM.mat"), Exit::kPrecondition, "eigVal: variance -1");
}

TEST(MatModels, NamesFileAndVariableThatIsWrong) {
  const TempDir dir;
  struct Case {
    const char* name;
    std::size_t rows;
    Numbers numbers;
    std::string message;
  };
  const Case cases[] = {
      {"shapeMU", 11, counting(11, 0), "shapeMU: 11 x 1 numbers"},
      {"shapeMU", 6, counting(12, 0), "shapeMU: 6 x 2 numbers"},
      {"shapePC", 11, counting(22, 0), "shapePC: 2 x 11 numbers, expected 12"},
      {"shapePC", 12, Numbers(24, NAN), "shapePC: number 0 is not finite"},
      {"shapePC", 12, Numbers(24, 1e60), "shapePC: number 0 is not finite"},  // beyond fp32
      {"shapeEV", 3, {1, 2, 3}, "shapeEV: 3 numbers for 2 modes"},
      {"tl", 4, counting(16, 1), "tl: 4 x 4 numbers, expected triangles"},
      {"tl", 1, {1, 2, 5}, "tl: vertex 4 (from 0) of 4"},
      {"tl", 1, {1, 2, -1}, "tl: vertex -2"},
      {"tl", 1, {1, 2, 2.5}, "tl: 2.5 is not a vertex number"},
      {"tl", 1, {1, 2, 1e12}, "tl: 1000000000000 is not a vertex number"},
  };
  for (const Case& c : cases) {
    {
      MatWriter file(dir / "bad.mat");
      const auto put = [&](const char* name, std::size_t rows, const Numbers& numbers) {
        if (std::string(name) == c.name)
          file.put(name, c.rows, c.numbers);
        else
          file.put(name, rows, numbers);
      };
      put("shapeMU", 12, kMean);
      put("shapePC", 12, counting(24, 1));
      put("shapeEV", 2, {9, 3});
      put("tl", 4, kTriangles);
    }
    EXPECT_ERROR(load_face_model(dir / "bad.mat"), Exit::kPrecondition, "bad.mat: " + c.message);
  }
}

TEST(MatModels, VariablesMustBeRealMatrices) {
  const TempDir dir;
  {
    MatWriter file(dir / "text.mat");
    std::size_t dims[2] = {1, 5};
    file.put(
        Mat_VarCreate("shapeMU", MAT_C_CHAR, MAT_T_UTF8, 2, dims, const_cast<char*>("hello"), 0));
  }
  EXPECT_ERROR(
      load_face_model(dir / "text.mat"), Exit::kPrecondition, "shapeMU: not a matrix of real");
  MatWriter(dir / "part.mat").put("shapeMU", 12, kMean);
  EXPECT_ERROR(load_face_model(dir / "part.mat"), Exit::kPrecondition, "shapePC: not in the file");
  MatWriter(dir / "other.mat").put("x", 1, {1});
  EXPECT_ERROR(load_face_model(dir / "other.mat"), Exit::kPrecondition, "no face model found");
  {
    MatWriter file(dir / "rank.mat");
    std::size_t dims[3] = {2, 2, 3};
    Numbers numbers = kMean;
    file.put(Mat_VarCreate("shapeMU", MAT_C_DOUBLE, MAT_T_DOUBLE, 3, dims, numbers.data(), 0));
  }
  EXPECT_ERROR(load_face_model(dir / "rank.mat"), Exit::kPrecondition, "not a matrix of real");
}

TEST(MatModels, Version73IsRefusedWithAdvice) {
  const TempDir dir;
  dir.write("new.mat", "MATLAB 7.3 MAT-file" + std::string(600, ' '));
  EXPECT_ERROR(load_face_model(dir / "new.mat"), Exit::kPrecondition, "save it with -v7");
}

TEST(MatModels, FilesCutShortAreNamed) {
  for (const Format format : kFormats) {
    SCOPED_TRACE(format);
    const TempDir dir;
    write_bfm2009(dir / "a.mat", format);
    const std::string text = read_text(dir / "a.mat");
    for (const std::size_t size :
         {text.size() - 1, text.size() / 2, std::size_t{140}, std::size_t{60}}) {
      dir.write("cut.mat", text.substr(0, size));
      EXPECT_ERROR(load_face_model(dir / "cut.mat"), Exit::kPrecondition, "cut.mat");
    }
  }
}

TEST(MatModels, DamagedFilesGiveAModelOrOneClearError) {
  const TempDir dir;
  for (const Format format : kFormats) {
    write_bfm2009(dir / "a.mat", format);
    const std::string text = read_text(dir / "a.mat");
    std::mt19937_64 random(5);
    for (int run = 0; run < 150; ++run) {
      std::string damaged = text;
      for (int change = 0; change < 3; ++change)
        damaged[128 + random() % (text.size() - 128)] = static_cast<char>(random());
      try {
        load_face_model(dir.write("b.mat", damaged));
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), Exit::kPrecondition) << error.what();
      }
    }
  }
}

}  // namespace
}  // namespace mien::testing
