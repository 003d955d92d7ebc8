// One file of a tree on its way into the pack: read, hashed, decoded, cropped, scaled.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/crop.h"
#include "datasets/face_detector.h"
#include "datasets/image.h"
#include "datasets/spill.h"
#include "datasets/tree.h"

namespace mien {

struct FinishedPicture {
  Outcome outcome;
  std::vector<std::uint8_t> pixels;  // channels * side * side, plane by plane; empty unless used
};

/// Bytes and digest of a file below `source`. `fault` says in a few words why there are none.
ReadFile hash_file(const std::filesystem::path& source,
                   const std::string& path,
                   std::string& fault);

class PictureReader {
 public:
  /// For as many threads at a time as parallel_for (parallel.h) has workers.
  PictureReader(const std::filesystem::path& source, const TreeFormat& format);

  /// Pictures of one file: a still, or frames of a clip, which is decoded once. What is wrong with
  /// them is in their outcomes. Error (Exit::kPrecondition): a detector is needed and there is
  /// none.
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
  std::vector<std::unique_ptr<FaceDetector>> detectors_;  // per worker, made when first needed
};

}  // namespace mien
