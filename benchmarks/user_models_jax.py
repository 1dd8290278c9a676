"""One measurement of user_models.py: plain, library, many, vit, vit_many or command."""

import json
import sys
import time

import rum_jax as rum

WAY = sys.argv[1]
if WAY not in ("plain", "library", "vit"):
    rum.use_cpu_cores()

import flax.linen as nn  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

BATCH, EXAMPLES, EPOCHS = 64, 64 * 32, 3
VIT = {"patch_size": 4, "depth": 6, "width": 96, "heads": 3, "resolution": 0}


class Network(nn.Module):
    """A CNN as anyone writes it."""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = True) -> jax.Array:
        """float[B,32,32,3] -> float[B,10]."""
        for width, strides in ((32, 1), (64, 2), (64, 1)):
            x = nn.Conv(width, (3, 3), strides=strides)(x)
            x = nn.relu(nn.BatchNorm(use_running_average=not train)(x))
        return nn.Dense(10)(x.mean((1, 2)))


def data() -> tuple[np.ndarray, np.ndarray]:
    """Random images uint8 and labels; one batch more, which is forgotten."""
    rng = np.random.default_rng(0)
    return (rng.integers(0, 255, (EXAMPLES + BATCH, 32, 32, 3)).astype(np.uint8),
            rng.integers(0, 10, EXAMPLES + BATCH))


def plain() -> float:
    """Images per second of one jitted step after another."""
    images, labels = data()
    module, optimizer = Network(), optax.chain(optax.add_decayed_weights(5e-4),
                                               optax.sgd(0.1, 0.9))
    variables = module.init(jax.random.key(0), jnp.zeros((1, 32, 32, 3)))

    @jax.jit
    def step(params, stats, state, x, y):
        def loss(params):
            out, updated = module.apply({"params": params, "batch_stats": stats},
                                        x.astype(jnp.float32) / 255, mutable=["batch_stats"])
            losses = optax.softmax_cross_entropy_with_integer_labels(out, y)
            return losses.mean(), updated["batch_stats"]

        (_, stats_after), gradient = jax.value_and_grad(loss, has_aux=True)(params)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), stats_after, state

    carry = (variables["params"], variables["batch_stats"],
             optimizer.init(variables["params"]))
    order, start = np.random.default_rng(0).permutation(EXAMPLES), 0.0
    for epoch in range(EPOCHS + 1):
        if epoch == 1:  # the first one compiles
            start = time.monotonic()
        for k in range(0, EXAMPLES, BATCH):
            chosen = order[k:k + BATCH]
            carry = step(*carry, images[chosen], labels[chosen])
        jax.block_until_ready(carry)
    return EPOCHS * EXAMPLES / (time.monotonic() - start)


def library(model: rum.Model, seeds: int) -> float:
    """Images per second of all seeds together while fine-tuning; compilation does not count."""
    images, labels = data()
    problem = rum.Problem(model, images, labels, forget=np.arange(BATCH), seeds=seeds,
                          recipe=rum.Recipe(batch_size=BATCH))
    rum.unlearn(problem, "finetune", epochs=1)
    after = rum.unlearn(problem, "finetune", epochs=EPOCHS)
    return seeds * EPOCHS * EXAMPLES / after.seconds


def foreign() -> rum.Model:
    """The CNN with fresh variables."""
    return rum.from_flax(Network(), Network().init(jax.random.key(0), jnp.zeros((1, 32, 32, 3))))


def vit() -> rum.Model:
    """A vision transformer of this package with fresh variables."""
    from rum_jax import models
    from rum_jax.data.arrays import ImageSpec

    spec = ImageSpec((32, 32, 3), 10, 255.0, (0.5,) * 3, (0.25,) * 3)
    network = models.build("vit_tiny", spec, (), (), "native", options=VIT)
    return rum.Model.of(lambda image: (network.network, network.shapes()),
                        network.init(jax.random.key(0)), spec.mean, spec.std)


def command() -> float:
    """Seconds of `rum.unlearn` over those of the chain that the command's stage runs."""
    from sklearn.datasets import load_digits

    from rum_jax.rum.chain import WHOLE, Chain, Step, run
    from rum_jax.runtime.progress import silent
    from rum_jax.unlearn import ALGORITHMS

    digits = load_digits()
    images = (digits.images * 15).astype(np.uint8)[..., None]
    module = Network()
    variables = module.init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
    problem = rum.Problem(rum.from_flax(module, variables), images, digits.target,
                          forget=np.arange(100), seeds=4)
    hparams = {**ALGORITHMS["scrub"].hparams(), "epochs": 5}
    chain = Chain(problem.task, problem.tiled(problem.train),
                  [{WHOLE: problem.forget}] * 4, [Step(WHOLE, "scrub", hparams)], problem.seeds,
                  problem.recipe.unlearning(), problem.states)
    taken: list[list[float]] = [[], []]
    for _ in range(5):
        for k, work in enumerate((lambda: rum.unlearn(problem, "scrub", epochs=5),
                                  lambda: run(chain, silent))):
            start = time.monotonic()
            work()
            taken[k].append(time.monotonic() - start)
    return min(taken[0][1:]) / min(taken[1][1:])


WAYS = {"plain": plain, "library": lambda: library(foreign(), 1),
        "many": lambda: library(foreign(), len(jax.devices())), "vit": lambda: library(vit(), 1),
        "vit_many": lambda: library(vit(), len(jax.devices())), "command": command}
print(json.dumps(WAYS[WAY]()))
