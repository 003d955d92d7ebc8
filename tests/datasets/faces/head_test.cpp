// The built-in head is a whole, closed surface whose modes do what their names say.
#include "datasets/faces/head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "datasets/faces/rasterizer.h"

namespace mien {
namespace {

const FaceModel& model() { return built_in_head().model; }

Vec3 vertex(const std::vector<float>& shape, std::int32_t v) {
  const auto i = 3 * static_cast<std::size_t>(v);
  return {shape[i], shape[i + 1], shape[i + 2]};
}

/// The head with one expression mode on both sides at `weight`.
std::vector<float> with(const std::string& action, float weight = 1) {
  std::vector<float> weights(model().expression_components());
  int found = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::string& name = model().expression_names[i];
    if (name != action && name != action + "_l" && name != action + "_r") continue;
    weights[i] = weight;
    ++found;
  }
  EXPECT_GT(found, 0) << action;
  return model().shape({}, weights);
}

Vec3 mark(const std::vector<float>& shape, std::size_t landmark) {
  return vertex(shape, model().landmarks68[landmark]);
}

TEST(Head, SizesFitTogether) {
  const std::size_t values = model().mean.size();
  EXPECT_GE(model().vertices(), 5000u);
  EXPECT_LE(model().vertices(), 15000u);
  EXPECT_GE(model().identity_components(), 20u);
  EXPECT_LE(model().identity_components(), 40u);
  EXPECT_EQ(model().identity.size(), values * model().identity_components());
  EXPECT_EQ(model().expression.size(), values * model().expression_components());
  EXPECT_EQ(model().identity_std, std::vector<float>(model().identity_components(), 1.0f));
  EXPECT_EQ(model().millimetres, 1);
  EXPECT_EQ(built_in_head().place.size(), model().vertices());
  EXPECT_EQ(built_in_head().triangle_of.size() * 3, model().triangles.size());
  EXPECT_EQ(procedural_head().mean, model().mean);
}

TEST(Head, EveryNumberIsFiniteAndEveryModeMovesSomething) {
  for (const float value : model().mean) ASSERT_TRUE(std::isfinite(value));
  for (const auto* modes : {&model().identity, &model().expression}) {
    const std::size_t values = model().mean.size();
    for (std::size_t mode = 0; mode * values < modes->size(); ++mode) {
      float most = 0;
      for (std::size_t i = 0; i < values; ++i) {
        const float by = (*modes)[mode * values + i];
        ASSERT_TRUE(std::isfinite(by));
        most = std::max(most, std::abs(by));
      }
      EXPECT_GT(most, 0.3f) << mode;  // mm
      EXPECT_LT(most, 40.0f) << mode;
    }
  }
  for (const auto* names : {&model().identity_names, &model().expression_names})
    EXPECT_EQ(std::set<std::string>(names->begin(), names->end()).size(), names->size());
}

TEST(Head, SkinIsClosedAndFacesOutwards) {
  std::map<std::pair<std::int32_t, std::int32_t>, int> edges;
  const Head& head = built_in_head();
  double volume = 0;  // mm3
  for (std::size_t t = 0; t < head.triangle_of.size(); ++t) {
    if (head.triangle_of[t] == Part::kTeeth) continue;
    const std::int32_t* corner = &model().triangles[3 * t];
    for (int k = 0; k < 3; ++k) {
      ASSERT_GE(corner[k], 0);
      ASSERT_LT(static_cast<std::size_t>(corner[k]), model().vertices());
      ++edges[{corner[k], corner[(k + 1) % 3]}];
    }
    volume += dot(vertex(model().mean, corner[0]),
                  cross(vertex(model().mean, corner[1]), vertex(model().mean, corner[2]))) /
              6;
  }
  EXPECT_GT(volume, 2.0e6);  // two to five litres
  EXPECT_LT(volume, 5.0e6);
  for (const auto& [edge, count] : edges) {
    ASSERT_EQ(count, 1);
    ASSERT_TRUE(edges.contains({edge.second, edge.first})) << "a hole at vertex " << edge.first;
  }
}

TEST(Head, LandmarksAreDistinctAndInTheirPlaces) {
  const auto& marks = model().landmarks68;
  ASSERT_EQ(marks.size(), 68u);
  EXPECT_EQ(std::set<std::int32_t>(marks.begin(), marks.end()).size(), 68u);
  const auto at = [](std::size_t k) { return mark(model().mean, k); };
  EXPECT_LT(at(0).x, -60);
  EXPECT_GT(at(16).x, 60);
  EXPECT_LT(at(8).y, at(57).y) << "the chin is below the lips";
  EXPECT_LT(at(36).x, at(39).x);
  EXPECT_LT(at(42).x, at(45).x);
  EXPECT_GT(at(37).y, at(41).y) << "eyes are open";
  EXPECT_GT(at(30).z, at(27).z) << "the nose stands out";
  for (const auto& [left, right] : {std::pair(0, 16), {17, 26}, {36, 45}, {48, 54}, {31, 35}}) {
    const Vec3 l = at(static_cast<std::size_t>(left)), r = at(static_cast<std::size_t>(right));
    EXPECT_NEAR(l.x, -r.x, 0.01);
    EXPECT_NEAR(l.y, r.y, 0.01);
  }
}

TEST(Head, ActionsDoWhatTheyAreCalled) {
  const std::vector<float>& rest = model().mean;
  const auto rise = [&](const char* action, std::size_t landmark) {
    return mark(with(action), landmark).y - mark(rest, landmark).y;
  };
  EXPECT_GT(rise("inner_brow_raise", 21), 4);
  EXPECT_LT(rise("inner_brow_raise", 17), 1);
  EXPECT_GT(rise("outer_brow_raise", 18), 4);
  EXPECT_LT(rise("brow_lower", 21), -4);
  EXPECT_GT(rise("lid_raise", 37), 2);
  EXPECT_LT(rise("lid_close", 37), -5);
  EXPECT_GT(rise("corner_pull", 48), 5);
  EXPECT_LT(mark(with("corner_pull"), 48).x, mark(rest, 48).x - 5);
  EXPECT_LT(rise("corner_depress", 54), -5);
  EXPECT_GT(rise("upper_lip_raise", 51), 2);
  EXPECT_GT(rise("chin_raise", 57), 2);
  EXPECT_LT(rise("jaw_drop", 8), -15);
  const auto gap = [](const std::vector<float>& shape) {
    return mark(shape, 62).y - mark(shape, 66).y;
  };
  EXPECT_NEAR(gap(rest), 0, 0.1);
  EXPECT_GT(gap(with("jaw_drop")), 15);
  EXPECT_GT(gap(with("lips_part")), 3);
}

TEST(Head, ClosedLidsCoverTheEyeballs) {
  const std::vector<float> shape = with("lid_close", 1.15f);
  std::vector<Vec3> screen;
  for (std::size_t v = 0; v < model().vertices(); ++v) {
    const Vec3 p = vertex(shape, static_cast<std::int32_t>(v));
    screen.push_back({150 + p.x, 150 - p.y, p.z});
  }
  Raster raster(300, 300);
  raster.draw(screen, model().triangles, Culling::kBackFaces);
  int eye = 0, skin = 0;
  for (const std::int32_t t : raster.triangle) {
    if (t < 0) continue;
    const Part part = built_in_head().triangle_of[static_cast<std::size_t>(t)];
    eye += part == Part::kEye;
    skin += part == Part::kSkin;
  }
  EXPECT_GT(skin, 20000);
  EXPECT_LT(eye, 40);  // of about 400 in open eyes
}

TEST(Rasterizer, TheNearerTriangleIsSeenAndBacksAreNot) {
  const std::vector<Vec3> screen = {
      {0, 0, 1}, {0, 8, 1}, {8, 0, 1}, {0, 0, 5}, {0, 4, 5}, {4, 0, 5}, {8, 8, 9}, {0, 8, 9}};
  Raster raster(8, 8);
  raster.draw(screen, std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 0, 2, 1}, Culling::kBackFaces);
  EXPECT_EQ(raster.triangle[raster.at(0, 0)], 1);
  EXPECT_EQ(raster.triangle[raster.at(5, 1)], 0);
  EXPECT_EQ(raster.triangle[raster.at(7, 7)], -1);
  EXPECT_FLOAT_EQ(raster.depth[raster.at(0, 0)], 5);
  raster.draw(screen, std::vector<std::int32_t>{2, 6, 1}, Culling::kBackFaces, 7);
  EXPECT_EQ(raster.triangle[raster.at(7, 7)], -1) << "clockwise";
  raster.draw(screen, std::vector<std::int32_t>{2, 6, 1}, Culling::kNone, 7);
  EXPECT_EQ(raster.triangle[raster.at(7, 7)], 7);
}

TEST(Rasterizer, WhatLiesOutsideThePictureIsCut) {
  Raster raster(4, 4);
  raster.draw(std::vector<Vec3>{{-1e6f, -1e6f, 1}, {-1e6f, 3e6f, 1}, {3e6f, -1e6f, 1}},
              std::vector<std::int32_t>{0, 1, 2},
              Culling::kBackFaces);
  for (const std::int32_t t : raster.triangle) EXPECT_EQ(t, 0);
  raster.draw(std::vector<Vec3>{{9, 9, 1}, {9, 12, 1}, {12, 9, 1}},
              std::vector<std::int32_t>{0, 1, 2},
              Culling::kNone,
              5);
  for (const std::int32_t t : raster.triangle) EXPECT_EQ(t, 0);
}

}  // namespace
}  // namespace mien
