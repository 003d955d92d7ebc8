#!/usr/bin/env python3
"""Inference and training of the models beside the same networks in PyTorch, in one run.

    ci/bench_models.py --peers DIR [--bin build/release/bin] [--python /usr/bin/python3] [--threads 1,2]
                       [--batches 1,32] [--models ...] [--rounds 5] [--seconds 0.5] [--only infer|train|memory]
                       [--environment NAME=VALUE ...] [--json FILE]
    ci/bench_models.py --device cuda:0 [--precision fp32|tf32|bf16] --peers DIR --bin ... --python ... --threads 8
                       --batches 1,32,256

On the CPU the other side is the peers' worker.py; on a GPU it is peer_cuda.py beside this file.

DIR holds worker.py and models.py of the PyTorch side: one process per thread count that takes JSON commands
({"op": "load", "kind", "model", "batch", "modes", "warm_s"}, {"op": "sample", "mode", "min_s"}). Ours is
models_bench (tests/bench, -DMIEN_BENCHMARKS=ON). Every round takes one sample of every mode and of ours, in
turn; only one process works at a time. Figures are medians over rounds; a ratio is ours over theirs, taken round by
round, so that a slow moment hits both. `best` is the fastest mode of that cell but plain eager.

--environment sets variables of the PyTorch side only (ours keeps its memory by itself, as bench-worker does).
Exit code: 0 measured, 1 a ratio is below what is asked. On the CPU: 2.0 eager, 1.0 TorchScript, 1.15 training
eager. On a GPU: inference 1.0 torch.compile; training 2.0 eager with a DataLoader, 1.2 torch.compile.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

# ours: (model, variant); theirs: the name in models.py
MODELS = {
    "dexpression": ("fc", "dexpression"),
    "deepemotion": ("fig", "deep-emotion"),
    "fer2013cnn": ("khaireddin-vggnet", "vgg-fer"),
    "expnet": ("resnet101", "expnet"),
}
# Per kind: what is measured there, and the smallest ratio that is asked; "best" is the fastest mode but eager.
CPU = {"infer": (["eager", "freeze", "freeze+cl", "ofi", "ofi+cl"], {"eager": 2.0, "best": 1.0}),
       "train": (["eager", "eager+cl"], {"eager": 1.15})}
GPU = {"infer": (["eager", "compile"], {"compile": 1.0}),
       "train": (["loader", "compile"], {"loader": 2.0, "compile": 1.2})}


class Peer:
    """worker.py of the peers, for one thread count."""

    def __init__(self, arguments, threads):
        env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads),
                   PYTHONDONTWRITEBYTECODE="1", **dict(v.split("=", 1) for v in arguments.environment))
        beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer_cuda.py")
        command = ["worker.py", str(threads)] if arguments.device == "cpu" else [
            beside, str(threads), "--device", arguments.device, "--precision", arguments.precision]
        self.process = subprocess.Popen([arguments.python, *command], cwd=arguments.peers, env=env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        hello = json.loads(self.process.stdout.readline())
        if "error" in hello:
            sys.exit(f"bench_models: {hello['error']}: {hello.get('why', '')}")
        self.version = hello["torch"]

    def ask(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def load(self, kind, model, batch, modes):
        return self.ask(op="load", kind=kind, model=model, batch=batch, modes=modes, warm_s=0.3)

    def sample(self, mode, seconds):
        return self.ask(op="sample", mode=mode, min_s=seconds)["step_s"]

    def peak_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Ours:
    def __init__(self, arguments, threads):
        env = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.process = subprocess.Popen([os.path.join(arguments.bin, "models_bench"), str(threads),
                                         arguments.device, arguments.precision], env=env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"bench_models: models_bench ended at '{line}'")
        return json.loads(answer)

    def load(self, kind, model, batch):
        return self.ask(f"{kind} {model} {MODELS[model][0]} {batch}")

    def sample(self, seconds):
        return self.ask(f"sample {seconds}")["step_s"]

    def peak_mib(self):
        return self.ask("memory")["peak_mib"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def cell(ours, peer, kind, model, batch, modes, arguments):
    """{"ours" or mode: [seconds per step of every round]}"""
    loaded = peer.load(kind, MODELS[model][1], batch, modes)
    for mode in modes:
        if "error" in loaded[mode]:
            print(f"{model}: {mode}: {loaded[mode]['error']}", file=sys.stderr)
    modes = [mode for mode in modes if "error" not in loaded[mode]]
    ours.load(kind, model, batch)
    ours.sample(0.3)
    seconds = {mode: [] for mode in ["ours", *modes]}
    for _ in range(arguments.rounds):
        seconds["ours"].append(ours.sample(arguments.seconds))
        for mode in modes:
            seconds[mode].append(peer.sample(mode, arguments.seconds))
    peer.ask(op="free")
    return seconds


def ratio(seconds, mode):
    return statistics.median(theirs / mine for mine, theirs in zip(seconds["ours"], seconds[mode]))


def measured_row(kind, model, batch, threads, seconds, asked):
    rates = {mode: batch / statistics.median(values) for mode, values in seconds.items()}
    others = [mode for mode in seconds if mode not in ("ours", "eager")] or ["eager"]
    ratios = {mode: ratio(seconds, mode) for mode in seconds if mode != "ours"}
    ratios["best"] = ratios[max(others, key=rates.get)]
    row = {"kind": kind, "model": model, "threads": threads, "batch": batch, "rates": rates, "ratios": ratios,
           "met": all(ratios.get(mode, 0) >= least for mode, least in asked.items())}
    speeds = "  ".join(f"{mode} {rate:.1f}" for mode, rate in rates.items())
    over = "  ".join(f"{value:.2f}x {mode}" for mode, value in ratios.items())
    print(f"{model:12} {threads} thread{'s' if threads > 1 else ' '} {kind} batch {batch:<3}  {speeds} img/s   {over}",
          flush=True)
    return row


def memory_row(model, batch, arguments):
    """Peak resident memory of processes that do nothing else."""
    ours, peer = Ours(arguments, 1), Peer(arguments, 1)
    ours.load("infer", model, batch)
    ours.sample(0.1)
    peer.load("infer", MODELS[model][1], batch, ["eager"])
    row = {"kind": "memory", "model": model, "batch": batch, "ours": ours.peak_mib(), "eager": peer.peak_mib()}
    ours.close()
    peer.close()
    print(f"{model:12} batch {batch:<3} peak memory  ours {row['ours']:6.0f}  eager {row['eager']:6.0f} MiB", flush=True)
    row["met"] = row["ours"] <= row["eager"]
    return row


def main():
    numbers = lambda text: [int(word) for word in text.split(",")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--batches", type=numbers, default=[1, 32])
    parser.add_argument("--models", type=lambda text: text.split(","), default=list(MODELS))
    parser.add_argument("--train-batch", type=int, default=32)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16"], default="fp32")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--only", choices=["infer", "train", "memory"])
    parser.add_argument("--environment", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    wanted = lambda kind: arguments.only in (None, kind)
    kinds = CPU if arguments.device == "cpu" else GPU
    rows = []
    for threads in arguments.threads:
        ours, peer = Ours(arguments, threads), Peer(arguments, threads)
        print(f"PyTorch {peer.version}, {threads} thread{'s' if threads > 1 else ''}, {arguments.device}", flush=True)
        for model in arguments.models:
            for kind, (modes, asked) in kinds.items():
                for batch in arguments.batches if kind == "infer" else [arguments.train_batch]:
                    if wanted(kind):
                        seconds = cell(ours, peer, kind, model, batch, modes, arguments)
                        rows.append(measured_row(kind, model, batch, threads, seconds, asked))
        ours.close()
        peer.close()
    for model in arguments.models if wanted("memory") and arguments.device == "cpu" else []:
        rows += [memory_row(model, batch, arguments) for batch in arguments.batches]
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(rows, file, indent=1)
    missed = sum(not row["met"] for row in rows)
    print(f"{len(rows) - missed} of {len(rows)} as asked")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
