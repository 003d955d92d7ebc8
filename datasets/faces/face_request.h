// The description of a synthetic face, and the random numbers that choose what it leaves open.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "datasets/images/image.h"
#include "harness/base/random.h"

namespace mien {

class FaceRandom : public SplitMix {
 public:
  using SplitMix::SplitMix;
  /// Returns a number in [low, high).
  double between(double low, double high);
  /// Returns an approximately normal number of mean 0 and variance 1, within +-6.
  double normal();
};

/// Returns random.between(low, high) as a float.
float uniform(FaceRandom& random, double low, double high);

/// Returns an independent stream of random numbers for every seed and list of keys.
FaceRandom random_for(std::uint64_t seed, std::initializer_list<std::uint64_t> keys);

enum class FaceStyle {
  kWild,  // an uncontrolled photograph: pose, light, occlusion, background and noise vary
  kLab,   // a laboratory: near frontal, even light, plain background, little noise
  kToon,  // a stylised character: large eyes, flat shading, clean outlines
};

enum class FaceHead {
  kProcedural,  // built in: the same bytes everywhere
  kInstalled,   // ICT-FaceKit below $MIEN_DATA (installed_head.h)
};

/// Returns the name that markers of stand-ins use: "" (built in) or "ict-facekit".
const char* name_of(FaceHead head);

/// The description of one picture. Equal requests give equal bytes. Values that are not given are
/// drawn from (seed, subject, session, number).
struct FaceRequest {
  std::uint64_t seed = 1;
  int subject = 0;                      // the person: shape, skin, hair
  std::string_view expression = {};     // angry contempt disgust fear happy sad surprise neutral
  int session = 0;                      // light, background, camera and pose of one sequence
  int number = 0;                       // the picture of the session: small pose changes, noise
  std::optional<double> strength = {};  // 0 neutral .. 1 peak
  std::optional<double> yaw = {};    // degrees, positive: the subject looks to the viewer's right
  std::optional<double> pitch = {};  // degrees, positive: upwards
  FaceStyle style = FaceStyle::kWild;
  int width = 48, height = 48;  // px
  double face_share = 0.92;     // chin to crown, as a share of `height`
  int channels = 1;             // 1 gray, 3 BGR
  FaceHead head = FaceHead::kProcedural;
};

struct FacePicture {
  Image image;
  std::array<FacePoint, 68> landmarks{};  // iBUG order
};

}  // namespace mien
