// `bench weights` as a person types it: a NumPy file shown, converted, and what is refused.
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "harness/base/safetensors.h"
#include "harness/system/process.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

Output bench(std::vector<std::string> arguments) {
  Command command{{MIEN_BINARY_DIR "/bin/bench", "weights"}, {}, 0};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  return run_to_end(command, /*pass_err=*/false);
}

TEST(Weights, AreShownConvertedAndRefused) {
  const testing::TempDir dir;
  std::string npy = "\x93NUMPY\x01";
  npy += '\0';
  const std::string header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2)}\n";
  npy += static_cast<char>(header.size());
  npy += '\0';
  npy += header + "acbd";
  const std::string in = dir.write("letters.npy", npy).string();
  const std::string out = (dir / "out.safetensors").string();

  const Output converted = bench({"convert", in, "-o", out});
  EXPECT_EQ(converted.exited.exit_code, 0) << converted.err;
  EXPECT_NE(converted.out.find("out.safetensors: 1 tensors, "), std::string::npos);
  const SafetensorsFile file(out);
  const TensorView& letters = file.tensor("letters", DType::kU8, 2);
  EXPECT_EQ(std::memcmp(letters.bytes.data(), "abcd", 4), 0) << "in C order";

  for (const std::string& path : {in, out}) {
    const auto shown = nlohmann::json::parse(bench({"show", "--json", path}).out);
    const auto& tensor = shown.at("files").at(0).at("tensors").at(0);
    EXPECT_EQ(tensor.at("name"), "letters");
    EXPECT_EQ(tensor.at("mean"), 98.5);
  }
  EXPECT_NE(bench({"show", out}).out.find("letters  U8"), std::string::npos);

  const Output cut = bench({"show", dir.write("cut.npz", "PK").string()});
  EXPECT_EQ(cut.exited.exit_code, 5);
  EXPECT_TRUE(cut.err.starts_with("bench: ") && cut.err.find("cut.npz") != std::string::npos);
  EXPECT_EQ(bench({"show", dir.write("a.pth", "").string()}).exited.exit_code, 2);
  EXPECT_EQ(bench({"convert", in}).exited.exit_code, 2) << "where to?";
}

}  // namespace
}  // namespace mien
