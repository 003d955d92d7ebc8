#include "datasets/formats/mat_file.h"

#include <matio.h>

#include <algorithm>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/files.h"

namespace mien {
namespace {

constexpr std::size_t kHeaderBytes = 128, kTagBytes = 8;

std::uint32_t word_at(const MappedFile& file, std::size_t at, bool swap) {
  std::uint32_t word;
  std::memcpy(&word, file.data() + at, sizeof word);
  return swap ? __builtin_bswap32(word) : word;
}

/// matio reads a file that was cut short without an error. Therefore this walks the elements first:
/// in version 5 each element states its length.
void require_whole(const std::filesystem::path& path) {
  const MappedFile file(path);
  if (file.size() < kHeaderBytes) fail_variable(path.string(), "cut short in its header");
  const auto* text = reinterpret_cast<const char*>(file.data());
  if (!std::string_view(text, kHeaderBytes).starts_with("MATLAB 5"))
    fail(Exit::kPrecondition,
         "{}: no MATLAB file of version 5; load it in MATLAB and save it with -v7",
         path.string());
  const bool swap = text[126] == 'M';  // "IM": little-endian, "MI": big
  std::size_t at = kHeaderBytes;
  while (at + kTagBytes <= file.size()) at += kTagBytes + word_at(file, at + 4, swap);
  if (at != file.size()) fail_variable(path.string(), "cut short, or with bytes after its end");
}

template <typename T>
void convert(const matvar_t& variable, std::vector<float>& values) {
  const T* data = static_cast<const T*>(variable.data);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(data[i]);
}

struct NumberClass {
  matio_classes type;
  int bytes;
  void (*convert)(const matvar_t&, std::vector<float>&);
};
constexpr NumberClass kNumberClasses[] = {
    {MAT_C_DOUBLE, 8, convert<double>},
    {MAT_C_SINGLE, 4, convert<float>},
    {MAT_C_INT8, 1, convert<std::int8_t>},
    {MAT_C_UINT8, 1, convert<std::uint8_t>},
    {MAT_C_INT16, 2, convert<std::int16_t>},
    {MAT_C_UINT16, 2, convert<std::uint16_t>},
    {MAT_C_INT32, 4, convert<std::int32_t>},
    {MAT_C_UINT32, 4, convert<std::uint32_t>},
    {MAT_C_INT64, 8, convert<std::int64_t>},
    {MAT_C_UINT64, 8, convert<std::uint64_t>},
};

/// Returns rows times columns; 0 where the matrix is empty, of another rank, or implausibly large.
std::size_t numbers_in(const matvar_t& variable) {
  if (variable.rank != 2 || variable.dims[0] == 0) return 0;
  if (variable.dims[1] > kMostNumbers / variable.dims[0]) return 0;
  return variable.dims[0] * variable.dims[1];
}

/// Returns true where a file of `bytes` bytes can hold the variable: zlib expands at most
/// 1032-fold.
bool fits_file(const matvar_t& variable, std::uintmax_t bytes) {
  const std::uintmax_t most = std::min<std::uintmax_t>(kMostNumbers, 1032 * bytes);
  std::uintmax_t numbers = 1;
  for (int axis = 0; axis < variable.rank; ++axis)
    if (variable.dims[axis] != 0 && (numbers *= variable.dims[axis]) > most) return false;
  return true;
}

}  // namespace

struct MatFile::Handle {
  mat_t* file;
  ~Handle() { Mat_Close(file); }
};

struct MatFile::Variable {
  struct Free {
    void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
  };
  std::unique_ptr<matvar_t, Free> value;  // null: not in the file
};

MatFile::MatFile(const std::filesystem::path& path) : path_(path) {
  require_whole(path);
  mat_t* file = Mat_Open(path.c_str(), MAT_ACC_RDONLY);
  if (!file) fail_variable(path.string(), "cannot be read as a MATLAB file");
  handle_ = std::make_unique<Handle>(file);
}

MatFile::~MatFile() = default;

const MatFile::Variable& MatFile::find(const std::string& name) {
  const auto [at, is_new] = read_.try_emplace(name);
  if (!is_new) return at->second;
  Variable info;  // sizes first: a damaged one must not ask for all memory
  info.value.reset(Mat_VarReadInfo(handle_->file, name.c_str()));
  if (!info.value) return at->second;
  if (!fits_file(*info.value, std::filesystem::file_size(path_)))
    fail_variable(where(name), "larger than its file can hold");
  at->second.value.reset(Mat_VarRead(handle_->file, name.c_str()));
  return at->second;
}

namespace {

const matvar_t* part_of(matvar_t* variable, const std::string& field) {
  if (!variable || field.empty()) return variable;
  if (variable->class_type != MAT_C_STRUCT) return nullptr;
  return Mat_VarGetStructFieldByName(variable, field.c_str(), 0);
}

std::pair<std::string, std::string> split_name(const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return {name, ""};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

}  // namespace

bool MatFile::has(const std::string& name) {
  const auto [variable, field] = split_name(name);
  return part_of(find(variable).value.get(), field) != nullptr;
}

Matrix MatFile::transposed_matrix(const std::string& name) {
  const auto [variable, field] = split_name(name);
  const matvar_t* part = part_of(find(variable).value.get(), field);
  if (!part) fail_variable(where(name), "not in the file");
  const std::size_t count = numbers_in(*part);
  for (const NumberClass& known : kNumberClasses) {
    if (part->class_type != known.type || part->isComplex || count == 0) continue;
    if (!part->data || part->nbytes != count * static_cast<std::size_t>(known.bytes))
      fail_variable(where(name), "cannot be read whole");
    Matrix matrix{part->dims[1], part->dims[0], std::vector<float>(count)};
    known.convert(*part, matrix.values);
    require_finite(matrix.values, where(name));
    return matrix;
  }
  fail_variable(where(name), "not a matrix of real numbers");
}

}  // namespace mien
