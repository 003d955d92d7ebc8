#!/usr/bin/env bash
# Runs clang-tidy with the .clang-tidy of the root. A finding is an error.
#   ci/lint.sh                  over what changed since the last commit but one, for at most LINT_SECONDS (100)
#   ci/lint.sh REVISION         over what changed since REVISION, however long it takes
#   ci/lint.sh all              over the product code
# Exit code: 0 nothing found, 1 findings, 5 clang-tidy is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v clang-tidy >/dev/null || { echo "lint.sh: clang-tidy is missing; install it and run this again" >&2; exit 5; }
since=${1:-HEAD~1}
limit=${LINT_SECONDS:-100}
[ $# -eq 0 ] || limit=0  # 0: no limit

# Where files can be joined, one run parses their common headers once.
unity=OFF
[ "$since" = all ] && unity=ON
build=build/lint-$unity
cmake --preset dev -B $build -D CMAKE_UNITY_BUILD=$unity -D CMAKE_DISABLE_PRECOMPILE_HEADERS=ON -D MIEN_TESTS=OFF >/dev/null
cmake --build $build --target mien_build_info >/dev/null

compiled() { sed -n 's/^ *"file": "\(.*\)",\?$/\1/p' $build/compile_commands.json; }
files=$(mktemp)
trap 'rm -f "$files"' EXIT
if [ "$since" = all ]; then
  compiled | grep -v '/schema\.cpp$' >"$files"
else
  git rev-parse --quiet --verify "$since" >/dev/null || { echo "lint: no revision $since, nothing compared"; exit 0; }
  comm -12 <(compiled | sort) <(git diff --name-only --diff-filter=d "$since" -- '*.cpp' | sed "s|^|$PWD/|" | sort) >"$files"
fi
[ -s "$files" ] || { echo "lint: ok (no file changed)"; exit 0; }

count=$(wc -l <"$files")
status=0
timeout "$limit" xargs -a "$files" -n 1 -P "$(nproc)" clang-tidy --quiet -p $build 2>/dev/null || status=$?
case $status in
  0) echo "lint: ok ($count files)" ;;
  124) echo "lint: nothing found in $limit s; $count files changed, not all were looked at: ci/lint.sh $since" ;;
  *) exit 1 ;;
esac
