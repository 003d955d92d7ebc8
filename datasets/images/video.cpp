#include "datasets/images/video.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <opencv2/videoio/registry.hpp>
#include <string>
#include <string_view>

#include "datasets/formats/byte_source.h"
#include "datasets/images/mat_view.h"
#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr double kMostPixels = 1 << 26;  // a header may claim anything; memory is finite

constexpr int kQuality = 85;  // JPEG's scale of 100

/// How the files begin that a decoder may open. Decoders also open play lists, which name other
/// files and addresses; those are refused.
struct Start {
  std::size_t at;
  std::string_view bytes;
};
constexpr Start kClipStarts[] = {
    {8, "AVI "},
    {4, "ftyp"},  // MP4, MOV
    {4, "moov"},
    {4, "mdat"},
    {4, "wide"},
    {0, std::string_view("\0\0\1\xBA", 4)},  // MPEG program stream
    {0, std::string_view("\0\0\1\xB3", 4)},  // MPEG-1 or -2 video
    {0, "\x1A\x45\xDF\xA3"},                 // Matroska, WebM
    {0, "\x30\x26\xB2\x75"},                 // WMV
};

std::string first_bytes(const fs::path& path) {
  const auto source = open_file(path);  // reports missing files and directories
  std::string bytes(16, '\0');
  bytes.resize(source->read(bytes.data(), bytes.size()));
  return bytes;
}

[[noreturn]] void fail_clip(const fs::path& path, std::string_view what) {
  fail_file(Exit::kPrecondition, path.string(), "{}; copy the file again", what);
}

std::string check_start(const fs::path& path) {
  const std::string bytes = first_bytes(path);
  if (bytes.empty()) fail_clip(path, "0 bytes");
  const bool known = std::ranges::any_of(kClipStarts, [&](const Start& start) {
    return bytes.size() >= start.at + start.bytes.size() &&
           bytes.compare(start.at, start.bytes.size(), start.bytes) == 0;
  });
  if (!known) fail_clip(path, "not a clip (AVI, MP4, MPEG, Matroska or WMV)");
  return bytes;
}

/// Bytes 4..7 of an AVI are the length of what follows them.
bool is_cut(const fs::path& path, const std::string& start) {
  if (!start.starts_with("RIFF")) return false;
  std::uint32_t length = 0;
  std::memcpy(&length, start.data() + 4, sizeof length);
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  return !error && bytes < std::uint64_t{length} + 8;
}

/// Opens a clip with FFmpeg where OpenCV has it, else with OpenCV's own Motion JPEG. Other backends
/// take the name for a pattern or an address.
cv::VideoCapture open_clip(const fs::path& path) {
  // Each bad file is reported in one line, by an Error.
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  const bool ffmpeg = cv::videoio_registry::hasBackend(cv::CAP_FFMPEG);
  cv::VideoCapture capture;
  try {
    capture.open(fs::absolute(path).string(), ffmpeg ? cv::CAP_FFMPEG : cv::CAP_OPENCV_MJPEG);
  } catch (const cv::Exception&) {  // counts as not opened
  }
  if (!capture.isOpened()) fail_clip(path, "cannot be decoded");
  if (capture.get(cv::CAP_PROP_FRAME_WIDTH) * capture.get(cv::CAP_PROP_FRAME_HEIGHT) > kMostPixels)
    fail_clip(path, "frames of more than 2^26 px");
  return capture;
}

double said(const cv::VideoCapture& capture, int property) {
  const double value = capture.get(property);
  return std::isfinite(value) && value > 0 && value < 1e6 ? value : 0;
}

bool next(cv::VideoCapture& capture, cv::Mat& frame) {
  try {
    return capture.read(frame) && !frame.empty();
  } catch (const cv::Exception&) {  // damage within: the clip ends here
    return false;
  }
}

}  // namespace

ClipHeader read_clip_header(const fs::path& path) {
  const std::string start = check_start(path);
  const cv::VideoCapture capture = open_clip(path);
  return {.frames = static_cast<int>(said(capture, cv::CAP_PROP_FRAME_COUNT)),
          .width = static_cast<int>(said(capture, cv::CAP_PROP_FRAME_WIDTH)),
          .height = static_cast<int>(said(capture, cv::CAP_PROP_FRAME_HEIGHT)),
          .fps = said(capture, cv::CAP_PROP_FPS),
          .is_cut = is_cut(path, start)};
}

int read_clip(const fs::path& path, const std::function<bool(int, const Image&)>& use) {
  check_start(path);
  cv::VideoCapture capture = open_clip(path);
  int number = 0;
  for (cv::Mat frame; next(capture, frame);)
    if (!use(number++, image_of(frame))) break;
  if (number == 0) fail_clip(path, "no frame can be decoded");
  return number;
}

std::vector<double> read_motion(const fs::path& path) {
  std::vector<double> motion;
  cv::Mat1b gray, smooth, last;
  read_clip(path, [&](int number, const Image& frame) {
    cv::cvtColor(view_of(frame), gray, cv::COLOR_BGR2GRAY);
    cv::GaussianBlur(gray, smooth, {11, 11}, 0);
    if (number > 0)
      motion.push_back(smooth.size() == last.size() ? cv::norm(smooth, last, cv::NORM_L1) : 0);
    std::swap(smooth, last);
    return true;
  });
  return motion;
}

void write_clip(const fs::path& path, std::span<const Image> frames, double fps, int scale) {
  MIEN_ASSERT(!frames.empty() && path.extension() == ".avi");
  const cv::Size size(frames[0].width * scale, frames[0].height * scale);
  cv::VideoWriter writer(
      path.string(), cv::CAP_OPENCV_MJPEG, cv::VideoWriter::fourcc('M', 'J', 'P', 'G'), fps, size);
  if (!writer.isOpened()) fail(Exit::kPrecondition, "{}: cannot be written", path.string());
  writer.set(cv::VIDEOWRITER_PROP_QUALITY, kQuality);
  for (const Image& frame : frames) {
    MIEN_ASSERT(frame.width * scale == size.width && frame.height * scale == size.height);
    cv::Mat pixels = view_of(frame);
    if (scale > 1) cv::resize(view_of(frame), pixels, size, 0, 0, cv::INTER_LINEAR);
    writer.write(pixels);
  }
  writer.release();
  // The encoder does not report a full disk.
  const std::string start = first_bytes(path);
  if (start.size() < 12 || is_cut(path, start))
    fail(Exit::kPrecondition, "{}: cannot be written whole; is the disk full?", path.string());
}

}  // namespace mien
