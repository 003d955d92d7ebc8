#include "datasets/faces/expressions.h"

#include <algorithm>
#include <span>
#include <string>

#include "datasets/faces/face_request.h"
#include "harness/base/error.h"

namespace mien {
namespace {

struct ExpressionRow {
  const char* expression;
  const char* action;
  float share;   // of the action's peak, on average
  float spread;  // standard deviation over subjects; half of it over sessions
};

// clang-format off
constexpr ExpressionRow kExpressionRows[] = {
    {"angry",    "brow_lower",        1.00f, 0.20f},  // AU 4
    {"angry",    "lid_raise",         0.35f, 0.25f},  // AU 5
    {"angry",    "lid_tighten",       0.60f, 0.30f},  // AU 7
    {"angry",    "lips_press",        0.80f, 0.40f},  // AU 23, 24
    {"angry",    "mouth_narrow",      0.25f, 0.20f},
    {"angry",    "nose_wrinkle",      0.12f, 0.15f},
    {"angry",    "chin_raise",        0.20f, 0.20f},  // AU 17
    {"contempt", "corner_pull",       0.35f, 0.15f},  // AU 12, on one side
    {"contempt", "dimple",            1.00f, 0.20f},  // AU 14, on one side
    {"contempt", "lid_tighten",       0.25f, 0.20f},
    {"disgust",  "nose_wrinkle",      1.00f, 0.20f},  // AU 9
    {"disgust",  "upper_lip_raise",   0.75f, 0.30f},  // AU 10
    {"disgust",  "brow_lower",        0.35f, 0.25f},
    {"disgust",  "lid_tighten",       0.55f, 0.25f},
    {"disgust",  "cheek_raise",       0.35f, 0.25f},
    {"disgust",  "corner_depress",    0.40f, 0.30f},  // AU 15
    {"disgust",  "lower_lip_depress", 0.25f, 0.25f},  // AU 16
    {"disgust",  "chin_raise",        0.25f, 0.25f},  // AU 17
    {"fear",     "inner_brow_raise",  1.00f, 0.20f},  // AU 1
    {"fear",     "outer_brow_raise",  0.45f, 0.25f},  // AU 2
    {"fear",     "brow_lower",        0.40f, 0.25f},  // AU 4
    {"fear",     "lid_raise",         0.95f, 0.25f},  // AU 5
    {"fear",     "lip_stretch",       0.90f, 0.25f},  // AU 20
    {"fear",     "lips_part",         0.80f, 0.35f},  // AU 25
    {"fear",     "lower_lip_depress", 0.40f, 0.30f},
    {"fear",     "jaw_drop",          0.15f, 0.12f},  // AU 26
    {"happy",    "corner_pull",       1.00f, 0.20f},  // AU 12
    {"happy",    "cheek_raise",       0.75f, 0.30f},  // AU 6
    {"happy",    "lips_part",         0.70f, 0.60f},
    {"happy",    "upper_lip_raise",   0.20f, 0.20f},
    {"happy",    "jaw_drop",          0.12f, 0.15f},
    {"sad",      "inner_brow_raise",  0.95f, 0.25f},  // AU 1
    {"sad",      "brow_lower",        0.35f, 0.25f},  // AU 4
    {"sad",      "corner_depress",    0.95f, 0.25f},  // AU 15
    {"sad",      "chin_raise",        0.45f, 0.35f},  // AU 17
    {"sad",      "lid_close",         0.22f, 0.14f},
    {"surprise", "inner_brow_raise",  1.00f, 0.20f},  // AU 1
    {"surprise", "outer_brow_raise",  1.00f, 0.20f},  // AU 2
    {"surprise", "lid_raise",         0.80f, 0.30f},  // AU 5
    {"surprise", "jaw_drop",          0.75f, 0.30f},  // AU 26, 27
    {"surprise", "lips_part",         0.50f, 0.30f},
    {"surprise", "mouth_narrow",      0.45f, 0.25f},
};

constexpr ExpressionRow kRestRows[] = {
    {"neutral", "brow_lower",       0.10f, 0.20f},
    {"neutral", "inner_brow_raise", 0.05f, 0.14f},
    {"neutral", "outer_brow_raise", 0.05f, 0.12f},
    {"neutral", "corner_pull",      0.05f, 0.12f},
    {"neutral", "corner_depress",   0.08f, 0.16f},
    {"neutral", "lid_close",        0.06f, 0.08f},
    {"neutral", "lips_press",       0.08f, 0.20f},
    {"neutral", "lips_part",        0.05f, 0.10f},
    {"neutral", "jaw_drop",         0.01f, 0.02f},
};
// clang-format on

std::uint64_t key_of(std::string_view name) {
  std::uint64_t key = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : name) key = (key ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return key;
}

/// The subject and the session both vary the action, and its sides differ a little.
ActionShare drawn(const ExpressionRow& row, FaceRandom& habit, FaceRandom& session, double spread) {
  const double usual = row.share + spread * row.spread * habit.normal();
  const double lean = 0.09 * habit.normal();
  const double now = usual + 0.5 * spread * row.spread * session.normal();
  const auto side = [&](double sign) {
    return static_cast<float>(std::clamp(now * (1 + sign * lean), 0.0, 1.35));
  };
  return {row.action, side(1), side(-1)};
}

std::vector<ActionShare> all_of(std::span<const ExpressionRow> table,
                                std::string_view name,
                                FaceRandom habit,
                                FaceRandom session,
                                double spread) {
  std::vector<ActionShare> shares;
  for (const ExpressionRow& row : table)
    if (row.expression == name) shares.push_back(drawn(row, habit, session, spread));
  return shares;
}

}  // namespace

std::vector<ActionShare> expression_peak(std::string_view expression,
                                         const SessionKey& session,
                                         bool exaggerated) {
  const auto subject = static_cast<std::uint64_t>(session.subject);
  const std::uint64_t key = key_of(expression);
  FaceRandom habit = random_for(session.seed, {key, 11, subject});
  const FaceRandom variation =
      random_for(session.seed, {key, 12, subject, static_cast<std::uint64_t>(session.session)});
  const bool to_the_left = habit.below(2) == 0;
  const double spread = exaggerated ? 0.3 : 1;
  std::vector<ActionShare> shares = all_of(kExpressionRows, expression, habit, variation, spread);
  if (shares.empty() && expression != "neutral")
    fail(Exit::kUsage,
         "no expression '{}'; known: angry, contempt, disgust, fear, happy, sad, surprise, neutral",
         expression);
  if (expression == "contempt")
    for (ActionShare& share : shares) (to_the_left ? share.right : share.left) *= 0.1f;
  if (exaggerated)
    for (ActionShare& share : shares) share.left *= 1.25f, share.right *= 1.25f;
  return shares;
}

std::vector<ActionShare> rest_face(const SessionKey& session) {
  const auto subject = static_cast<std::uint64_t>(session.subject);
  return all_of(
      kRestRows,
      "neutral",
      random_for(session.seed, {13, subject}),
      random_for(session.seed, {14, subject, static_cast<std::uint64_t>(session.session)}),
      1);
}

}  // namespace mien
