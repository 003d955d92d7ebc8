// A stand-in's picture: who (person), what the face does (expressions), when and where (occasion),
// then geometry and light (portrait) and pixels (darkroom).
#include "datasets/faces.h"

#include <algorithm>
#include <string>

#include "datasets/darkroom.h"
#include "datasets/expressions.h"
#include "datasets/installed_head.h"
#include "datasets/portrait.h"
#include "harness/core/error.h"

namespace mien {
namespace {

/// Strengths of facial actions, by name.
class Face {
 public:
  Face() : names_(built_in_head().model.expression_names), weights_(names_.size()) {}

  void add(const ActionShare& share, float strength) {
    const std::string name(share.action);
    add(name, 0.5f * (share.left + share.right) * strength);
    add(name + "_l", share.left * strength);
    add(name + "_r", share.right * strength);
  }
  void add(std::string_view mode, float weight) {
    for (std::size_t i = 0; i < weights_.size(); ++i)
      if (names_[i] == mode) weights_[i] += weight;
  }
  float of(std::string_view mode) const {
    for (std::size_t i = 0; i < weights_.size(); ++i)
      if (names_[i] == mode) return weights_[i];
    return 0;
  }
  /// Coefficients of `head`'s expression modes.
  std::vector<float> modes_of(const Head& head) const {
    std::vector<float> modes(head.model.expression_modes());
    for (const ActionMode& part : head.actions)
      modes[part.mode] += part.factor * weights_[part.action];
    return modes;
  }

 private:
  const std::vector<std::string>& names_;
  std::vector<float> weights_;
};

Folds folds_of(const Face& face) {
  const auto both = [&](const std::string& name) {
    return 0.5f * (face.of(name + "_l") + face.of(name + "_r"));
  };
  const auto unit = [](float x) { return std::clamp(x, 0.0f, 1.0f); };
  Folds folds;
  folds.forehead = unit(both("inner_brow_raise") * 0.6f + both("outer_brow_raise") * 0.5f);
  folds.frown = unit(both("brow_lower"));
  folds.nose = unit(both("nose_wrinkle"));
  folds.chin = unit(face.of("chin_raise"));
  for (const int side : {0, 1}) {
    const std::string end = side == 0 ? "_r" : "_l";
    folds.smile[side] =
        unit(face.of("corner_pull" + end) + 0.6f * face.of("upper_lip_raise" + end) +
             0.4f * face.of("nose_wrinkle" + end) + 0.3f * face.of("dimple" + end));
    folds.crow[side] = unit(face.of("cheek_raise" + end));
  }
  return folds;
}

Face face_of(const FaceRequest& request, const Occasion& occasion) {
  const bool toon = request.style == FaceStyle::kToon;
  Face face;
  for (const ActionShare& share :
       peak_of(request.expression, request.seed, request.subject, request.sitting, toon))
    face.add(share, occasion.strength);
  for (const ActionShare& share : rest_of(request.seed, request.subject, request.sitting))
    face.add(share, toon ? 0.3f : 1);
  face.add("lid_close_l", occasion.lid_droop);
  face.add("lid_close_r", occasion.lid_droop);
  return face;
}

}  // namespace

double FaceRandom::between(double low, double high) {
  return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53;
}

double FaceRandom::normal() {
  // Twelve uniform numbers sum to variance 1; six words of two halves each.
  double sum = -6;
  for (int i = 0; i < 6; ++i) {
    const std::uint64_t word = next();
    sum += static_cast<double>(word >> 32) * 0x1p-32 +
           static_cast<double>(word & 0xFFFFFFFFu) * 0x1p-32;
  }
  return sum;
}

FaceRandom random_for(std::uint64_t seed, std::initializer_list<std::uint64_t> keys) {
  FaceRandom mixed(seed);
  for (const std::uint64_t key : keys) mixed = FaceRandom(mixed.next() ^ (key + 1));
  return mixed;
}

const char* name_of(FaceHead head) { return head == FaceHead::kInstalled ? "ict-facekit" : ""; }

FacePicture draw_face(const FaceRequest& request) {
  MIEN_ASSERT(request.width > 0 && request.height > 0 && request.face_share > 0);
  MIEN_ASSERT(request.channels == 1 || request.channels == 3);
  const Head& head = request.head == FaceHead::kInstalled ? installed_head() : built_in_head();
  const Occasion occasion = occasion_of(request);
  const Person person = person_of(request.seed, request.subject, request.style, head.model);
  const Face face = face_of(request, occasion);
  const Sitter sitter{
      head, person, head.model.shape(person.identity, face.modes_of(head)), folds_of(face)};
  Exposure exposure = expose(sitter, occasion, request);
  const auto landmarks = exposure.landmarks;
  return {develop(std::move(exposure), occasion, person, request), landmarks};
}

std::vector<float> head_vertices(const FaceRequest& request) {
  const Head& head = built_in_head();
  const FaceModel& model = head.model;
  const Face face = face_of(request, occasion_of(request));
  return model.shape(person_of(request.seed, request.subject, request.style, model).identity,
                     face.modes_of(head));
}

}  // namespace mien
