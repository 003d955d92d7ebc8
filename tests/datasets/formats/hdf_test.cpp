// Basel Face Model 2017/2019 in HDF5, written here in small: variances, transposition, and what is
// wrong.
#include <gtest/gtest.h>
#include <hdf5.h>

#include <map>

#include "datasets/face_models/face_models.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

struct Array {
  std::vector<hsize_t> size;
  std::vector<double> numbers;  // row by row
};
using Arrays = std::map<std::string, Array>;

void write_hdf(const fs::path& path, const Arrays& arrays) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  for (const auto& [name, array] : arrays) {
    const hid_t space =
        H5Screate_simple(static_cast<int>(array.size.size()), array.size.data(), nullptr);
    const hid_t data =
        H5Dcreate2(file, name.c_str(), H5T_IEEE_F64LE, space, links, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.numbers.data());
    H5Dclose(data);
    H5Sclose(space);
  }
  H5Pclose(links);
  H5Fclose(file);
}

/// One tetrahedron, two modes of shape, one of expression.
Arrays bfm2019() {
  std::vector<double> basis;  // 12 x 2: mode m of number i is 100 m + i
  for (int i = 0; i < 12; ++i) basis.insert(basis.end(), {1.0 * i, 100.0 + i});
  return {
      {"shape/model/mean", {{12}, {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}}},
      {"shape/model/pcaBasis", {{12, 2}, basis}},
      {"shape/model/pcaVariance", {{2}, {4, 0.25}}},
      {"expression/model/mean", {{12}, std::vector<double>(12, 0.5)}},
      {"expression/model/pcaBasis", {{12, 1}, std::vector<double>(12, 3)}},
      {"expression/model/pcaVariance", {{1}, {9}}},
      {"shape/representer/cells", {{3, 4}, {0, 0, 0, 1, 2, 1, 3, 2, 1, 3, 2, 3}}},
  };
}

TEST(HdfModels, ReadsBothPartsWithRootsOfVariances) {
  const TempDir dir;
  write_hdf(dir / "bfm.h5", bfm2019());
  const FaceModel model = load_face_model(dir / "bfm.h5");
  EXPECT_EQ(model.mean, (std::vector<float>{.5, .5, .5, 1.5, .5, .5, .5, 1.5, .5, .5, .5, 1.5}));
  EXPECT_EQ(model.identity[11], 11);
  EXPECT_EQ(model.identity[12], 100);
  EXPECT_EQ(model.identity_std, (std::vector<float>{2, 0.5f}));
  EXPECT_EQ(model.expression, std::vector<float>(12, 3));
  EXPECT_EQ(model.expression_std, (std::vector<float>{3}));
  EXPECT_EQ(model.triangles, (std::vector<std::int32_t>{0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3}));
  EXPECT_NE(model.licence.find("do not pass on"), std::string::npos);
}

TEST(HdfModels, ReadsShapeAloneAndTheOtherPlaceOfTriangles) {
  const TempDir dir;
  Arrays arrays = bfm2019();
  std::erase_if(arrays, [](const auto& a) { return a.first.starts_with("expression"); });
  arrays["representer/cells"] = arrays["shape/representer/cells"];
  arrays.erase("shape/representer/cells");
  write_hdf(dir / "bfm.h5", arrays);
  const FaceModel model = load_face_model(dir / "bfm.h5");
  EXPECT_EQ(model.mean[3], 1);
  EXPECT_EQ(model.expression_components(), 0u);
  EXPECT_EQ(model.triangles.size(), 12u);
}

TEST(HdfModels, NamesFileAndDatasetThatIsWrong) {
  const TempDir dir;
  struct Case {
    std::string name;
    Array array;
    std::string message;
  };
  const std::string shape = "shape/model/", cells = "shape/representer/cells";
  const Case cases[] = {
      {shape + "mean", {{11}, std::vector<double>(11)}, "mean: 11 numbers, expected 3 per vertex"},
      {shape + "pcaBasis", {{11, 2}, std::vector<double>(22)}, "pcaBasis: 11 x 2 numbers"},
      {shape + "pcaBasis", {{12, 2}, std::vector<double>(24, NAN)}, "pcaBasis: number 0 is not"},
      {shape + "pcaBasis", {{2, 2, 6}, std::vector<double>(24)}, "pcaBasis: not a matrix"},
      {shape + "pcaVariance", {{3}, {1, 2, 3}}, "pcaVariance: 3 numbers for 2 modes"},
      {shape + "pcaVariance", {{2}, {1, -2}}, "pcaVariance: variance -2 is negative"},
      {"expression/model/mean", {{9}, std::vector<double>(9)}, "expression/model/mean: 9 numbers"},
      {cells, {{3, 1}, {0, 1, 4}}, "cells: vertex 4 (from 0) of 4"},
      {cells, {{3, 1}, {0, 1, 1.5}}, "cells: 1.5 is not a vertex number"},
      {cells, {{2, 2}, {0, 1, 2, 3}}, "cells: 2 x 2 numbers, expected triangles"},
      {cells, {{0, 3}, {}}, "cells: empty"},
  };
  for (const Case& c : cases) {
    Arrays arrays = bfm2019();
    arrays[c.name] = c.array;
    write_hdf(dir / "bad.h5", arrays);
    EXPECT_ERROR(load_face_model(dir / "bad.h5"), Exit::kPrecondition, c.message);
  }
  Arrays arrays = bfm2019();
  arrays.erase("shape/model/pcaBasis");
  write_hdf(dir / "bad.h5", arrays);
  EXPECT_ERROR(load_face_model(dir / "bad.h5"), Exit::kPrecondition, "pcaBasis: not in the file");
  write_hdf(dir / "other.h5", {{"x", {{1}, {1}}}});
  EXPECT_ERROR(
      load_face_model(dir / "other.h5"), Exit::kPrecondition, "shape/model/mean is missing");
}

TEST(HdfModels, FilesCutShortAreNamed) {
  const TempDir dir;
  write_hdf(dir / "bfm.h5", bfm2019());
  const std::string text = read_text(dir / "bfm.h5");
  for (const std::size_t size : {text.size() - 1, text.size() / 2, std::size_t{40}}) {
    dir.write("cut.h5", text.substr(0, size));
    EXPECT_ERROR(
        load_face_model(dir / "cut.h5"), Exit::kPrecondition, "cut.h5: cut short or damaged");
  }
}

}  // namespace
}  // namespace mien::testing
