#include "harness/engine/train/learning_rate.h"

#include <gtest/gtest.h>

namespace mien {
namespace {

Protocol protocol(Schedule schedule) {
  Protocol p;
  p.schedule.name = schedule;
  p.optimizer.learning_rate = 0.1;
  p.epochs = 10;
  return p;
}

TEST(LearningRate, ConstantStays) {
  const LearningRate rate(protocol(Schedule::kConstant), 5);
  for (int step = 0; step < 50; ++step) EXPECT_EQ(rate.at(step / 5, step), 0.1);
}

TEST(LearningRate, StepDropsByItsFactor) {
  Protocol p = protocol(Schedule::kStep);
  p.schedule.step_epochs = 4;
  p.schedule.factor = 0.5;
  const LearningRate rate(p, 5);
  EXPECT_DOUBLE_EQ(rate.at(3, 19), 0.1);
  EXPECT_DOUBLE_EQ(rate.at(4, 20), 0.05);
  EXPECT_DOUBLE_EQ(rate.at(9, 49), 0.025);
}

TEST(LearningRate, CosineFallsFromPeakToMinimum) {
  Protocol p = protocol(Schedule::kCosine);
  p.schedule.minimum_rate = 0.01;
  const LearningRate rate(p, 5);
  EXPECT_DOUBLE_EQ(rate.at(0, 0), 0.1);
  EXPECT_NEAR(rate.at(5, 25), 0.055, 1e-12);
  EXPECT_NEAR(rate.at(9, 49), 0.01, 2e-3);
  for (int step = 1; step < 50; ++step) EXPECT_LE(rate.at(0, step), rate.at(0, step - 1));
}

TEST(LearningRate, OneCycleRisesThenFalls) {
  Protocol p = protocol(Schedule::kOneCycle);
  p.schedule.rise = 0.3;
  const LearningRate rate(p, 10);
  EXPECT_NEAR(rate.at(0, 0), 0.1 / 25, 1e-12);
  EXPECT_NEAR(rate.at(3, 30), 0.1, 1e-12);
  EXPECT_LT(rate.at(9, 99), 1e-3);
  for (int step = 1; step <= 30; ++step) EXPECT_GE(rate.at(0, step), rate.at(0, step - 1));
  for (int step = 31; step < 100; ++step) EXPECT_LE(rate.at(0, step), rate.at(0, step - 1));
}

TEST(LearningRate, PlateauWaitsOutItsPatienceAndKeepsTheMinimum) {
  Protocol p = protocol(Schedule::kPlateau);
  p.schedule.patience = 2;
  p.schedule.factor = 0.1;
  p.schedule.minimum_rate = 0.005;
  LearningRate rate(p, 5);
  rate.end_epoch(50);
  rate.end_epoch(50);
  rate.end_epoch(49);
  EXPECT_DOUBLE_EQ(rate.at(3, 15), 0.1) << "two stale epochs are within the patience";
  rate.end_epoch(50);
  EXPECT_DOUBLE_EQ(rate.at(4, 20), 0.01);
  rate.end_epoch(60);
  for (int epoch = 0; epoch < 3; ++epoch) rate.end_epoch(55);
  EXPECT_DOUBLE_EQ(rate.at(8, 40), 0.005);
}

TEST(LearningRate, PlateauKnowsABestBelowZero) {
  Protocol p = protocol(Schedule::kPlateau);
  p.schedule.patience = 0;
  p.schedule.factor = 0.5;
  LearningRate rate(p, 5);
  for (const double minus_loss : {-3.0, -2.0, -1.5}) rate.end_epoch(minus_loss);
  EXPECT_DOUBLE_EQ(rate.at(3, 15), 0.1);
  rate.end_epoch(-1.6);
  EXPECT_DOUBLE_EQ(rate.at(4, 20), 0.05);
}

}  // namespace
}  // namespace mien
