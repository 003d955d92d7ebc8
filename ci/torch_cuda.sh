#!/usr/bin/env bash
# Prints the CMake folder of LibTorch 2.11 with CUDA 13; installs the Python package torch into
# ~/.cache/mien/torch-2.11 when it is missing. MIEN_TORCH overrides it.
set -euo pipefail
if [ -n "${MIEN_TORCH:-}" ]; then
  echo "$MIEN_TORCH"
  exit 0
fi
if ! command -v nvcc >/dev/null && [ ! -x /usr/local/cuda/bin/nvcc ]; then
  echo "The CUDA 13 toolkit is missing (no nvcc); install it, or run without --cuda" >&2
  exit 5
fi
folder=${MIEN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mien}/torch-2.11
if [ ! -e "$folder/complete" ]; then
  echo "installing torch 2.11 into $folder (about 4 GB)" >&2
  python3 -m venv "$folder" >&2
  "$folder/bin/pip" install --quiet 'torch==2.11.*' numpy >&2
  touch "$folder/complete"
fi
exec "$folder/bin/python" -c 'import torch; print(torch.utils.cmake_prefix_path)'
