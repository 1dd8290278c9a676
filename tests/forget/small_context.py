"""A small training set, of which everything is known."""

import numpy as np

from rum_jax.forget.selection import SelectionContext


def known(scores=None, features=None, labels=None, noisy=None, seed=0,
          **changed) -> SelectionContext:
    """What a choice may look at, for tests: scores by name, features float[n,D]."""
    size = next(len(v) for v in (labels, features, *(scores or {}).values()) if v is not None)
    context = SelectionContext(
        positions=np.arange(size), ids=np.array([f"train-{i:03d}" for i in range(size)]),
        labels=np.zeros(size, np.int32) if labels is None else np.asarray(labels, np.int32),
        noisy=np.zeros(size, bool) if noisy is None else np.asarray(noisy, bool),
        class_numbers=(2, 5, 7), elsewhere=np.array(["test-000", "test-001"]),
        score=lambda name: np.asarray(scores[name], float), features=lambda: features,
        generator=lambda: np.random.default_rng(seed))
    return context._replace(**changed)
