// A picture takes a person (person), the actions of the face (expressions), camera, light and
// background (scene), geometry and light (shading) and the image sensor (postprocess).
#include "datasets/faces/faces.h"

#include <algorithm>
#include <string>

#include "datasets/faces/expressions.h"
#include "datasets/faces/installed_head.h"
#include "datasets/faces/postprocess.h"
#include "datasets/faces/scene.h"
#include "datasets/faces/shading.h"
#include "harness/base/error.h"

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
  /// Returns the coefficients of the expression modes of `head`.
  std::vector<float> modes_of(const Head& head) const {
    std::vector<float> modes(head.model.expression_components());
    for (const ActionMode& part : head.actions)
      modes[part.mode] += part.factor * weights_[part.action];
    return modes;
  }

 private:
  const std::vector<std::string>& names_;
  std::vector<float> weights_;
};

Wrinkles wrinkles_of(const Face& face) {
  const auto both = [&](const std::string& name) {
    return 0.5f * (face.of(name + "_l") + face.of(name + "_r"));
  };
  const auto share = [](float x) { return std::clamp(x, 0.0f, 1.0f); };
  Wrinkles wrinkles;
  wrinkles.forehead = share(both("inner_brow_raise") * 0.6f + both("outer_brow_raise") * 0.5f);
  wrinkles.frown = share(both("brow_lower"));
  wrinkles.nose = share(both("nose_wrinkle"));
  wrinkles.chin = share(face.of("chin_raise"));
  for (const int side : {0, 1}) {
    const std::string end = side == 0 ? "_r" : "_l";
    wrinkles.smile[side] =
        share(face.of("corner_pull" + end) + 0.6f * face.of("upper_lip_raise" + end) +
              0.4f * face.of("nose_wrinkle" + end) + 0.3f * face.of("dimple" + end));
    wrinkles.crow[side] = share(face.of("cheek_raise" + end));
  }
  return wrinkles;
}

Face face_of(const FaceRequest& request, const SceneSettings& settings) {
  const bool toon = request.style == FaceStyle::kToon;
  const SessionKey session{request.seed, request.subject, request.session};
  Face face;
  for (const ActionShare& share : expression_peak(request.expression, session, toon))
    face.add(share, settings.strength);
  for (const ActionShare& share : rest_face(session)) face.add(share, toon ? 0.3f : 1);
  face.add("lid_close_l", settings.lid_droop);
  face.add("lid_close_r", settings.lid_droop);
  return face;
}

}  // namespace

FacePicture draw_face(const FaceRequest& request) {
  MIEN_ASSERT(request.width > 0 && request.height > 0 && request.face_share > 0);
  MIEN_ASSERT(request.channels == 1 || request.channels == 3);
  const Head& head = request.head == FaceHead::kInstalled ? installed_head() : built_in_head();
  const SceneSettings settings = scene_settings_of(request);
  const Person person = person_of(request.seed, request.subject, request.style, head.model);
  const Face face = face_of(request, settings);
  const Subject subject{
      head, person, head.model.shape(person.identity, face.modes_of(head)), wrinkles_of(face)};
  RenderTarget target = shade(subject, settings, request);
  const auto landmarks = target.landmarks;
  return {postprocess(std::move(target), settings, person, request), landmarks};
}

std::vector<float> head_vertices(const FaceRequest& request) {
  const Head& head = built_in_head();
  const FaceModel& model = head.model;
  const Face face = face_of(request, scene_settings_of(request));
  return model.shape(person_of(request.seed, request.subject, request.style, model).identity,
                     face.modes_of(head));
}

}  // namespace mien
