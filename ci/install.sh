#!/usr/bin/env bash
# Installs what Mien needs on Debian 12 and is missing; does nothing when all is there. Without apt it says in
# one message what to install.
#   ci/install.sh [--cuda] [--tests]
# --cuda leaves out Debian's LibTorch: the Python package torch takes its place. --tests adds what only
# ci/test.sh needs.
set -euo pipefail

packages=(
  git ca-certificates cmake ninja-build ccache g++ python3
  libtorch-dev libopencv-dev libbenchmark-dev libsqlite3-dev libfmt-dev libyaml-cpp-dev
  libcli11-dev nlohmann-json3-dev libboost-dev libssl-dev libarchive-dev
  libpugixml-dev libmatio-dev libhdf5-dev opencv-data pkg-config
  libopenblas0-pthread libdnnl-dev libeigen3-dev liblinear-dev
)
for option in "$@"; do
  case $option in
    --cuda) packages=("${packages[@]/libtorch-dev/}" python3-venv) ;;
    --tests) packages+=(libgtest-dev libgmock-dev clang-format clang-tidy) ;;
    *) echo "usage: ci/install.sh [--cuda] [--tests]" >&2; exit 2 ;;
  esac
done

missing=()
for package in ${packages[*]}; do
  status=absent  # dpkg-query fails for a package it has never heard of
  if found=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null); then status=$found; fi
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "Mien needs these packages (names as in Debian 12); install them and run this again:" \
       "${packages[*]}" >&2
  exit 5
fi
root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Run as root, or install sudo; missing packages: ${missing[*]}" >&2
    exit 5
  fi
  root=(sudo)
fi
echo "installing ${missing[*]}" >&2
"${root[@]}" apt-get update -qq >&2
"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
