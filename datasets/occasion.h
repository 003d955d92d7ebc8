// The occasion of a picture: camera, light, wall behind, posing. One per sitting, with the small
// changes from one picture of it to the next.
#pragma once

#include <cstdint>

#include "datasets/complexion.h"
#include "datasets/faces.h"

namespace mien {

struct Light {
  Vec3 towards;           // unit vector from the face to the lamp
  Vec3 lamp, ambient;     // linear red green blue
  float gloss, softness;  // of skin; how far light wraps round, 0..1
};

struct Wall {
  Vec3 base, other;
  float angle_x, angle_y;  // direction from base to other
  float texture;           // 0..1
  int things;              // shapes in the background
  std::uint32_t grain;
};

enum class Occluder { kNone, kHand, kBar, kSide };

struct Occasion {
  float yaw, pitch, roll;  // radians
  float distance;          // of the camera, mm
  bool standard_camera;    // portrait.h; takes the face from where it looks as large
  float zoom;              // factor on the requested size
  float shift_x, shift_y;  // share of the picture's height
  float strength;          // of the expression
  Gaze gaze;
  float lid_droop;  // share of a closed lid
  Light light;
  Wall wall;
  Occluder occluder;
  float occluder_at;  // -1..1
  float exposure, contrast;
  float blur;   // sigma, share of the picture's height
  float noise;  // standard deviation, gray levels of 255
};

/// Everything that `request` leaves open, drawn.
Occasion occasion_of(const FaceRequest& request);

}  // namespace mien
