#include "datasets/faces/installed_head.h"

#include <Eigen/Dense>
#include <array>
#include <optional>
#include <utility>

#include "datasets/face_models/face_models.h"
#include "harness/base/error.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

/// The actions of the built-in head as sums of the shapes of ICT-FaceKit, which writes "_R" and
/// "_L" for "_r" and "_l".
struct Alias {
  const char* action;
  const char* shape;
  float factor;
};
constexpr Alias kAliases[] = {
    {"inner_brow_raise", "browInnerUp", 1},
    {"outer_brow_raise", "browOuterUp", 1},
    {"brow_lower", "browDown", 1.4f},
    {"lid_raise", "eyeWide", 1},
    {"lid_tighten", "eyeSquint", 1},
    {"lid_close", "eyeBlink", 1},
    {"cheek_raise", "cheekSquint", 1},
    {"cheek_raise", "eyeSquint", 0.4f},
    {"nose_wrinkle", "noseSneer", 1},
    {"upper_lip_raise", "mouthUpperUp", 1},
    {"corner_pull", "mouthSmile", 0.9f},
    {"corner_depress", "mouthFrown", 1},
    {"dimple", "mouthDimple", 1},
    {"lip_stretch", "mouthStretch", 0.8f},
    {"lower_lip_depress", "mouthLowerDown", 1},
    {"chin_raise", "mouthShrugLower", 0.7f},
    {"lips_pucker", "mouthPucker", 1},
    {"mouth_narrow", "mouthPucker", 0.4f},
    {"lips_press", "mouthPress", 1},
    {"lips_part", "mouthLowerDown", 0.6f},
    {"lips_part", "mouthUpperUp", 0.25f},
    {"jaw_drop", "jawOpen", 0.75f},
    {"jaw_aside", "jawLeft", 0.7f},
};

std::vector<ActionMode> actions_of(const FaceModel& model) {
  std::vector<ActionMode> actions;
  const std::vector<std::string>& ours = built_in_head().model.expression_names;
  for (std::size_t action = 0; action < ours.size(); ++action)
    for (const Alias& alias : kAliases)
      for (const auto& [our_end, their_end] :
           {std::pair("", ""), {"", "_L"}, {"", "_R"}, {"_l", "_L"}, {"_r", "_R"}})
        for (std::size_t mode = 0; mode < model.expression_names.size(); ++mode)
          if (ours[action] == std::string(alias.action) + our_end &&
              model.expression_names[mode] == std::string(alias.shape) + their_end)
            actions.push_back({action, mode, alias.factor});
  return actions;
}

// ---- places: a smooth map of the plane that takes landmarks to landmarks ------------------------

/// Interpolates between landmarks with the kernel |r| and an affine part, slightly smoothed.
class Warp {
 public:
  /// The map takes from[i] to about to[i].
  Warp(std::vector<Mark> from, const std::vector<Mark>& to) : from_(std::move(from)) {
    const auto n = static_cast<Eigen::Index>(from_.size());
    Eigen::MatrixXd system = Eigen::MatrixXd::Zero(n + 3, n + 3);
    Eigen::MatrixX2d targets = Eigen::MatrixX2d::Zero(n + 3, 2);
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      system.row(i) = terms(from_[at].x, from_[at].y);
      system(i, i) = 0.2;  // smoothing
      targets.row(i) << to[at].x, to[at].y;
    }
    system.bottomRows(3) = system.rightCols(3).transpose().eval();
    weights_ = system.partialPivLu().solve(targets);
  }
  Mark operator()(float x, float y) const {
    const Eigen::RowVector2d at = terms(x, y) * weights_;
    return {static_cast<float>(at.x()), static_cast<float>(at.y())};
  }

 private:
  /// Returns the kernels at (x, y), then the terms of the affine part.
  Eigen::RowVectorXd terms(float x, float y) const {
    Eigen::RowVectorXd row(std::ssize(from_) + 3);
    for (std::size_t j = 0; j < from_.size(); ++j)
      row(static_cast<Eigen::Index>(j)) =
          std::hypot(double{x} - from_[j].x, double{y} - from_[j].y);
    row.tail<3>() << 1, x, y;
    return row;
  }
  std::vector<Mark> from_;
  Eigen::MatrixX2d weights_;  // per landmark, then of the affine part
};

// ---- completion --------------------------------------------------------------------------------

constexpr std::size_t kEyeMarks[] = {36, 39, 42, 45};
constexpr float kBallRadius = 12;  // mm; smaller than the built-in one, lids here are thinner

