// Reads one file of a tree for the pack: read, hash, decode, crop, scale.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/images/face_detector.h"
#include "datasets/images/face_square.h"
#include "datasets/images/image.h"
#include "datasets/tree/journal.h"
#include "datasets/tree/listing.h"

namespace mien {

struct FinishedPicture {
  Outcome outcome;
  std::vector<std::uint8_t> pixels;  // channels * side * side, plane by plane; empty unless used
};

/// Returns size and digest of the file `path` below `source`. Sets `fault` to a few words where the
/// file cannot be read.
ReadFile hash_file(const std::filesystem::path& source,
                   const std::string& path,
                   std::string& fault);

class PictureReader {
 public:
  /// The reader serves as many threads at a time as parallel_for (parallel.h) has workers.
  PictureReader(const std::filesystem::path& source, const TreeFormat& format);

  /// Reads the pictures of one file: a still, or frames of a clip, which is decoded once. Faults of
  /// the pictures are in their outcomes.
  /// Error (Exit::kPrecondition): the face detector is needed and missing.
  std::vector<FinishedPicture> read(std::span<const Picture> pictures, int worker);

 private:
  FinishedPicture read_still(const Picture& picture, int worker);
  std::vector<FinishedPicture> read_frames(std::span<const Picture> pictures, int worker);
  void finish(const Picture& picture, Image image, int worker, FinishedPicture& result);
  std::optional<Square> find_face(const Picture& picture,
                                  const Image& image,
                                  int worker,
                                  Outcome& outcome);
  std::optional<Square> square_of_landmarks(const Picture& picture,
                                            const Image& image,
                                            Outcome& outcome);
  FaceDetector& detector(int worker);

  const std::filesystem::path& source_;
  TreeFormat format_;
  std::vector<std::unique_ptr<FaceDetector>> detectors_;  // per worker, created on first use
};

}  // namespace mien
