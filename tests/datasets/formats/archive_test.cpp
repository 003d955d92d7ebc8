// Unpacking: what an archive may hold, and everything that a hostile one tries.
#include "datasets/formats/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <clocale>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

struct Member {
  std::string name, text;
  unsigned type = AE_IFREG;
  std::string link = {};
};

fs::path write_archive(const fs::path& path, const std::vector<Member>& members) {
  struct archive* out = ::archive_write_new();
  if (path.extension() == ".zip") {
    ::archive_write_set_format_zip(out);
    ::archive_write_set_options(out, "hdrcharset=UTF-8");
  } else {
    ::archive_write_add_filter_gzip(out);
    ::archive_write_set_format_pax_restricted(out);
  }
  EXPECT_EQ(::archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
  for (const Member& member : members) {
    archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, member.name.c_str());
    ::archive_entry_set_filetype(entry, member.type);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(member.text.size()));
    if (member.type == AE_IFLNK) ::archive_entry_set_symlink(entry, member.link.c_str());
    if (member.type == AE_IFREG && !member.link.empty())
      ::archive_entry_set_hardlink(entry, member.link.c_str());
    EXPECT_EQ(::archive_write_header(out, entry), ARCHIVE_OK) << ::archive_error_string(out);
    EXPECT_GE(::archive_write_data(out, member.text.data(), member.text.size()), 0);
    ::archive_entry_free(entry);
  }
  ::archive_write_close(out);
  ::archive_write_free(out);
  return path;
}

class Unpack : public ::testing::TestWithParam<const char*> {
 protected:
  void refuse(const Member& bad, const std::string& why) {
    const fs::path path = write_archive(dir_ / archive_, {{"good.txt", "1"}, bad});
    EXPECT_ERROR(unpack(path, dir_ / "out"), Exit::kPrecondition, archive_ + "!" + bad.name);
    EXPECT_ERROR(unpack(path, dir_ / "out"), Exit::kPrecondition, why);
    EXPECT_FALSE(fs::exists(dir_ / "out")) << "whole or not at all";
    EXPECT_FALSE(fs::exists(dir_ / "out.partial"));
    EXPECT_FALSE(fs::exists(dir_ / "evil"));
  }
  TempDir dir_;
  const std::string archive_ = std::string("a") + GetParam();
};

INSTANTIATE_TEST_SUITE_P(Kinds, Unpack, ::testing::Values(".zip", ".tar.gz"), [](const auto& info) {
  return std::string(info.param) == ".zip" ? "zip" : "tar";
});

TEST_P(Unpack, GivesFilesAndFolders) {
  const fs::path path = write_archive(
      dir_ / archive_,
      {{"Faces/", "", AE_IFDIR}, {"Faces/1/a b.txt", "one"}, {"./..c", "two"}, {"empty", ""}});
  unpack(path, dir_ / "out");
  EXPECT_EQ(read_text(dir_ / "out/Faces/1/a b.txt"), "one");
  EXPECT_EQ(read_text(dir_ / "out/..c"), "two");
  EXPECT_EQ(read_text(dir_ / "out/empty"), "");
}

TEST_P(Unpack, RefusesPathsThatLeadOut) {
  refuse({"../evil", "x"}, "leads out of its folder");
  refuse({"a/../../evil", "x"}, "leads out of its folder");
  refuse({(dir_ / "evil").string(), "x"}, "an absolute path");
}

TEST_P(Unpack, RefusesLinks) {
  refuse({"link", "", AE_IFLNK, "/etc/passwd"}, "a link or device, not a file");
}

TEST_P(Unpack, RefusesASecondFileOfTheSameName) { refuse({"./good.txt", "x"}, "occurs twice"); }

TEST_P(Unpack, RefusesBombs) {
  const std::string zeros(32 << 20, '\0');
  const fs::path path = write_archive(dir_ / archive_, {{"zeros", zeros}});
  EXPECT_LT(fs::file_size(path), 200'000u);
  EXPECT_ERROR(unpack(path, dir_ / "out"),
               Exit::kPrecondition,
               archive_ + "!zeros: the archive unpacks to more than 200 times its size; ");
  EXPECT_ERROR(
      {
        const auto source = open_member(path, "zeros");
        std::vector<char> piece(1 << 20);
        while (source->read(piece.data(), piece.size()) > 0) {
        }
      },
      Exit::kPrecondition,
      "unpacks to more than");
}

TEST_P(Unpack, SaysWhatIsDamaged) {
  std::string noise;
  for (unsigned i = 0, x = 1; i < 20'000; ++i)
    noise += static_cast<char>((x = x * 69069 + 1) >> 24);
  const fs::path path = write_archive(dir_ / archive_, {{"a", noise}, {"b", noise}});
  fs::resize_file(path, fs::file_size(path) / 2);
  EXPECT_ERROR(unpack(path, dir_ / "out"), Exit::kPrecondition, "cannot unpack: ");
  EXPECT_ERROR(unpack(dir_ / "none.zip", dir_ / "out"), Exit::kPrecondition, "cannot open");
  EXPECT_FALSE(fs::exists(dir_ / "out"));
}

TEST(UnpackTar, RefusesHardLinks) {
  const TempDir dir;
  const fs::path path =
      write_archive(dir / "a.tar.gz", {{"good", "1"}, {"hard", "", AE_IFREG, "good"}});
  EXPECT_ERROR(unpack(path, dir / "out"), Exit::kPrecondition, "!hard: a link or device");
}

TEST(UnpackZip, TakesNamesInAnyScript) {
  const TempDir dir;
  ASSERT_TRUE(std::setlocale(LC_CTYPE, "C.UTF-8"));
  const fs::path path = write_archive(dir / "a.zip", {{"Gesichter/fröhlich.txt", "ja"}});
  std::setlocale(LC_CTYPE, "C");
  unpack(path, dir / "out");
  EXPECT_EQ(read_text(dir / "out/Gesichter/fröhlich.txt"), "ja");
}

}  // namespace
}  // namespace mien::testing
