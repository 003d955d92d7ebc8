#!/usr/bin/env python3
"""Logits of every network of models/, from a second definition in PyTorch.

  ci/make_parity_goldens.py [--check] [--peers DIR] [NAME ...]

Writes tests/golden/parity/MODEL-VARIANT.txt, which tests/models/parity_test.cpp compares to 1e-5. Weights and images are
filled by a formula of the tensor's name and the element's index that both sides compute alike. Needs torch and numpy;
not run in CI: the goldens change only when a network does.

  --check      compares with the files that are there and writes nothing
  --peers DIR  also compares with networks that others wrote: DIR/models.py with dexpression, deep-emotion, vgg-fer

Exit code: 0 all equal or written, 1 a difference.
"""
import argparse
import importlib.util
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
CLASSES = 7
TOLERANCE = 1e-5


# --- the networks ------------------------------------------------------------------------------------------------------

class DeXpression(nn.Module):
    """arXiv 1509.05371; eleven=True has 11 units before the classes."""

    def __init__(self, eleven):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 64, 7, 2, 3)
        for block, channels in (("2", 64), ("3", 272)):
            self.add_module(f"conv{block}a", nn.Conv2d(channels, 96, 1))
            self.add_module(f"conv{block}b", nn.Conv2d(96, 208, 3, 1, 1))
            self.add_module(f"conv{block}c", nn.Conv2d(channels, 64, 1))
        if eleven:
            self.fc1, self.fc2 = nn.Linear(53312, 11), nn.Linear(11, CLASSES)
        else:
            self.fc = nn.Linear(53312, CLASSES)
        self.eleven = eleven

    @staticmethod
    def halve(x):
        # Rounded up, spelled out: the right and lower edges are padded with what never wins.
        return F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-torch.inf), 3, 2)

    @staticmethod
    def lrn(x):
        # k + alpha/5 times the sum of squares over five channels, to the power 0.75, spelled out.
        squares = F.pad(x * x, (0, 0, 0, 0, 2, 2))
        total = sum(squares[:, shift:shift + x.size(1)] for shift in range(5))
        return x / (1 + 1e-4 / 5 * total) ** 0.75

    def featex(self, x, block):
        part = {name: getattr(self, f"conv{block}{name}") for name in "abc"}
        left = part["b"](part["a"](x).relu()).relu()
        right = part["c"](F.max_pool2d(x, 3, 1, 1)).relu()
        return self.halve(torch.cat((left, right), 1))

    def forward(self, x):
        x = self.lrn(self.halve(self.conv1(x).relu()))
        x = self.featex(self.featex(x, "2"), "3").flatten(1)
        return self.fc2(self.fc1(x)) if self.eleven else self.fc(x)


class DeepEmotion(nn.Module):
    """arXiv 1902.01019, the figure and two other readings of its localisation branch."""

    def __init__(self, kernels, padding, pool, flattened, warps_image):
        super().__init__()
        for i in range(4):
            self.add_module(f"conv{i + 1}", nn.Conv2d(10 if i else 1, 10, 3))
        self.local_conv1 = nn.Conv2d(1, 8, kernels[0], padding=padding)
        self.local_conv2 = nn.Conv2d(8, 10, kernels[1], padding=padding)
        self.local_fc1, self.local_fc2 = nn.Linear(flattened, 32), nn.Linear(32, 6)
        self.fc1, self.fc2 = nn.Linear(810, 50), nn.Linear(50, CLASSES)
        self.pool, self.warps_image = pool, warps_image

    def warp(self, x, theta):
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    def forward(self, images):
        t = F.max_pool2d(self.local_conv1(images).relu(), self.pool)
        t = F.max_pool2d(self.local_conv2(t).relu(), self.pool)
        theta = self.local_fc2(self.local_fc1(t.flatten(1)).relu()).view(-1, 2, 3)
        x = self.warp(images, theta) if self.warps_image else images
        x = F.max_pool2d(self.conv2(self.conv1(x).relu()).relu(), 2)
        x = F.max_pool2d(self.conv4(self.conv3(x).relu()).relu(), 2)
        x = x if self.warps_image else self.warp(x, theta)
        return self.fc2(self.fc1(x.flatten(1)).relu())


class VggNet(nn.Module):
    """arXiv 2105.03588."""

    WIDTHS = (64, 64, 128, 128, 256, 256, 512, 512)

    def __init__(self):
        super().__init__()
        for i, width in enumerate(self.WIDTHS):
            self.add_module(f"conv{i + 1}", nn.Conv2d(self.WIDTHS[i - 1] if i else 1, width, 3, padding=1))
            self.add_module(f"norm{i + 1}", nn.BatchNorm2d(width))
        self.fc1, self.fc2, self.fc3 = nn.Linear(2048, 4096), nn.Linear(4096, 4096), nn.Linear(4096, CLASSES)

    def forward(self, x):
        for i in range(1, 9):
            x = getattr(self, f"norm{i}")(getattr(self, f"conv{i}")(x)).relu()
            x = F.max_pool2d(x, 2) if i % 2 == 0 else x
        return self.fc3(self.fc2(self.fc1(x.flatten(1)).relu()).relu())


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(48 * 48, CLASSES)

    def forward(self, x):
        return self.fc(x.flatten(1))


