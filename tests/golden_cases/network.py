"""The network, data and order of the golden files, as a task of this package."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.data.arrays import ImageSpec
from rum_jax.models import Model
from rum_jax.models.layers import Linear
from rum_jax.models.norm import BatchNorm
from rum_jax.models.own_linen import OwnLinen
from rum_jax.train.engine import make_engine
from rum_jax.train.fit import Task
from rum_jax.train.state import TrainState, fresh
from rum_jax.unlearn.base import Problem, UnlearnOptimizer

ATOL = 1e-9  # on parameters, float64
LAYERS = {"fc1": "fc1", "classifier": "fc2"}


class Mlp(nn.Module):
    """Pixels -> hidden -> (BatchNorm) -> ReLU -> classes."""

    classes: int
    hidden: int
    norm: bool

    @nn.compact
    def __call__(self, pixels, mask, train):
        x = Linear(self.hidden, name="fc1")(pixels.reshape(len(pixels), -1))
        if self.norm:
            x = BatchNorm(name="bn1")(x, mask, train)
        features = nn.relu(x)
        return Linear(self.classes, name="classifier")(features), features


def params_of(case: dict, prefix: str) -> dict:
    """Flax parameters from arrays <prefix>_fc1_weight, ..., float64."""
    params = {ours: {"kernel": case[f"{prefix}_{theirs}_weight"].T,
                     "bias": case[f"{prefix}_{theirs}_bias"]} for ours, theirs in LAYERS.items()}
    if f"{prefix}_bn1_weight" in case:
        params["bn1"] = {"scale": case[f"{prefix}_bn1_weight"], "bias": case[f"{prefix}_bn1_bias"]}
    return params


def stats_of(case: dict, prefix: str) -> dict:
    """Running statistics; {} without BatchNorm."""
    if f"{prefix}_bn1_weight" not in case:
        return {}
    return {"bn1": {"mean": case[f"{prefix}_bn1_running_mean"],
                    "var": case[f"{prefix}_bn1_running_var"]}}


def states_of(case: dict, prefix: str) -> TrainState:
    """One model as a stack of one, with a fresh optimizer."""
    state = fresh(jax.tree.map(jnp.asarray, params_of(case, prefix)),
                  jax.tree.map(jnp.asarray, stats_of(case, prefix)))
    return jax.tree.map(lambda leaf: np.asarray(leaf)[None], jax.device_get(state))


def task_of(base: dict, norm: bool = False) -> Task:
    classes, hidden = base["init_fc2_weight"].shape
    spec = ImageSpec((*base["pixels"].shape[1:], 1), classes, 16.0, (0.0,), (1.0,))
    model = Model(OwnLinen(Mlp(classes, hidden, norm)), spec, dtype="float64")
    return Task(make_engine(1, "series", 8), model, base["pixels"][..., None].astype(np.uint8),
                base["labels"].astype(np.int32))


def train_of(base: dict) -> np.ndarray:
    """Positions of the training set: forget and retain set together."""
    return np.arange(len(base["forget_idx"]) + len(base["retain_idx"]), dtype=np.int32)


def held_out_of(base: dict) -> np.ndarray:
    """Positions of the test set: the rest."""
    return np.arange(len(train_of(base)), len(base["labels"]), dtype=np.int32)


class Script:
    """A generator that draws what a golden file says, and keeps every order as it is."""

    def __init__(self, order=None, labels=None, noise=None, uniform=None):
        self.order, self.labels, self.noise, self.row = order, labels, noise, uniform

    def permutation(self, values):
        return values if self.order is None else values[self.order]

    def integers(self, low, high, size):
        assert low == 0 and high > self.labels.max() and size == len(self.labels)
        return self.labels

    def standard_normal(self, size):
        assert size == len(self.noise)
        return self.noise

    def uniform(self, low, high, size):
        assert size == len(self.row) and low == -high == -((size - 1) ** -0.5)
        return self.row


def problem_of(task: Task, case: dict, forget: np.ndarray, retain: np.ndarray,
               scripts=lambda role, epoch: Script()) -> Problem:
    """The problem of a golden case; hyper-parameters of the optimizer are in the case."""
    milestones = tuple(int(part) for part in
                       str(case.get("hp_decreasing_lr", "")).split(",") if part)
    optimizer = UnlearnOptimizer(int(case.get("hp_batch_size", 60)),
                                 float(case.get("hp_momentum", 0.9)),
                                 float(case.get("hp_weight_decay", 0.0)), milestones=milestones)

    def draw(seed, role, step, epoch):
        return scripts(role, epoch)

    rows = (np.asarray(part, np.int32)[None] for part in (forget, retain))
    return Problem(task, *rows, (0,), 0, optimizer, draw=draw)


def assert_params(params, case: dict, prefix: str, atol: float = ATOL) -> None:
    """Compares one model of a stack with arrays of a case."""
    def same(path, mine, reference):
        np.testing.assert_allclose(np.asarray(mine)[0], reference, rtol=0, atol=atol,
                                   err_msg=f"{prefix}{jax.tree_util.keystr(path)}")

    jax.tree_util.tree_map_with_path(same, params, params_of(case, prefix))


def flatten(tree) -> np.ndarray:
    """One model of a stack as a vector in the order of the golden files."""
    parts = []
    for name in ("fc1", "classifier"):
        parts += [np.asarray(tree[name]["kernel"])[0].T.ravel(), np.asarray(tree[name]["bias"])[0]]
    return np.concatenate(parts)
