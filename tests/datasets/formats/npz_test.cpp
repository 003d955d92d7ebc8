// NumPy's files, written here byte by byte: what is read, what is refused, and that no damage goes
// unnoticed; and files of arrays joined and described.
#include "datasets/formats/npz.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "datasets/convert/arrays.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

extern "C" int fuzz_npz(const std::uint8_t* data, std::size_t size);  // aborts at a fault

namespace mien::testing {
namespace {

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <typename T>
std::vector<T> values_of(const NpyArray& array) {
  std::vector<T> values(array.bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
  return values;
}

/// A whole .npy file; `major` decides how long its length is.
std::string npy_of(const std::string& header, const std::string& data, char major = 1) {
  std::string text = std::string("\x93NUMPY") + major + '\0';
  const auto length = static_cast<std::uint32_t>(header.size());
  text.append(reinterpret_cast<const char*>(&length), major == 1 ? 2 : 4);
  return text + header + data;
}

std::string npy(const std::string& descr,
                const std::string& shape,
                const std::string& data,
                const char* fortran = "False") {
  const std::string keys = "{'descr': '" + descr + "', 'fortran_order': " + fortran;
  return npy_of(keys + ", 'shape': " + shape + ", }    \n", data);
}

NpyArray parse(const std::string& text) {
  return parse_npy(std::as_bytes(std::span(text)), "a.npy");
}

using Members = std::vector<std::pair<std::string, std::string>>;

/// libarchive writes members as streams, with their sizes behind them.
fs::path write_npz(const fs::path& path, const Members& members, const char* how = "deflate") {
  struct archive* out = ::archive_write_new();
  ::archive_write_set_format_zip(out);
  ::archive_write_set_options(out, (std::string("hdrcharset=UTF-8,compression=") + how).c_str());
  EXPECT_EQ(::archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
  for (const auto& [name, text] : members) {
    archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    EXPECT_EQ(::archive_write_header(out, entry), ARCHIVE_OK) << ::archive_error_string(out);
    EXPECT_GE(::archive_write_data(out, text.data(), text.size()), 0);
    ::archive_entry_free(entry);
  }
  ::archive_write_close(out);
  ::archive_write_free(out);
  return path;
}

const std::string kThree = npy("<f4", "(3,)", bytes_of<float>({1, -2, 0.5f}));

TEST(Npy, ReadsShapesDtypesAndVersions) {
  EXPECT_EQ(values_of<float>(parse(kThree)), (std::vector<float>{1, -2, 0.5f}));
  EXPECT_EQ(parse(kThree).dtype, DType::kF32);
  EXPECT_EQ(parse(npy("<f8", "()", bytes_of<double>({7}))).shape.size(), 0u);
  EXPECT_EQ(parse(npy("<f2", "(0, 5)", "")).shape, (std::vector<std::int64_t>{0, 5}));
  EXPECT_EQ(parse(npy("<i4", "(2L, 1L)", bytes_of<std::int32_t>({1, 2}))).dtype, DType::kI32);
  EXPECT_EQ(parse(npy("<i8", "( 1,2, )", bytes_of<std::int64_t>({1, 2}))).dtype, DType::kI64);
  EXPECT_EQ(parse(npy("|i1", "(1,)", "\xff")).dtype, DType::kI8);
  EXPECT_EQ(parse(npy("|u1", "(2,)", "ab")).dtype, DType::kU8);
  EXPECT_EQ(parse(npy("|b1", "(1,)", "\x01")).dtype, DType::kBool);
  const std::string header = R"({"shape":(1,),"fortran_order":False,"descr":"|u1"})";
  for (const char major : {1, 2, 3}) EXPECT_EQ(parse(npy_of(header, "x", major)).bytes.size(), 1u);
}

TEST(Npy, FortranOrderBecomesCOrder) {
  // Element [i, j, k] of 2 x 3 x 4 is 100 i + 10 j + k; the first index runs fastest in the file.
  std::vector<std::int32_t> stored, expected;
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i) stored.push_back(100 * i + 10 * j + k);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k) expected.push_back(100 * i + 10 * j + k);
  const std::string data = bytes_of(stored);
  EXPECT_EQ(values_of<std::int32_t>(parse(npy("<i4", "(2, 3, 4)", data, "True"))), expected);
  EXPECT_EQ(values_of<std::int32_t>(parse(npy("<i4", "(2, 3, 4)", data))), stored);
  EXPECT_EQ(values_of<std::int32_t>(parse(npy("<i4", "(24,)", data, "True"))), stored);
  EXPECT_TRUE(parse(npy("<i4", "(2, 0)", "", "True")).bytes.empty());
}

TEST(Npy, RefusesWithTheReason) {
  const auto refused = [](const std::string& text, const std::string& why) {
    EXPECT_ERROR(parse(text), Exit::kPrecondition, why);
  };
  refused("", "not an .npy file");
  refused("PK\x03\x04", "not an .npy file");
  refused(npy_of("{}", "", 4), ".npy version 4.0");
  refused(npy_of(std::string(70000, ' '), "", 2), "a header of 70000 bytes");
  refused(npy("|O", "(1,)", "12345678"), "Python objects, which are code");
  refused(npy(">f4", "(1,)", "1234"), "big-endian");
  refused(npy("<c8", "(1,)", "12345678"), "not a real number");
  refused(npy("|V2", "(1,)", "12"), "bfloat16");
  refused(npy("<i2", "(1,)", "12"), "is not one of");
  refused(npy("=f4", "(1,)", "1234"), "is not one of");
  refused(npy("<f4\n", "(1,)", "1234"), R"("<f4\n" is not one of)");
  refused(npy("<f4", "(2,)", "1234"), "4 bytes of data, <f4 of shape (2) need 8");
  refused(npy("<f4", "(1,)", "12345678"), "8 bytes of data");
  refused(npy("<f4", "(4294967296, 4294967296)", ""), "more than 2^63");
  refused(npy("<f4", "(4294967296, 4294967296, 0)", ""), "more than 2^63");
  refused(npy("<f4", "(9223372036854775808,)", ""), "a size above");
  refused(npy("<f4", "(-1,)", ""), "no size at");
  refused(npy("<f4", "(1)", "1234"), "shape is not a tuple");
  refused(npy("<f4", "1", "1234"), "no '(' at");
  refused(npy("<f4", "(1,,)", "1234"), "no size at");
  refused(npy("<f4", "(1,)", "1234", "true"), "neither True nor False");
  refused(npy("|b1", "(1,)", "\x02"), "neither 0 nor 1");
  refused(npy_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "1234"),
          "structured");
  refused(npy_of("{'descr': '<f4', 'shape': (1,)}", "1234"), "not all of");
  refused(npy_of("{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", "1234"), "twice");
  refused(npy_of("{'descr': '<f4', 'order': False}", "1234"), "unknown key");
  refused(npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "1234"),
          "text after");
  refused(npy_of("{'descr': '<f4", "1234"), "without its closing quote");
  refused(npy_of("{'descr': '\\x3cf4'}", "1234"), "escaped");
}

