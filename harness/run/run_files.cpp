#include "harness/run/run_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

fs::path beside(const fs::path& database, const char* suffix) {
  return database.parent_path() / (database.stem().string() + suffix);
}

std::string short_id(const std::string& task_id) { return task_id.substr(0, 16); }

}  // namespace

fs::path RunPaths::shards() const { return beside(database, ".shards"); }
fs::path RunPaths::weights() const { return beside(database, ".weights"); }
fs::path RunPaths::timings() const { return beside(database, ".timings"); }

fs::path RunPaths::task_file(const std::string& task_id) const {
  return shards() / (short_id(task_id) + ".task.json");
}
fs::path RunPaths::shard(const std::string& task_id) const {
  return shards() / (short_id(task_id) + ".db");
}
fs::path RunPaths::weights(const std::string& task_id) const {
  return weights() / (short_id(task_id) + ".safetensors");
}
fs::path RunPaths::timing(const std::string& task_id) const {
  return timings() / (short_id(task_id) + ".json");
}

DatabaseLock::DatabaseLock(const fs::path& database) {
  const fs::path path = database.string() + ".lock";
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0)
    fail(Exit::kPrecondition, "{}: cannot create: {}", path.string(), std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0)
    fail(Exit::kPrecondition,
         "{}: another bench run is using this database; wait for it, or give another --db",
         database.string());
}

DatabaseLock::~DatabaseLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::int64_t recover(const RunPaths& paths, Store& store) {
  std::error_code error;
  std::vector<fs::path> whole, stale;
  for (const fs::directory_entry& entry : fs::directory_iterator(paths.shards(), error))
    (entry.path().extension() == ".db" ? whole : stale).push_back(entry.path());
  std::int64_t done = 0;
  for (const fs::path& shard : whole) {
    try {
      done += store.ingest(shard);
      fs::remove(shard);
    } catch (const Error& problem) {
      if (problem.code() != Exit::kIntegrity) throw;
      fmt::print(stderr, "bench: {}; its task will run again\n", problem.what());
      fs::remove(shard);
    }
  }
  for (const fs::path& path : stale) fs::remove(path, error);
  return done;
}

}  // namespace mien