class Null(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("log_prior", torch.zeros(CLASSES))

    def forward(self, x):
        return self.log_prior.expand(len(x), -1)


NETWORKS = {  # MODEL-VARIANT -> (maker, side of the image, parameters, name of the peer)
    "deepemotion-fig": (lambda: DeepEmotion((3, 3), 1, 4, 90, False), 48, 47_657, "deep-emotion"),
    "deepemotion-loc1000": (lambda: DeepEmotion((3, 3), 0, 2, 1000, False), 48, 76_777, None),
    "deepemotion-tutorial640": (lambda: DeepEmotion((7, 5), 0, 2, 640, True), 48, 66_857, None),
    "dexpression-fc": (lambda: DeXpression(False), 224, 790_311, "dexpression"),
    "dexpression-fc11": (lambda: DeXpression(True), 224, 1_003_647, None),
    "fer2013cnn-khaireddin-vggnet": (VggNet, 40, 29_890_759, "vgg-fer"),
    "linear-softmax": (Linear, 48, 16_135, None),
    "null-majority": (Null, 48, 0, None),
}


# --- the formula; tests/models/parity_test.cpp has the same ---------------------------------------------------------

def noise(name, count):
    """[count] numbers in [-1, 1), made of integers only."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32  # FNV-1a
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(seed)
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        x ^= x >> np.uint32(16)
    return x / 2147483648.0 - 1.0


def filled(name, shape):
    count = int(np.prod(shape))
    if len(shape) > 1:
        values = noise(name, count) * np.sqrt(6.0 / (count // shape[0]))
    elif name.endswith(("weight", "running_var")):
        values = noise(name, count) * 0.25 + 1
    else:
        values = noise(name, count) * 0.1
    values = values.astype(np.float32)
    if name == "local_fc2.bias":
        values[[0, 4]] += np.float32(1)
    return torch.from_numpy(values).reshape(shape)


def fill(net):
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(filled(name, tuple(tensor.shape)))
    return net.eval()


def images(side):
    return torch.from_numpy(noise("images", 2 * side * side).astype(np.float32)).reshape(2, 1, side, side)


# --- writing and comparing ------------------------------------------------------------------------------------------

def distance(found, expected):
    return float(((found - expected).abs() / expected.abs().clamp(min=1)).max())


def peer_logits(peers, peer, net, side):
    """The other definition with our weights, which it keeps under other names in the same order."""
    other = peers.MODELS[peer].build().eval()
    ours, theirs = net.state_dict(), other.state_dict()
    if [t.shape for t in ours.values()] != [t.shape for t in theirs.values()]:
        raise SystemExit(f"{peer}: the other definition's tensors have other shapes or another order")
    other.load_state_dict(dict(zip(theirs, ours.values())))
    return other(images(side))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="MODEL-VARIANT; all unless given")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--peers", type=Path)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in NETWORKS]
    if unknown:
        parser.error(f"no network {unknown[0]}; there are {', '.join(NETWORKS)}")
    peers = None
    if options.peers:
        spec = importlib.util.spec_from_file_location("peers", options.peers / "models.py")
        peers = sys.modules["peers"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(peers)

    failed = False
    for name in options.names or NETWORKS:
        maker, side, parameters, peer = NETWORKS[name]
        net = fill(maker())
        count = sum(p.numel() for p in net.parameters())
        if count != parameters:
            raise SystemExit(f"{name}: {count} parameters, not {parameters}")
        with torch.no_grad():
            logits = net(images(side))
            line = f"{name}: {count} parameters, logits {logits.min():.3f} to {logits.max():.3f}"
            if peers and peer:
                gap = distance(peer_logits(peers, peer, net, side), logits)
                failed |= gap > TOLERANCE
                line += f", peer differs by {gap:.1e}"
        path = ROOT / "tests/golden/parity" / f"{name}.txt"
        if options.check:
            gap = distance(logits, torch.from_numpy(np.loadtxt(path, dtype=np.float32)))
            failed |= gap > TOLERANCE
            line += f", file differs by {gap:.1e}"
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = (" ".join(f"{value:.9g}" for value in image) for image in logits.tolist())
            path.write_text("# logits of two images; ci/make_parity_goldens.py\n" + "\n".join(rows) + "\n")
        print(line, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
