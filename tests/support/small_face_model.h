// A face model with numbers by hand.
#pragma once

#include <gtest/gtest.h>

#include "harness/geometry/face_model.h"

namespace mien::testing {

/// A tetrahedron with all that a model can hold: identity modes move corner 0 along x and y, the
/// expression corner 3 along z.
inline FaceModel small_face_model() {
  FaceModel m;
  m.name = "small";
  m.licence = "ours";
  m.millimetres = 0.1;
  m.mean = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  m.triangles = {0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3};
  m.identity = std::vector<float>(24);
  m.identity[0] = m.identity[12 + 1] = 1;
  m.identity_names = {"a", "b \"quoted\""};
  m.identity_std = {10, 0.5f};
  m.expression = std::vector<float>(12);
  m.expression[11] = 2;
  m.expression_names = {"smile"};
  m.expression_std = {3};
  m.landmarks68.assign(68, 3);
  return m;
}

inline void expect_equal(const FaceModel& a, const FaceModel& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.licence, b.licence);
  EXPECT_EQ(a.millimetres, b.millimetres);
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.triangles, b.triangles);
  EXPECT_EQ(a.identity, b.identity);
  EXPECT_EQ(a.expression, b.expression);
  EXPECT_EQ(a.identity_names, b.identity_names);
  EXPECT_EQ(a.expression_names, b.expression_names);
  EXPECT_EQ(a.identity_std, b.identity_std);
  EXPECT_EQ(a.expression_std, b.expression_std);
  EXPECT_EQ(a.landmarks68, b.landmarks68);
}

}  // namespace mien::testing
