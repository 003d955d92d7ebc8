// Face coordinates: origin between eyes and mouth, y down, the head's half height is 1. An identity
// (drawn from the subject) gives rest positions, an expression moves brows, lids and lips as the
// facial action units of that emotion do, a picture adds strength, pose, light and noise.
#include "datasets/faces.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "datasets/image_io.h"
#include "harness/core/error.h"

namespace mien {
namespace {

constexpr int kOversample = 4;
constexpr int kCurvePoints = 16;
constexpr double kOpenest = 1.25;  // an eye cannot open further than this much of its rest width

/// What an expression does at full strength, in face units unless said otherwise.
struct Expression {
  std::string_view name;
  double inner_brow, outer_brow;  // up
  double eye;                     // change of lid opening, share of the rest opening
  double corners;                 // mouth corners up
  double gape;                    // height of the open mouth
  double widen;                   // of the mouth, share of its width
  double lip_raise;               // middle of the upper lip up
  double wrinkle;                 // of the nose, 0 to 1
  double teeth;                   // chance that an open mouth shows teeth
};

// clang-format off
constexpr Expression kExpressions[] = {
    // name      inner   outer   eye    corners  gape   widen  lip    wrinkle teeth
    {"angry",   -0.11,   0.02,  -0.25,  -0.07,   0.03, -0.10,  0.00,  0.3,   0.6},
    {"disgust", -0.07,  -0.03,  -0.50,  -0.05,   0.07, -0.02,  0.08,  1.0,   0.4},
    {"fear",     0.11,  -0.02,   0.40,  -0.05,   0.12,  0.18,  0.00,  0.0,   0.3},
    {"happy",    0.01,   0.02,  -0.25,   0.13,   0.09,  0.28,  0.00,  0.0,   0.8},
    {"sad",      0.09,  -0.07,  -0.25,  -0.10,   0.00, -0.06,  0.00,  0.0,   0.0},
    {"surprise", 0.12,   0.11,   0.50,   0.00,   0.27, -0.22,  0.00,  0.0,   0.1},
    {"neutral",  0.00,   0.00,   0.00,   0.00,   0.00,  0.00,  0.00,  0.0,   0.0},
};
// clang-format on

struct Identity {
  double aspect, eye_gap, eye_y, eye_width, eye_opening, brow_y, brow_width, brow_tilt;
  double nose_length, mouth_y, mouth_width, lips, hairline;
  int skin, hair, background;
  bool long_hair, glasses, beard, fringe;
};

struct Picture {
  double scale, turn, yaw;  // turn in radians, yaw -1 to 1
  Point shift;
  double light_angle, light, contrast, noise, blur;
  int occlusion;  // kinds below
};
enum Occlusion { kNone, kBar, kHand, kCorner };

FaceRandom random_for(std::uint64_t seed, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  FaceRandom mixed(seed);
  for (const std::uint64_t part : {a, b, c}) mixed = FaceRandom(mixed.next() ^ (part + 1));
  return mixed;
}

std::uint8_t gray(double value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

Identity identity_of(FaceRandom r) {
  Identity id{};
  id.aspect = r.between(0.68, 0.84);
  id.eye_gap = r.between(0.27, 0.35);
  id.eye_y = r.between(-0.20, -0.16);
  id.eye_width = r.between(0.13, 0.18);
  id.eye_opening = r.between(0.055, 0.085);
  id.brow_y = r.between(0.15, 0.21);
  id.brow_width = r.between(0.035, 0.075);
  id.brow_tilt = r.between(-0.03, 0.03);
  id.nose_length = r.between(0.26, 0.38);
  id.mouth_y = r.between(0.45, 0.49);
  id.mouth_width = r.between(0.20, 0.29);
  id.lips = r.between(0.035, 0.065);
  id.hairline = r.between(-0.80, -0.55);
  id.skin = static_cast<int>(r.between(110, 215));
  id.hair = static_cast<int>(r.between(10, 0.75 * id.skin));
  id.background = static_cast<int>(r.between(15, 235));
  id.long_hair = r.below(100) < 40;
  id.glasses = r.below(100) < 20;
  id.beard = r.below(100) < 15;
  id.fringe = r.below(100) < 30;
  return id;
}

Picture picture_of(FaceRandom& r) {
  Picture p{};
  p.scale = r.between(0.455, 0.52);
  p.turn = 0.065 * r.normal();
  p.yaw = std::clamp(0.25 * r.normal(), -1.0, 1.0);
  p.shift = {0.5 + 0.017 * r.normal(), 0.52 + 0.017 * r.normal()};
  p.light_angle = r.between(0, 2 * std::numbers::pi);
  p.light = r.between(0, 50);
  p.contrast = r.between(0.65, 1.15);
  p.noise = r.between(2, 9);
  p.blur = r.between(0.0, 0.014);
  p.occlusion = r.below(100) < 14 ? 1 + static_cast<int>(r.below(3)) : kNone;
  return p;
}

/// The expression at this picture's strength: seldom at full, sometimes hardly there.
Expression expression_of(const Expression& full, FaceRandom& r) {
  const double strength = r.below(100) < 8 ? r.between(0.1, 0.5) : r.between(0.6, 1.2);
  Expression e = full;
  for (double Expression::*part : {&Expression::inner_brow,
                                   &Expression::outer_brow,
                                   &Expression::corners,
                                   &Expression::lip_raise})
    e.*part = strength * full.*part + 0.016 * r.normal();
  e.gape = std::max(0.0, strength * full.gape * r.between(0.4, 1.2) + 0.012 * r.normal());
  e.eye = strength * full.eye + 0.12 * r.normal();
  e.widen = strength * full.widen + 0.065 * r.normal();
  e.wrinkle = strength * full.wrinkle;
  e.teeth = r.between(0, 1) < full.teeth ? 1 : 0;
  return e;
}

/// Paints in face coordinates.
class Painter {
 public:
  Painter(const Identity& id, const Picture& picture, int side_px)
      : id_(id), picture_(picture), canvas_(side_px, kOversample, gray(id.background)) {}

  void paint(const Expression& e) {
    head();
    for (const int side : {-1, 1}) {
      eye(side, e);
      brow(side, e);
    }
    nose(e);
    if (id_.beard) beard();
    mouth(e);
    if (id_.fringe) fringe();
    occlude();
    canvas_.blur(picture_.blur);
  }
  std::vector<std::uint8_t> pixels() const { return canvas_.shrink(); }

 private:
  /// Canvas point; `depth` is how far the feature stands out towards the viewer.
  Point at(double x, double y, double depth = 0) const {
    const double turned = x * (1 - 0.18 * std::abs(picture_.yaw)) + depth * picture_.yaw;
    const double c = std::cos(picture_.turn), s = std::sin(picture_.turn);
    return {picture_.shift.x + picture_.scale * (turned * c - y * s),
            picture_.shift.y + picture_.scale * (turned * s + y * c)};
  }
  double length(double face_units) const { return picture_.scale * face_units; }
  double skin(double factor) const { return id_.skin * factor; }

  void ellipse(double x, double y, double rx, double ry, double value, double depth = 0) {
    canvas_.ellipse(at(x, y, depth), {length(rx), length(ry)}, picture_.turn, gray(value));
  }
  void stroke(std::span<const Point> points, double width, double value, double depth = 0.14) {
    std::vector<Point> moved;
    for (const Point& p : points) moved.push_back(at(p.x, p.y, depth));
    canvas_.line(moved, length(width), gray(value));
  }

  void head() {
    if (id_.long_hair) ellipse(0, 0.10, id_.aspect * 1.22, 1.12, id_.hair);
    ellipse(0, -0.16, id_.aspect * 1.10, 0.94, id_.hair);
    ellipse(0, 1.15, 0.34, 0.50, skin(0.78));         // neck
    ellipse(-id_.aspect, 0, 0.09, 0.17, skin(0.85));  // ears
    ellipse(id_.aspect, 0, 0.09, 0.17, skin(0.85));
    ellipse(0, 0.06, id_.aspect, 0.97, skin(1), 0.03);
    ellipse(0, id_.hairline - 0.10, id_.aspect * 0.88, 0.22, id_.hair, 0.02);
  }

  void eye(int side, const Expression& e) {
    const double x = side * id_.eye_gap;
    const double open = id_.eye_opening * std::clamp(1 + e.eye, 0.25, kOpenest + 0.3);
    ellipse(x, id_.eye_y - 0.01, id_.eye_width * 1.25, open * 1.7, skin(0.84), 0.14);
    ellipse(x, id_.eye_y, id_.eye_width, open, std::min(250.0, skin(0.45) + 120), 0.14);
    const double iris = std::min(0.062, open * 1.05);
    ellipse(x, id_.eye_y, 0.062, iris, 25, 0.16);
    const Point lid[] = {{x - id_.eye_width, id_.eye_y},
                         {x - id_.eye_width / 2, id_.eye_y - open},
                         {x + id_.eye_width / 2, id_.eye_y - open},
                         {x + id_.eye_width, id_.eye_y}};
    stroke(lid, 0.025, skin(0.35));
    if (id_.glasses) rim(x);
  }

  void rim(double x) {
    std::array<Point, kCurvePoints + 1> ring;
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(i) / kCurvePoints;
      ring[i] = {x + 0.24 * std::cos(angle), id_.eye_y + 0.19 * std::sin(angle)};
    }
    stroke(ring, 0.03, 20, 0.17);
  }

  void brow(int side, const Expression& e) {
    const double y = id_.eye_y - id_.brow_y;
    const double inner_x = side * (id_.eye_gap - 0.15 + 0.25 * std::min(0.0, e.inner_brow));
    const double outer_x = side * (id_.eye_gap + 0.19);
    const double inner_y = y + id_.brow_tilt - e.inner_brow, outer_y = y - e.outer_brow;
    const Point points[] = {{inner_x, inner_y},
                            {(inner_x + outer_x) / 2, (inner_y + outer_y) / 2 - 0.045},
                            {outer_x, outer_y}};
    stroke(points, id_.brow_width, 0.8 * id_.hair + 5);
  }

  void nose(const Expression& e) {
    const double tip = id_.eye_y + id_.nose_length - 0.03 * e.wrinkle;
    const Point ridge[] = {{0.05, id_.eye_y + 0.02}, {0.075, tip - 0.08}, {0.10, tip}};
    stroke(ridge, 0.03, skin(0.74), 0.24);
    const Point base[] = {{-0.09, tip}, {0, tip + 0.03}, {0.09, tip}};
    stroke(base, 0.035, skin(0.55), 0.24);
    for (int line = 0; line < 2 && e.wrinkle > 0.25; ++line) {
      const double y = id_.eye_y + 0.04 + 0.06 * line;
      const Point crease[] = {{-0.09, y - 0.03}, {0, y}, {0.09, y - 0.03}};
      stroke(crease, 0.02 + 0.015 * e.wrinkle, skin(0.6), 0.2);
    }
    for (const int side : {-1, 1}) {
      if (e.wrinkle < 0.5 && e.corners < 0.05) break;  // the fold from nose to mouth corner
      const Point fold[] = {{side * 0.13, tip - 0.02}, {side * 0.27, id_.mouth_y - 0.02}};
      stroke(fold, 0.022, skin(0.7), 0.14);
    }
  }

  void beard() {
    ellipse(0, id_.mouth_y + 0.14, 0.42, 0.34, 0.5 * id_.hair + 0.35 * id_.skin, 0.1);
    ellipse(0, id_.mouth_y, id_.mouth_width * 1.25, 0.11, skin(0.95), 0.12);
  }

  /// Lower or upper edge of the mouth from corner to corner.
  std::array<Point, kCurvePoints> lip(const Expression& e, double middle) const {
    std::array<Point, kCurvePoints> points;
    for (int i = 0; i < kCurvePoints; ++i) {
      const double t = 2.0 * i / (kCurvePoints - 1) - 1;
      const double x = t * id_.mouth_width * (1 + e.widen);
      points[static_cast<std::size_t>(i)] = {
          x, id_.mouth_y - e.corners * t * t + middle * std::sqrt(std::max(0.0, 1 - t * t))};
    }
    return points;
  }

  void mouth(const Expression& e) {
    // A raised corner pulls the middle down, so that a smile is a bow and not a lifted mouth.
    const double sag = 0.35 * e.corners;
    const auto upper = lip(e, sag - 0.25 * e.gape - e.lip_raise);
    const auto lower = lip(e, sag + e.gape);
    std::vector<Point> inside;
    for (const Point& p : upper) inside.push_back(at(p.x, p.y, 0.16));
    for (auto p = lower.rbegin(); p != lower.rend(); ++p) inside.push_back(at(p->x, p->y, 0.16));
    canvas_.polygon(inside, gray(e.teeth > 0 ? skin(0.4) + 130 : skin(0.18)));
    stroke(upper, id_.lips, skin(0.52), 0.16);
    stroke(lower, id_.lips * 1.15, skin(0.60), 0.16);
    if (e.gape < 0.04) stroke(upper, 0.02, skin(0.3), 0.16);
  }

  void fringe() { ellipse(-0.25, id_.hairline + 0.02, id_.aspect * 0.6, 0.26, id_.hair, 0.05); }

  void occlude() {
    const double tone = 255 - id_.skin;
    if (picture_.occlusion == kBar) {  // something held in front, at mouth or brow height
      const double y = picture_.noise > 5 ? 0.55 : -0.38;
      const Point bar[] = {{-1.3, y + 0.1}, {1.3, y - 0.1}};
      stroke(bar, 0.20, tone, 0);
    } else if (picture_.occlusion == kHand) {
      const double side = picture_.yaw < 0 ? -1 : 1;
      for (int finger = 0; finger < 4; ++finger) {
        const double y = 0.30 + 0.14 * finger;
        const Point bone[] = {{side * 1.1, y + 0.2}, {side * 0.25, y}};
        stroke(bone, 0.12, skin(finger % 2 == 0 ? 0.9 : 0.78), 0);
      }
    } else if (picture_.occlusion == kCorner) {
      const double side = picture_.yaw < 0 ? 1 : -1;
      ellipse(side * 0.85, -0.45, 0.5, 0.7, tone * 0.5, 0);
    }
  }

  const Identity& id_;
  const Picture& picture_;
  Canvas canvas_;
};

/// Light from one side, contrast and sensor noise: what varies without moving an edge.
void expose(std::vector<std::uint8_t>& pixels, int side_px, const Picture& picture, FaceRandom& r) {
  const double dx = std::cos(picture.light_angle), dy = std::sin(picture.light_angle);
  for (int y = 0; y < side_px; ++y)
    for (int x = 0; x < side_px; ++x) {
      std::uint8_t& pixel = pixels[static_cast<std::size_t>(y * side_px + x)];
      const double across = ((x + 0.5) / side_px - 0.5) * dx + ((y + 0.5) / side_px - 0.5) * dy;
      pixel = gray(128 + picture.contrast * (pixel - 128) + 2 * picture.light * across +
                   picture.noise * r.normal());
    }
}

const Expression& find_expression(std::string_view name) {
  for (const Expression& known : kExpressions)
    if (known.name == name) return known;
  MIEN_ASSERT(!"every requested expression is in kExpressions");
  return kExpressions[0];
}

}  // namespace

// The splitmix64 recurrence: one addition per number, then a fixed mixing of the bits.
std::uint64_t FaceRandom::next() {
  std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

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

FacePicture draw_face(const FaceRequest& request) {
  const Expression& full =
      find_expression(request.expression == "contempt" ? "neutral" : request.expression);
  const auto subject = static_cast<std::uint64_t>(request.subject);
  const auto label = static_cast<std::uint64_t>(&full - kExpressions);
  const Identity id = identity_of(random_for(request.seed, subject, 1000, 1000));
  FaceRandom r = random_for(request.seed,
                            subject,
                            label,
                            static_cast<std::uint64_t>(request.number + 1000 * request.sitting));
  const Picture picture = picture_of(r);
  const int side = std::min(request.width, request.height);
  Painter painter(id, picture, side);
  painter.paint(expression_of(full, r));
  std::vector<std::uint8_t> pixels = painter.pixels();
  expose(pixels, side, picture, r);
  FacePicture out{{request.width, request.height, request.channels, {}}, {}};
  const int left = (request.width - side) / 2, top = (request.height - side) / 2;
  for (int y = 0; y < request.height; ++y)
    for (int x = 0; x < request.width; ++x)
      for (int c = 0; c < request.channels; ++c) {
        const int sx = std::clamp(x - left, 0, side - 1), sy = std::clamp(y - top, 0, side - 1);
        out.image.pixels.push_back(pixels[static_cast<std::size_t>(sy * side + sx)]);
      }
  for (std::size_t k = 0; k < out.landmarks.size(); ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / 68;
    out.landmarks[k] = {left + side * (0.5 + 0.35 * std::cos(angle)),
                        top + side * (0.52 + 0.42 * std::sin(angle))};
  }
  return out;
}

}  // namespace mien
