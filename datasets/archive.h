// The door to libarchive: members of .tar.gz, .tgz and .zip files as byte sources. What unpacks to
// more than 200 times its size and 16 MiB is refused wherever it is met.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "datasets/byte_source.h"

namespace mien {

/// Whether the name ends like an archive that we read.
bool is_archive(const std::filesystem::path& path);

/// Full names of the members of `path` whose last component is one of `wanted`, in archive order.
/// Stops at the first member called `wanted.front()`: nothing can take precedence over it.
/// Errors (Exit::kPrecondition): not an archive, corrupt, no permission.
std::vector<std::string> find_members(const std::filesystem::path& path,
                                      std::span<const char* const> wanted);

/// Unpacks all of `path` into the new folder `folder`, which appears whole or not at all.
/// Errors (Exit::kPrecondition): as for find_members; a member that is no plain file or folder,
/// that would lie outside of `folder`, or that is there twice; more bytes than an honest archive
/// holds.
void unpack(const std::filesystem::path& path, const std::filesystem::path& folder);

/// A member's full name and all of its bytes.
using VisitMember = std::function<void(const std::string& member, std::vector<std::byte> bytes)>;
/// Reads every member of a .zip file that its central directory lists, one in memory at a time.
/// Errors (Exit::kPrecondition): as for unpack; no central directory, a folder, a CRC-32 that does
/// not match.
void read_zip(const std::filesystem::path& path, const VisitMember& visit);

/// The member called exactly `member`; its bytes are unpacked as they are read.
/// Errors (Exit::kPrecondition): as for find_members, and no such member.
std::unique_ptr<ByteSource> open_member(const std::filesystem::path& path,
                                        const std::string& member);

}  // namespace mien
