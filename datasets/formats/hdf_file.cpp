#include "datasets/formats/hdf_file.h"

#include <hdf5.h>

#include "harness/base/error.h"

namespace mien {
namespace {

/// Owns an HDF5 identifier. A negative one stands for an error.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Id() {
    if (id_ >= 0) close_(id_);
  }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

bool is_number(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  return kind == H5T_FLOAT || kind == H5T_INTEGER;
}

}  // namespace

HdfFile::HdfFile(const std::filesystem::path& path) : path_(path) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // the Error below is enough
  file_ = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file_ < 0) fail_variable(path.string(), "cut short or damaged, or no HDF5 file");
}

HdfFile::~HdfFile() { H5Fclose(file_); }

bool HdfFile::has(const std::string& name) const {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = name.find('/', end + 1);  // a link is asked for only below one that is there
    if (H5Lexists(file_, name.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return true;
}

Matrix HdfFile::matrix(const std::string& name) const {
  if (!has(name)) fail_variable(where(name), "not in the file");
  const Id data(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), H5Dclose);
  if (data < 0) fail_variable(where(name), "not a dataset");
  const Id type(H5Dget_type(data), H5Tclose), space(H5Dget_space(data), H5Sclose);
  hsize_t size[2] = {1, 1};
  const int rank = H5Sget_simple_extent_ndims(space);
  if (!is_number(type) || rank < 1 || rank > 2)
    fail_variable(where(name), "not a matrix of real numbers");
  H5Sget_simple_extent_dims(space, rank == 1 ? size + 1 : size, nullptr);
  if (size[0] == 0 || size[1] == 0 || size[1] > kMostNumbers / size[0])
    fail_variable(where(name), "empty, or larger than any face model");
  Matrix matrix{size[0], size[1], std::vector<float>(size[0] * size[1])};
  if (H5Dread(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, matrix.values.data()) < 0)
    fail_variable(where(name), "cannot be read whole");
  require_finite(matrix.values, where(name));
  return matrix;
}

}  // namespace mien
