#!/usr/bin/env bash
# From a fresh clone to the board: installs what is missing, builds, runs every experiment.
#   ci/quickstart.sh           Debian's LibTorch, CPU
#   ci/quickstart.sh --cuda    LibTorch 2.11 with CUDA 13, from the Python package torch
# Safe to run again: what is installed, built or measured is not done twice.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release
if [ "${1:-}" = --cuda ]; then
  preset=cuda
elif [ $# -gt 0 ]; then
  echo "usage: ci/quickstart.sh [--cuda]" >&2
  exit 2
fi

step() { echo "quickstart: $*" >&2; }

step "1 of 3: installing Debian packages that are missing (one to three minutes the first time)"
ci/install.sh "$@"
if [ $preset = cuda ]; then
  MIEN_TORCH=$(ci/torch_cuda.sh)
  export MIEN_TORCH
fi
step "2 of 3: compiling bench and its helpers (about ten minutes on two cores the first time)"
cmake --preset $preset -D MIEN_TESTS=OFF >build-configure.log 2>&1 || { cat build-configure.log >&2; exit 5; }
rm -f build-configure.log
cmake --build --preset $preset --target bench bench-worker bench-prepare bench-mesh >&2
step "3 of 3: running every experiment in its short form (about ten minutes on two cores the first time)"
exec build/$preset/bin/bench run all
