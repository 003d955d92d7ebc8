// The picture size of Synth3DMM.
#pragma once

namespace mien {

inline constexpr int kSynthSide =
    227;  // px: the crop of the published code of ExpNet and FacePoseNet

}  // namespace mien
