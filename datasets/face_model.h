// A morphable head: mean + sum of coefficients times modes, over one triangle mesh. The built-in
// one is procedural (head.h); others are files that a user brings (face_models.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mien {

/// Coordinates: x to the viewer's right, y up, z towards the viewer; units of `millimetres` mm.
/// Arrays are flat, C order: V vertices, T triangles.
struct FaceModel {
  std::string name;                         // "procedural", "ict-facekit", "bfm2009" ...
  std::string licence;                      // in a few words
  double millimetres = 1;                   // one unit of `mean`; 0 where unknown
  std::vector<float> mean;                  // V*3
  std::vector<std::int32_t> triangles;      // T*3, counter-clockwise seen from outside
  std::vector<float> identity, expression;  // modes*V*3: offsets at coefficient 1
  std::vector<std::string> identity_names, expression_names;  // one per mode
  std::vector<float> identity_std, expression_std;            // of a coefficient; empty: not known
  std::vector<std::int32_t> landmarks68;  // vertex numbers in iBUG order, or empty

  std::size_t vertices() const { return mean.size() / 3; }
  std::size_t identity_modes() const { return identity_names.size(); }
  std::size_t expression_modes() const { return expression_names.size(); }
  /// V*3: mean + sum(id[i] * identity mode i) + sum(ex[j] * expression mode j); missing
  /// coefficients count as 0.
  std::vector<float> shape(std::span<const float> id, std::span<const float> ex) const;
};

}  // namespace mien
