// Reads members of .tar.gz, .tgz and .zip files with libarchive, which no other module uses.
// Refuses every archive that unpacks to more than 200 times its size and to more than 16 MiB.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "datasets/formats/byte_source.h"

namespace mien {

/// Returns true where the name ends like that of a supported archive.
bool is_archive(const std::filesystem::path& path);

/// Returns the full names of the members of `path` whose last component is one of `wanted`, in
/// archive order. Stops at the first member called `wanted.front()`, which takes precedence.
/// Error (Exit::kPrecondition): not an archive; corrupt; not readable.
std::vector<std::string> find_members(const std::filesystem::path& path,
                                      std::span<const char* const> wanted);

/// Unpacks all of `path` into the new folder `folder`, which appears complete or not at all.
/// Error (Exit::kPrecondition): as for find_members; a member is neither file nor folder, would lie
/// outside of `folder`, or occurs twice; the archive exceeds the limit above.
void unpack(const std::filesystem::path& path, const std::filesystem::path& folder);

/// Receives the full name of a member and all of its bytes.
using VisitMember = std::function<void(const std::string& member, std::vector<std::byte> bytes)>;
/// Reads every member that the central directory of a .zip file lists, one in memory at a time.
/// Error (Exit::kPrecondition): as for unpack; there is no central directory; a member is a folder;
/// a CRC-32 does not match.
void read_zip(const std::filesystem::path& path, const VisitMember& visit);

/// Opens the member with the full name `member`. Its bytes are unpacked as they are read.
/// Error (Exit::kPrecondition): as for find_members; there is no such member.
std::unique_ptr<ByteSource> open_member(const std::filesystem::path& path,
                                        const std::string& member);

}  // namespace mien
