"""What timm and torchvision call the weights of a vision transformer.

Canonical names are timm's, as `cls_token`, `blocks.0.attn.qkv.weight`, `head.weight`; those of
torchvision are renamed to them.
"""

import re

_OURS = [
    (r"^class_token$", "cls_token"), (r"^positions$", "pos_embed"),
    (r"^patch_embedding\.", "patch_embed.proj."), (r"^classifier\.", "head."),
    (r"^block(\d+)\.qkv\.", r"blocks.\1.attn.qkv."),
    (r"^block(\d+)\.projection\.", r"blocks.\1.attn.proj."),
    (r"^block(\d+)\.hidden\.", r"blocks.\1.mlp.fc1."),
    (r"^block(\d+)\.output\.", r"blocks.\1.mlp.fc2."), (r"^block(\d+)\.", r"blocks.\1."),
]
_THEIRS = [
    (r"^class_token$", "cls_token"), (r"^encoder\.pos_embedding$", "pos_embed"),
    (r"^conv_proj\.", "patch_embed.proj."), (r"^heads\.head\.", "head."),
    (r"^encoder\.ln\.", "norm."), (r"^encoder\.layers\.encoder_layer_(\d+)\.", r"blocks.\1."),
    (r"\.ln_([12])\.", r".norm\1."), (r"\.self_attention\.in_proj_", ".attn.qkv."),
    (r"\.self_attention\.out_proj\.", ".attn.proj."),
    (r"\.mlp\.(linear_1|0)\.", ".mlp.fc1."), (r"\.mlp\.(linear_2|3)\.", ".mlp.fc2."),
]
PATCHES = ("patch_embedding", "kernel")  # a convolution there, a matrix here


def _renamed(name: str, rules: list[tuple[str, str]]) -> str:
    for pattern, other in rules:
        name = re.sub(pattern, other, name)
    return name


def of_ours(path: tuple[str, ...], leaf: str) -> str:
    """The canonical name of one of our arrays.

    Args:
      path: its keys.
      leaf: what PyTorch calls its last key.
    """
    return _renamed(".".join((*path[:-1], leaf)), _OURS)


def of_theirs(name: str) -> str:
    """The canonical name of an array of a checkpoint."""
    return _renamed(name, _THEIRS)
