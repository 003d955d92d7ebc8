// The list of files that a dataset's reader finds, and the helpers that readers share: names, label
// files, counts beside the published ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/formats/xml.h"
#include "datasets/tree/dataset.h"
#include "datasets/tree/problem.h"

namespace mien {

/// One picture that will be a sample.
struct Picture {
  std::string id = {};             // unique in the dataset, e.g. "S010_004_00000017"
  std::string file = {};           // relative to the dataset's folder
  std::int32_t frame = -1;         // of a clip, from 0; -1: `file` is a still
  std::int32_t quarter_turns = 0;  // clockwise turns that put it upright
  std::int64_t label = -1;         // -1: none
  std::int32_t subject = -1, sequence = -1, split = 0;
  std::string landmarks = {};  // relative path of 68 lines "x y"; "" where the dataset has none
  bool is_face_crop = false;   // the whole picture is the face: use neither landmarks nor detector
};

/// The content of a dataset's folder.
struct Listing {
  std::vector<Picture> pictures;  // in the order of the pack; pictures of one clip are adjacent
  std::vector<Problem> problems;  // found while listing
  std::vector<std::string> other_files;  // label, XML and landmark files that were read, relative
  std::vector<std::string> class_names;  // index = label; usually those of the entry
  DataKind data = DataKind::kReal;       // kUnverified where counts contradict the published ones
  nlohmann::ordered_json facts;          // for the manifest: sequences, subjects, ...
};

/// How pictures are stored in the pack.
struct TreeFormat {
  int side_px = 224;
  int channels = 1;          // 1 gray, 3 RGB planes
  double face_margin = 1.2;  // side of the crop over the longer side of the landmarks' box
};

/// File name endings of pictures.
inline constexpr std::string_view kPictureEndings[] = {".jpg", ".jpeg", ".png"};

/// Returns true where `text` matches `pattern`: '#' stands for a digit, '@' for an ASCII letter,
/// and any other character for itself in either case.
bool matches(std::string_view text, std::string_view pattern);
/// Returns true where `name` ends with `ending`, or with one of `endings`, in either case.
bool has_ending(std::string_view name, std::string_view ending);
bool has_ending(std::string_view name, std::span<const std::string_view> endings);
/// Returns the index of the first of `names` that equals `word` in either case; -1: none.
std::int32_t index_of(std::span<const char* const> names, std::string_view word);

/// Returns `text` with all ASCII letters in lower or upper case and all other bytes unchanged.
std::string lower(std::string_view text);
std::string upper(std::string_view text);

/// Returns the parts of a relative path between its '/', as views into `path`.
std::vector<std::string_view> parts_of(std::string_view path);

/// Returns `value` as JSON text. Replaces bytes that are not UTF-8, which file names may contain.
std::string json_text(const nlohmann::ordered_json& value);

/// Throws "<source>: <what>; <how to obtain the dataset>" (Exit::kPrecondition).
[[noreturn]] void fail_not_found(const DatasetEntry& entry,
                                 const std::filesystem::path& source,
                                 std::string_view what);

/// Returns a listing with the class names of `entry` and without facts. Stores the files below
/// `source` in `files`. Error (Exit::kPrecondition): `source` is not a folder.
Listing start_listing(const DatasetEntry& entry,
                      const std::filesystem::path& source,
                      std::vector<std::string>& files);

/// Records facts[name] = {"found", "published"}. Sets the data kind to kUnverified where the two
/// differ.
void compare(Listing& listing, const char* name, std::int64_t found, std::int64_t published);

/// Returns the number of pictures of class `label`.
std::int64_t count_of(const Listing& listing, std::int64_t label);

/// Returns the sorted paths of the files below `source` for which `uses(relative path)` holds, and
/// of the stand-in marker. Returns nothing where no such file is there.
std::vector<std::filesystem::path> files_for(const std::filesystem::path& source,
                                             const std::function<bool(std::string_view)>& uses);

/// Reads the XML file `folder`/`relative` into `root`. Returns false, and adds a problem, where the
/// file is missing, unreadable or not XML.
bool read_xml(const std::filesystem::path& folder,
              const std::string& relative,
              XmlElement& root,
              std::vector<Problem>& problems);

}  // namespace mien
