// Synthetic faces with seven expressions (and contempt): what stand-ins are made of. Ours from
// first line to last, so they may go anywhere, unlike every photograph of the real datasets.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <vector>

#include "datasets/image.h"
#include "harness/core/random.h"

namespace mien {

class FaceRandom : public SplitMix {
 public:
  using SplitMix::SplitMix;
  /// In [low, high).
  double between(double low, double high);
  /// Near normal, mean 0 and variance 1, never beyond +-6.
  double normal();
};

/// A stream of its own for every seed and list of keys.
FaceRandom random_for(std::uint64_t seed, std::initializer_list<std::uint64_t> keys);

enum class FaceStyle {
  kWild,  // a photograph from anywhere: pose, light, occlusion, background, noise all vary
  kLab,   // a laboratory: near frontal, even light, plain background, little noise
  kToon,  // a stylised character: large eyes, flat shading, clean outlines
};

enum class FaceHead {
  kProcedural,  // built in: the same bytes everywhere
  kInstalled,   // ICT-FaceKit below $MIEN_DATA (installed_head.h)
};

/// As markers of stand-ins say it: "" and "ict-facekit".
const char* name_of(FaceHead head);

inline constexpr double kDrawn = std::numeric_limits<double>::quiet_NaN();

/// Which picture. Equal requests give equal bytes; what is not given is drawn from (seed, subject,
/// sitting, number).
struct FaceRequest {
  std::uint64_t seed = 1;
  int subject = 0;                   // who: shape, skin, hair
  std::string_view expression = {};  // angry contempt disgust fear happy sad surprise neutral
  int sitting = 0;                   // light, background, camera and posing style of one sequence
  int number = 0;                    // which picture of the sitting: small pose changes, noise
  double strength = kDrawn;          // 0 neutral .. 1 peak
  double yaw = kDrawn;               // degrees, positive: the subject looks to the viewer's right
  double pitch = kDrawn;             // degrees, positive: upwards
  FaceStyle style = FaceStyle::kWild;
  int width = 48, height = 48;  // px
  double face_share = 0.92;  // chin to crown over `height`; the rest shows shoulders and background
  int channels = 1;          // 1 gray, 3 BGR
  FaceHead head = FaceHead::kProcedural;
};

struct FacePoint {
  double x = 0, y = 0;  // px, origin in the top left corner
};

struct FacePicture {
  Image image;
  std::array<FacePoint, 68> landmarks{};  // iBUG order
};

/// Errors: an expression that is none of the eight (Exit::kUsage); no installed head
/// (Exit::kPrecondition).
FacePicture draw_face(const FaceRequest& request);

/// The built-in head's vertices (head.h) with the face of that picture, in mm, x y z each, before
/// the head is turned. Error: as above.
std::vector<float> head_vertices(const FaceRequest& request);

}  // namespace mien
