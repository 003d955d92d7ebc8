// The door to OpenCV's video: clips frame by frame, and short stand-in clips.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "datasets/image.h"

namespace mien {

/// What the container says of itself, before any frame is decoded.
struct ClipHeader {
  int frames = 0;  // 0: not said
  int width = 0, height = 0;
  double fps = 0;       // 0: not said
  bool is_cut = false;  // an AVI that is shorter than its own header says
};

/// Errors: as for read_clip.
ClipHeader read_clip_header(const std::filesystem::path& path);

/// Calls `use(number, frame)` for frame 0, 1, ... in order until it returns false or the clip ends;
/// frames are BGR. Returns how many frames were decoded. A clip that is cut short gives the frames
/// that it still has. Any number of threads may read at once.
/// Errors (Exit::kPrecondition): not a clip that can be decoded, 0 bytes, no permission, no frame,
/// frames of more than 2^26 px.
int read_clip(const std::filesystem::path& path,
              const std::function<bool(int number, const Image& frame)>& use);

/// How much changes from each frame to the next: sum of the absolute differences of gray values
/// after a Gaussian of 11x11 px. One figure less than frames. Errors: as for read_clip.
std::vector<double> read_motion(const std::filesystem::path& path);

/// Motion JPEG in an AVI, enlarged by `scale`; equal frames give equal bytes. REQUIRES: at least
/// one frame, all of one size, all BGR; a name that ends in .avi. Error (Exit::kPrecondition):
/// cannot be written.
void write_clip(const std::filesystem::path& path,
                std::span<const Image> frames,
                double fps,
                int scale = 1);

}  // namespace mien
