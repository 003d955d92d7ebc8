// The pictures that a read in progress has finished, on disk. A read can be interrupted at any
// moment and continues from here, and its memory stays small.
//
//   pixels.u8       records of equal size, in order: the pixels of every picture in use
//   journal.jsonl   line 1: {"key"}; then one line per picture, whether it is used or not
//
// Each line holds the SHA-256 of its pixels and counts only where the pixels on disk have it.
// Therefore nothing has to be flushed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "harness/base/fd.h"

namespace mien {

/// A file that was read from start to end.
struct ReadFile {
  std::string path;  // relative to the dataset's folder
  std::uint64_t bytes = 0;
  std::string sha256;
};

/// Whether a picture is in the pack. The journal stores the number: do not renumber.
enum class PictureStatus { kUsed, kNoFace, kFailed };

/// The result of reading one picture, without its pixels.
struct Outcome {
  PictureStatus status = PictureStatus::kFailed;
  std::string path, reason;     // the file at fault and the reason; "" where the picture is used
  std::string sha256;           // of its pixels; "" unless the picture is used
  bool constant = false;        // all pixels are of one gray level
  std::vector<ReadFile> files;  // the files that were read for it
};

class Journal {
 public:
  /// Continues the work in `folder` if it was written under the same key, else starts anew.
  /// `record_bytes` is the size of one picture's pixels.
  /// Error (Exit::kPrecondition): the folder cannot be written.
  Journal(std::filesystem::path folder, const std::string& key, std::size_t record_bytes);

  /// Returns the results of the finished pictures, in order.
  const std::vector<Outcome>& outcomes() const { return outcomes_; }
  /// Adds the next pictures. `pixels` holds one record per used picture.
  /// Error (Exit::kPrecondition): the folder cannot be written.
  void append(std::vector<Outcome> outcomes, std::span<const std::uint8_t> pixels);
  std::filesystem::path pixels_path() const { return folder_ / "pixels.u8"; }

 private:
  void resume(const std::string& first_line);

  std::filesystem::path folder_;
  std::size_t record_bytes_;
  Descriptor pixels_, journal_;
  std::vector<Outcome> outcomes_;
};

}  // namespace mien
