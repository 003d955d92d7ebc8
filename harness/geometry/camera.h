// The standard camera that takes drawn faces.
#pragma once

namespace mien {

/// Focal length of the standard camera, in picture heights. The camera is at the origin and looks
/// along -z, and its axis meets the middle of the picture. It sees a point (x, y, z) at column
/// width/2 - kFocal*height*x/z and row height/2 + kFocal*height*y/z. Pixel (0, 0) covers 0 to 1, so
/// its centre is at 0.5.
inline constexpr float kFocal = 5;

}  // namespace mien
