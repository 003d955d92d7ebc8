// Declares the text of schema.sql, which is compiled in, and the numbers that identify a file of
// Mien.
#pragma once

#include <cstdint>

namespace mien {

/// PRAGMA application_id of every results database and shard: "MIEN".
inline constexpr std::int64_t kApplicationId = 0x4D49454E;
/// PRAGMA user_version that this build reads and writes.
inline constexpr std::int64_t kSchemaVersion = 3;

extern const char kSchemaSql[];

}  // namespace mien
