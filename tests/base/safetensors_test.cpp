// Every way in which a file can be wrong, and a storm of random damage.
#include "harness/base/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

#include "harness/base/digest.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

using testing::TempDir;

std::string image(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), 8);
  return bytes + header + std::string(data_bytes, '\1');
}

SafetensorsView parse(const std::string& bytes) {
  return SafetensorsView::parse(std::as_bytes(std::span(bytes)), "f");
}

std::vector<std::byte> bytes_of(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

TEST(Safetensors, RoundTripThroughAFile) {
  const TempDir dir;
  const auto a = bytes_of(24), b = bytes_of(3), none = bytes_of(0), one = bytes_of(4);
  const std::map<std::string, TensorView> tensors = {{"a", {DType::kI64, {3}, a}},
                                                     {"b", {DType::kU8, {1, 3}, b}},
                                                     {"empty", {DType::kF32, {0, 7}, none}},
                                                     {"scalar", {DType::kF32, {}, one}}};
  const std::map<std::string, std::string> metadata = {{"k", "v"}, {"zwei", "\"ü\"\n"}};
  const std::string digest = write_safetensors(dir / "f", tensors, metadata);
  EXPECT_EQ(digest, sha256_file(dir / "f"));
  const SafetensorsFile file(dir / "f");
  EXPECT_EQ(file.metadata(), metadata);
  ASSERT_EQ(file.tensors().size(), 4u);
  for (const auto& [name, tensor] : tensors) {
    const TensorView& read = file.tensor(name, tensor.dtype, tensor.shape.size());
    EXPECT_EQ(read.shape, tensor.shape);
    ASSERT_EQ(read.bytes.size(), tensor.bytes.size());
    EXPECT_TRUE(std::equal(read.bytes.begin(), read.bytes.end(), tensor.bytes.begin()));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(read.bytes.data()) % size_of(tensor.dtype), 0u);
  }
  EXPECT_EQ(file.tensor("scalar", DType::kF32, 0).elements(), 1);
  EXPECT_EQ(file.tensor("empty", DType::kF32, 2).elements(), 0);
}

TEST(Safetensors, SameContentSameBytes) {
  const auto data = bytes_of(8);
  const std::map<std::string, TensorView> tensors = {{"a", {DType::kU8, {8}, data}}};
  const TempDir dir;
  EXPECT_EQ(write_safetensors(dir / "1", tensors, {{"x", "1"}, {"y", "2"}}),
            write_safetensors(dir / "2", tensors, {{"y", "2"}, {"x", "1"}}));
}

TEST(Safetensors, RefusesNamesThatAreNotUtf8) {
  EXPECT_ERROR(safetensors_header({}, {{"id", "\xff"}}), Exit::kPrecondition, "not UTF-8");
}

TEST(Safetensors, NamesWhatIsMissing) {
  const TempDir dir;
  const auto data = bytes_of(8);
  write_safetensors(dir / "f", {{"a", {DType::kU8, {8}, data}}}, {});
  const SafetensorsFile file(dir / "f");
  EXPECT_ERROR(file.tensor("b", DType::kU8, 1), Exit::kIntegrity, "no tensor 'b'");
  EXPECT_ERROR(file.tensor("a", DType::kI8, 1), Exit::kIntegrity, "is U8 of rank 1, expected I8");
  EXPECT_ERROR(file.tensor("a", DType::kU8, 2), Exit::kIntegrity, "expected U8 of rank 2");
  EXPECT_ERROR(file.meta("k"), Exit::kIntegrity, "no metadata 'k'");
}

struct Bad {
  const char* what;
  const char* header;
  std::size_t data_bytes;
  const char* message;
};
class Malformed : public ::testing::TestWithParam<Bad> {};

TEST_P(Malformed, IsRefused) {
  EXPECT_ERROR(
      parse(image(GetParam().header, GetParam().data_bytes)), Exit::kIntegrity, GetParam().message);
}

#define U8(from, to, shape) \
  R"({"dtype":"U8","shape":)" shape R"(,"data_offsets":[)" #from "," #to "]}"

