// The built-in morphable head: a skull of horizontal slices, a face of bumps on it, slits for eyes
// and mouth that modes open, eyeballs and teeth behind them. All of it is tables and arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "datasets/vec3.h"
#include "harness/core/face_model.h"

namespace mien {

/// What something is made of. Those from kHair on are no part of the model; they are added when a
/// picture is drawn.
enum class Part : std::uint8_t {
  kSkin,
  kEye,
  kTeeth,
  kMouth,
  kLidInside,
  kHair,
  kBody,
  kGlasses,
};

/// Action `action` (an expression mode of the built-in head) moves `mode` of another by `factor`.
struct ActionMode {
  std::size_t action, mode;
  float factor;
};

/// A morphable head with what drawing it takes. Millimetres; the eyes are at y = 0 and x = +-31.5
/// of the mean head, its mouth at y = -68.
struct Head {
  FaceModel model;
  /// Per vertex: where it lies on the mean head before eyes, nose and lips are formed, with closed
  /// lids and lips. What is painted on skin is a function of this. Of an eyeball: from its centre.
  std::vector<Vec3> place;
  std::vector<Part> part;           // per vertex
  std::vector<Part> triangle_of;    // per triangle
  std::vector<ActionMode> actions;  // how it makes the built-in head's actions
};

inline constexpr float kEyeX = 31.5f;       // of an eye's centre, mm
inline constexpr float kEyeHalf = 14.0f;    // half the length of its slit
inline constexpr float kEyeRadius = 15.0f;  // of an eyeball
inline constexpr float kEyeZ = 68.0f;       // of their centres
inline constexpr float kTeethZ = 88.0f;     // of the front teeth
inline constexpr float kMouthY = -68.0f;
inline constexpr float kMouthHalf = 25.0f;

/// Made at the first call, the same ever after.
const Head& built_in_head();
/// Its model alone: 34 modes of identity with standard deviation 1, 36 of expression named after
/// facial actions, "_r" and "_l" on the subject's right and left.
FaceModel procedural_head();

/// Surface of the mean skull at height `y` and `across` in -1..1 (viewer's left to right), front.
Vec3 skull_front(float y, float across);

}  // namespace mien