class Completer {
 public:
  explicit Completer(const FaceModel& model) : given_(model) {
    head_.model = model;
    head_.model.millimetres = 1;
    head_.actions = actions_of(model);
    place_face();
    const std::size_t own = head_.place.size();
    for (const float side : {-1.0f, 1.0f}) eyeball(side);
    const Vec3 mouth = (mark(62) + mark(66)) * 0.5f - (ours(62) + ours(66)) * 0.5f;
    borrow(Part::kTeeth, [&](const Vec3& rest, const Vec3&) {
      return rest + mouth + Vec3{0, 0, -3};
    });
    throat();
    borrow(Part::kSkin, [](const Vec3& rest, const Vec3&) {
      return Vec3{0.96f * rest.x, 0.985f * rest.y, 0.95f * rest.z - 4};
    });
    extend_modes(own);
  }
  Head take() { return std::move(head_); }

 private:
  Vec3 mark(std::size_t k) const {
    const float* p = &head_.model.mean[3 * static_cast<std::size_t>(given_.landmarks68[k])];
    return {p[0], p[1], p[2]};
  }
  static Vec3 ours(std::size_t k) {
    const FaceModel& model = built_in_head().model;
    const float* p = &model.mean[3 * static_cast<std::size_t>(model.landmarks68[k])];
    return {p[0], p[1], p[2]};
  }

  /// Scales the model to mm, moves its eyes to those of the built-in head and sets all places.
  void place_face() {
    const auto unit_mm = static_cast<float>(given_.millimetres);
    for (auto* values : {&head_.model.mean, &head_.model.identity, &head_.model.expression})
      for (float& value : *values) value *= unit_mm;
    Vec3 shift;
    for (const std::size_t k : kEyeMarks) shift += (ours(k) - mark(k)) * 0.25f;
    for (std::size_t v = 0; v < given_.vertices(); ++v) {
      head_.model.mean[3 * v] += shift.x;
      head_.model.mean[3 * v + 1] += shift.y;
      head_.model.mean[3 * v + 2] += shift.z;
    }
    std::vector<Mark> from, to;
    for (std::size_t k = 0; k < 65; ++k) {  // the inner lower lip lies on the upper one
      from.push_back({mark(k).x, mark(k).y});
      to.push_back(landmark_places()[k]);
    }
    const Warp warp(from, to);
    for (std::size_t v = 0; v < given_.vertices(); ++v) {
      const float* p = &head_.model.mean[3 * v];
      const Mark at = warp(p[0], p[1]);
      head_.place.push_back({at.x, at.y, p[2]});
    }
    head_.part.assign(given_.vertices(), Part::kSkin);
    head_.triangle_of.assign(given_.triangles.size() / 3, Part::kSkin);
  }

  /// Adds a vertex that moves as vertex `leader` does. In expressions it moves only if `jaw` is set
  /// and a jaw does.
  std::int32_t add(const Vec3& rest, const Vec3& place, Part part, std::size_t leader, bool jaw) {
    for (const float value : {rest.x, rest.y, rest.z}) head_.model.mean.push_back(value);
    head_.place.push_back(place);
    head_.part.push_back(part);
    leaders_.push_back({leader, jaw});
    return static_cast<std::int32_t>(head_.place.size()) - 1;
  }
  std::size_t leader_at(std::size_t landmark) const {
    return static_cast<std::size_t>(given_.landmarks68[landmark]);
  }

  /// Adds the built-in eyeball just behind the lids.
  void eyeball(float side) {
    const std::size_t first = side < 0 ? 36 : 42;
    const Vec3 middle = (mark(first) + mark(first + 3)) * 0.5f;
    float z = 1e9f;
    for (const std::size_t lid : {first + 1, first + 2, first + 4, first + 5}) {
      const Vec3 off = mark(lid) - middle;
      const float deep = kBallRadius * kBallRadius - off.x * off.x - off.y * off.y;
      z = std::min(z, mark(lid).z - 0.6f - std::sqrt(std::max(0.0f, deep)));
    }
    const Vec3 centre{middle.x, middle.y, z};
    borrow(Part::kEye, [&](const Vec3& rest, const Vec3& place) -> std::optional<Vec3> {
      if (rest.x * side <= 0) return std::nullopt;
      return centre + place * (kBallRadius / kEyeRadius);
    });
  }

