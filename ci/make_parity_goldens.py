#!/usr/bin/env python3
"""Outputs of every network of models/, from a second definition in PyTorch.

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


def pad_same(x, kernel, stride, value=0.0):
    """TensorFlow's padding SAME: as many outputs as strides begin in the image, an odd pixel goes behind."""
    size = x.size(-1)
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return F.pad(x, (total // 2, total - total // 2) * 2, value=value)


class FixedNorm(nn.Module):
    """Batch-norm as four given tensors, spelled out."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x):
        scale = self.weight / (self.running_var + 1e-5).sqrt()
        return x * scale[:, None, None] + (self.bias - self.running_mean * scale)[:, None, None]


class CaffeResNet101(nn.Module):
    """ExpNet (arXiv 1802.00542) and its shape network: ResNet-101 with the stride in a stage's first 1x1."""

    STAGES = {"2": (64, "a b c"), "3": (128, "a b1 b2 b3"),
              "4": (256, " ".join(["a"] + [f"b{i}" for i in range(1, 23)])), "5": (512, "a b c")}
    SIDE, FIRST = 224, 64  # of the image; channels of the first convolution

    def __init__(self, outputs):
        super().__init__()
        self.register_buffer("mean_image", torch.zeros(3, self.SIDE, self.SIDE))
        self.conv1, self.bn_conv1 = nn.Conv2d(3, self.FIRST, 7, 2, bias=False), FixedNorm(self.FIRST)
        channels = self.FIRST
        for stage, (width, blocks) in self.STAGES.items():
            for block in blocks.split():
                if block == "a":
                    self.add_unit(f"{stage}a_branch1", channels, 4 * width, 1)
                self.add_unit(f"{stage}{block}_branch2a", channels, width, 1)
                self.add_unit(f"{stage}{block}_branch2b", width, width, 3)
                self.add_unit(f"{stage}{block}_branch2c", width, 4 * width, 1)
                channels = 4 * width
        self.fc = nn.Linear(channels, outputs)

    def add_unit(self, name, channels, width, kernel):
        self.add_module(f"res{name}", nn.Conv2d(channels, width, kernel, bias=False))
        self.add_module(f"bn{name}", FixedNorm(width))

    def unit(self, name, x):
        return getattr(self, f"bn{name}")(getattr(self, f"res{name}")(x))

    def forward(self, x):
        x = self.bn_conv1(self.conv1(pad_same(x - self.mean_image, 7, 2))).relu()
        x = F.max_pool2d(pad_same(x, 3, 2, value=-torch.inf), 3, 2)
        for stage, (_, blocks) in self.STAGES.items():
            for block in blocks.split():
                name = f"{stage}{block}_branch"
                if block == "a" and stage != "2":
                    x = x[:, :, ::2, ::2]  # what a 1x1 with stride 2 sees
                y = self.unit(name + "2b", pad_same(self.unit(name + "2a", x).relu(), 3, 1)).relu()
                x = (self.unit(name + "2c", y) + (self.unit(name + "1", x) if block == "a" else x)).relu()
        return self.fc(x.mean((2, 3)))


class NarrowCaffeResNet(CaffeResNet101):
    """The same in small: a quarter of the channels, one block a stage, 112 pixels a side."""

    SIDE, FIRST = 112, 16
    STAGES = {"2": (16, "a"), "3": (32, "a"), "4": (64, "a"), "5": (128, "a")}


class FacePoseNet(nn.Module):
    """arXiv 1708.07517, as released: AlexNet with its groups, padding SAME in the first convolution too."""

    def __init__(self):
        super().__init__()
        for name, size in (("train_mean", 3), ("labels_mean", 6), ("labels_std", 6)):
            self.register_buffer(name, torch.zeros(size))
        for i, (channels, width, kernel) in enumerate(
                ((3, 96, 11), (48, 256, 5), (256, 384, 3), (192, 384, 3), (192, 256, 3)), 1):
            self.add_module(f"conv{i}", nn.Conv2d(channels, width, kernel))
        self.fc6, self.fc7, self.fc8 = nn.Linear(9216, 4096), nn.Linear(4096, 4096), nn.Linear(4096, 6)

    def conv(self, i, x, stride=1, groups=1):
        layer = getattr(self, f"conv{i}")
        x = pad_same(x, layer.kernel_size[0], stride)
        parts = zip(x.chunk(groups, 1), layer.weight.chunk(groups), layer.bias.chunk(groups))
        return torch.cat([F.conv2d(part, weight, bias, stride) for part, weight, bias in parts], 1).relu()

    @staticmethod
    def pool_and_lrn(x):
        x = F.max_pool2d(x, 3, 2)
        squares = F.pad(x * x, (0, 0, 0, 0, 2, 2))
        return x / (1 + 2e-5 * sum(squares[:, i:i + x.size(1)] for i in range(5))) ** 0.75

    def forward(self, x):
        x = self.pool_and_lrn(self.conv(1, x - self.train_mean[:, None, None], stride=4))
        x = self.pool_and_lrn(self.conv(2, x, groups=2))
        x = self.conv(5, self.conv(4, self.conv(3, x), groups=2), groups=2)
        x = self.fc7(self.fc6(F.max_pool2d(x, 3, 2).flatten(1)).relu()).relu()
        return self.fc8(x) * (self.labels_std + 1e-18) + self.labels_mean


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


NETWORKS = {  # MODEL-VARIANT -> (maker, channels and side of the image, parameters, name of the peer)
    "deepemotion-fig": (lambda: DeepEmotion((3, 3), 1, 4, 90, False), (1, 48), 47_657, "deep-emotion"),
    "deepemotion-loc1000": (lambda: DeepEmotion((3, 3), 0, 2, 1000, False), (1, 48), 76_777, None),
    "deepemotion-tutorial640": (lambda: DeepEmotion((7, 5), 0, 2, 640, True), (1, 48), 66_857, None),
    "dexpression-fc": (lambda: DeXpression(False), (1, 224), 790_311, "dexpression"),
    "dexpression-fc11": (lambda: DeXpression(True), (1, 224), 1_003_647, None),
    "expnet-narrow": (lambda: NarrowCaffeResNet(29), (3, 112), 521_261, None),
    "expnet-resnet101": (lambda: CaffeResNet101(29), (3, 224), 42_559_581, None),
    "facepose-alexnet": (FacePoseNet, (3, 227), 56_892_806, None),
    "fer2013cnn-khaireddin-vggnet": (VggNet, (1, 40), 29_890_759, "vgg-fer"),
    "linear-softmax": (Linear, (1, 48), 16_135, None),
    "null-majority": (Null, (1, 48), 0, None),
    "shapenet-narrow": (lambda: NarrowCaffeResNet(198), (3, 112), 607_958, None),
    "shapenet-resnet101": (lambda: CaffeResNet101(198), (3, 224), 42_905_862, None),
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
    if name == "mean_image":
        values = noise(name, count) * 0.25
    elif name.startswith("bn") and name.endswith("_branch2c.weight"):
        values = noise(name, count) * 0.05 + 0.2
    elif len(shape) > 1:
        values = noise(name, count) * np.sqrt(6.0 / (count // shape[0]))
    elif name.endswith(("weight", "_var", "_std")):
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


def images(size):
    shape = (2, size[0], size[1], size[1])
    return torch.from_numpy(noise("images", int(np.prod(shape))).astype(np.float32)).reshape(shape)


# --- writing and comparing ------------------------------------------------------------------------------------------

def distance(found, expected):
    return float(((found - expected).abs() / expected.abs().clamp(min=1)).max())


def peer_logits(peers, peer, net, size):
    """The other definition with our weights, which it keeps under other names in the same order."""
    other = peers.MODELS[peer].build().eval()
    ours, theirs = net.state_dict(), other.state_dict()
    if [t.shape for t in ours.values()] != [t.shape for t in theirs.values()]:
        raise SystemExit(f"{peer}: the other definition's tensors have other shapes or another order")
    other.load_state_dict(dict(zip(theirs, ours.values())))
    return other(images(size))


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
        maker, size, parameters, peer = NETWORKS[name]
        net = fill(maker())
        count = sum(p.numel() for p in net.parameters())
        if count != parameters:
            raise SystemExit(f"{name}: {count} parameters, not {parameters}")
        with torch.no_grad():
            logits = net(images(size))
            line = f"{name}: {count} parameters, outputs {logits.min():.3f} to {logits.max():.3f}"
            if peers and peer:
                gap = distance(peer_logits(peers, peer, net, size), logits)
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
