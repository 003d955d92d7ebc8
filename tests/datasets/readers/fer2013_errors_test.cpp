// Every way in which a copy of FER2013 can be bad: one line with file, line and next step, and the
// right exit code.
#include <gtest/gtest.h>
#include <unistd.h>

#include "datasets/registry.h"
#include "tests/support/expect_error.h"
#include "tests/support/fer2013_text.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

class BadFer2013 : public ::testing::Test {
 protected:
  void SetUp() override { text_ = csv_text(random_rows(3, 21), {}); }

  /// Replaces cell `column` of line `line` (1 is the header).
  void set_cell(int line, int column, const std::string& value) {
    std::size_t at = 0;
    for (int i = 1; i < line; ++i) at = text_.find('\n', at) + 1;
    for (int i = 0; i < column; ++i) at = text_.find(',', at) + 1;
    const std::size_t end = text_.find_first_of(",\n", at);
    text_.replace(at, end - at, value);
  }
  /// Replaces pixel `index` of line 3; drops it where `value` is empty.
  void set_pixel(int index, const std::string& value) {
    std::string cell;
    const Fer2013Rows rows = random_rows(3, 21);
    for (int i = 0; i < static_cast<int>(kFer2013Pixels); ++i) {
      if (i == index && value.empty()) continue;
      if (!cell.empty()) cell += ' ';
      cell += i == index
                  ? value
                  : std::to_string(rows.images[kFer2013Pixels + static_cast<std::size_t>(i)]);
    }
    set_cell(3, 1, cell);
  }
  /// Expects an error that starts with the file's path and then reads `line_and_what`.
  void expect(const std::string& line_and_what) {
    const fs::path file = dir_.write("fer2013.csv", text_);
    EXPECT_ERROR(read(), Exit::kPrecondition, file.string() + line_and_what);
  }
  Samples read(ReadOptions options = {}) {
    return find_dataset("fer2013").read(dir_.path(), options);
  }

  TempDir dir_;
  std::string text_;
};

TEST_F(BadFer2013, TooFewPixels) {
  set_pixel(100, "");
  expect(":3: 2303 pixels, expected 2304; the file is damaged or altered, fetch it again");
}

TEST_F(BadFer2013, TooManyPixels) {
  set_pixel(100, "1 2");
  expect(":3: 2305 pixels, expected 2304; ");
}

TEST_F(BadFer2013, PixelOutOfRange) {
  set_pixel(17, "256");
  expect(":3: pixel 17 is '256', expected a whole number from 0 to 255");
  set_pixel(0, "-1");
  expect(":3: pixel 0 is '-1', expected");
  set_pixel(2303, "999");
  expect(":3: pixel 2303 is '999', expected");
}

TEST_F(BadFer2013, PixelIsNoNumber) {
  set_pixel(5, "x");
  expect(":3: pixel 5 is 'x', expected");
  set_pixel(5, "1.5");
  expect(":3: pixel 5 is '1.5', expected");
  set_pixel(5, " ");
  expect(":3: pixel 5 is '', expected a whole number from 0 to 255, one space apart");
}

TEST_F(BadFer2013, LabelOutOfRangeOrNoNumber) {
  for (const char* label : {"7", "-1", "angry", "", "3.0", "99999999999"}) {
    set_cell(2, 0, label);
    expect(fmt::format(":2: emotion is '{}', expected a whole number from 0 to 6; ", label));
  }
}

TEST_F(BadFer2013, UnknownUsage) {
  set_cell(4, 2, "training");
  expect(":4: Usage is 'training', expected one of Training, PublicTest, PrivateTest; ");
}

TEST_F(BadFer2013, MissingColumn) {
  set_cell(1, 2, "use");
  expect(":1: no column 'Usage' among emotion, pixels, use; ");
  set_cell(1, 1, "px");
  expect(":1: no column 'pixels' among emotion, px, use; ");
}

TEST_F(BadFer2013, WrongNumberOfColumns) {
  set_cell(3, 2, "Training,1");
  expect(":3: not 3 comma-separated columns as in line 1; ");
}

TEST_F(BadFer2013, Truncated) {
  text_.resize(text_.size() - 100);
  expect(
      ":4: the last line has no line end (not 3 comma-separated columns as in line 1): the file "
      "is truncated; fetch it again");
}