INSTANTIATE_TEST_SUITE_P(
    All,
    Malformed,
    ::testing::Values(
        Bad{"no_json", "hello", 0, "not a JSON object"},
        Bad{"empty_header", "", 0, "not a JSON object"},
        Bad{"array", "[]", 0, "not a JSON object"},
        Bad{"leading_space", " {}", 0, "not a JSON object"},
        Bad{"broken_utf8", "{\"\xff\":1}", 0, "not a JSON object"},
        Bad{"trailing_text", "{}x", 0, "not a JSON object"},
        Bad{"twice", "{\"a\":" U8(0, 1, "[1]") ",\"a\":" U8(0, 1, "[1]") "}", 1, "twice"},
        Bad{"twice_escaped",
            "{\"a\":" U8(0, 1, "[1]") ",\"\\u0061\":" U8(0, 1, "[1]") "}",
            1,
            "twice"},
        Bad{"twice_inside",
            R"({"a":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}})",
            1,
            "twice"},
        Bad{"tensor_no_object", R"({"a":1})", 0, "tensor \"a\": not an object"},
        Bad{"no_dtype", R"({"a":{"shape":[],"data_offsets":[0,1]}})", 1, "no dtype"},
        Bad{"dtype_number", R"({"a":{"dtype":1,"shape":[],"data_offsets":[0,1]}})", 1, "no dtype"},
        Bad{"dtype_f8",
            R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})",
            1,
            "dtype \"F8_E4M3\" is not supported"},
        Bad{"dtype_u16",
            R"({"a":{"dtype":"U16","shape":[1],"data_offsets":[0,2]}})",
            2,
            "not supported"},
        Bad{"dtype_case",
            R"({"a":{"dtype":"u8","shape":[1],"data_offsets":[0,1]}})",
            1,
            "not supported"},
        Bad{"no_shape", R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1, "no shape"},
        Bad{"negative_size", "{\"a\":" U8(0, 1, "[-1]") "}", 1, "bad shape"},
        Bad{"fractional_size", "{\"a\":" U8(0, 1, "[1.5]") "}", 1, "bad shape"},
        Bad{"huge_size", "{\"a\":" U8(0, 1, "[9223372036854775808]") "}", 1, "bad shape"},
        Bad{"product_wraps", "{\"a\":" U8(0, 0, "[4294967296,4294967296]") "}", 0, "do not fill"},
        Bad{"product_wraps_then_zero",
            "{\"a\":" U8(0, 0, "[4294967296,4294967296,0]") "}",
            0,
            "do not fill"},
        Bad{"no_offsets", R"({"a":{"dtype":"U8","shape":[1]}})", 1, "no data_offsets"},
        Bad{"old_offsets",
            R"({"a":{"dtype":"U8","shape":[1],"offsets":[0,1]}})",
            1,
            "no data_offsets"},
        Bad{"three_offsets",
            R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})",
            1,
            "no data_offsets"},
        Bad{"negative_offset", "{\"a\":" U8(-1, 0, "[1]") "}", 1, "no data_offsets"},
        Bad{"backwards", "{\"a\":" U8(1, 0, "[1]") "}", 1, "lie outside"},
        Bad{"past_the_end", "{\"a\":" U8(0, 2, "[2]") "}", 1, "truncated"},
        Bad{"offset_wraps",
            "{\"a\":" U8(18446744073709551615, 18446744073709551615, "[0]") "}",
            1,
            "lie outside"},
        Bad{"too_small", "{\"a\":" U8(0, 2, "[1]") "}", 2, "do not fill"},
        Bad{"gap_at_start", "{\"a\":" U8(1, 2, "[1]") "}", 2, "gap"},
        Bad{"gap", "{\"a\":" U8(0, 1, "[1]") ",\"b\":" U8(2, 3, "[1]") "}", 3, "gap"},
        Bad{"overlap", "{\"a\":" U8(0, 2, "[2]") ",\"b\":" U8(1, 3, "[2]") "}", 3, "overlap"},
        Bad{"trailing_data", "{\"a\":" U8(0, 1, "[1]") "}", 3, "2 bytes after the last"},
        Bad{"data_only", "{}", 3, "3 bytes after the last"},
        Bad{"metadata_number", R"({"__metadata__":{"k":1}})", 0, "metadata \"k\" is not a string"},
        Bad{"metadata_text", R"({"__metadata__":"k"})", 0, "not a map of strings"},
        Bad{"metadata_list", R"({"__metadata__":["k"]})", 0, "not a map of strings"},
        Bad{"metadata_null", R"({"__metadata__":null})", 0, "not a map of strings"},
        Bad{"line_break_in_name", R"({"a\nb":1})", 0, "tensor \"a\\nb\""}),
    [](const auto& info) { return std::string(info.param.what); });

