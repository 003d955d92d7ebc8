// Finds the files of a dataset in its folder: as files, or inside the archive as published.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "datasets/formats/byte_source.h"

namespace mien {

/// A file of the folder, or a member of one of its archives.
struct Place {
  std::filesystem::path file;
  std::string member;  // empty: the file itself
};

/// Returns "fer2013.csv" or "fer2013.tar.gz!fer2013/fer2013.csv". The name has no folder, so that
/// equal files give equal manifests wherever they are.
std::string label_of(const Place& place);
std::unique_ptr<ByteSource> open_place(const Place& place);

/// Returns the archives in `folder`, sorted by name.
/// Error (Exit::kPrecondition): there is no such folder, or it is not readable.
std::vector<std::filesystem::path> archives_of(const std::filesystem::path& folder);

/// Returns those of `names` that are in `folder` itself. Where none is, returns those inside its
/// archives, from the first archive by name that has one. `names` is in order of precedence.
/// Error (Exit::kPrecondition): as for archives_of and find_members.
std::map<std::string, Place> find_places(const std::filesystem::path& folder,
                                         std::span<const char* const> names);

}  // namespace mien