TEST_F(BadFer2013, TruncatedWithinTheUsageOrBeforeTheLineEnd) {
  text_.resize(text_.size() - 3);
  expect(":4: the last line has no line end (Usage is 'PublicTe', ");
  text_ = csv_text(random_rows(3, 21), {});
  text_.resize(text_.size() - 1);
  expect(":4: the last line has no line end (its last cell may be cut short): ");
}

TEST_F(BadFer2013, Empty) {
  text_ = "";
  expect(":1: the file is empty; fetch it again");
  text_ = "\xEF\xBB\xBF";
  expect(":1: the file is empty; fetch it again");
}

TEST_F(BadFer2013, HeaderOnly) {
  text_ = "emotion,pixels,Usage\n";
  expect(":2: no rows after the header; fetch the file again");
}

TEST_F(BadFer2013, EndlessLine) {
  text_ = "emotion,pixels,Usage\n" + std::string(3 << 20, '1');
  expect(":2: the line is longer than 1048576 bytes; ");
}

TEST_F(BadFer2013, BinaryJunkIsShownInOneLine) {
  text_ = std::string("\x1f\x8b\x00\n\x01\n", 6);
  expect(":1: no column 'pixels' among ?\xEF\xBF\xBD?; ");
}

TEST_F(BadFer2013, UnknownDigestNeedsConsent) {
  expect(": md5 ");
  EXPECT_ERROR(read(), Exit::kPrecondition, "--accept-unverified");
  EXPECT_EQ(read({.accept_unverified = true}).data, DataKind::kUnverified);
}

TEST_F(BadFer2013, NothingThere) {
  EXPECT_ERROR(read(), Exit::kPrecondition, "none of fer2013.csv, icml_face_data.csv, train.csv");
  EXPECT_ERROR(find_dataset("fer2013").read(dir_ / "absent", {}),
               Exit::kPrecondition,
               "absent: cannot list the folder: No such file or directory; ");
}

TEST_F(BadFer2013, TestAloneIsNotEnough) {
  dir_.write("test.csv", "pixels\n");
  EXPECT_ERROR(read(), Exit::kPrecondition, "none of fer2013.csv");
}

TEST_F(BadFer2013, ADirectoryInItsPlace) {
  fs::create_directory(dir_ / "fer2013.csv");
  EXPECT_ERROR(read(), Exit::kPrecondition, "fer2013.csv: not a regular file; ");
}

/// Root may read everything, so a test run by root goes on as somebody else for a while.
class WithoutPrivileges {
 public:
  WithoutPrivileges() : own_(::geteuid()) { EXPECT_TRUE(own_ != 0 || ::seteuid(65534) == 0); }
  ~WithoutPrivileges() { EXPECT_EQ(::seteuid(own_), 0); }

 private:
  uid_t own_;
};

TEST_F(BadFer2013, NoPermission) {
  fs::permissions(dir_.path(), fs::perms(0755));
  fs::permissions(dir_.write("fer2013.csv", text_), fs::perms::none);
  const WithoutPrivileges nobody;
  EXPECT_ERROR(read(), Exit::kPrecondition, "fer2013.csv: cannot open: Permission denied; ");
}

TEST_F(BadFer2013, DamagedArchive) {
  const fs::path path = dir_ / "fer2013.tar.gz";
  dir_.write("fer2013.tar.gz", "this is no archive");
  EXPECT_ERROR(read(), Exit::kPrecondition, path.string() + ": cannot unpack: ");
  write_archive(path, {{"fer2013.csv", text_}});
  fs::resize_file(path, fs::file_size(path) * 2 / 3);
  EXPECT_ERROR(read(), Exit::kPrecondition, path.string() + ": cannot unpack: ");
}

TEST_F(BadFer2013, DamagedFileInsideAnArchive) {
  set_pixel(3, "300");
  write_archive(dir_ / "fer2013.zip", {{"fer2013.csv", text_}});
  EXPECT_ERROR(read(), Exit::kPrecondition, "fer2013.zip!fer2013.csv:3: pixel 3 is '300'");
}

}  // namespace
}  // namespace mien::testing
