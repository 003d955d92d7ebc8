#include "datasets/faces/shading.h"

#include "datasets/faces/materials.h"
#include "datasets/faces/outfit.h"
#include "datasets/faces/rasterizer.h"
#include "harness/geometry/camera.h"

namespace mien {
namespace {

constexpr int kSmall = 96;      // px of height up to which every sample of a face is lit
constexpr int kSamples = 2;     // per pixel along one side
constexpr float kWallZ = -120;  // mm: the depth of the background for ambient occlusion

// ---- geometry ----------------------------------------------------------------------------------

/// A rotation of the head.
struct Rotation {
  std::array<Vec3, 3> rows;
  Vec3 operator()(const Vec3& p) const {
    return {dot(rows[0], p), dot(rows[1], p), dot(rows[2], p)};
  }
};

Rotation rotation_of(float yaw, float pitch, float roll) {
  const float cy = std::cos(yaw), sy = std::sin(yaw), cp = std::cos(pitch), sp = std::sin(pitch);
  const float cr = std::cos(roll), sr = std::sin(roll);
  const Vec3 x{cy, 0, sy}, y{-sp * sy, cp, sp * cy}, z{-cp * sy, -sp, cp * cy};
  return {{x * cr - y * sr, x * sr + y * cr, z}};
}

/// The point about which a head turns. The picture is composed around it.
constexpr Vec3 kPivot{0, -45, -10};

Vec3 turned(const Rotation& rotation, const Vec3& p) { return rotation(p - kPivot) + kPivot; }

Vec3 shape_at(const Subject& subject, std::int32_t vertex) {
  const float* p = &subject.shape[3 * static_cast<std::size_t>(vertex)];
  return {p[0], p[1], p[2]};
}

/// Returns a landmark of the face without expression.
Vec3 at_rest(const Subject& subject, std::size_t landmark) {
  const FaceModel& model = subject.head.model;
  const std::size_t first = 3 * static_cast<std::size_t>(model.landmarks68[landmark]);
  std::array<float, 3> p{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    p[axis] = model.mean[first + axis];
    for (std::size_t mode = 0; mode < model.identity_components(); ++mode)
      p[axis] +=
          subject.person.identity[mode] * model.identity[mode * model.mean.size() + first + axis];
  }
  return {p[0], p[1], p[2]};
}

/// Returns the middle between the two corners of an eye.
Vec3 eye_middle(const Subject& subject, std::size_t inner_mark, std::size_t outer_mark) {
  const auto& marks = subject.head.model.landmarks68;
  return (shape_at(subject, marks[inner_mark]) + shape_at(subject, marks[outer_mark])) * 0.5f;
}

Scene scene_of(const Subject& subject, const SceneSettings& settings) {
  Scene scene;
  const std::size_t n = subject.head.place.size();
  scene.place = subject.head.place;
  scene.at.resize(n);
  for (std::size_t v = 0; v < n; ++v) scene.at[v] = shape_at(subject, static_cast<std::int32_t>(v));
  scene.triangles = subject.head.model.triangles;
  scene.part = subject.head.triangle_of;
  const std::size_t body_from = scene.at.size();
  add_body(scene);
  const std::size_t body_end = scene.at.size();
  scene.thin_from = scene.part.size();
  add_hair(scene, subject.head, subject.person);
  add_long_hair(scene, subject.person, 78);
  if (subject.person.has_glasses)
    add_glasses(scene, eye_middle(subject, 36, 39), eye_middle(subject, 42, 45));
  const Rotation head = rotation_of(settings.yaw, settings.pitch, settings.roll);
  const Rotation body = rotation_of(0.35f * settings.yaw, 0, 0.2f * settings.roll);
  for (std::size_t v = 0; v < scene.at.size(); ++v)
    scene.at[v] = turned(v < body_from || v >= body_end ? head : body, scene.at[v]);
  return scene;
}

/// Maps millimetres to samples.
struct Camera {
  float scale, centre_x, centre_y, distance, middle_x, middle_y;
  Vec3 operator()(const Vec3& p) const {
    const float near = scale * distance / (distance - p.z);
    return {centre_x + near * (p.x - middle_x), centre_y - near * (p.y - middle_y), p.z};
  }
};

Camera camera_of(const Subject& subject,
                 const SceneSettings& o,
                 const FaceRequest& request,
                 int samples) {
  // The scale follows the chin and crown of the face at rest, so that an opening mouth does not
  // zoom out.
  const float chin = at_rest(subject, 8).y,
              eyes = (at_rest(subject, 36).y + at_rest(subject, 45).y) / 2;
  const float low = chin - 1, high = eyes + 1.03f * (eyes - chin);
  const auto share = static_cast<float>(request.face_share);
  const float height = static_cast<float>(request.height * samples);
  Camera camera{};
  camera.distance = o.distance;
  // The face lies 50 mm in front of the pivot, where perspective enlarges it.
  const float plane = o.distance / (o.distance - 50);
  camera.scale = share * o.zoom * height / ((high - low) * plane);
  camera.middle_y = (low + high) / 2;
  // Small heads leave room above the crown. Large heads lose the crown before the chin.
  const float middle = share > 0.85f ? 0.97f - share / 2 : 0.3f * (1 - share) + share / 2;
  camera.centre_x =
      (static_cast<float>(request.width) / static_cast<float>(request.height) / 2 + o.shift_x) *
      height;
  camera.centre_y = (middle + o.shift_y) * height;
  // A dropped chin stays in the picture.
  const float chin_now = shape_at(subject, subject.head.model.landmarks68[8]).y;
  const float below = camera.centre_y + camera.scale * plane * (camera.middle_y - chin_now);
  camera.centre_y -= std::max(0.0f, below - 0.97f * height);
  return camera;
}

/// Returns the axis of a rotation times its angle.
std::array<double, 3> rotation_vector(const Rotation& rotation) {
  const auto& [x, y, z] = rotation.rows;
  const std::array<double, 3> axis{z.y - y.z, x.z - z.x, y.x - x.y};
  const double twice_sine = std::hypot(axis[0], axis[1], axis[2]);
  if (twice_sine == 0) return {};
  const double angle = std::atan2(twice_sine, double{x.x} + y.y + z.z - 1);
  return {axis[0] / twice_sine * angle, axis[1] / twice_sine * angle, axis[2] / twice_sine * angle};
}

/// Returns the translation of a turned head after which the standard camera sees the middle of its
/// face at the same place and size as `camera` does. `width` and `height` are in samples.
Vec3 standard_translation(const Rotation& rotation, const Camera& camera, int width, int height) {
  const Vec3 at = turned(rotation, {0, -45, 60}), seen = camera(at);
  const float mm = (camera.distance - at.z) / (camera.scale * camera.distance);  // per sample
  const float h = static_cast<float>(height);
  return Vec3{(seen.x - static_cast<float>(width) / 2) * mm,
              (h / 2 - seen.y) * mm,
              -kFocal * h * mm} -
         at;
}

/// Returns the standard camera, moved against `translation` instead of the head.
Camera standard_camera(const Vec3& translation, int width, int height) {
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  return {.scale = kFocal * h / -translation.z,
          .centre_x = w / 2,
          .centre_y = h / 2,
          .distance = -translation.z,
          .middle_x = -translation.x,
          .middle_y = -translation.y};
}

/// Returns the pose that RenderTarget::pose describes.
std::array<float, 6> pose_of(const Rotation& rotation, const Vec3& translation) {
  const std::array<double, 3> r = rotation_vector(rotation);
  const Vec3 t = turned(rotation, {}) + translation;
  return {static_cast<float>(r[0]),
          static_cast<float>(-r[1]),
          static_cast<float>(-r[2]),
          -t.x,
          t.y,
          t.z};
}

/// Draws solids with their front faces only and thin surfaces with both sides.
void draw(Raster& raster, const std::vector<Vec3>& screen, const Scene& scene) {
  const std::span<const std::int32_t> all(scene.triangles);
  raster.draw(screen, all.first(3 * scene.thin_from), Culling::kBackFaces);
  raster.draw(screen,
              all.subspan(3 * scene.thin_from),
              Culling::kNone,
              static_cast<std::int32_t>(scene.thin_from));
}

// ---- shadows -----------------------------------------------------------------------------------

/// A shadow map: the depth that the lamp sees on a grid across its direction.
class Shadows {
 public:
  Shadows(const Scene& scene, const Vec3& towards) : raster_(kSide, kSide) {
    right_ = normalized(cross(Vec3{0, 1, 0}, towards));
    up_ = cross(towards, right_);
    towards_ = towards;
    std::vector<Vec3> seen;
    seen.reserve(scene.at.size());
    for (const Vec3& p : scene.at) seen.push_back(project(p));
    draw(raster_, seen, scene);
  }
  /// Returns 1 in full light and 0 in shadow.
  float light_at(const Vec3& p) const {
    const Vec3 s = project(p);
    const float x = s.x - 0.5f, y = s.y - 0.5f;
    const int left = whole_below(x), top = whole_below(y);
    if (left < 0 || top < 0 || left + 1 >= kSide || top + 1 >= kSide) return 1;
    const float fx = x - static_cast<float>(left), fy = y - static_cast<float>(top);
    const auto free = [&](int dx, int dy) {
      return smoothstep(7, 2, raster_.depth[raster_.at(left + dx, top + dy)] - s.z);
    };
    return mix(mix(free(0, 0), free(1, 0), fx), mix(free(0, 1), free(1, 1), fx), fy);
  }

