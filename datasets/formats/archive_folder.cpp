#include "datasets/formats/archive_folder.h"

#include <algorithm>

#include "datasets/formats/archive.h"
#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {

std::string label_of(const Place& place) {
  const std::string file = place.file.filename().string();
  return place.member.empty() ? file : file + "!" + place.member;
}

std::unique_ptr<ByteSource> open_place(const Place& place) {
  return place.member.empty() ? open_file(place.file) : open_member(place.file, place.member);
}

std::vector<fs::path> archives_of(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator items(folder, error);
  if (error)
    fail(Exit::kPrecondition,
         "{}: cannot list the folder: {}; name the folder that holds the dataset",
         folder.string(),
         error.message());
  std::vector<fs::path> archives;
  for (const fs::directory_entry& item : items)
    if (is_archive(item.path())) archives.push_back(item.path());
  std::sort(archives.begin(), archives.end());
  return archives;
}

std::map<std::string, Place> find_places(const fs::path& folder,
                                         std::span<const char* const> names) {
  const std::vector<fs::path> archives = archives_of(folder);
  std::map<std::string, Place> places;
  std::error_code ignored;
  for (const char* name : names)
    if (fs::exists(folder / name, ignored)) places.emplace(name, Place{folder / name, ""});
  if (!places.empty()) return places;
  for (const fs::path& archive : archives)
    for (const std::string& member : find_members(archive, names))
      places.emplace(fs::path(member).filename().string(), Place{archive, member});
  return places;
}

}  // namespace mien
