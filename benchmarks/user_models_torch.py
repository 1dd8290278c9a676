"""The vision transformer of user_models.py in PyTorch: prints images per second of training."""

import json
import time

import numpy as np
import timm
import torch

BATCH, EXAMPLES, EPOCHS = 64, 64 * 32, 3


def main() -> None:
    """Trains with SGD and prints."""
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.normal(size=(EXAMPLES, 3, 32, 32)).astype(np.float32))
    labels = torch.from_numpy(rng.integers(0, 10, EXAMPLES))
    model = timm.models.vision_transformer.VisionTransformer(
        img_size=32, patch_size=4, embed_dim=96, depth=6, num_heads=3, num_classes=10)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, weight_decay=5e-4)
    start = 0.0
    for epoch in range(EPOCHS + 1):
        if epoch == 1:  # the first one warms up
            start = time.monotonic()
        for k in range(0, EXAMPLES, BATCH):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(images[k:k + BATCH]),
                                                     labels[k:k + BATCH])
            loss.backward()
            optimizer.step()
    print(json.dumps(EPOCHS * EXAMPLES / (time.monotonic() - start)))


if __name__ == "__main__":
    main()
