// Reads clips frame by frame, and writes the short clips of stand-ins, with OpenCV.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "datasets/images/image.h"

namespace mien {

/// The statements of a container, before any frame is decoded.
struct ClipHeader {
  int frames = 0;  // 0: not stated
  int width = 0, height = 0;
  double fps = 0;       // 0: not stated
  bool is_cut = false;  // an AVI file that is shorter than its header states
};

/// Reads the header of a clip. Errors: as for read_clip.
ClipHeader read_clip_header(const std::filesystem::path& path);

/// Calls `use(number, frame)` for frame 0, 1, ... in order until it returns false or the clip ends.
/// Frames are BGR. Returns the number of frames that were decoded. A clip that is cut short gives
/// the frames that it has. Any number of threads may read at once. Error (Exit::kPrecondition): the
/// file is not readable, is empty, is not a clip that can be decoded, has no frame, or has frames
/// of more than 2^26 px.
int read_clip(const std::filesystem::path& path,
              const std::function<bool(int number, const Image& frame)>& use);

/// Returns the change from each frame to the next: the sum of the absolute differences of gray
/// values after a Gaussian of 11x11 px. There is one value less than frames. Errors: as for
/// read_clip.
std::vector<double> read_motion(const std::filesystem::path& path);

/// Writes frames, enlarged by `scale`, as Motion JPEG in an AVI file. Equal frames give equal
/// bytes. REQUIRES: at least one frame; all of one size and BGR; a name that ends in .avi. Error
/// (Exit::kPrecondition): the file cannot be written.
void write_clip(const std::filesystem::path& path,
                std::span<const Image> frames,
                double fps,
                int scale = 1);

}  // namespace mien
