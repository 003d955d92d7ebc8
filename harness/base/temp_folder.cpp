#include "harness/base/temp_folder.h"

#include <stdlib.h>

#include <string>

#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "mien-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    fail(Exit::kPrecondition, "{}: cannot create; set TMPDIR to a folder with free space", name);
  path_ = name;
}

TempFolder::TempFolder(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  fs::remove_all(path_, error);
  fs::create_directories(path_, error);
  if (error) fail(Exit::kPrecondition, "{}: cannot create: {}", path_.string(), error.message());
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace mien
