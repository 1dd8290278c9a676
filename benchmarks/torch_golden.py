"""Writes tests/golden/torch_*: PyTorch's own outputs of the networks of spec section 2.

Needs torch and safetensors; rum_jax does not.

    python benchmarks/torch_golden.py tests/golden         # the files that the tests read
    python benchmarks/torch_golden.py FOLDER --full        # the published sizes

For every architecture a checkpoint `torch_<name>.safetensors` with random weights, affine maps
and running statistics, and `torch_<name>_expected.npz`: uint8[N,H,W,3] images, float32[N,D]
features and float32[N,C] logits in evaluation mode, float32[N,C] train_logits in train mode, and
after that step `stats/<entry>`, the new running statistics.
"""

import argparse
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)
EXPANSION = {"basic": 1, "bottleneck": 4}
# name -> (kind, widths, blocks, classes, image size, images).
SMALL = {"basic": ("basic", (8, 12), (2, 1), 10, 16, 3),
         "bottleneck": ("bottleneck", (4, 6), (1, 2), 10, 15, 3),
         "vgg": ("vgg", (4, 6, 8), (1, 2, 1), 10, 20, 3)}
RESNET, VGG_WIDTHS = (64, 128, 256, 512), (64, 128, 256, 512, 512)
FULL = {"resnet18": ("basic", RESNET, (2, 2, 2, 2), 10, 32, 4),
        "resnet50": ("bottleneck", RESNET, (3, 4, 6, 3), 100, 32, 4),
        "vgg16": ("vgg", VGG_WIDTHS, (2, 2, 3, 3, 3), 10, 32, 4)}


def conv(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias."""
    return nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, bias=False)


class Block(nn.Module):
    """A residual block of torchvision's names, basic or bottleneck."""

    def __init__(self, kind: str, inputs: int, width: int, stride: int):
        super().__init__()
        outputs = EXPANSION[kind] * width
        sizes = ([(inputs, width, 3, stride), (width, outputs, 3)] if kind == "basic" else
                 [(inputs, width, 1), (width, width, 3, stride), (width, outputs, 1)])
        self.depth = len(sizes)
        for i, arguments in enumerate(sizes, 1):
            setattr(self, f"conv{i}", conv(*arguments))
            setattr(self, f"bn{i}", nn.BatchNorm2d(arguments[1]))
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride),
                                            nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """float[B,C,H,W] -> float[B,outputs,H/stride,W/stride]."""
        y = x
        for i in range(1, self.depth + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            y = F.relu(y) if i < self.depth else y
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """CIFAR form: 3x3 stem, no max-pool."""

    def __init__(self, kind: str, widths: tuple, blocks: tuple, classes: int):
        super().__init__()
        self.conv1, self.bn1 = conv(3, widths[0], 3), nn.BatchNorm2d(widths[0])
        inputs, self.stages = widths[0], len(widths)
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            stage_blocks = []
            for block in range(count):
                stage_blocks.append(Block(kind, inputs, width, 2 if stage and not block else 1))
                inputs = EXPANSION[kind] * width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*stage_blocks))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalized float[B,3,H,W] -> (logits, features)."""
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        features = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.fc(features), features


class VGG(nn.Module):
    """VGG with BatchNorm, 2x2 adaptive pooling and three linear layers without Dropout."""

    def __init__(self, kind: str, widths: tuple, blocks: tuple, classes: int):
        super().__init__()
        layers, inputs = [], 3
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            layers += [nn.MaxPool2d(2)] if stage else []
            for _ in range(count):
                layers += [conv(inputs, width, 3), nn.BatchNorm2d(width), nn.ReLU()]
                inputs = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Linear(4 * inputs, 256), nn.ReLU(),
                                        nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, classes))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalized float[B,3,H,W] -> (logits, features)."""
        features = F.adaptive_avg_pool2d(self.features(x), 2).flatten(1)
        return self.classifier(features), features


def randomize(network: nn.Module, generator: torch.Generator) -> None:
    """Random values everywhere, such that activations keep their size."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in = module.weight[0].numel()
            module.weight.data.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            if module.bias is not None:
                module.bias.data.normal_(0, 0.1, generator=generator)
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.0, generator=generator)
            module.bias.data.normal_(0, 0.2, generator=generator)
            module.running_mean.normal_(0, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)


def write(folder: pathlib.Path, name: str, case: tuple) -> None:
    """The checkpoint and the expected outputs of one architecture."""
    kind, widths, blocks, classes, size, count = case
    network = (VGG if kind == "vgg" else ResNet)(kind, widths, blocks, classes)
    randomize(network, torch.Generator().manual_seed(0))
    images = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
    pixels = (images.astype(np.float32) / 255 - np.float32(MEAN)) / np.float32(STD)
    x = torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())
    save_file(network.state_dict(), folder / f"torch_{name}.safetensors")
    with torch.no_grad():
        logits, features = network.eval()(x)
        train_logits, _ = network.train()(x)
    stats = {f"stats/{key}": value.numpy() for key, value in network.state_dict().items()
             if "running_" in key}
    np.savez_compressed(folder / f"torch_{name}_expected.npz", images=images,
                        features=features.numpy(), logits=logits.numpy(),
                        train_logits=train_logits.numpy(), **stats)


def main() -> None:
    """Writes all files of one kind."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--full", action="store_true", help="the published sizes")
    options = parser.parse_args()
    for name, case in (FULL if options.full else SMALL).items():
        write(options.folder, name, case)


if __name__ == "__main__":
    main()
