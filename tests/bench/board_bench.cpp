// Measures how long a board of a small database takes: 60 done tasks of 1,000 predictions each.
// About 2 ms on a desktop CPU.
#include <benchmark/benchmark.h>

#include "results/board.h"
#include "results/store.h"
#include "tests/support/records.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

void fill(Store store) {
  for (unsigned seed = 1; seed <= 60; ++seed) store.append(testing::record(seed, 1000));
}

void read_and_make_board(benchmark::State& state) {
  const testing::TempDir dir;
  fill(Store::open(dir / "r.db"));
  for (auto _ : state)
    benchmark::DoNotOptimize(make_board(Store::open_existing(dir / "r.db").board_input()));
}
BENCHMARK(read_and_make_board)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mien

BENCHMARK_MAIN();
