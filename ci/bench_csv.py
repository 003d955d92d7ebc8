#!/usr/bin/env python3
"""How fast fer2013.csv becomes a verified pack, beside other ways to load it, in one interleaved run.

    ci/bench_csv.py FOLDER [--bin build/release/bin] [--rounds 5] [--one-core]
                    [--peer NAME='COMMAND {csv}'] ...

FOLDER holds fer2013.csv. A peer's COMMAND prints one JSON line with "seconds" (opening the file to the
finished arrays); ours is the "seconds" of `bench-prepare prepare`, MD5, SHA-256 and the written pack
included. Prints medians and ratios: seconds of a machine mean little, ratios of one run more.
"""
import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import tempfile


def seconds_of(command, env, one_core):
    if one_core:
        command = ["taskset", "-c", "0", *command]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)["seconds"]


def ours(options):
    with tempfile.TemporaryDirectory() as cache:
        env = dict(os.environ, MIEN_CACHE=cache)
        program = str(pathlib.Path(options.bin) / "bench-prepare")
        return seconds_of([program, "prepare", "fer2013", "--source", options.folder], env, options.one_core)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one-core", action="store_true", help="pin everything to one core")
    parser.add_argument("--peer", action="append", default=[], help="NAME='COMMAND {csv}'")
    options = parser.parse_args()
    csv = pathlib.Path(options.folder) / "fer2013.csv"
    csv.read_bytes()  # into the page cache
    peers = dict(peer.split("=", 1) for peer in options.peer)
    times = {"mien": [], **{name: [] for name in peers}}
    for _ in range(options.rounds):
        times["mien"].append(ours(options))
        for name, command in peers.items():
            words = [word.replace("{csv}", str(csv)) for word in shlex.split(command)]
            times[name].append(seconds_of(words, dict(os.environ), options.one_core))
    base, megabytes = statistics.median(times["mien"]), csv.stat().st_size / 1e6
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:24} {middle:6.2f} s  {megabytes / middle:6.0f} MB/s  {middle / base:5.2f} x mien")


if __name__ == "__main__":
    main()
