// The content of a picture: the face of a person at one moment, the camera, the light and the
// background. All pictures of one session share these settings up to small changes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "datasets/faces/face_request.h"
#include "datasets/faces/head.h"
#include "datasets/faces/person.h"
#include "datasets/images/image.h"

namespace mien {

/// The depth of the skin folds that an expression makes, 0..1. Pairs are the viewer's left and
/// right.
struct Wrinkles {
  float forehead = 0, frown = 0, nose = 0, chin = 0;
  float smile[2] = {0, 0}, crow[2] = {0, 0};
};

/// The direction in which the eyes look, from -1 to 1: x to the viewer's right, y up.
struct Gaze {
  float x = 0, y = 0;
};

struct Light {
  Vec3 towards;        // unit vector from the face to the lamp
  Vec3 lamp, ambient;  // linear red, green, blue
  float gloss;         // of skin, 0..1
  float softness;      // how far the light wraps around a surface, 0..1
};

/// The background of a picture.
struct Wall {
  Vec3 base, other;
  float angle_x, angle_y;  // direction from base to other
  float texture;           // 0..1
  int shapes;              // number of objects in the background
  std::uint32_t grain;
};

enum class Occluder { kNone, kHand, kBar, kSide };

struct SceneSettings {
  float yaw, pitch, roll;  // radians
  float distance;          // of the camera, mm
  bool standard_camera;    // see camera.h; it shows the face at the same place and size
  float zoom;              // factor on the requested size
  float shift_x, shift_y;  // as shares of the picture's height
  float strength;          // of the expression
  Gaze gaze;
  float lid_droop;  // as a share of a closed lid
  Light light;
  Wall wall;
  Occluder occluder;
  float occluder_at;  // -1..1
  float exposure, contrast;
  float blur;   // standard deviation, as a share of the picture's height
  float noise;  // standard deviation in gray levels of 255
};

/// Returns the settings of a request. Draws the values that the request does not give.
SceneSettings scene_settings_of(const FaceRequest& request);

/// A person with the face of one moment. `shape` holds the head's vertices: V*3 mm, before the head
/// is turned.
struct Subject {
  const Head& head;
  const Person& person;
  std::vector<float> shape;
  Wrinkles wrinkles;
};

/// The light that reaches the camera, before post-processing.
struct RenderTarget {
  int width = 0, height = 0;
  std::vector<Vec3> light;   // linear red, green, blue, row by row
  std::vector<float> cover;  // 0 where the background is visible, 1 where the person is
  std::array<FacePoint, 68> landmarks{};
  /// The pose of the head in front of the standard camera, which is at the origin: rotation vector
  /// (radians) and translation (mm), with the signs that apply_pose (reconstruct.h) takes. It is
  /// exact if SceneSettings::standard_camera took the picture. Otherwise only place and size of the
  /// face are right.
  std::array<float, 6> pose{};
};

}  // namespace mien
