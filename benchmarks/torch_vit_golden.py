"""Writes tests/golden/torch_vit_*: what timm's and torchvision's vision transformers give.

Needs torch, timm, torchvision and safetensors; rum_jax does not.

    python benchmarks/torch_vit_golden.py tests/golden

For each of both libraries a checkpoint of random values with its own names, and `_expected.npz`:
uint8[N,H,W,3] images, float32[N,D] features and float32[N,C] logits in evaluation mode.
"""

import argparse
import pathlib

import numpy as np
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)
SIZE, PATCH, DEPTH, WIDTH, HEADS, CLASSES, IMAGES = 16, 4, 2, 48, 3, 10, 3


def networks() -> dict[str, nn.Module]:
    """Name -> network of that library."""
    return {
        "timm": timm.models.vision_transformer.VisionTransformer(
            img_size=SIZE, patch_size=PATCH, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS,
            num_classes=CLASSES),
        "torchvision": torchvision.models.VisionTransformer(
            image_size=SIZE, patch_size=PATCH, num_layers=DEPTH, num_heads=HEADS,
            hidden_dim=WIDTH, mlp_dim=4 * WIDTH, num_classes=CLASSES)}


def randomize(network: nn.Module) -> None:
    """Values large enough for every term to matter."""
    generator = torch.Generator().manual_seed(0)
    for name, parameter in network.named_parameters():
        scale = 0.3 if parameter.ndim > 1 else 0.2
        parameter.data.normal_(0, scale, generator=generator)
        if "norm" in name and name.endswith("weight"):
            parameter.data.add_(1)


def outputs(network: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(logits, features): what the last linear layer returns and gets."""
    seen = []
    head = network.head if hasattr(network, "head") else network.heads.head
    hook = head.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    with torch.no_grad():
        logits = network.eval()(x)
    hook.remove()
    return logits, seen[0]


def main() -> None:
    """Writes all files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, SIZE, SIZE, 3), np.uint8)
    pixels = (images.astype(np.float32) / 255 - np.float32(MEAN)) / np.float32(STD)
    x = torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())
    for name, network in networks().items():
        randomize(network)
        logits, features = outputs(network, x)
        save_file(network.state_dict(), folder / f"torch_vit_{name}.safetensors")
        np.savez_compressed(folder / f"torch_vit_{name}_expected.npz", images=images,
                            features=features.numpy(), logits=logits.numpy())


if __name__ == "__main__":
    main()