 private:
  static constexpr int kSide = 120;
  static constexpr float kReach = 190;  // mm from the middle
  Vec3 project(const Vec3& p) const {
    constexpr float scale = kSide / (2 * kReach);
    const Vec3 q = p - Vec3{0, -25, 0};
    return {kSide / 2.0f + scale * dot(q, right_),
            kSide / 2.0f - scale * dot(q, up_),
            dot(q, towards_)};
  }
  Vec3 right_, up_, towards_;
  Raster raster_;
};

// ---- light -------------------------------------------------------------------------------------

struct Material {
  float gloss, wrap;
};

Material material_of(Part part) {
  switch (part) {
    case Part::kEye:
      return {0.0f, 0.6f};
    case Part::kTeeth:
      return {0.2f, 0.5f};
    case Part::kMouth:
    case Part::kLidInside:
      return {0, 0.5f};
    case Part::kHair:
      return {0.5f, 0.3f};
    case Part::kBody:
      return {0.1f, 0.2f};
    default:
      return {1, 0};
  }
}

class Shader {
 public:
  Shader(const Subject& subject, const SceneSettings& settings, const Scene& scene, bool toon)
      : subject_(subject),
        settings_(settings),
        scene_(scene),
        toon_(toon),
        normals_(vertex_normals(scene.at, scene.triangles)),
        shadows_(scene, settings.light.towards) {}

