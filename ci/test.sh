#!/usr/bin/env bash
# Installs what is missing, builds everything and passes the tests.
#   ci/test.sh [preset]     release (default), dev, asan, lite or cuda
# Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
if [ "$preset" = cuda ]; then
  ci/install.sh --cuda
  MIEN_TORCH=$(ci/torch_cuda.sh)
  export MIEN_TORCH
else
  ci/install.sh
fi
cmake --preset "$preset" -D MIEN_TESTS=ON
cmake --build --preset "$preset"
ctest --preset "$preset" -j "$(nproc)"
