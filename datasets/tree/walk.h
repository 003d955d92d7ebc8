// The files below a folder, with links followed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/tree/problem.h"

namespace mien {

/// Returns every regular file below `folder` as a sorted list of relative paths with '/'. Follows
/// symbolic links and enters each directory once. Real folders are entered before linked ones, so
/// that a file keeps its own path. Unreadable folders, loops and special files become problems.
std::vector<std::string> walk(const std::filesystem::path& folder, std::vector<Problem>& problems);

}  // namespace mien