  /// Returns the light from triangle `t` at the point with these weights of its corners.
  Vec3 operator()(std::size_t t, const Vec3& weights) const {
    const auto of = [&](const std::vector<Vec3>& values) {
      return values[static_cast<std::size_t>(scene_.triangles[3 * t])] * weights.x +
             values[static_cast<std::size_t>(scene_.triangles[3 * t + 1])] * weights.y +
             values[static_cast<std::size_t>(scene_.triangles[3 * t + 2])] * weights.z;
    };
    const Part part = scene_.part[t];
    const Vec3 normal = normalized(of(normals_));
    return lit(part, colour(part, of(scene_.place)), normal, of(scene_.at));
  }

 private:
  Vec3 colour(Part part, const Vec3& place) const {
    const Person& who = subject_.person;
    switch (part) {
      case Part::kEye:
        return eye_colour(who, settings_.gaze, place);
      case Part::kTeeth:
        return teeth_colour(place);
      case Part::kMouth:
        return mouth_colour(place);
      case Part::kLidInside:
        return who.skin * Vec3{0.5f, 0.3f, 0.28f};
      case Part::kHair:
        return hair_colour(who, place);
      case Part::kBody:
        return body_colour(who, place);
      case Part::kGlasses:
        return who.glasses;
      default:
        return skin_colour(who, subject_.wrinkles, place);
    }
  }

