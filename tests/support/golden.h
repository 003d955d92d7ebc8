// Texts that a person approved: tests/golden/<name>. MIEN_APPROVE=1 writes what the code prints
// now; look at the diff before it is committed.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "harness/base/files.h"

namespace mien::testing {

inline void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(MIEN_SOURCE_DIR) / "tests/golden" / name;
  if (paths::environment("MIEN_APPROVE") == "1") {
    write_text(path, text);
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(path)) << path << " is missing; run with MIEN_APPROVE=1";
  EXPECT_EQ(read_text(path), text) << "approve with MIEN_APPROVE=1 if this is meant";
}

}  // namespace mien::testing
