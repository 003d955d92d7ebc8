// The stand-in of REALY: scans of synthetic subjects, cut into regions, and pictures of them.

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "datasets/faces/faces.h"
#include "datasets/faces/head.h"
#include "datasets/readers/realy_geometry.h"
#include "datasets/stand_ins/pictures.h"
#include "datasets/stand_ins/stand_in.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/geometry/mesh.h"

namespace fs = std::filesystem;

namespace mien {

extern const StandIn kRealyStandIn;

namespace {

// ---- where things are on the mean head, in mm: eyes at y = 0, mouth at y = -68 -----------------

/// The keypoints 68 to 84: cheekbones, sides of the nose, cheeks, chin.
constexpr float kExtra[][2] = {{-50, -20},
                               {50, -20},
                               {-13, -34},
                               {13, -34},
                               {-40, -38},
                               {40, -38},
                               {-30, -28},
                               {30, -28},
                               {-44, -58},
                               {44, -58},
                               {-36, -80},
                               {36, -80},
                               {-24, -92},
                               {24, -92},
                               {0, -86},
                               {0, -96},
                               {0, -104}};
constexpr std::size_t kLandmarks = 68;
static_assert(std::size(kExtra) + kLandmarks == kRealyKeypoints);

struct Box {
  float x_from, x_to, y_from, y_to;  // of |x| and of y
};
constexpr Box kBoxes[] = {  // as kRealyRegions
    {0, 22, -52, 4},
    {0, 36, -90, -50},
    {0, 60, -9, 60},
    {18, 62, -80, -8}};
constexpr float kFront = 20;     // mm; vertices further back are not face
constexpr float kNoise = 0.05f;  // standard deviation, mm
constexpr float kSideYaw[] = {-50, -25, 25, 50};
constexpr double kScaleFrom = 7, kScaleTo = 10;  // mm per unit

Vec3 at(const std::vector<float>& vertices, std::int32_t vertex) {
  const float* v = &vertices[static_cast<std::size_t>(vertex) * 3];
  return {v[0], v[1], v[2]};
}

// ---- keypoints ---------------------------------------------------------------------------------

/// A point of the surface, as a template's .txt has it.
struct Place {
  std::size_t triangle;
  double w0, w1;
};

Place place_of_vertex(const FaceModel& model, std::int32_t vertex) {
  const auto corner = std::ranges::find(model.triangles, vertex) - model.triangles.begin();
  MIEN_ASSERT(corner < std::ssize(model.triangles));
  return {static_cast<std::size_t>(corner / 3),
          corner % 3 == 0 ? 1.0 : 0.0,
          corner % 3 == 1 ? 1.0 : 0.0};
}

/// The foremost skin at (x, y) of the mean head.
Place place_at(const Head& head, double x, double y) {
  const FaceModel& model = head.model;
  Place best{};
  double nearest = -1e9;
  for (std::size_t t = 0; t < head.triangle_of.size(); ++t) {
    if (head.triangle_of[t] != Part::kSkin) continue;
    const Vec3 a = at(model.mean, model.triangles[3 * t]),
               b = at(model.mean, model.triangles[3 * t + 1]),
               c = at(model.mean, model.triangles[3 * t + 2]);
    const double area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
    if (area <= 0) continue;  // turned away
    const double w0 = ((b.x - x) * (c.y - y) - (c.x - x) * (b.y - y)) / area;
    const double w1 = ((c.x - x) * (a.y - y) - (a.x - x) * (c.y - y)) / area;
    const double z = w0 * a.z + w1 * b.z + (1 - w0 - w1) * c.z;
    if (w0 < 0 || w1 < 0 || w0 + w1 > 1 || z <= nearest) continue;
    nearest = z;
    best = {t, w0 + 0.0, w1 + 0.0};  // -0 + 0 is 0
  }
  MIEN_ASSERT(nearest > kFront);
  return best;
}

std::vector<Place> keypoints_of(const Head& head) {
  MIEN_ASSERT(head.model.landmarks68.size() == kLandmarks);
  std::vector<Place> places;
  for (const std::int32_t vertex : head.model.landmarks68)
    places.push_back(place_of_vertex(head.model, vertex));
  for (const auto& [x, y] : kExtra) places.push_back(place_at(head, x, y));
  return places;
}

// ---- scans -------------------------------------------------------------------------------------

/// Triangles of the head with all corners in a region of the mean head.
std::vector<std::int32_t> triangles_in(const Head& head, const Box& box) {
  std::vector<std::int32_t> inside;
  const auto holds = [&](std::int32_t vertex) {
    const Vec3 p = at(head.model.mean, vertex);
    const float x = std::abs(p.x);
    return p.z > kFront && x >= box.x_from && x <= box.x_to && p.y >= box.y_from && p.y <= box.y_to;
  };
  const std::vector<std::int32_t>& all = head.model.triangles;
  for (std::size_t t = 0; t < head.triangle_of.size(); ++t)
    if (head.triangle_of[t] == Part::kSkin && holds(all[3 * t]) && holds(all[3 * t + 1]) &&
        holds(all[3 * t + 2]))
      inside.insert(inside.end(), &all[3 * t], &all[3 * t] + 3);
  return inside;
}

/// The part of `vertices` that `triangles` use, in order of use.
Mesh cut(const std::vector<float>& vertices, const std::vector<std::int32_t>& triangles) {
  Mesh mesh;
  std::map<std::int32_t, std::int32_t> number;
  for (const std::int32_t vertex : triangles) {
    const auto [found, is_new] = number.try_emplace(vertex, std::ssize(number));
    mesh.triangles.push_back(found->second);
    const Vec3 p = at(vertices, vertex);
    if (is_new) mesh.vertices.insert(mesh.vertices.end(), {p.x, p.y, p.z});
  }
  return mesh;
}

/// Each triangle becomes four; neighbours stay joined.
Mesh subdivided(const Mesh& mesh) {
  Mesh out{mesh.vertices, {}};
  std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> middles;
  const auto middle = [&](std::int32_t a, std::int32_t b) {
    const auto next = static_cast<std::int32_t>(out.vertices.size() / 3);
    const auto [found, is_new] = middles.try_emplace(std::minmax(a, b), next);
    const Vec3 p = 0.5f * (at(mesh.vertices, a) + at(mesh.vertices, b));
    if (is_new) out.vertices.insert(out.vertices.end(), {p.x, p.y, p.z});
    return found->second;
  };
  for (std::size_t t = 0; t < mesh.triangles.size(); t += 3) {
    const std::int32_t a = mesh.triangles[t], b = mesh.triangles[t + 1], c = mesh.triangles[t + 2];
    const std::int32_t ab = middle(a, b), bc = middle(b, c), ca = middle(c, a);
    out.triangles.insert(out.triangles.end(), {a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca});
  }
  return out;
}

void scan(Mesh& mesh, float millimetres, FaceRandom random) {
  for (float& value : mesh.vertices)
    value = (value + kNoise * static_cast<float>(random.normal())) / millimetres;
}

// ---- subjects ----------------------------------------------------------------------------------

/// Subjects are numbered from 1 in names, from 0 in requests.
FaceRequest request_of(const SynthesizeOptions& options, int subject) {
  return {.seed = options.seed,
          .subject = subject - 1,
          .expression = "neutral",
          .strength = 0,
          .yaw = 0,
          .pitch = 0,
          .style = FaceStyle::kLab,
          .width = 512,
          .height = 512,
          .face_share = .75,
          .channels = 3};
}

double scale_of(std::uint64_t seed, int subject) {
  return random_for(seed, {9001, static_cast<std::uint64_t>(subject)})
      .between(kScaleFrom, kScaleTo);
}

/// What is the same for all subjects.
struct Plan {
  std::vector<Place> keypoints;
  std::vector<std::vector<std::int32_t>> regions;
};

void write_subject(const fs::path& out,
                   const SynthesizeOptions& options,
                   const Plan& plan,
                   int subject) {
  const std::vector<std::int32_t>& triangles = built_in_head().model.triangles;
  const std::vector<float> vertices = head_vertices(request_of(options, subject));
  const auto scale = static_cast<float>(scale_of(options.seed, subject));
  Mesh keypoints;
  for (const Place& place : plan.keypoints)
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto corner = [&](std::size_t i) {
        return double{
            vertices[static_cast<std::size_t>(triangles[3 * place.triangle + i]) * 3 + axis]};
      };
      const double mm =
          place.w0 * corner(0) + place.w1 * corner(1) + (1 - place.w0 - place.w1) * corner(2);
      keypoints.vertices.push_back(static_cast<float>(mm / scale));
    }
  write_obj(out / fmt::format("REALY_HIFI3D_keypoints/{}.obj", subject), keypoints);
  for (std::size_t region = 0; region < plan.regions.size(); ++region) {
    Mesh mesh = subdivided(cut(vertices, plan.regions[region]));
    scan(
        mesh, scale, random_for(options.seed, {9002, static_cast<std::uint64_t>(subject), region}));
    write_obj(out / fmt::format("REALY_scan_region/{}/{}.obj", subject, kRealyRegions[region]),
              mesh);
  }
}

void write_template(const fs::path& data, const FaceModel& model, const Plan& plan) {
  write_obj(data / "SYN.obj", {model.mean, model.triangles});
  nlohmann::ordered_json places = nlohmann::ordered_json::array();
  for (const Place& place : plan.keypoints) places.push_back({place.triangle, place.w0, place.w1});
  write_text(data / "SYN.txt", places.dump());
}

/// Keypoints, scan regions, the template SYN and the scales, below `out`.
void write_geometry(const fs::path& out, const SynthesizeOptions& options) {
  if (options.head != FaceHead::kProcedural)
    fail(Exit::kUsage, "realy: its scans, keypoints and template are of the built-in head only");
  const Head& head = built_in_head();
  Plan plan{keypoints_of(head), {}};
  for (const Box& box : kBoxes) plan.regions.push_back(triangles_in(head, box));
  write_template(out / "data", head.model, plan);
  std::string scales;
  for (int subject = 1; subject <= kRealySubjects; ++subject)
    scales += fmt::format("{:.18e}\n", scale_of(options.seed, subject));
  write_text(out / "data/metrical_scale.txt", scales);
  parallel_for(static_cast<std::size_t>(options.subjects), [&](std::size_t i, int) {
    write_subject(out, options, plan, static_cast<int>(i) + 1);
  });
}

/// Per subject one frontal and four side views.
std::vector<PlannedPicture> pictures_of(const SynthesizeOptions& options) {
  std::vector<PlannedPicture> plan;
  for (int subject = 1; subject <= options.subjects; ++subject) {
    FaceRequest request = request_of(options, subject);
    plan.push_back({fmt::format("REALY_image/{}.png", subject), request});
    for (const float yaw : kSideYaw) {
      request.yaw = yaw;
      ++request.number;
      plan.push_back({fmt::format("REALY_image/{}_{}.png", subject, request.number), request});
    }
  }
  return plan;
}

void write(const fs::path& out, const SynthesizeOptions& options, StandInMarker&) {
  write_geometry(out, options);
  draw_pictures(out, pictures_of(options));
}

}  // namespace

const StandIn kRealyStandIn = {.dataset = "realy",
                               .version = 1,
                               .subjects = 10,
                               .fewest = 1,
                               .most = kRealySubjects,
                               .items = 50,
                               .item = "pictures",
                               .core_seconds = 0.14,
                               .write = write};

}  // namespace mien
