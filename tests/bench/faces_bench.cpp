// How fast stand-ins are drawn, one thread: pictures per second.
#include <benchmark/benchmark.h>

#include "datasets/faces/faces.h"

namespace mien {
namespace {

constexpr const char* kExpressions[] = {
    "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"};

void draw(benchmark::State& state, FaceStyle style, int channels) {
  const int side = static_cast<int>(state.range(0));
  int number = 0;
  for (auto _ : state) {
    ++number;
    benchmark::DoNotOptimize(draw_face({.subject = number % 40,
                                        .expression = kExpressions[number % 7],
                                        .session = number,
                                        .style = style,
                                        .width = side,
                                        .height = side,
                                        .channels = channels}));
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(draw, wild_gray, FaceStyle::kWild, 1)->Arg(48)->Arg(224);
BENCHMARK_CAPTURE(draw, lab_gray, FaceStyle::kLab, 1)->Arg(48)->Arg(224)->Arg(640);
BENCHMARK_CAPTURE(draw, toon_colour, FaceStyle::kToon, 3)->Arg(256);

}  // namespace
}  // namespace mien

BENCHMARK_MAIN();
