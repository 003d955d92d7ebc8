#!/usr/bin/env python3
"""How fast a tree of pictures becomes a pack, beside a bare OpenCV loop over the same files.

    ci/bench_prepare.py [--bin build/release/bin] [--frames 2000] [--rounds 5] [--memory-frames 10708]

Makes a CK+-like tree (a few invented people, hard-linked under more names), then runs `bench-prepare
prepare ckplus --frames all` and decode_loop (tests/bench, -DMIEN_BENCHMARKS=ON) in turn. Ours hashes
every file, crops by landmarks and writes the pack; the loop decodes and scales. Prints medians, the
ratio of throughputs (1 = as fast as the loop) and the peak memory, mapped files included.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

IMAGES = "cohn-kanade-images"
DRAWN_SUBJECTS = 4


def frames_of(folder):
    return sum(1 for _ in (folder / IMAGES).rglob("*.png"))


def make_tree(prepare, folder, frames):
    """Draws a few subjects and links their files under new subject numbers until there are `frames`."""
    subprocess.run([prepare, "synthesize", "ckplus", "--out", folder, "--subjects", str(DRAWN_SUBJECTS)],
                   check=True, stdout=subprocess.DEVNULL)
    drawn = sorted(path.name for path in (folder / IMAGES).iterdir())
    files = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    left, number = frames - frames_of(folder), 500
    while left > 0:
        for subject in drawn:
            number += 1
            for file in files:
                if f"/{subject}/" not in file or left <= 0:
                    continue
                target = folder / file.replace(subject, f"S{number}")
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(folder / file, target)
                left -= file.startswith(IMAGES)
    return frames_of(folder)


def run(command, **variables):
    """(last JSON on stdout, peak resident MiB)"""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                             env=dict(os.environ, **variables))
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"bench_prepare: {' '.join(map(str, command))} ended with {child.returncode}")
    return json.loads(text), usage.ru_maxrss / 1024


def ours(prepare, tree, work):
    with tempfile.TemporaryDirectory(dir=work) as cache:
        return run([prepare, "prepare", "ckplus", "--source", tree, "--frames", "all"], MIEN_CACHE=cache)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/release/bin", help="folder of bench-prepare and decode_loop")
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory-frames", type=int, default=0, help="also prepare so many, once, for its memory")
    options = parser.parse_args()
    prepare, loop = (str(pathlib.Path(options.bin).resolve() / name) for name in ("bench-prepare", "decode_loop"))
    with tempfile.TemporaryDirectory() as work:
        tree = pathlib.Path(work) / "ckplus"
        frames = make_tree(prepare, tree, options.frames)
        times, peaks, side = {"prepare": [], "loop": []}, [], 0
        for _ in range(options.rounds):
            answer, peak = ours(prepare, tree, work)
            side = answer["manifest"]["picture"]["side_px"]
            assert answer["samples"] == frames, answer["manifest"]["problems"][:3]
            times["prepare"].append(answer["seconds"])
            peaks.append(peak)
            times["loop"].append(run([loop, str(tree / IMAGES), str(side)])[0]["seconds"])
        middle = {name: statistics.median(values) for name, values in times.items()}
        for name, seconds in middle.items():
            print(f"{name:8} {seconds:7.2f} s  {frames / seconds:7.0f} frames/s  of {frames}, to {side} px")
        print(f"ratio    {middle['loop'] / middle['prepare']:7.2f}    (1 = as fast as the bare loop)")
        print(f"peak     {max(peaks):7.0f} MiB")
        if options.memory_frames:
            large = pathlib.Path(work) / "large"
            count = make_tree(prepare, large, options.memory_frames)
            answer, peak = ours(prepare, large, work)
            print(f"peak     {peak:7.0f} MiB  of {count} frames in {answer['seconds']:.1f} s")


if __name__ == "__main__":
    main()