  /// Adds the surface that an open mouth shows behind the teeth.
  void throat() {
    const Vec3 lips = (mark(62) + mark(66)) * 0.5f;
    std::array<std::int32_t, 4> corner;
    for (std::size_t i = 0; i < 4; ++i) {
      const Vec3 off{i % 2 ? 30.0f : -30.0f, i < 2 ? 14.0f : -34.0f, -34};
      corner[i] = add(lips + off, {off.x, kMouthY + off.y, 0}, Part::kMouth, leader_at(33), false);
    }
    triangle(corner[0], corner[2], corner[3], Part::kMouth);
    triangle(corner[0], corner[3], corner[1], Part::kMouth);
  }
  void triangle(std::int32_t a, std::int32_t b, std::int32_t c, Part part) {
    head_.model.triangles.insert(head_.model.triangles.end(), {a, b, c});
    head_.triangle_of.push_back(part);
  }

  /// Copies a part of the built-in head. Of the skin it copies crown and back only, which face
  /// models lack. `moved(rest, place)` returns the new position of a vertex, or nothing to leave it
  /// out.
  template <typename Moved>
  void borrow(Part part, Moved moved) {
    const Head& lender = built_in_head();
    std::vector<std::int32_t> number(lender.place.size(), -1);
    for (std::size_t v = 0; v < lender.place.size(); ++v) {
      const Vec3& place = lender.place[v];
      if (lender.part[v] != part) continue;
      if (part == Part::kSkin && place.y < 70 && (place.z > 6 || place.y < -80)) continue;
      const float* p = &lender.model.mean[3 * v];
      const std::optional<Vec3> rest = moved({p[0], p[1], p[2]}, place);
      if (!rest) continue;
      const bool lower_teeth = part == Part::kTeeth && place.y < -70.9f;
      number[v] = add(*rest, place, part, leader_of(part, *rest, lower_teeth), lower_teeth);
    }
    for (std::size_t t = 0; t < lender.triangle_of.size(); ++t) {
      const auto corner = [&](std::size_t k) {
        return number[static_cast<std::size_t>(lender.model.triangles[3 * t + k])];
      };
      if (lender.triangle_of[t] == part && corner(0) >= 0 && corner(1) >= 0 && corner(2) >= 0)
        triangle(corner(0), corner(1), corner(2), part);
    }
  }
  std::size_t leader_of(Part part, const Vec3& rest, bool lower_teeth) const {
    if (part == Part::kTeeth) return leader_at(lower_teeth ? 57 : 33);
    if (part == Part::kEye) return leader_at(rest.x < 0 ? 39 : 42);
    std::size_t best = 0;
    float nearest = 1e9f;
    for (std::size_t v = 0; v < given_.vertices(); ++v) {
      const float* p = &head_.model.mean[3 * v];
      const Vec3 gap = rest - Vec3{p[0], p[1], p[2]};
      if (dot(gap, gap) < nearest) nearest = dot(gap, gap), best = v;
    }
    return best;
  }

  void extend_modes(std::size_t own) {
    const auto extend = [&](std::vector<float>& modes, auto moves) {
      const std::size_t count = modes.size() / (3 * own);
      std::vector<float> longer;
      longer.reserve(count * head_.model.mean.size());
      for (std::size_t mode = 0; mode < count; ++mode) {
        const float* old = &modes[mode * 3 * own];
        longer.insert(longer.end(), old, old + 3 * own);
        for (const auto& [leader, jaw] : leaders_)
          for (std::size_t axis = 0; axis < 3; ++axis)
            longer.push_back(moves(mode, jaw) ? old[3 * leader + axis] : 0);
      }
      modes = std::move(longer);
    };
    extend(head_.model.identity, [](std::size_t, bool) { return true; });
    extend(head_.model.expression, [&](std::size_t mode, bool jaw) {
      return jaw && given_.expression_names[mode].starts_with("jaw");
    });
  }

  const FaceModel& given_;
  Head head_;
  std::vector<std::pair<std::size_t, bool>> leaders_;  // of each added vertex
};

}  // namespace

Head completed(const FaceModel& model) {
  MIEN_ASSERT(model.landmarks68.size() == 68 && model.millimetres > 0);
  return Completer(model).take();
}

const Head& installed_head() {
  const fs::path folder = paths::data() / "ict-facekit";
  fs::path path = folder / "ict-face-light.safetensors";
  if (!fs::exists(path)) path = folder / "FaceXModel";
  if (!fs::exists(path))
    fail(Exit::kPrecondition,
         "{}: ICT-FaceKit is not installed; copy FaceXModel/ of its repository here, or use the "
         "built-in head",
         folder.string());
  static const Head head = completed(load_face_model(path));
  return head;
}

}  // namespace mien
