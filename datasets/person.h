// Who a stand-in shows: shape, skin, hair, glasses. Fixed per subject.
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/faces.h"
#include "datasets/vec3.h"
#include "harness/core/face_model.h"

namespace mien {

/// Colours are linear light, red green blue, 1 is a white wall in full light.
struct Spot {
  float x, y, radius, tone;  // place on the face, mm; tone: factor of the skin's colour
};

struct Person {
  std::vector<float> identity;  // one per mode of the model, standard deviations
  Vec3 skin, lips, hair, iris, cloth, glasses;
  float brow_height, brow_arch, brow_thick, brow_dark;  // mm, mm, mm, 0..1
  float hairline;                                       // y of it above the nose, mm
  float hair_thick;                                     // mm; 0: bald
  float fringe;                                         // mm that hair falls into the forehead
  float parting;                                        // x of it, mm
  float long_hair;                                      // mm below the ears; 0: short
  float beard, moustache;                               // 0..1
  float mottle, crease;                                 // 0..1: uneven skin, lines
  float stripes;                                        // of the clothes, 0..1
  std::uint32_t grain;                                  // of every pattern on this person
  float iris_radius;                                    // mm
  bool has_glasses;
  std::vector<Spot> spots;
};

Person person_of(std::uint64_t seed, int subject, FaceStyle style, const FaceModel& model);

}  // namespace mien
