// Short clips of a face that the detector finds, for the tests of the datasets that have clips.
#pragma once

#include "datasets/images/video.h"
#include "tests/support/tree_files.h"

namespace mien::testing {

inline constexpr int kClipFrames = 8;

struct ClipRequest {
  int width = 200, height = 160;  // px, upright
  int quarter_turns = 0;          // clockwise turns that put the clip upright
  int still_until = 0;            // from this frame on each is 4 gray levels brighter than the last
};

/// Bytes of an AVI of `kClipFrames` frames.
inline std::string clip_bytes(const ClipRequest& request = {}) {
  Image face = draw_face({.expression = "happy",
                          .style = FaceStyle::kLab,
                          .width = request.width,
                          .height = request.height,
                          .face_share = .7,
                          .channels = 3})
                   .image;
  face = converted(std::move(face), (4 - request.quarter_turns) % 4, 3);
  std::vector<Image> frames(kClipFrames, face);
  for (int i = request.still_until; i < kClipFrames; ++i)
    for (std::uint8_t& value : frames[static_cast<std::size_t>(i)].pixels)
      value = static_cast<std::uint8_t>(std::min(255, value + 4 * (i - request.still_until)));
  const TempDir dir;
  write_clip(dir / "one.avi", frames, 24);
  return read_text(dir / "one.avi");
}

}  // namespace mien::testing
