// The door to OpenCV's video: clips frame by frame, and short stand-in clips.
#pragma once

#include <filesystem>
#include <functional>
#include <span>

#include "datasets/image.h"

namespace mien {

/// Calls `use(number, frame)` for frame 0, 1, ... in order until it returns false or the clip ends;
/// frames are BGR. Returns how many frames were decoded.
/// Errors (Exit::kPrecondition): not a clip that can be decoded, 0 bytes, no permission, no frame.
int read_clip(const std::filesystem::path& path,
              const std::function<bool(int number, const Image& frame)>& use);

/// Motion JPEG in an AVI; equal frames give equal bytes. REQUIRES: frames of one size, all BGR.
void write_clip(const std::filesystem::path& path, std::span<const Image> frames, double fps);

}  // namespace mien
