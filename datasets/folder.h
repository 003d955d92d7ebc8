// Where a dataset's files lie in its folder: in the open, or inside the archive as published.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "datasets/byte_source.h"

namespace mien {

/// A file of the folder, or a member of one of its archives.
struct Place {
  std::filesystem::path file;
  std::string member;  // empty: the file itself
};

/// "fer2013.csv" or "fer2013.tar.gz!fer2013/fer2013.csv": no folder, so that the same files give
/// the same manifest wherever they lie.
std::string label_of(const Place& place);
std::unique_ptr<ByteSource> open_place(const Place& place);

/// Archives of `folder`, by name. Error (Exit::kPrecondition): no such folder, no permission.
std::vector<std::filesystem::path> archives_of(const std::filesystem::path& folder);

/// Those of `names` that lie in `folder` itself; only where none does, those inside its archives
/// (the first archive by name that holds one). `names` is in order of precedence.
/// Errors (Exit::kPrecondition): as for archives_of and find_members.
std::map<std::string, Place> find_places(const std::filesystem::path& folder,
                                         std::span<const char* const> names);

}  // namespace mien
