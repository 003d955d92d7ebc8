#!/usr/bin/env python3
"""The PyTorch side of ci/bench_models.py on a GPU: what people run instead, one process, JSON lines in and out.

    ci/peer_cuda.py THREADS [--device cuda:0] [--precision fp32|tf32|bf16]      (working directory: the peers')

Commands as in the peers' worker.py: {"op": "load", "kind": "infer"|"train", "model", "batch", "modes", "warm_s"},
{"op": "sample", "mode", "min_s"} -> {"step_s"}, {"op": "free"}.

Modes of inference: eager; compile = torch.compile(mode="max-autotune"), which replays CUDA graphs.
Modes of training: loader = eager with a DataLoader that crops, mirrors and normalises image by image;
compile = torch.compile(mode="max-autotune") over uint8 images that stay on the device. SGD with momentum, fused.
"""
import argparse
import itertools
import json
import os
import sys
import time

sys.path.insert(0, os.getcwd())


class Worker:
    def __init__(self, arguments):
        import torch
        import data
        import models
        self.torch, self.data, self.models = torch, data, models
        self.threads = arguments.threads
        self.device = torch.device(arguments.device)
        self.precision = arguments.precision
        tf32 = self.precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True
        self.passes = {}

    def hello(self):
        name = self.torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu"
        return {"torch": self.torch.__version__, "device": name}

    def autocast(self):
        return self.torch.autocast(self.device.type, dtype=self.torch.bfloat16, enabled=self.precision == "bf16")

    def wait(self):
        if self.device.type == "cuda":
            self.torch.cuda.synchronize(self.device)

    def network(self, model):
        net = self.models.build(model).to(self.device, memory_format=self.torch.channels_last)
        return net

    def targets(self, model, count):
        spec = self.models.MODELS[model]
        if spec.loss == "ce":
            return self.torch.randint(spec.outputs, (count,))
        return self.torch.randn(count, spec.outputs)

    def inference(self, q, mode):
        torch = self.torch
        net = self.network(q["model"]).eval()
        if mode == "compile":
            net = torch.compile(net, mode="max-autotune")
        x = torch.randn(q["batch"], *self.models.MODELS[q["model"]].shape, device=self.device)
        x = x.contiguous(memory_format=torch.channels_last)

        def one():
            with torch.inference_mode(), self.autocast():
                return net(x)
        return one

    def training(self, q, mode):
        torch = self.torch
        net = self.network(q["model"]).train()
        optimiser = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, fused=True)
        cross_entropy = self.models.MODELS[q["model"]].loss == "ce"
        loss_of = torch.nn.CrossEntropyLoss() if cross_entropy else torch.nn.SmoothL1Loss()
        forward = torch.compile(net, mode="max-autotune") if mode == "compile" else net
        batches = self.resident(q) if mode == "compile" else self.loaded(q)

        def one():
            x, y = next(batches)
            optimiser.zero_grad(set_to_none=True)
            with self.autocast():
                loss = loss_of(forward(x), y)
            loss.backward()
            optimiser.step()
        return one

    def resident(self, q):
        """Shuffled uint8 batches from the device's memory, normalised there."""
        torch, count = self.torch, 16 * q["batch"]
        images = torch.randint(0, 256, (count, *self.models.MODELS[q["model"]].shape), dtype=torch.uint8)
        images, targets = images.to(self.device), self.targets(q["model"], count).to(self.device)
        while True:
            order = torch.randperm(count, device=self.device)
            for some in order.split(q["batch"]):
                x = images[some].float().div_(255).sub_(0.5).div_(0.25)
                yield x.contiguous(memory_format=torch.channels_last), targets[some]

    def loaded(self, q):
        torch = self.torch
        images = self.data.images(q["model"], 16 * q["batch"])
        dataset = self.data.Augmented(images, self.targets(q["model"], len(images)), q["model"], "pil",
                                      epoch_length=256 * q["batch"])
        loader = torch.utils.data.DataLoader(dataset, batch_size=q["batch"], shuffle=True, drop_last=True,
                                             num_workers=self.threads, pin_memory=self.device.type == "cuda",
                                             persistent_workers=True)
        for x, y in itertools.chain.from_iterable(itertools.repeat(loader)):
            x = x.to(self.device, non_blocking=True, memory_format=torch.channels_last)
            yield x, y.to(self.device, non_blocking=True)

    def load(self, q):
        self.free(q)
        answer = {}
        for mode in q["modes"]:
            try:
                self.passes[mode] = (self.training if q["kind"] == "train" else self.inference)(q, mode)
                end = time.perf_counter() + q["warm_s"]
                for count in itertools.count():
                    self.passes[mode]()
                    if count >= 5 and time.perf_counter() >= end:
                        break
                self.wait()
                answer[mode] = {}
            except Exception as error:  # a mode that this PyTorch lacks is left out
                answer[mode] = {"error": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
        return answer

    def sample(self, q):
        one, count = self.passes[q["mode"]], 0
        self.wait()
        start = time.perf_counter()
        while time.perf_counter() - start < q["min_s"]:
            for _ in range(8):
                one()
            count += 8
            self.wait()
        return {"step_s": (time.perf_counter() - start) / count}

    def free(self, _):
        self.passes = {}
        if self.device.type == "cuda":
            self.torch.cuda.empty_cache()
        return {}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("threads", type=int)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16"], default="fp32")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not land among the answers
    worker = Worker(parser.parse_args())
    say = lambda answer: print(json.dumps(answer), file=answers, flush=True)
    say(worker.hello())
    for line in sys.stdin:
        q = json.loads(line)
        say({"load": worker.load, "sample": worker.sample, "free": worker.free}[q["op"]](q))


if __name__ == "__main__":
    main()
