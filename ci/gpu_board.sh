#!/usr/bin/env bash
# What a GPU is wanted for, one stage per call, so that a lease of minutes does much. Every stage may be
# stopped and called again: what is in the database is not done twice.
#
#   ci/gpu_board.sh DB STAGE...        with BENCH=path/of/bench (a bundle's), MIEN_CACHE=folder of packs
#
#   check      devices, one replayed training beside the same one done eagerly: the same predictions?
#   claim      fer2013cnn@fer2013 by configs/fast, 5 seeds one by one: accuracy, and seconds from start to verdict
#   full       fer2013cnn@fer2013, the documented recipe, 5 seeds side by side
#   swapped    the same in its authors' order: selected on PrivateTest, scored on PublicTest; a changed row
#   deepemotion  every variant x 5 seeds, as configured and with each open assumption changed
#   stand-ins  dexpression and expnet, one fold or seed of the full protocol
#   timing     throughput and latency of every model
#   modes      fp32, TF32, bf16, fp16, layouts and graphs of the networks that claim and deepemotion left
#
# JOBS (default 8) tasks share the GPU in the stages that train small networks; DEVICE (default cuda) may be cpu
# to try a stage. Exit code: of the first command that failed.
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,/^set /p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 2; }
bench=${BENCH:-bench}
db=$1
jobs=${JOBS:-8}
device=${DEVICE:-cuda}
shift
home=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

train() { "$bench" run "$@" --device "$device" --db "$db" --metric scores >&2; }
seconds() { local start; start=$(date +%s.%N); "$@"; echo "$(date +%s.%N) - $start" | bc; }

# The same experiment with another reading of the network.
variant_of() { # EXPERIMENT VARIANT -> folder
  mkdir -p "$work/$2"
  sed "s/^variant: .*/variant: $2/" "$home/configs/$1.yaml" >"$work/$2/$1.yaml"
  echo "$work/$2"
}

check() {
  "$bench" doctor
  for graph in true false; do
    train deepemotion@fer2013 fer2013cnn@fer2013 --seeds 1 --set cuda_graph=$graph --set epochs=2
  done
  "$bench" board --db "$db"
}

claim() {
  for seed in 1 2 3 4 5; do
    printf 'seeds 1..%d, this one: %s s from start to verdict\n' $seed \
      "$(seconds train fer2013cnn@fer2013 --configs "$home/configs/fast" --profile full --seeds $seed)"
  done
  "$bench" board --db "$db" --configs "$home/configs/fast"
}

full() { train fer2013cnn@fer2013 --profile full --jobs-per-device 5; }

swapped() {
  train fer2013cnn@fer2013 --profile full --jobs-per-device 5 \
    --set 'splits.validation=[PrivateTest]' --set 'splits.test=[PublicTest]'
}

deepemotion() {
  for variant in fig loc1000 tutorial640; do
    folder=$(variant_of deepemotion@fer2013 $variant)
    for changed in "" dropout=0 dropout=0.2 batch=32 batch=512 optimizer.weight_decay=0 optimizer.weight_decay=0.0001 \
      optimizer.learning_rate=0.001 augment.rotate_degrees=0 class_weights=balanced schedule.name=cosine; do
      train deepemotion@fer2013 --configs "$folder" --profile full --jobs-per-device "$jobs" ${changed:+--set "$changed"}
    done
  done
}

stand_ins() { train dexpression expnet --profile full --seeds 1 --jobs-per-device 2; }

timing() { "$bench" run all --device "$device" --db "$db" --metric throughput --profile full >&2; }

modes() {
  for experiment in fer2013cnn@fer2013 deepemotion@fer2013; do
    "$bench" modes $experiment --db "$db" --device "$device"
  done
}

for stage in "$@"; do
  case $stage in
    check|claim|full|swapped|deepemotion|timing|modes) $stage ;;
    stand-ins) stand_ins ;;
    *) echo "gpu_board.sh: no stage '$stage'; there are check claim full swapped deepemotion stand-ins timing modes" >&2; exit 2 ;;
  esac
done
