// Colours of a person, point by point: skin with lips, brows, beard and lines, eyes, teeth, hair.
#pragma once

#include "datasets/head.h"
#include "datasets/person.h"

namespace mien {

/// How deep an expression folds the skin, 0..1; pairs are the viewer's left and right.
struct Folds {
  float forehead = 0, frown = 0, nose = 0, chin = 0;
  float smile[2] = {0, 0}, crow[2] = {0, 0};
};

/// Where the eyes look, from -1 to 1: to the viewer's right, up.
struct Gaze {
  float x = 0, y = 0;
};

/// Linear red, green, blue at `place` (see Head::place).
Vec3 skin_colour(const Person& person, const Folds& folds, const Vec3& place);
Vec3 eye_colour(const Person& person, const Gaze& gaze, const Vec3& place);
Vec3 teeth_colour(const Vec3& place);
Vec3 mouth_colour(const Vec3& place);
Vec3 hair_colour(const Person& person, const Vec3& place);
Vec3 body_colour(const Person& person, const Vec3& place);

/// How far `place` lies inside the hair, mm; negative outside.
float inside_hair(const Person& person, const Vec3& place);

}  // namespace mien
