// The door to OpenCV's face detector: the Haar cascade that Debian's package opencv-data brings.
#pragma once

#include <memory>
#include <optional>

#include "datasets/crop.h"
#include "datasets/image.h"

namespace mien {

/// Not for two threads at once.
class FaceDetector {
 public:
  /// Loads $MIEN_CASCADE, else haarcascade_frontalface_default.xml from where OpenCV's packages put
  /// it. Error (Exit::kPrecondition): no such file, or not a cascade.
  FaceDetector();
  ~FaceDetector();
  FaceDetector(const FaceDetector&) = delete;
  FaceDetector& operator=(const FaceDetector&) = delete;

  /// The largest frontal face, as face_square (crop.h) has it at margin 1.2; nothing where there is
  /// none.
  std::optional<Square> find(const Image& image);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
