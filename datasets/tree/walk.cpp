#include "datasets/tree/walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <set>

namespace fs = std::filesystem;

namespace mien {
namespace {

/// Device and inode: what a folder is, whatever leads there.
using Identity = std::pair<std::uint64_t, std::uint64_t>;

class Walk {
 public:
  Walk(const fs::path& root, std::vector<Problem>& problems) : root_(root), problems_(problems) {}

  std::vector<std::string> run() {
    enter("");
    for (; !linked_.empty(); linked_.pop_front()) enter(linked_.front());
    std::ranges::sort(files_);
    return std::move(files_);
  }

 private:
  void problem(const std::string& path, const std::string& reason) {
    problems_.push_back({path, reason});
  }

  void enter(const std::string& folder) {
    struct stat status {};
    if (::stat((root_ / folder).c_str(), &status) != 0) return;
    if (!seen_.insert({status.st_dev, status.st_ino}).second)
      return problem(folder, "a link to a folder that is read already");
    std::error_code error;
    std::vector<std::string> names;
    fs::directory_iterator at(root_ / folder, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error))
      names.push_back(at->path().filename().string());
    if (error) problem(folder.empty() ? "." : folder, "cannot be read: " + error.message());
    std::ranges::sort(names);
    for (const std::string& name : names) look_at(folder.empty() ? name : folder + "/" + name);
  }

  void look_at(const std::string& path) {
    std::error_code error;
    if (path.find_first_of("\n\r") != path.npos) return problem(path, "a line break in its name");
    const fs::file_status status = fs::status(root_ / path, error);
    const bool link = fs::is_symlink(fs::symlink_status(root_ / path, error));
    if (fs::is_regular_file(status)) {
      files_.push_back(path);
    } else if (fs::is_directory(status)) {
      link ? linked_.push_back(path) : enter(path);
    } else {
      problem(path, link ? "a link that leads nowhere" : "not a regular file");
    }
  }

  const fs::path& root_;
  std::vector<Problem>& problems_;
  std::vector<std::string> files_;
  std::deque<std::string> linked_;
  std::set<Identity> seen_;
};

}  // namespace

std::vector<std::string> walk(const fs::path& folder, std::vector<Problem>& problems) {
  return Walk(folder, problems).run();
}

}  // namespace mien
