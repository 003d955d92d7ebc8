// Finished pictures of a read that goes on, kept in a folder so that the read can be interrupted at
// any moment and memory stays small.
//
//   pixels.u8       records of equal size, those of the pictures in use, in order
//   journal.jsonl   line 1: {"key"}; then one line per picture, used or not
//
// A line counts only with the pixels whose SHA-256 it holds, so nothing need ever be flushed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mien {

/// A file that was read from start to end.
struct ReadFile {
  std::string path;  // relative to the dataset's folder
  std::uint64_t bytes = 0;
  std::string sha256;
};

enum class Fate { kUsed, kNoFace, kFailed };

/// What became of one picture.
struct Outcome {
  Fate fate = Fate::kFailed;
  std::string path, reason;     // why it is not used, and which file is at fault
  std::string sha256;           // of its pixels; "" unless used
  bool constant = false;        // all of one gray level
  std::vector<ReadFile> files;  // read for it
};

class Spill {
 public:
  /// Goes on with what lies in `folder` if it was written under the same key, else begins anew.
  /// Error (Exit::kPrecondition): cannot be written.
  Spill(std::filesystem::path folder, const std::string& key, std::size_t record_bytes);
  ~Spill();
  Spill(const Spill&) = delete;
  Spill& operator=(const Spill&) = delete;

  /// Of the pictures that are done, in order; grows with `append`.
  const std::vector<Outcome>& outcomes() const { return outcomes_; }
  /// Adds the next pictures; `pixels` holds one record per used one.
  void append(std::vector<Outcome> outcomes, std::span<const std::uint8_t> pixels);
  std::filesystem::path pixels_path() const { return folder_ / "pixels.u8"; }

 private:
  void resume(const std::string& first_line);

  std::filesystem::path folder_;
  std::size_t record_bytes_;
  int pixels_ = -1, journal_ = -1;
  std::vector<Outcome> outcomes_;
};

}  // namespace mien
