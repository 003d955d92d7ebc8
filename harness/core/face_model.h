// A morphable head: mean + sum of coefficients times modes, over one triangle mesh; and the file in
// which Mien keeps one. The built-in head is procedural (datasets/head.h); the files in which
// owners hand theirs out are read by datasets/face_models.h.
#pragma once

#include <cstdint>
#include <filesystem>
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

/// Reads what save_face_model writes, or ICT-FaceKit packed in safetensors; triangles are turned to
/// face outwards. Errors (Exit::kPrecondition, with file and variable): no such file, no face model
/// in it, cut short, sizes that do not fit, an index out of range, a number that is not finite.
FaceModel load_packed_model(const std::filesystem::path& path);

/// Writes everything that `model` holds as safetensors; equal models give equal bytes.
/// Errors (Exit::kPrecondition): cannot be written.
void save_face_model(const std::filesystem::path& path, const FaceModel& model);

// ---- what readers of face models share ---------------------------------------------------------

/// Turns every triangle round where most of them face the middle of the mesh.
void face_outwards(FaceModel& model);
/// `where` names file and variable: "BFM.mat: shapePC". All errors here are Exit::kPrecondition.
[[noreturn]] void fail_variable(const std::string& where, const std::string& what);
void require_finite(std::span<const float> values, const std::string& where);
/// REQUIRES: every vertex number below `vertices`.
void require_indices(std::span<const std::int32_t> indices,
                     std::size_t vertices,
                     const std::string& where);

}  // namespace mien
