// Finds faces with OpenCV's Haar cascade, which Debian's package opencv-data installs.
#pragma once

#include <memory>
#include <optional>

#include "datasets/images/face_square.h"
#include "datasets/images/image.h"

namespace mien {

/// One thread at a time may use a detector.
class FaceDetector {
 public:
  /// Loads $MIEN_CASCADE, else haarcascade_frontalface_default.xml from the folders of OpenCV's
  /// packages. Error (Exit::kPrecondition): there is no such file, or it is not a cascade.
  FaceDetector();
  ~FaceDetector();
  FaceDetector(const FaceDetector&) = delete;
  FaceDetector& operator=(const FaceDetector&) = delete;

  /// Returns the largest frontal face, as the square that face_square (face_square.h) makes at
  /// margin 1.2; nothing where there is no face.
  std::optional<Square> find(const Image& image);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
