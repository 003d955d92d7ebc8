// The built-in morphable head. A skull of horizontal slices carries a face made of bumps. Modes
// open its slits for eyes and mouth; eyeballs and teeth lie behind them. The head is generated from
// tables, so it is free of third-party rights and easy to change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "datasets/faces/vec3.h"
#include "harness/geometry/face_model.h"

namespace mien {

/// The material of a vertex or triangle. The parts from kHair on do not belong to the model. They
/// are added when a picture is drawn.
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

/// Action `action` (an expression mode of the built-in head) moves `mode` of another head by
/// `factor`.
struct ActionMode {
  std::size_t action, mode;
  float factor;
};

/// A morphable head with the data that drawing it needs. Lengths are in mm. The mean head has its
/// eyes at y = 0 and x = +-31.5 and its mouth at y = -68.
struct Head {
  FaceModel model;
  /// Per vertex: its position on the mean head before eyes, nose and lips are formed, with closed
  /// lids and lips. The colour of the skin is a function of it. For an eyeball it is relative to
  /// the centre.
  std::vector<Vec3> place;
  std::vector<Part> part;           // per vertex
  std::vector<Part> triangle_of;    // per triangle
  std::vector<ActionMode> actions;  // how its modes make the actions of the built-in head
};

inline constexpr float kEyeX = 31.5f;       // centre of an eye, mm
inline constexpr float kEyeHalf = 14.0f;    // half the length of the slit of an eye
inline constexpr float kEyeRadius = 15.0f;  // radius of an eyeball
inline constexpr float kEyeZ = 68.0f;       // centres of the eyeballs
inline constexpr float kTeethZ = 88.0f;     // front teeth
inline constexpr float kMouthY = -68.0f;
inline constexpr float kMouthHalf = 25.0f;

/// Returns the built-in head. The first call builds it.
const Head& built_in_head();
/// Returns a copy of the model of the built-in head: 34 identity modes with standard deviation 1
/// and 36 expression modes named after facial actions. Names end in "_r" or "_l" on the subject's
/// right or left.
FaceModel procedural_head();

// ---- defined in head_modes.cpp -----------------------------------------------------------------

/// Returns the position of the skin at `place` on the mean, neutral face with open lids.
Vec3 formed(const Vec3& place);

/// Fills the modes of the model. `anchor` gives per vertex the place whose motion it shares.
void add_modes(Head& head, const std::vector<Vec3>& anchor);

/// A place on the front of the head, mm.
struct Mark {
  float x, y;
};
/// Returns the places of the 68 landmarks in iBUG order.
std::span<const Mark> landmark_places();

}  // namespace mien
