// The person in a picture: shape, skin, hair, glasses. They are fixed per subject.
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/faces/face_request.h"
#include "datasets/faces/vec3.h"
#include "harness/geometry/face_model.h"

namespace mien {

/// A freckle or mole.
struct Spot {
  float x, y, radius;  // on the face, mm
  float tone;          // factor of the skin's colour
};

/// Colours are linear red, green and blue. 1 is a white wall in full light.
struct Person {
  std::vector<float> identity;  // one per mode of the model, standard deviations
  Vec3 skin, lips, hair, iris, cloth, glasses;
  float brow_height, brow_arch, brow_thick, brow_dark;  // mm, mm, mm, 0..1
  float hairline;                                       // its y above the nose, mm
  float hair_thick;                                     // mm, 0 for bald
  float fringe;                                         // length of hair on the forehead, mm
  float parting;                                        // its x, mm
  float long_hair;                                      // mm below the ears, 0 for short
  float beard, moustache;                               // 0..1
  float mottle, crease;                                 // unevenness and lines of the skin, 0..1
  float stripes;                                        // contrast of striped clothes, 0..1
  std::uint32_t grain;                                  // seed of every pattern on this person
  float iris_radius;                                    // mm
  bool has_glasses;
  std::vector<Spot> spots;
};

/// Returns the person of `subject`, with the identity modes of `model`.
Person person_of(std::uint64_t seed, int subject, FaceStyle style, const FaceModel& model);

}  // namespace mien
