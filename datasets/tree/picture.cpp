#include "datasets/tree/picture.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "datasets/formats/image_header.h"
#include "datasets/images/image_io.h"
#include "datasets/images/video.h"
#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/fd.h"
#include "harness/base/parallel.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr double kDetectorMargin = 1.2;  // FaceDetector::find
constexpr std::size_t kMaxImageBytes = std::size_t{256} << 20;

/// A regular file that is open for reading, or why it is not.
class OpenFile {
 public:
  explicit OpenFile(const fs::path& path)
      : descriptor_(
            ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {  // never waits: a pipe
    struct stat status {};
    if (!descriptor_)
      fault = errno == ENOENT ? "missing" : said("cannot be opened");
    else if (::fstat(descriptor_.get(), &status) != 0 || !S_ISREG(status.st_mode))
      fault = "not a regular file";
    else if (status.st_size == 0)
      fault = "0 bytes";
    size = static_cast<std::size_t>(status.st_size);
  }
  /// Bytes that were read, fewer than asked for at the end; sets `fault` where that fails.
  std::size_t read(char* out, std::size_t bytes) {
    if (!fault.empty()) return 0;
    const std::ptrdiff_t got = read_fully(descriptor_.get(), out, bytes);
    if (got < 0) fault = said("cannot be read");
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }

  std::string fault = {};
  std::size_t size = 0;

 private:
  static std::string said(const char* what) {
    return fmt::format("{}: {}", what, std::strerror(errno));
  }

  Descriptor descriptor_;
};

/// Returns the whole file and adds it to `files`; "" with a `fault` where that fails.
std::string read_whole(const fs::path& source,
                       const std::string& path,
                       std::vector<ReadFile>& files,
                       std::string& fault) {
  OpenFile file(source / path);
  std::string bytes;
  if (file.fault.empty() && file.size > kMaxImageBytes) file.fault = "larger than 256 MiB";
  if (file.fault.empty()) {
    bytes.resize(file.size);
    bytes.resize(file.read(bytes.data(), bytes.size()));
  }
  fault = file.fault;
  if (!fault.empty()) return "";
  files.push_back({path, bytes.size(), sha256_hex(bytes)});
  return bytes;
}

void fail_picture(Outcome& outcome, const std::string& path, std::string reason) {
  outcome.status = PictureStatus::kFailed;
  outcome.path = path;
  outcome.reason = std::move(reason);
}

std::string where(const Picture& picture) {
  return picture.frame < 0 ? "" : fmt::format("frame {}: ", picture.frame);
}

/// Returns the pixels in the pack's order: one plane per channel, red first.
std::vector<std::uint8_t> planes_of(Image image) {
  if (image.channels == 1) return std::move(image.pixels);
  const std::size_t area = image.pixels.size() / 3;
  std::vector<std::uint8_t> planes(image.pixels.size());
  for (std::size_t i = 0; i < area; ++i)
    for (std::size_t channel = 0; channel < 3; ++channel)
      planes[channel * area + i] = image.pixels[3 * i + 2 - channel];
  return planes;
}

}  // namespace

ReadFile hash_file(const fs::path& source, const std::string& path, std::string& fault) {
  OpenFile file(source / path);
  ReadFile result{path, 0, ""};
  Digest digest;
  std::vector<char> piece(std::min<std::size_t>(file.size, std::size_t{1} << 20));
  while (const std::size_t got = file.read(piece.data(), piece.size())) {
    digest.update(piece.data(), got);
    result.bytes += got;
  }
  result.sha256 = digest.hex();
  fault = file.fault;
  return result;
}

PictureReader::PictureReader(const fs::path& source, const TreeFormat& format)
    : source_(source), format_(format), detectors_(static_cast<std::size_t>(usable_processors())) {}

std::vector<FinishedPicture> PictureReader::read(std::span<const Picture> pictures, int worker) {
  if (pictures.front().frame >= 0) return read_frames(pictures, worker);
  std::vector<FinishedPicture> results;
  for (const Picture& picture : pictures) results.push_back(read_still(picture, worker));
  return results;
}