  Vec3 lit(Part part, const Vec3& albedo, const Vec3& normal, const Vec3& at) const {
    const Light& light = settings_.light;
    const Material material = material_of(part);
    const float wrap = std::min(0.8f, light.softness + material.wrap);
    const float facing = dot(normal, light.towards);
    const float shade = part == Part::kMouth ? 0.3f : shadows_.light_at(at + normal * 3);
    float direct = std::max(0.0f, (facing + wrap) / (1 + wrap)) * mix(0.25f, 1, shade);
    if (toon_) direct = mix(0.35f, 1, smoothstep(0.42f, 0.5f, direct));
    const float sky = 0.72f + 0.28f * normal.y;
    Vec3 out = albedo * (light.ambient * sky + light.lamp * direct);
    if (toon_ && part != Part::kEye) return out;
    const Vec3 half = normalized(light.towards + Vec3{0, 0, 1});
    const float shine = std::max(0.0f, dot(normal, half));
    const float s2 = shine * shine, s8 = s2 * s2 * s2 * s2, s32 = s8 * s8 * s8 * s8;
    if (part == Part::kEye) return out + light.lamp * (0.9f * smoothstep(0.984f, 0.993f, shine));
    return out + light.lamp * (material.gloss * light.gloss * shade * (0.5f * s8 + s32));
  }

  const Subject& subject_;
  const SceneSettings& settings_;
  const Scene& scene_;
  bool toon_;
  std::vector<Vec3> normals_;
  Shadows shadows_;
};

/// Whether a toon picture has an outline at this sample: where depth or material changes abruptly.
bool is_outline(const Raster& raster, const Scene& scene, int x, int y, int reach) {
  const std::int32_t here = raster.triangle[raster.at(x, y)];
  if (here < 0) return false;
  for (const auto& [dx, dy] : {std::pair(reach, 0), {-reach, 0}, {0, reach}, {0, -reach}}) {
    const int u = std::clamp(x + dx, 0, raster.width - 1),
              v = std::clamp(y + dy, 0, raster.height - 1);
    const std::size_t there = raster.at(u, v);
    if (raster.triangle[there] < 0) return true;
    if (raster.depth[raster.at(x, y)] - raster.depth[there] > 9) return true;
    const Part a = scene.part[static_cast<std::size_t>(here)];
    const Part b = scene.part[static_cast<std::size_t>(raster.triangle[there])];
    if (a == Part::kSkin && (b == Part::kHair || b == Part::kMouth)) return true;
  }
  return false;
}

/// Returns the sums over 2*radius+1 neighbours along rows of `width`, transposed. Edge values are
/// repeated. Two calls give the sums over squares in the original order.
std::vector<float> summed(const std::vector<float>& values, int width, int radius) {
  const int height = static_cast<int>(values.size()) / width;
  std::vector<float> out(values.size());
  for (int y = 0; y < height; ++y) {
    const float* row = &values[static_cast<std::size_t>(y * width)];
    const auto value = [&](int x) { return row[std::clamp(x, 0, width - 1)]; };
    float sum = 0;
    for (int x = -radius; x <= radius; ++x) sum += value(x);
    for (int x = 0; x < width; ++x) {
      out[static_cast<std::size_t>(x * height + y)] = sum;
      sum += value(x + radius + 1) - value(x - radius);
    }
  }
  return out;
}

/// Returns the share of ambient light per pixel. Concave places lie deeper than their surroundings.
std::vector<float> ambient_occlusion(const Raster& raster, int samples, float mm_per_pixel) {
  const int width = raster.width / samples, height = raster.height / samples;
  const int radius = std::max(1, static_cast<int>(9 / mm_per_pixel));
  std::vector<float> depth;
  depth.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      depth.push_back(std::max(kWallZ, raster.depth[raster.at(x * samples + 1, y * samples + 1)]));
  std::vector<float> light = summed(summed(depth, width, radius), height, radius);
  const float area = static_cast<float>((2 * radius + 1) * (2 * radius + 1));
  for (std::size_t i = 0; i < light.size(); ++i)
    light[i] = 1 - std::clamp((light[i] / area - depth[i]) * 0.045f, 0.0f, 0.45f);
  return light;
}

// ---- rendering ---------------------------------------------------------------------------------

class Renderer {
 public:
  Renderer(const Subject& subject, const SceneSettings& settings, const FaceRequest& request)
      : subject_(subject),
        toon_(request.style == FaceStyle::kToon),
        small_(request.height <= kSmall),
        scene_(scene_of(subject, settings)),
        raster_(request.width * kSamples, request.height * kSamples),
        shader_(subject, settings, scene_, toon_) {
    target_.width = request.width;
    target_.height = request.height;
    project(settings, request);
  }

