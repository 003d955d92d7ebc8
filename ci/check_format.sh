#!/usr/bin/env bash
# Checks that clang-format would change no source. Exit code: 0 nothing found, 1 problems.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files -z '*.cpp' '*.h' | xargs -0 clang-format --dry-run -Werror
echo "format: ok ($(git ls-files '*.cpp' '*.h' | wc -l) files)"