FinishedPicture PictureReader::read_still(const Picture& picture, int worker) {
  FinishedPicture result;
  std::string fault;
  const std::string file = read_whole(source_, picture.file, result.outcome.files, fault);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  if (fault.empty()) fault = image_fault(bytes, fs::path(picture.file).extension().string());
  std::optional<Image> image;
  if (fault.empty()) {
    image = decode_image(bytes, format_.channels);
    if (!image) fault = "damaged: it cannot be decoded";
  }
  if (image)
    finish(picture, std::move(*image), worker, result);
  else
    fail_picture(result.outcome, picture.file, fault);
  return result;
}

std::vector<FinishedPicture> PictureReader::read_frames(std::span<const Picture> pictures,
                                                        int worker) {
  const std::string& path = pictures.front().file;
  const int last = std::ranges::max(pictures, {}, &Picture::frame).frame;
  std::vector<FinishedPicture> results(pictures.size());
  std::string fault;
  const ReadFile file = hash_file(source_, path, fault);
  int frames = 0;
  try {
    if (fault.empty())
      frames = read_clip(source_ / path, [&](int number, const Image& frame) {
        for (std::size_t i = 0; i < pictures.size(); ++i)
          if (pictures[i].frame == number) finish(pictures[i], frame, worker, results[i]);
        return number < last;
      });
  } catch (const FileError& error) {  // other errors are not about this clip alone
    fault = error.reason();
  }
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    Outcome& outcome = results[i].outcome;
    if (!file.sha256.empty() && file.bytes > 0) outcome.files.push_back(file);
    if (!fault.empty()) {
      fail_picture(outcome, path, fault);
      results[i].pixels.clear();
    } else if (pictures[i].frame >= frames) {
      fail_picture(outcome,
                   path,
                   fmt::format("{} frames, so frame {} is missing", frames, pictures[i].frame));
    }
  }
  return results;
}

void PictureReader::finish(const Picture& picture,
                           Image image,
                           int worker,
                           FinishedPicture& result) {
  image = converted(std::move(image), picture.quarter_turns, format_.channels);
  const std::optional<Square> square = find_face(picture, image, worker, result.outcome);
  if (!square) return;
  result.pixels = planes_of(crop(image, *square, format_.side_px));
  const std::string_view bytes(reinterpret_cast<const char*>(result.pixels.data()),
                               result.pixels.size());
  result.outcome.status = PictureStatus::kUsed;
  result.outcome.sha256 = sha256_hex(bytes);
  result.outcome.constant = bytes.find_first_not_of(bytes.front()) == bytes.npos;
}

std::optional<Square> PictureReader::find_face(const Picture& picture,
                                               const Image& image,
                                               int worker,
                                               Outcome& outcome) {
  if (picture.is_face_crop) return whole_square(image.width, image.height);
  if (!picture.landmarks.empty()) return square_of_landmarks(picture, image, outcome);
  if (const std::optional<Square> face = detector(worker).find(image))
    return resized(*face, format_.face_margin / kDetectorMargin);
  fail_picture(outcome, picture.file, where(picture) + "no face found");
  outcome.status = PictureStatus::kNoFace;
  return std::nullopt;
}

std::optional<Square> PictureReader::square_of_landmarks(const Picture& picture,
                                                         const Image& image,
                                                         Outcome& outcome) {
  std::string fault;
  const std::string text = read_whole(source_, picture.landmarks, outcome.files, fault);
  std::vector<FacePoint> points;
  if (fault.empty()) points = parse_landmarks(text, fault);
  if (fault.empty()) {
    const Square square = face_square(points, format_.face_margin);
    const double x = square.left + square.side / 2, y = square.top + square.side / 2;
    const bool inside = x >= 0 && y >= 0 && x < image.width && y < image.height;
    if (inside && square.side >= 1 && square.side <= 2.0 * std::max(image.width, image.height))
      return square;
    fault = "its landmarks do not mark a face in the picture";
  }
  fail_picture(outcome, picture.landmarks, fault);
  return std::nullopt;
}

FaceDetector& PictureReader::detector(int worker) {
  std::unique_ptr<FaceDetector>& own = detectors_[static_cast<std::size_t>(worker)];
  if (!own) own = std::make_unique<FaceDetector>();
  return *own;
}

}  // namespace mien