TEST(Npy, CutAtEveryByteIsAnError) {
  for (std::size_t length = 0; length < kThree.size(); ++length)
    EXPECT_ERROR(parse(kThree.substr(0, length)), Exit::kPrecondition, "a.npy: ");
}

TEST(Npz, ReadsStoredAndDeflated) {
  const TempDir dir;
  for (const char* how : {"store", "deflate"}) {
    SCOPED_TRACE(how);
    const auto arrays = read_npz(write_npz(
        dir / "a.npz", {{"conv1/weights.npy", kThree}, {"b.npy", npy("|u1", "()", "x")}}, how));
    ASSERT_EQ(arrays.size(), 2u);
    EXPECT_EQ(values_of<float>(arrays.at("conv1/weights")), (std::vector<float>{1, -2, 0.5f}));
    EXPECT_EQ(arrays.at("b").dtype, DType::kU8);
  }
}

TEST(Npz, RefusesNamesThatAreNoKeys) {
  const TempDir dir;
  const auto refused = [&](const Members& members, const std::string& why) {
    const fs::path path = write_npz(dir / "a.npz", members);
    EXPECT_ERROR(read_npz(path), Exit::kPrecondition, why);
  };
  refused({{"../x.npy", kThree}}, "leads out of its folder");
  refused({{"a/../../x.npy", kThree}}, "leads out of its folder");
  refused({{"/x.npy", kThree}}, "an absolute path");
  refused({{"a\nx.npy", kThree}}, "control character");
  refused({{"readme.txt", "hello"}}, "not called NAME.npy");
  refused({{".npy", kThree}}, "not called NAME.npy");
  refused({{"a.npy", kThree}, {"a.npy", kThree}}, "occurs twice");
  refused({{"a.npy", "hello"}}, "a.npz: member \"a.npy\": not an .npy file");
}

