#include "datasets/portrait.h"

#include "datasets/outfit.h"
#include "datasets/rasterizer.h"

namespace mien {
namespace {

constexpr int kSmall = 96;  // px

constexpr int kSamples = 2;  // per pixel along one side

// ---- geometry ----------------------------------------------------------------------------------

struct Turn {
  std::array<Vec3, 3> rows;
  Vec3 operator()(const Vec3& p) const {
    return {dot(rows[0], p), dot(rows[1], p), dot(rows[2], p)};
  }
};

Turn turn_of(float yaw, float pitch, float roll) {
  const float cy = std::cos(yaw), sy = std::sin(yaw), cp = std::cos(pitch), sp = std::sin(pitch);
  const float cr = std::cos(roll), sr = std::sin(roll);
  const Vec3 x{cy, 0, sy}, y{-sp * sy, cp, sp * cy}, z{-cp * sy, -sp, cp * cy};
  return {{x * cr - y * sr, x * sr + y * cr, z}};
}

/// The point about which a head turns, and the frame in which a picture is composed.
constexpr Vec3 kPivot{0, -45, -10};

Vec3 turned(const Turn& turn, const Vec3& p) { return turn(p - kPivot) + kPivot; }

Vec3 shape_at(const Sitter& sitter, std::int32_t vertex) {
  const float* p = &sitter.shape[3 * static_cast<std::size_t>(vertex)];
  return {p[0], p[1], p[2]};
}

/// A landmark of the face without expression.
Vec3 at_rest(const Sitter& sitter, std::size_t landmark) {
  const FaceModel& model = sitter.head.model;
  const std::size_t first = 3 * static_cast<std::size_t>(model.landmarks68[landmark]);
  std::array<float, 3> p{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    p[axis] = model.mean[first + axis];
    for (std::size_t mode = 0; mode < model.identity_modes(); ++mode)
      p[axis] +=
          sitter.person.identity[mode] * model.identity[mode * model.mean.size() + first + axis];
  }
  return {p[0], p[1], p[2]};
}

/// Where the eyes of `sitter` are: their slits' middles, a little behind.
Vec3 eye_middle(const Sitter& sitter, std::size_t inner_mark, std::size_t outer_mark) {
  const auto& marks = sitter.head.model.landmarks68;
  return (shape_at(sitter, marks[inner_mark]) + shape_at(sitter, marks[outer_mark])) * 0.5f;
}

Scene scene_of(const Sitter& sitter, const Occasion& occasion) {
  Scene scene;
  const std::size_t n = sitter.head.place.size();
  scene.place = sitter.head.place;
  scene.at.resize(n);
  for (std::size_t v = 0; v < n; ++v) scene.at[v] = shape_at(sitter, static_cast<std::int32_t>(v));
  scene.triangles = sitter.head.model.triangles;
  scene.part = sitter.head.triangle_of;
  const std::size_t body_from = scene.at.size();
  add_body(scene);
  const std::size_t body_end = scene.at.size();
  scene.thin_from = scene.part.size();
  add_hair(scene, sitter.head, sitter.person);
  add_long_hair(scene, sitter.person, 78);
  if (sitter.person.has_glasses)
    add_glasses(scene, eye_middle(sitter, 36, 39), eye_middle(sitter, 42, 45));
  const Turn head = turn_of(occasion.yaw, occasion.pitch, occasion.roll);
  const Turn body = turn_of(0.35f * occasion.yaw, 0, 0.2f * occasion.roll);
  for (std::size_t v = 0; v < scene.at.size(); ++v)
    scene.at[v] = turned(v < body_from || v >= body_end ? head : body, scene.at[v]);
  return scene;
}

std::vector<Vec3> normals_of(const Scene& scene) {
  std::vector<Vec3> normals(scene.at.size());
  for (std::size_t t = 0; t < scene.triangles.size(); t += 3) {
    const auto a = static_cast<std::size_t>(scene.triangles[t]),
               b = static_cast<std::size_t>(scene.triangles[t + 1]),
               c = static_cast<std::size_t>(scene.triangles[t + 2]);
    const Vec3 n = cross(scene.at[b] - scene.at[a], scene.at[c] - scene.at[a]);
    normals[a] += n;
    normals[b] += n;
    normals[c] += n;
  }
  for (Vec3& n : normals) n = unit(n);
  return normals;
}

/// Millimetres to samples.
struct Camera {
  float scale, centre_x, centre_y, distance, middle_x, middle_y;
  Vec3 operator()(const Vec3& p) const {
    const float near = scale * distance / (distance - p.z);
    return {centre_x + near * (p.x - middle_x), centre_y - near * (p.y - middle_y), p.z};
  }
};

Camera camera_of(const Sitter& sitter, const Occasion& o, const FaceRequest& request, int samples) {
  // Chin and crown of the face at rest: an opening mouth does not zoom.
  const float chin = at_rest(sitter, 8).y,
              eyes = (at_rest(sitter, 36).y + at_rest(sitter, 45).y) / 2;
  const float low = chin - 1, high = eyes + 1.03f * (eyes - chin);
  const auto share = static_cast<float>(request.face_share);
  const float height = static_cast<float>(request.height * samples);
  Camera camera{};
  camera.distance = o.distance;
  // The face's plane lies this far before the pivot, where perspective enlarges.
  const float plane = o.distance / (o.distance - 50);
  camera.scale = share * o.zoom * height / ((high - low) * plane);
  camera.middle_y = (low + high) / 2;
  // Small heads leave room over the crown; large ones lose the crown before the chin.
  const float middle = share > 0.85f ? 0.97f - share / 2 : 0.3f * (1 - share) + share / 2;
  camera.centre_x =
      (static_cast<float>(request.width) / static_cast<float>(request.height) / 2 + o.shift_x) *
      height;
  camera.centre_y = (middle + o.shift_y) * height;
  // A dropped chin is kept in the picture.
  const float chin_now = shape_at(sitter, sitter.head.model.landmarks68[8]).y;
  const float below = camera.centre_y + camera.scale * plane * (camera.middle_y - chin_now);
  camera.centre_y -= std::max(0.0f, below - 0.97f * height);
  return camera;
}

/// Of a rotation: its axis times its angle.
std::array<double, 3> rotation_vector(const Turn& turn) {
  const auto& [x, y, z] = turn.rows;
  const std::array<double, 3> axis{z.y - y.z, x.z - z.x, y.x - x.y};
  const double twice_sine = std::hypot(axis[0], axis[1], axis[2]);
  if (twice_sine == 0) return {};
  const double angle = std::atan2(twice_sine, double{x.x} + y.y + z.z - 1);
  return {axis[0] / twice_sine * angle, axis[1] / twice_sine * angle, axis[2] / twice_sine * angle};
}

/// The way of a turned head to where the standard camera sees the middle of its face in the same
/// place and size as `camera` does; `width` and `height` in samples.
Vec3 way_before_standard(const Turn& turn, const Camera& camera, int width, int height) {
  const Vec3 at = turned(turn, {0, -45, 60}), seen = camera(at);
  const float mm = (camera.distance - at.z) / (camera.scale * camera.distance);  // per sample
  const float h = static_cast<float>(height);
  return Vec3{(seen.x - static_cast<float>(width) / 2) * mm,
              (h / 2 - seen.y) * mm,
              -kFocal * h * mm} -
         at;
}

/// The standard camera as seen from a head that did not go that way.
Camera standard_camera(const Vec3& way, int width, int height) {
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  return {kFocal * h / -way.z, w / 2, h / 2, -way.z, -way.x, -way.y};
}

/// See Exposure::pose.
std::array<float, 6> pose_of(const Turn& turn, const Vec3& way) {
  const std::array<double, 3> r = rotation_vector(turn);
  const Vec3 t = turned(turn, {}) + way;
  return {static_cast<float>(r[0]),
          static_cast<float>(-r[1]),
          static_cast<float>(-r[2]),
          -t.x,
          t.y,
          t.z};
}

/// Solids show their front; what is thin shows both sides.
void draw(Raster& raster, const std::vector<Vec3>& screen, const Scene& scene) {
  const std::span<const std::int32_t> all(scene.triangles);
  raster.draw(screen, all.first(3 * scene.thin_from), Sides::kFront);
  raster.draw(screen,
              all.subspan(3 * scene.thin_from),
              Sides::kBoth,
              static_cast<std::int32_t>(scene.thin_from));
}

// ---- shadows -----------------------------------------------------------------------------------

/// What the lamp sees: depth over a grid across its direction.
class Shadows {
 public:
  Shadows(const Scene& scene, const Vec3& towards) : raster_(kSide, kSide) {
    right_ = unit(cross(Vec3{0, 1, 0}, towards));
    up_ = cross(towards, right_);
    towards_ = towards;
    std::vector<Vec3> seen;
    seen.reserve(scene.at.size());
    for (const Vec3& p : scene.at) seen.push_back(project(p));
    draw(raster_, seen, scene);
  }
  /// 1 in the light, 0 in the shade.
  float light_at(const Vec3& p) const {
    const Vec3 s = project(p);
    const float x = s.x - 0.5f, y = s.y - 0.5f;
    const int left = whole_below(x), top = whole_below(y);
    if (left < 0 || top < 0 || left + 1 >= kSide || top + 1 >= kSide) return 1;
    const float fx = x - static_cast<float>(left), fy = y - static_cast<float>(top);
    const auto free = [&](int dx, int dy) {
      return ramp(7, 2, raster_.depth[raster_.at(left + dx, top + dy)] - s.z);
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

struct Stuff {
  float gloss, wrap;
  bool flat;  // does not take the light's direction
};

Stuff stuff_of(Part part) {
  switch (part) {
    case Part::kEye:
      return {0.0f, 0.6f, false};
    case Part::kTeeth:
      return {0.2f, 0.5f, false};
    case Part::kMouth:
    case Part::kLidInside:
      return {0, 0.5f, false};
    case Part::kHair:
      return {0.5f, 0.3f, false};
    case Part::kBody:
      return {0.1f, 0.2f, false};
    default:
      return {1, 0, false};
  }
}

class Shader {
 public:
  Shader(const Sitter& sitter, const Occasion& occasion, const Scene& scene, bool toon)
      : sitter_(sitter),
        occasion_(occasion),
        scene_(scene),
        toon_(toon),
        normals_(normals_of(scene)),
        shadows_(scene, occasion.light.towards) {}

  /// Light from triangle `t` at the point with these weights of its corners.
  Vec3 operator()(std::size_t t, const Vec3& weights) const {
    const auto of = [&](const std::vector<Vec3>& values) {
      return values[static_cast<std::size_t>(scene_.triangles[3 * t])] * weights.x +
             values[static_cast<std::size_t>(scene_.triangles[3 * t + 1])] * weights.y +
             values[static_cast<std::size_t>(scene_.triangles[3 * t + 2])] * weights.z;
    };
    const Part part = scene_.part[t];
    const Vec3 normal = unit(of(normals_));
    return lit(part, colour(part, of(scene_.place)), normal, of(scene_.at));
  }

 private:
  Vec3 colour(Part part, const Vec3& place) const {
    const Person& who = sitter_.person;
    switch (part) {
      case Part::kEye:
        return eye_colour(who, occasion_.gaze, place);
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
        return skin_colour(who, sitter_.folds, place);
    }
  }

  Vec3 lit(Part part, const Vec3& albedo, const Vec3& normal, const Vec3& at) const {
    const Light& light = occasion_.light;
    const Stuff stuff = stuff_of(part);
    const float wrap = std::min(0.8f, light.softness + stuff.wrap);
    const float facing = dot(normal, light.towards);
    const float shade = part == Part::kMouth ? 0.3f : shadows_.light_at(at + normal * 3);
    float direct = std::max(0.0f, (facing + wrap) / (1 + wrap)) * mix(0.25f, 1, shade);
    if (toon_) direct = mix(0.35f, 1, ramp(0.42f, 0.5f, direct));
    const float sky = 0.72f + 0.28f * normal.y;
    Vec3 out = albedo * (light.ambient * sky + light.lamp * direct);
    if (toon_ && part != Part::kEye) return out;
    const Vec3 half = unit(light.towards + Vec3{0, 0, 1});
    const float shine = std::max(0.0f, dot(normal, half));
    const float s2 = shine * shine, s8 = s2 * s2 * s2 * s2, s32 = s8 * s8 * s8 * s8;
    if (part == Part::kEye) return out + light.lamp * (0.9f * ramp(0.984f, 0.993f, shine));
    return out + light.lamp * (stuff.gloss * light.gloss * shade * (0.5f * s8 + s32));
  }

  const Sitter& sitter_;
  const Occasion& occasion_;
  const Scene& scene_;
  bool toon_;
  std::vector<Vec3> normals_;
  Shadows shadows_;
};

/// Ink where something near ends before something far: the outlines of a drawing.
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

constexpr float kFar = -120;  // mm: the wall, as far as hollows go

/// Sums over 2*radius+1 neighbours along rows of `width`, edges repeated, into columns: calling it
/// twice gives sums over squares in the old order.
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

/// Per pixel the share of light that reaches it: corners lie deeper than their surroundings.
std::vector<float> hollows_of(const Raster& raster, int samples, float mm_per_pixel) {
  const int width = raster.width / samples, height = raster.height / samples;
  const int radius = std::max(1, static_cast<int>(9 / mm_per_pixel));
  std::vector<float> depth;
  depth.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      depth.push_back(std::max(kFar, raster.depth[raster.at(x * samples + 1, y * samples + 1)]));
  std::vector<float> light = summed(summed(depth, width, radius), height, radius);
  const float area = static_cast<float>((2 * radius + 1) * (2 * radius + 1));
  for (std::size_t i = 0; i < light.size(); ++i)
    light[i] = 1 - std::clamp((light[i] / area - depth[i]) * 0.045f, 0.0f, 0.45f);
  return light;
}

}  // namespace

Exposure expose(const Sitter& sitter, const Occasion& occasion, const FaceRequest& request) {
  const int samples = kSamples;
  const bool toon = request.style == FaceStyle::kToon;
  const Scene scene = scene_of(sitter, occasion);
  const int width = request.width * samples, height = request.height * samples;
  const Turn turn = turn_of(occasion.yaw, occasion.pitch, occasion.roll);
  Camera camera = camera_of(sitter, occasion, request, samples);
  const Vec3 way = way_before_standard(turn, camera, width, height);
  if (occasion.standard_camera) camera = standard_camera(way, width, height);
  std::vector<Vec3> screen;
  screen.reserve(scene.at.size());
  for (const Vec3& p : scene.at) screen.push_back(camera(p));
  Raster raster(width, height);
  draw(raster, screen, scene);
  const std::vector<float> hollows =
      hollows_of(raster, samples, static_cast<float>(samples) / camera.scale);
  const Shader shade(sitter, occasion, scene, toon);
  const int ink = std::max(1, static_cast<int>(0.8f * camera.scale));

  Exposure out{request.width, request.height, {}, {}, {}, {}};
  out.pose = pose_of(turn, way);
  const std::size_t pixels =
      static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height);
  out.light.resize(pixels);
  out.cover.resize(pixels);
  const float share = 1.0f / static_cast<float>(samples * samples);
  const auto lit = [&](int x, int y) {
    const std::size_t sample = raster.at(x, y);
    if (toon && is_outline(raster, scene, x, y, ink)) return Vec3{};
    const auto t = static_cast<std::size_t>(raster.triangle[sample]);
    const auto corner = [&](std::size_t k) -> const Vec3& {
      return screen[static_cast<std::size_t>(scene.triangles[3 * t + k])];
    };
    const float u = static_cast<float>(x) + 0.5f, v = static_cast<float>(y) + 0.5f;
    return shade(t, barycentric(corner(0), corner(1), corner(2), u, v));
  };
  const float same_mm = request.height > kSmall ? 2 : 8;  // a small picture's pixels are wide
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    const int left = static_cast<int>(pixel) % out.width * samples;
    const int top = static_cast<int>(pixel) / out.width * samples;
    Vec3 light;
    float depth = -1e9f;  // of the sample that was lit last, and what it shows
    Part part = Part::kSkin;
    for (int i = 0; i < samples * samples; ++i) {
      const int x = left + i % samples, y = top + i / samples;
      const std::size_t sample = raster.at(x, y);
      if (raster.triangle[sample] < 0) continue;
      const Part here = scene.part[static_cast<std::size_t>(raster.triangle[sample])];
      const bool coarse = request.height > kSmall || here == Part::kHair || here == Part::kBody;
      const bool again =
          coarse && !toon && here == part && std::abs(raster.depth[sample] - depth) < same_mm;
      if (!again) light = lit(x, y), depth = raster.depth[sample], part = here;
      out.light[pixel] += light * (share * hollows[pixel]);
      out.cover[pixel] += share;
    }
  }
  for (std::size_t k = 0; k < out.landmarks.size(); ++k) {
    const Vec3& p = screen[static_cast<std::size_t>(sitter.head.model.landmarks68[k])];
    out.landmarks[k] = {p.x / static_cast<float>(samples), p.y / static_cast<float>(samples)};
  }
  return out;
}

}  // namespace mien
