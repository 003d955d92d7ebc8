// A face model: a mean shape plus a sum of coefficients times components, over one triangle mesh;
// and the file in which Mien keeps one. datasets/faces/head.h makes the built-in head, and
// datasets/face_models/ reads the files in which face models are published.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mien {

/// A face model of V vertices and T triangles, in flat arrays (C order). A component is a principal
/// component or a blendshape. Coordinates: x to the viewer's right, y up, z towards the viewer, in
/// units of `millimetres` mm.
struct FaceModel {
  std::string name;                         // "procedural", "ict-facekit", "bfm2009" ...
  std::string licence;                      // short
  double millimetres = 1;                   // length of a unit; 0 = unknown
  std::vector<float> mean;                  // V*3
  std::vector<std::int32_t> triangles;      // T*3, counter-clockwise seen from outside
  std::vector<float> identity, expression;  // components*V*3: offsets at coefficient 1
  std::vector<std::string> identity_names, expression_names;  // one per component
  std::vector<float> identity_std, expression_std;            // of a coefficient; empty = unknown
  std::vector<std::int32_t> landmarks68;  // vertex numbers in iBUG order, or empty

  std::size_t vertices() const { return mean.size() / 3; }
  std::size_t identity_components() const { return identity_names.size(); }
  std::size_t expression_components() const { return expression_names.size(); }
  /// Returns V*3 coordinates: mean + sum(id[i] * identity component i)
  /// + sum(ex[j] * expression component j). Missing coefficients count as 0.
  std::vector<float> shape(std::span<const float> id, std::span<const float> ex) const;
};

/// Reads a file that save_face_model wrote, or ICT-FaceKit packed in safetensors. Makes the
/// triangles face outwards. Error (Exit::kPrecondition, with file and variable): the file does not
/// exist, is not a face model or is truncated, sizes do not match, an index is out of range, or a
/// number is not finite.
FaceModel load_packed_model(const std::filesystem::path& path);

/// Writes all of `model` as safetensors. Equal models give equal bytes.
/// Error (Exit::kPrecondition): the file cannot be written.
void save_face_model(const std::filesystem::path& path, const FaceModel& model);

// ---- for readers of face models ----------------------------------------------------------------

/// Reverses every triangle if most of them face the middle of the mesh.
void face_outwards(FaceModel& model);
/// Checks vertex numbers. `where` is the same as for fail_variable (error.h).
/// Error (Exit::kPrecondition): a number is negative, or not below `vertices`.
void require_indices(std::span<const std::int32_t> indices,
                     std::size_t vertices,
                     const std::string& where);

}  // namespace mien