TEST(Npz, RefusesWhatUnpacksToTooMuch) {
  const TempDir dir;
  const std::string zeros(64 << 20, '\0');
  const fs::path path = write_npz(dir / "a.npz", {{"a.npy", npy("|u1", "(67108864,)", zeros)}});
  ASSERT_LT(fs::file_size(path), 1u << 20);
  EXPECT_ERROR(read_npz(path), Exit::kPrecondition, "200 times its size");
}

TEST(Npz, CutAtEveryByteIsAnError) {
  const TempDir dir;
  for (const char* how : {"store", "deflate"}) {
    SCOPED_TRACE(how);
    const fs::path path = write_npz(dir / "a.npz", {{"a.npy", kThree}, {"b.npy", kThree}}, how);
    for (std::uintmax_t length = fs::file_size(path); length-- > 0;) {
      fs::resize_file(path, length);
      EXPECT_ERROR(read_npz(path), Exit::kPrecondition, "a.npz");
    }
  }
}

TEST(Npz, EveryFlippedBitOfTheDataIsFound) {
  const TempDir dir;
  const fs::path path = write_npz(dir / "a.npz", {{"a.npy", kThree}}, "store");
  const std::string whole = read_text(path);
  const std::size_t begin = whole.find(kThree);
  ASSERT_NE(begin, whole.npos);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto put = [&](std::size_t at, char byte) {
    file.seekp(static_cast<std::streamoff>(at)).put(byte).flush();
  };
  for (std::size_t at = begin; at < begin + kThree.size(); ++at) {
    put(at, static_cast<char>(whole[at] ^ (1 << at % 8)));
    EXPECT_ERROR(read_npz(path), Exit::kPrecondition, "a.npz");
    put(at, whole[at]);
  }
  EXPECT_EQ(read_npz(path).size(), 1u);
}

/// The fuzzer's input: byte 0 says which parser.
std::string tagged(char kind, const std::string& text) {
  std::string input(1, kind);
  return input.append(text);
}

