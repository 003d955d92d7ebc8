#include "datasets/images/face_detector.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <tuple>

#include "datasets/images/mat_view.h"
#include "harness/base/error.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr const char* kCascade = "haarcascade_frontalface_default.xml";
constexpr const char* kFolders[] = {"/usr/share/opencv4/haarcascades",
                                    "/usr/local/share/opencv4/haarcascades",
                                    "/usr/share/opencv/haarcascades"};
constexpr int kLongSide = 320;     // px: pictures are searched at this size, for speed
constexpr int kSmallestShare = 6;  // a face is at least this part of the shorter side
constexpr double kStep = 1.1;      // from one searched size to the next
constexpr int kNeighbours = 3;     // hits that must agree
// The cascade's square has the brows in its middle and cuts the chin. Moved down by this share, it
// is the square that face_square makes of landmarks at margin 1.2, as measured on faces of faces.h.
constexpr double kDrop = 0.12;  // of the square's side

fs::path cascade_path() {
  if (const std::string own = paths::environment("MIEN_CASCADE"); !own.empty()) return own;
  std::error_code ignored;
  for (const char* folder : kFolders)
    if (fs::exists(fs::path(folder) / kCascade, ignored)) return fs::path(folder) / kCascade;
  fail(Exit::kPrecondition,
       "{}: not found, and pictures without landmarks need it; install the package opencv-data, or "
       "name the file in MIEN_CASCADE",
       kCascade);
}

}  // namespace

struct FaceDetector::State {
  cv::CascadeClassifier cascade;
};

FaceDetector::FaceDetector() : state_(new State) {
  const fs::path path = cascade_path();
  bool loaded = false;
  try {
    loaded = state_->cascade.load(path.string());
  } catch (const cv::Exception&) {  // not XML
  }
  if (!loaded)
    fail(Exit::kPrecondition,
         "{}: not a face cascade; install the package opencv-data, or name another file in "
         "MIEN_CASCADE",
         path.string());
}

FaceDetector::~FaceDetector() = default;

std::optional<Square> FaceDetector::find(const Image& image) {
  cv::setNumThreads(1);  // the order of hits, and so their grouping, must not depend on threads
  cv::Mat gray = view_of(image);
  if (image.channels == 3) cv::cvtColor(view_of(image), gray, cv::COLOR_BGR2GRAY);
  const double scale = std::min(1.0, double{kLongSide} / std::max(image.width, image.height));
  cv::Mat small;
  cv::resize(gray, small, {}, scale, scale, cv::INTER_AREA);
  const int smallest = std::max(20, std::min(small.cols, small.rows) / kSmallestShare);
  std::vector<cv::Rect> faces;
  state_->cascade.detectMultiScale(small, faces, kStep, kNeighbours, 0, {smallest, smallest});
  if (faces.empty()) return std::nullopt;
  const auto order = [](const cv::Rect& face) { return std::tuple(-face.width, face.y, face.x); };
  const cv::Rect& face = *std::ranges::min_element(faces, {}, order);
  return Square{face.x / scale, (face.y + kDrop * face.height) / scale, face.width / scale};
}

}  // namespace mien
