#!/usr/bin/env bash
# Installs what is missing, builds everything, passes the tests, and runs clang-tidy over what changed.
#   ci/test.sh [preset]     release (default), dev, asan, lite or cuda
# Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
if [ "$preset" = cuda ]; then
  ci/install.sh --cuda --tests
  MIEN_TORCH=$(ci/torch_cuda.sh)
  export MIEN_TORCH
else
  ci/install.sh --tests
fi
cmake --preset "$preset" -D MIEN_TESTS=ON
cmake --build --preset "$preset"
ctest --preset "$preset" -j "$(nproc)"
ci/lint.sh
