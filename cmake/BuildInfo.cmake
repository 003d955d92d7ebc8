# Writes OUTPUT with the version, commit and compiler; touches it only when something changed.
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
set(dirty unknown)
if(failed)
  set(commit unknown)
else()
  execute_process(COMMAND git -C ${SOURCE} status --porcelain --untracked-files=no
                  OUTPUT_VARIABLE changes ERROR_QUIET)
  set(dirty clean)
  if(changes)
    set(dirty dirty)
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
// Written by cmake/BuildInfo.cmake.
#pragma once
#define MIEN_VERSION "@VERSION@"
#define MIEN_COMMIT "@commit@"
#define MIEN_DIRTY "@dirty@"
#define MIEN_COMPILER "@COMPILER@"
#define MIEN_BUILD_TYPE "@BUILD_TYPE@"
]] @ONLY)
