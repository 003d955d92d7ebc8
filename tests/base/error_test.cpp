// What a person reads when something is wrong.
#include "harness/base/error.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace mien {
namespace {

const std::vector<std::string> kModels = {"deepemotion", "dexpression", "expnet", "fer2013cnn"};

TEST(Suggest, NamesTheNearestFirst) {
  EXPECT_EQ(suggest("deepemotoin", kModels), ": did you mean deepemotion?");
  EXPECT_EQ(suggest("deepresion", kModels), ": did you mean dexpression?");
}

TEST(Suggest, TakesPartOfANameAsNear) {
  EXPECT_EQ(suggest("cnn", kModels), ": did you mean fer2013cnn?");
}

TEST(Suggest, ListsAllWhereNothingIsNear) {
  EXPECT_EQ(suggest("resnet101", kModels), "; known: deepemotion, dexpression, expnet, fer2013cnn");
}

TEST(Suggest, SaysNothingWhereNothingIsKnown) { EXPECT_EQ(suggest("x", {}), ""); }

TEST(Suggest, StopsAtThreeNames) {
  EXPECT_EQ(suggest("ab", {"aa", "ac", "ad", "ae"}), ": did you mean aa, ac, ad?");
}

TEST(Suggest, EmptyNameListsAll) { EXPECT_EQ(suggest("", {"lengthy"}), "; known: lengthy"); }

TEST(Fail, CarriesCodeAndLine) {
  EXPECT_ERROR(fail(Exit::kUsage, "{}: {} is wrong", "file", 3), Exit::kUsage, "file: 3 is wrong");
}

TEST(FileErrors, TellTheReasonApartFromThePath) {
  try {
    fail_file(Exit::kPrecondition, "data/a: b.zip", "{} bytes", 0);
  } catch (const FileError& error) {
    EXPECT_EQ(error.code(), Exit::kPrecondition);
    EXPECT_STREQ(error.what(), "data/a: b.zip: 0 bytes");
    EXPECT_EQ(error.reason(), "0 bytes");
  }
}

TEST(ExitCodes, AreTheOnesThatScriptsRelyOn) {
  EXPECT_EQ(static_cast<int>(Exit::kDone), 0);
  EXPECT_EQ(static_cast<int>(Exit::kGateFailed), 1);
  EXPECT_EQ(static_cast<int>(Exit::kUsage), 2);
  EXPECT_EQ(static_cast<int>(Exit::kTaskFailed), 3);
  EXPECT_EQ(static_cast<int>(Exit::kInconclusive), 4);
  EXPECT_EQ(static_cast<int>(Exit::kPrecondition), 5);
  EXPECT_EQ(static_cast<int>(Exit::kIntegrity), 6);
  EXPECT_EQ(static_cast<int>(Exit::kInterrupted), 130);
  EXPECT_EQ(static_cast<int>(Exit::kTerminated), 143);
}

TEST(AssertDeath, NamesExpressionAndPlace) {
  EXPECT_DEATH(MIEN_ASSERT(1 == 2), "error_test.cpp:[0-9]+: this is a bug in Mien: 1 == 2 does");
}

TEST(UnreachableDeath, NamesTheReason) {
  EXPECT_DEATH(MIEN_UNREACHABLE("no such case"), "this is a bug in Mien: no such case");
}

}  // namespace
}  // namespace mien
