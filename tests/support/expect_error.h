// Error texts and exit codes are part of the contract.
#pragma once

#include <gtest/gtest.h>

#include "harness/base/error.h"

/// Expects `statement` to throw mien::Error with exit code `exit_code` and a one-line message that
/// contains `part`.
#define EXPECT_ERROR(statement, exit_code, part)                                              \
  do {                                                                                        \
    try {                                                                                     \
      statement;                                                                              \
      ADD_FAILURE() << "no error; expected one with: " << (part);                             \
    } catch (const ::mien::Error& error) {                                                    \
      EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(exit_code)) << error.what(); \
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos)                      \
          << "message: " << error.what() << "\nexpected part: " << (part);                    \
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();     \
    }                                                                                         \
  } while (false)
