#!/usr/bin/env bash
# A bundle for machines that have LibTorch, but no OpenCV, no compiler and no network.
#   ci/package.sh [cuda|portable]    builds the preset (cuda unless named) in build/<preset>, writes
#                                    build/mien-<version>-libtorch<version>-<CUDA or cpu>-<machine>.tar.gz
# `portable` is for Debian's LibTorch. ci/check_package.sh tries a bundle.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-cuda}
most_bytes=20000000
case $preset in
  cuda) MIEN_TORCH=$(ci/torch_cuda.sh); export MIEN_TORCH ;;
  portable) ;;
  *) echo "usage: ci/package.sh [cuda|portable]" >&2; exit 2 ;;
esac
build=build/$preset
cmake --preset "$preset" >&2
# bench-prepare stays here, but its table of datasets goes along.
cmake --build --preset "$preset" --target bench bench-worker bench-prepare >&2

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
field() { sed -n "s/^ \"$1\": \"\?\([^\",]*\).*/\1/p" $build/share/mien/models.json; }
libtorch=$(field libtorch)
library=$(readelf -d $build/bin/bench-worker | sed -n 's/.*\[\(libtorch_cpu\.so.*\)\]/\1/p')
cuda=none
if [ "$(field cuda)" = true ]; then
  cuda=$(readelf -d "$MIEN_TORCH/../../lib/libc10_cuda.so" | sed -n 's/.*\[libcudart\.so\.\([0-9]*\).*/\1/p')
fi
name=mien-$(sed -n 's/^project(mien VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name+=-libtorch${libtorch%.*}-$([ $cuda = none ] && echo cpu || echo cuda$cuda)-$(uname -m)
root=$stage/$name

for component in bench bench-worker share; do
  cmake --install $build --component $component --prefix "$root" --strip >/dev/null
done
mkdir "$root/libexec" "$root/lib" "$root/licences"
mv "$root/bin/bench-worker" "$root/libexec/"
for text in bin/bench-worker README.md; do
  sed "s/@VERSION@/${libtorch%.*}/; s/@CUDA@/$cuda/; s/@LIBRARY@/$library/" ci/bundle/$(basename $text) \
    >"$root/$text"
done
chmod 755 "$root/bin/bench-worker"
cp LICENSE "$root/licences/mien"
for package in libfmt libyaml-cpp libsqlite3 libssl libboost liblinear libbenchmark nlohmann-json3 libcli11 libeigen3; do
  cp /usr/share/doc/$package-dev/copyright "$root/licences/$package"
done

# What LibTorch, the driver and every system with a C++ library have; the rest goes along.
for needed in $(readelf -d "$root"/bin/bench "$root"/libexec/* | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u); do
  case $needed in
    libtorch*|libc10*|libcu*|libnv*|libstdc++.so.6|libgcc_s.so.1|libm.so.6|libc.so.6|ld-linux*) ;;
    libfmt.so.*|libbenchmark.so.*) cp "$(ldconfig -p | sed -n "s/.*$needed (libc6,x86-64) => //p")" "$root/lib/$needed" ;;
    *) echo "package.sh: $build needs $needed, which a bundle has not; MIEN_PORTABLE must be ON" >&2; exit 3 ;;
  esac
done

file=build/$name.tar.gz
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner -c "$name" | gzip -9n >"$file"
(cd "$root" && du -ab --apparent-size bin/* libexec/* lib/* share licences | sort -rn | awk '$2 !~ /licences\/|share\/mien\/.*\//' >&2)
bytes=$(stat -c %s "$file")
echo "$bytes bytes packed, $(du -sb "$root" | cut -f1) unpacked" >&2
if [ "$bytes" -gt $most_bytes ]; then
  echo "package.sh: $file: larger than $most_bytes bytes" >&2
  exit 3
fi
echo "$file"
