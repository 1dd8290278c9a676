"""Trains models with a plain PyTorch loop and prints images per second; needs torch and numpy only.

    python benchmarks/many_models_torch.py data.npz '{"widths": [16, 32], "blocks": [1, 1], ...}'

`many_models.py` calls it, with the interpreter that has torch. The network, its initial values and
SGD are those of rum_jax; data lie in memory (on the device, where there is one) and a batch is cut
out of them by index. The JSON says: widths, blocks, batch, examples (of each model), passes,
threads, channels_last, device, and for a GPU mode: "released" (float32, host loader with
augmentation) or "tuned" (bfloat16, augmentation on the device, compiled).
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, pad

PAD = 4


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut, projected when the shape changes."""

    def __init__(self, inputs: int, features: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, features, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(features)
        self.conv2 = nn.Conv2d(features, features, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(features)
        self.shortcut = nn.Sequential()
        if stride > 1 or inputs != features:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, features, 1, stride, bias=False),
                                          nn.BatchNorm2d(features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def network(channels: int, widths: list[int], blocks: list[int]) -> nn.Module:
    """The ResNet of rum_jax/models/resnet.py with 10 classes."""
    layers = [nn.Conv2d(channels, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]),
              nn.ReLU()]
    inputs = widths[0]
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
        for block in range(count):
            layers.append(Block(inputs, width, 2 if stage and not block else 1))
            inputs = width
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
    return model


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    """The recipe's optimizer."""
    return torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=5e-4)


def augmented(images: torch.Tensor) -> torch.Tensor:
    """Crops of zero-padded images, half of them mirrored: float[B,C,H,W], on its device."""
    batch, channels, height, width = images.shape
    padded = pad(images, (PAD,) * 4)
    rows, columns = (torch.randint(0, 2 * PAD + 1, (batch, 1), device=images.device)
                     for _ in range(2))
    rows = rows + torch.arange(height, device=images.device)
    across = torch.arange(width, device=images.device).expand(batch, width)
    flipped = torch.rand(batch, 1, device=images.device) < 0.5
    columns = columns + torch.where(flipped, across.flip(1), across)
    which = torch.arange(batch, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]].permute(
        0, 3, 1, 2)


class Host(torch.utils.data.Dataset):
    """Images that the host crops and mirrors one by one, as the released loader does."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        return augmented(self.images[k][None])[0], self.labels[k]


def batches(images: torch.Tensor, labels: torch.Tensor, job: dict):
    """One pass in random order."""
    if job["mode"] == "released":
        yield from torch.utils.data.DataLoader(
            Host(images, labels), job["batch"], shuffle=True, num_workers=4, pin_memory=True)
        return
    order = torch.randperm(job["examples"], device=images.device)
    for index in order.split(job["batch"]):
        chosen = images[index]
        yield (augmented(chosen) if job["mode"] == "tuned" else chosen), labels[index]


def main() -> None:
    """Trains, once to warm up, and prints {"images_per_second": ...}."""
    job = json.loads(sys.argv[2])
    if job["threads"]:
        torch.set_num_threads(job["threads"])
    device = torch.device(job["device"])
    tuned = job["mode"] == "tuned"
    with np.load(sys.argv[1]) as file:
        images, labels = torch.tensor(file["images"]), torch.tensor(file["labels"])
    images, labels = images[:job["examples"]], labels[:job["examples"]]
    layout = torch.channels_last if job["channels_last"] else torch.contiguous_format
    if job["mode"] != "released":
        images, labels = images.to(device).to(memory_format=layout), labels.to(device)
    model = network(images.shape[1], job["widths"], job["blocks"]).to(device)
    model = model.to(memory_format=layout)
    step_of = torch.compile(model) if tuned else model
    optimizer = sgd(model)

    def one_pass() -> None:
        for pixels, target in batches(images, labels, job):
            pixels, target = pixels.to(device), target.to(device)
            optimizer.zero_grad()
            with torch.autocast(device.type, torch.bfloat16, enabled=tuned):
                loss = cross_entropy(step_of(pixels.to(memory_format=layout)), target)
            loss.backward()
            optimizer.step()
        loss.item()

    one_pass()
    if "start" in job:  # all processes begin at the same moment
        time.sleep(max(0.0, job["start"] - time.time()))
    start = time.perf_counter()
    for _ in range(job["passes"]):
        one_pass()
    seconds = time.perf_counter() - start
    print(json.dumps({"images_per_second": job["passes"] * job["examples"] / seconds}))


if __name__ == "__main__":
    main()
