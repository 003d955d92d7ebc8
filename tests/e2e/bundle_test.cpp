// What ci/package.sh packs, without packing: bench where bench-prepare is not, and the script that
// finds LibTorch.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/system/process.h"
#include "harness/task/pack.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

constexpr const char *kBin = MIEN_BINARY_DIR "/bin/", *kShare = MIEN_BINARY_DIR "/share/mien";

void make_executable(const fs::path& path) {
  fs::permissions(path, fs::perms::owner_exec, fs::perm_options::add);
}

class Bundle : public ::testing::Test {
 protected:
  Bundle() {
    fs::create_directories(folder / "bin");
    fs::create_directories(folder / "share");
    fs::copy_file(std::string(kBin) + "bench", folder / "bin/bench");
    fs::create_symlink(std::string(kBin) + "bench-worker", folder / "bin/bench-worker");
    fs::create_symlink(kShare, folder / "share/mien");
  }

  Output run(const std::string& program, const std::vector<std::string>& arguments) {
    Command command{{program}, {}, 0};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    command.environment = {{"MIEN_CACHE", (folder / "cache").string()},
                           {"MIEN_DATA", (folder / "data").string()},
                           {"MIEN_DB", (folder / "results.db").string()}};
    return run_to_end(command, false);
  }
  Output bench(const std::vector<std::string>& arguments) {
    return run((folder / "bin/bench").string(), arguments);
  }

  /// FER2013's layout with a few grey images, as one copies a pack to another machine.
  void bring_pack() {
    constexpr std::int64_t kSide = 48, kImages = 42;
    Samples samples;
    samples.dataset = "fer2013";
    samples.data = DataKind::kStandIn;
    samples.class_names = {"angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"};
    samples.split_names = {"Training", "PublicTest", "PrivateTest"};
    samples.height = samples.width = kSide;
    for (std::int64_t i = 0; i < kImages; ++i) {
      samples.images.insert(samples.images.end(), kSide * kSide, static_cast<std::uint8_t>(5 * i));
      samples.labels.push_back(i % 7);
      samples.split.push_back(static_cast<std::int32_t>(i % 3));
      samples.ids.push_back(std::to_string(i));
    }
    samples.subject = samples.sequence = std::vector<std::int32_t>(kImages, -1);
    samples.manifest = "{}";
    std::string sha256;
    write_pack(folder / "cache/packs", samples, sha256);
  }

  testing::TempDir folder;
};

TEST_F(Bundle, RunsFromAPackAlone) {
  bring_pack();
  const Output run = bench({"run", "null@fer2013", "--device", "cpu", "--json"});
  ASSERT_EQ(run.exited.exit_code, 0) << run.err;
  const json result = json::parse(run.out);
  ASSERT_EQ(result.at("tasks").size(), 1u);
  EXPECT_EQ(result.at("tasks")[0].at("state"), "done");
  EXPECT_EQ(result.at("board").at("rows")[0].at("data"), "stand-in");

  const Output missing = bench({"run", "deepemotion@ckplus", "--device", "cpu"});
  EXPECT_EQ(missing.exited.exit_code, 5);
  EXPECT_NE(missing.err.find("no pack of ckplus"), std::string::npos) << missing.err;
  const Output doctor = bench({"doctor"});
  EXPECT_NE(doctor.out.find("pack fer2013"), std::string::npos) << doctor.out << doctor.err;
}

TEST_F(Bundle, AWorkerThatDoesNotStartSaysWhy) {
  fs::remove(folder / "bin/bench-worker");
  make_executable(
      folder.write("bin/bench-worker", "#!/bin/sh\necho 'no LibTorch here' >&2\nexit 5\n"));
  const Output doctor = bench({"doctor"});
  EXPECT_EQ(doctor.exited.exit_code, 5);
  EXPECT_NE(doctor.out.find("no LibTorch here"), std::string::npos) << doctor.out;
}

/// ci/bundle/bench-worker as of a bundle for LibTorch 2.11 with CUDA 13.
class Launcher : public ::testing::Test {
 protected:
  Launcher() {
    std::string script = read_text(MIEN_SOURCE_DIR "/ci/bundle/bench-worker");
    for (const auto& [word, value] : {std::pair{"@VERSION@", "2.11"},
                                      std::pair{"@CUDA@", "13"},
                                      std::pair{"@LIBRARY@", "libtorch_cpu.so"}})
      script.replace(script.find(word), std::string(word).size(), value);
    make_executable(folder.write("a bundle/bin/bench-worker", script));
    make_executable(
        folder.write("a bundle/libexec/bench-worker", "#!/bin/sh\necho \"$LD_LIBRARY_PATH $*\"\n"));
  }

  fs::path install(const std::string& version) {
    const fs::path torch = folder / ("site " + version) / "torch";
    write_text(torch / "lib/libtorch_cpu.so", "");
    write_text(torch / "__init__.py", "raise SystemExit('nobody imports it')\n");
    write_text(torch / "version.py", "__version__ = '" + version + "'\ndebug = False\n");
    write_text(torch.parent_path() / "nvidia/cudnn/lib/libcudnn.so", "");
    return torch;
  }
  Output start(std::map<std::string, std::string> environment) {
    environment.insert({"MIEN_LIBTORCH", ""});
    environment.insert({"PYTHONPATH", ""});
    return run_to_end(
        {{(folder / "a bundle/bin/bench-worker").string(), "run", "two words"}, environment, 0},
        false);
  }
  void expect_refusal(const Output& output, const std::string& part) {
    EXPECT_EQ(output.exited.exit_code, 5);
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
    EXPECT_NE(output.err.find(part), std::string::npos) << output.err;
    EXPECT_EQ(json::parse(output.out).at("event"), "failed") << output.out;
  }

  testing::TempDir folder;
};

TEST_F(Launcher, TakesTheFolderThatIsNamed) {
  const fs::path torch = install("2.11.0+cu130");
  const Output output = start({{"MIEN_LIBTORCH", torch.string()}});
  EXPECT_EQ(output.exited.exit_code, 0) << output.err;
  EXPECT_TRUE(output.out.starts_with((torch / "lib:").string())) << output.out;
  EXPECT_NE(output.out.find("cudnn/lib"), std::string::npos) << output.out;
  EXPECT_NE(output.out.find(" run two words\n"), std::string::npos) << output.out;
}

TEST_F(Launcher, FindsThePackageOfPythonWithoutImportingIt) {
  const fs::path torch = install("2.11.1+cu130");
  const Output output = start({{"PYTHONPATH", torch.parent_path().string()}});
  EXPECT_EQ(output.exited.exit_code, 0) << output.err;
  EXPECT_TRUE(output.out.starts_with((torch / "lib:").string())) << output.out;
}

TEST_F(Launcher, RefusesWhatItWasNotBuiltWith) {
  for (const char* version : {"2.10.0+cu130", "2.11.0+cu126", "2.11.0+cpu", "12.11.0+cu130"})
    expect_refusal(start({{"MIEN_LIBTORCH", install(version).string()}}), version);
  expect_refusal(start({{"MIEN_LIBTORCH", (folder / "nowhere").string()}}), "not there");
  expect_refusal(start({{"MIEN_PYTHON", "/bin/false"}}), "no LibTorch here");
}

}  // namespace
}  // namespace mien
