#!/usr/bin/env bash
# Tries a bundle of ci/package.sh as its user would, and compares it with the build that it is of.
#   ci/check_package.sh BUNDLE.tar.gz BUILD/bin [SELECTOR...]
# Unpacks it, moves it, and runs doctor, list and smoke tasks on the CPU from the stand-in's pack, in an
# environment that has nothing but MIEN_LIBTORCH, if that is set. Exit code: 0 all is well.
set -euo pipefail

if [ $# -lt 2 ]; then
  echo "usage: ci/check_package.sh BUNDLE.tar.gz BUILD/bin [SELECTOR...]" >&2
  exit 2
fi
bundle=$(readlink -f "$1") bin=$(readlink -f "$2")
shift 2
[ $# -gt 0 ] || set -- linear@fer2013 deepemotion@fer2013
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

mkdir unpacked home
tar -xzf "$bundle" -C unpacked
mv unpacked/* "moved away"
plain=(env -i PATH=/usr/bin:/bin HOME="$work/home" MIEN_DATA="$work/no-data" MIEN_CACHE="$work/cache"
       ${MIEN_LIBTORCH:+MIEN_LIBTORCH="$MIEN_LIBTORCH"})
"${plain[@]}" "$bin/bench-prepare" prepare fer2013 --stand-in >/dev/null
rm -r cache/stand-ins cache/packs/index  # what is copied is packs

"${plain[@]}" "moved away/bin/bench" doctor
[ "$("${plain[@]}" "moved away/bin/bench" list models --json)" = "$("${plain[@]}" "$bin/bench" list models --json)" ]
runtimes=$("${plain[@]}" LD_DEBUG=files "moved away/bin/bench-worker" devices 2>&1 |
           sed -n 's/.*calling init: \(.*lib\(g\|i\|\)omp.*\)/\1/p' | sort -u)
echo "OpenMP: $runtimes"
[ "$(wc -l <<<"$runtimes")" = 1 ]

"${plain[@]}" "moved away/bin/bench" run "$@" --device cpu --db "$work/bundle.db"
# The build's own programs, with the bundle's pack: bench-prepare would draw it again.
mkdir -p own/bin own/share
cp "$bin/bench" own/bin/
ln -s "$bin/bench-worker" own/bin/
ln -s "$bin/../share/mien" own/share/
"${plain[@]}" own/bin/bench run "$@" --device cpu --db "$work/build.db" >/dev/null

"${plain[@]}" python3 - bundle.db build.db <<'PYTHON'
import sqlite3, sys
def of(path):
    db = sqlite3.connect(path)
    rows = lambda query: db.execute(query + " join task on task.key = task order by 1, 2, 3").fetchall()
    return (rows("select experiment, metric.split, name, value, method, n from metric"),
            rows("select id, prediction.split, sample, predicted, scores from prediction"))
(ours, our_scores), (theirs, their_scores) = map(of, sys.argv[1:])
for row in ours:
    if row[2] == "accuracy": print(*row, "of the build too" if row in theirs else "and another of the build")
print("logits:", "equal, bit for bit" if our_scores == their_scores else "other bits")
sys.exit(not our_scores or our_scores != their_scores)
PYTHON
echo "package: ok"
