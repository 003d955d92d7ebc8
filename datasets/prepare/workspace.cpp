#include "datasets/prepare/workspace.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <regex>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr const char* kFingerprint = "fingerprint";

fs::path beside(const fs::path& path) {
  return path.string() + fmt::format(".partial-{}", ::getpid());
}

void discard(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

void create(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(Exit::kPrecondition, "{}: cannot create: {}", path.string(), error.message());
}

/// Creates the folder too.
int open_folder(const fs::path& path) {
  create(path);
  return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

std::vector<fs::path> content_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    paths.push_back(at->path());
  return paths;
}

}  // namespace

PartialFolder::PartialFolder(const fs::path& target) : target_(target), path_(beside(target)) {
  discard(path_);
  create(path_);
}

PartialFolder::~PartialFolder() { discard(path_); }

bool PartialFolder::commit() {
  std::error_code error;
  fs::rename(path_, target_, error);
  if (!error) return true;
  if (error == std::errc::directory_not_empty || error == std::errc::file_exists) return false;
  fail(Exit::kPrecondition, "{}: cannot rename: {}", target_.string(), error.message());
}

Workspace::Workspace(fs::path folder, const std::string& fingerprint)
    : path_(std::move(folder)), lock_(open_folder(path_)) {
  if (!is_locked()) {
    own_ = true;
    path_ = beside(path_);
    discard(path_);
    create(path_);
    return;
  }
  const fs::path note = path_ / kFingerprint;
  std::error_code ignored;
  if (fs::exists(note, ignored) && read_text(note) == fingerprint) return;
  for (const fs::path& item : content_of(path_)) discard(item);
  write_text(note, fingerprint);
}

/// Returns true where this process alone holds the folder that has the name now.
bool Workspace::is_locked() const {
  struct stat held {
  }, named{};
  return ::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0 && ::fstat(lock_.get(), &held) == 0 &&
         ::stat(path_.c_str(), &named) == 0 && held.st_ino == named.st_ino;
}

Workspace::~Workspace() {
  const bool empty = content_of(path_) == std::vector{path_ / kFingerprint};
  if (own_ || empty) discard(path_);
}

void Workspace::finish() { discard(path_); }

void remove_leftovers(const fs::path& folder) {
  static const std::regex kLeft(R"(.*(?:\.partial-|-unnamed-)(\d+)(?:\.safetensors)?)");
  constexpr auto kQuiet = std::chrono::minutes(10);  // the process may run on another machine
  for (const fs::path& path : content_of(folder)) {
    const std::string name = path.filename().string();
    std::smatch match;
    if (!std::regex_match(name, match, kLeft) || match[1].length() > 9) continue;
    const bool gone = ::kill(std::stoi(match[1]), 0) != 0 && errno == ESRCH;
    std::error_code error;
    const auto written = fs::last_write_time(path, error);
    if (gone && !error && fs::file_time_type::clock::now() - written > kQuiet) discard(path);
  }
}

}  // namespace mien