TEST(Safetensors, RefusesBadLengths) {
  EXPECT_ERROR(parse(""), Exit::kIntegrity, "0 bytes are too few");
  EXPECT_ERROR(parse("1234567"), Exit::kIntegrity, "7 bytes are too few");
  std::string bytes = image("{}", 0);
  for (const std::uint64_t length : {std::uint64_t{3}, std::uint64_t{100'000'001}, UINT64_MAX}) {
    std::memcpy(bytes.data(), &length, 8);
    EXPECT_ERROR(parse(bytes), Exit::kIntegrity, "exceeds the file");
  }
}

TEST(Safetensors, AcceptsWhatTheFormatAllows) {
  EXPECT_TRUE(parse(image("{}", 0)).tensors.empty());
  EXPECT_TRUE(parse(image("{}      ", 0)).tensors.empty());
  EXPECT_EQ(parse(image("{\"a\":" U8(0, 0, "[0,5]") "}", 0)).tensors.size(), 1u);
  // Order in the header is not order of the data; two empty tensors may share a place.
  EXPECT_EQ(parse(image("{\"a\":" U8(2, 3, "[1]") ",\"b\":" U8(0, 2, "[2]") ",\"c\":" U8(
                            2, 2, "[0]") ",\"d\":" U8(2, 2, "[0]") "}",
                        3))
                .tensors.size(),
            4u);
}

TEST(Safetensors, DeepNestingIsRefusedNotFollowed) {
  EXPECT_ERROR(parse(image(std::string(200'000, '['), 0)), Exit::kIntegrity, "not a JSON object");
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  EXPECT_ERROR(parse(image("{\"a\":" + deep + "}", 0)), Exit::kIntegrity, "not an object");
}

/// Whatever happens to the bytes, the parser either gives views inside the image or one Error.
TEST(Safetensors, SurvivesRandomDamage) {
  const auto a = bytes_of(16), b = bytes_of(12);
  const SafetensorsHeader header = safetensors_header(
      {{"a", {DType::kI64, {2}, a}}, {"b", {DType::kF32, {3}, b}}}, {{"key", "value"}});
  const std::string good = header.bytes + std::string(28, 'd');
  std::mt19937 random(7);
  const std::string digits = "0123456789[]{}\",:-\\e";
  int accepted = 0;
  for (int round = 0; round < 40'000; ++round) {
    std::string bytes = good;
    for (unsigned edits = 1 + random() % 4; edits > 0 && !bytes.empty(); --edits) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 5) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = digits[random() % digits.size()];
          break;
        case 2:
          bytes.erase(at, 1 + random() % 3);
          break;
        case 3:
          bytes.insert(at, 1, digits[random() % digits.size()]);
          break;
        default:
          bytes.resize(std::max<std::size_t>(at, 1));
          break;
      }
    }
    try {
      const SafetensorsView view = parse(bytes);
      ++accepted;
      for (const auto& [name, tensor] : view.tensors)
        EXPECT_EQ(tensor.bytes.size(),
                  static_cast<std::size_t>(tensor.elements()) * size_of(tensor.dtype));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::kIntegrity);
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
  EXPECT_GT(accepted, 100);  // damage to data and metadata goes unnoticed, so some must pass
}

}  // namespace
}  // namespace mien