  RenderTarget render() {
    const std::vector<float> occlusion = ambient_occlusion(raster_, kSamples, kSamples / scale_);
    target_.light.resize(occlusion.size());
    target_.cover.resize(occlusion.size());
    for (std::size_t pixel = 0; pixel < occlusion.size(); ++pixel)
      light_pixel(pixel, occlusion[pixel]);
    for (std::size_t k = 0; k < target_.landmarks.size(); ++k) {
      const Vec3& p = screen_[static_cast<std::size_t>(subject_.head.model.landmarks68[k])];
      target_.landmarks[k] = {p.x / static_cast<float>(kSamples),
                              p.y / static_cast<float>(kSamples)};
    }
    return std::move(target_);
  }

 private:
  /// Places the camera and draws the scene into the raster.
  void project(const SceneSettings& settings, const FaceRequest& request) {
    const Rotation rotation = rotation_of(settings.yaw, settings.pitch, settings.roll);
    Camera camera = camera_of(subject_, settings, request, kSamples);
    const Vec3 translation = standard_translation(rotation, camera, raster_.width, raster_.height);
    if (settings.standard_camera)
      camera = standard_camera(translation, raster_.width, raster_.height);
    scale_ = camera.scale;
    target_.pose = pose_of(rotation, translation);
    screen_.reserve(scene_.at.size());
    for (const Vec3& p : scene_.at) screen_.push_back(camera(p));
    draw(raster_, screen_, scene_);
  }

  /// Returns the light at one sample that shows a triangle.
  Vec3 light_at(int x, int y) const {
    const int outline = std::max(1, static_cast<int>(0.8f * scale_));
    if (toon_ && is_outline(raster_, scene_, x, y, outline)) return Vec3{};
    const auto t = static_cast<std::size_t>(raster_.triangle[raster_.at(x, y)]);
    const auto corner = [&](std::size_t k) -> const Vec3& {
      return screen_[static_cast<std::size_t>(scene_.triangles[3 * t + k])];
    };
    const float u = static_cast<float>(x) + 0.5f, v = static_cast<float>(y) + 0.5f;
    return shader_(t, barycentric(corner(0), corner(1), corner(2), u, v));
  }

  /// Whether neighbouring samples of this part may share their light.
  bool shares_light(Part part) const {
    return !toon_ && (!small_ || part == Part::kHair || part == Part::kBody);
  }

  void light_pixel(std::size_t pixel, float occlusion) {
    const float share = 1.0f / static_cast<float>(kSamples * kSamples);
    const float same_mm = small_ ? 8 : 2;  // pixels of a small picture are wide
    const int left = static_cast<int>(pixel) % target_.width * kSamples;
    const int top = static_cast<int>(pixel) / target_.width * kSamples;
    Vec3 light;
    float depth = -1e9f;  // depth and part of the sample that was lit last
    Part part = Part::kSkin;
    for (int i = 0; i < kSamples * kSamples; ++i) {
      const int x = left + i % kSamples, y = top + i / kSamples;
      const std::size_t sample = raster_.at(x, y);
      if (raster_.triangle[sample] < 0) continue;
      const Part here = scene_.part[static_cast<std::size_t>(raster_.triangle[sample])];
      const bool again =
          shares_light(here) && here == part && std::abs(raster_.depth[sample] - depth) < same_mm;
      if (!again) light = light_at(x, y), depth = raster_.depth[sample], part = here;
      target_.light[pixel] += light * (share * occlusion);
      target_.cover[pixel] += share;
    }
  }

  const Subject& subject_;
  bool toon_, small_;
  Scene scene_;
  Raster raster_;
  Shader shader_;
  float scale_ = 1;  // samples per mm
  std::vector<Vec3> screen_;
  RenderTarget target_;
};

}  // namespace

RenderTarget shade(const Subject& subject,
                   const SceneSettings& settings,
                   const FaceRequest& request) {
  return Renderer(subject, settings, request).render();
}

}  // namespace mien
