// Packs that were copied to a machine which has nothing else.
#include "harness/run/pack_cache.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

class CopiedPacks : public ::testing::Test {
 protected:
  CopiedPacks() { ::setenv("MIEN_CACHE", folder.path().c_str(), 1); }
  ~CopiedPacks() override { ::unsetenv("MIEN_CACHE"); }

  std::string write(const std::string& dataset,
                    DataKind data,
                    std::uint8_t pixel = 0,
                    const std::string& manifest = "{}") {
    Samples samples;
    samples.dataset = dataset;
    samples.data = data;
    samples.class_names = {"calm"};
    samples.split_names = {"all"};
    samples.height = samples.width = 1;
    samples.images = {pixel};
    samples.labels = {0};
    samples.subject = samples.sequence = {-1};
    samples.split = {0};
    samples.ids = {"a"};
    samples.manifest = manifest;
    return write_pack(folder / "packs", samples, sha256).string();
  }

  testing::TempDir folder;
  std::string sha256;
};

TEST_F(CopiedPacks, NoneIsFoundWhereThereIsNone) {
  EXPECT_EQ(find_pack("faces", "").pack, "");
  write("faces-more", DataKind::kReal);
  EXPECT_EQ(find_pack("faces", "").pack, "");
}

TEST_F(CopiedPacks, RealComesBeforeUnverifiedBeforeStandIn) {
  for (const DataKind data : {DataKind::kStandIn, DataKind::kReal, DataKind::kUnverified}) {
    const std::string path = write("faces", data);
    if (data == DataKind::kUnverified) continue;  // real is there by now
    const DatasetLocation located = find_pack("faces", "");
    EXPECT_EQ(located.pack, path);
    EXPECT_EQ(located.sha256, sha256);
    EXPECT_EQ(located.data, data);
  }
  EXPECT_EQ(find_pack("faces", "").data, DataKind::kReal);
}

TEST_F(CopiedPacks, FrameRulesAreKeptApart) {
  const std::string last = write("faces", DataKind::kReal, 0, R"({"frames":"last3"})");
  write("faces", DataKind::kReal, 0, R"({"frames":"all"})");
  EXPECT_EQ(find_pack("faces", "last3").pack, last);
  EXPECT_EQ(find_pack("faces", "peak").pack, "");
}

TEST_F(CopiedPacks, WhichOfTwoIsForTheUserToSay) {
  write("faces", DataKind::kReal, 0);
  write("faces", DataKind::kReal, 1);
  EXPECT_ERROR(find_pack("faces", ""), Exit::kPrecondition, "two real packs of faces; keep one");
}

TEST_F(CopiedPacks, ADamagedOneIsRefused) {
  const std::string path = write("faces", DataKind::kReal);
  std::string bytes = read_text(path);
  const std::size_t id = bytes.find("\"a\"");
  bytes[id + 1] = 'b';
  write_text(path, bytes);
  EXPECT_ERROR(find_pack("faces", ""), Exit::kIntegrity, "copy it again");
}

TEST_F(CopiedPacks, AFaceModelLiesBesideItsPack) {
  const std::string model = folder.write("packs/faces-1.model.safetensors", "head").string();
  const std::string sha = "5d7ba7c0ab5e5bc5b8f1fbcbb2aa2bc1";
  write("faces",
        DataKind::kReal,
        0,
        R"({"face_model":{"file":"faces-1.model.safetensors","sha256":")" + sha + "\"}}");
  EXPECT_ERROR(find_pack("faces", ""), Exit::kIntegrity, model);
}

}  // namespace
}  // namespace mien