TEST(NpzFuzz, MutationsNeverCrash) {
  const TempDir dir;
  const Members members = {{"a.npy", kThree}, {"b.npy", npy("<i4", "(1, 2)", "12345678", "True")}};
  const std::string seeds[] = {tagged('\0', kThree),
                               tagged('\1', read_text(write_npz(dir / "a.npz", members, "store"))),
                               tagged('\1', read_text(write_npz(dir / "a.npz", members)))};
  std::mt19937_64 random(20180501);
  for (int round = 0; round < 12000; ++round) {
    std::string bytes = seeds[random() % 3];
    for (std::uint64_t change = 1 + random() % 3; change > 0; --change) {
      const std::size_t at = 1 + random() % (bytes.size() - 1);
      if (random() % 8 == 0 && at > 1)
        bytes.resize(at);
      else
        bytes[at] = static_cast<char>(random() % 4 == 0 ? random() : "0123(,)'{}"[random() % 10]);
    }
    fuzz_npz(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
}

TEST(Arrays, InputsAreJoinedToTheSameBytes) {
  const TempDir dir;
  const fs::path npz = write_npz(dir / "a.npz", {{"w.npy", kThree}});
  const fs::path npy_file = dir.write("mean.npy", npy("|u1", "(2,)", "ab"));
  const auto first = convert_arrays({npz, npy_file}, dir / "one.safetensors");
  convert_arrays({npy_file, npz}, dir / "two.safetensors");
  EXPECT_EQ(read_text(dir / "one.safetensors"), read_text(dir / "two.safetensors"));
  EXPECT_EQ(first.at("tensors"), 2);
  EXPECT_EQ(first.at("not_finite"), 0);
  const SafetensorsFile file(dir / "one.safetensors");
  EXPECT_EQ(file.tensor("w", DType::kF32, 1).elements(), 3);
  EXPECT_EQ(file.tensor("mean", DType::kU8, 1).elements(), 2);
  convert_arrays({dir / "one.safetensors"}, dir / "three.safetensors");
  EXPECT_EQ(read_text(dir / "one.safetensors"), read_text(dir / "three.safetensors"));

  const fs::path out = dir / "four.safetensors";
  EXPECT_ERROR(
      convert_arrays({npz, npz}, out), Exit::kPrecondition, "\"w\" is in an earlier input");
  EXPECT_ERROR(convert_arrays({npz}, dir / "out.npz"), Exit::kUsage, "NAME.safetensors");
  EXPECT_ERROR(convert_arrays({dir.write("a.pth", "x")}, out), Exit::kUsage, "neither in .npz");
  EXPECT_ERROR(convert_arrays({dir / "no.npz"}, out), Exit::kPrecondition, "no.npz: cannot open");
  EXPECT_ERROR(convert_arrays({dir.write("cut.safetensors", "123")}, out),
               Exit::kPrecondition,
               "3 bytes are too few");
  EXPECT_ERROR(convert_arrays({write_npz(dir / "b.npz", {{"__metadata__.npy", kThree}})}, out),
               Exit::kPrecondition,
               "an array must not be called");
  EXPECT_FALSE(fs::exists(out));
}

TEST(Arrays, AreDescribed) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const TempDir dir;
  const std::vector<float> odd = {kNan, 2, -1, -HUGE_VALF};
  const std::vector<std::uint16_t> halves = {0x3C00, 0xC000, 0x0001, 0x7C00};  // 1 -2 2^-24 inf
  const std::string odd_bytes = bytes_of(odd), half_bytes = bytes_of(halves);
  write_safetensors(dir / "a.safetensors",
                    {{"odd", {DType::kF32, {2, 2}, std::as_bytes(std::span(odd_bytes))}},
                     {"half", {DType::kF16, {4}, std::as_bytes(std::span(half_bytes))}},
                     {"brain", {DType::kBF16, {2}, std::as_bytes(std::span(half_bytes)).first(4)}},
                     {"none", {DType::kI64, {0}, {}}}},
                    {{"model", "x"}});
  const auto described = describe_arrays(dir / "a.safetensors");
  EXPECT_EQ(described.at("metadata").at("model"), "x");
  const auto& tensors = described.at("tensors");  // by name: brain, half, none, odd
  ASSERT_EQ(tensors.size(), 4u);
  EXPECT_EQ(tensors[0].at("min"), -2);         // 0xC000
  EXPECT_EQ(tensors[0].at("max"), 0.0078125);  // 0x3C00
  EXPECT_EQ(tensors[1].at("min"), -2);
  EXPECT_EQ(tensors[1].at("mean"), (1 - 2 + 0x1p-24) / 3);
  EXPECT_EQ(tensors[1].at("not_finite"), 1);
  EXPECT_TRUE(tensors[2].at("mean").is_null());
  EXPECT_EQ(tensors[3].at("dtype"), "F32");
  EXPECT_EQ(tensors[3].at("max"), 2);
  EXPECT_EQ(tensors[3].at("mean"), 0.5);
  EXPECT_EQ(tensors[3].at("not_finite"), 2);
}

}  // namespace
}  // namespace mien::testing
