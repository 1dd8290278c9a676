"""Addressed randomness: every draw is a function of (seed, role, member, epoch) alone.

Nothing random is threaded through the program or stored in a checkpoint, so a result does not
depend on how models are grouped, on how many devices run them, or on where a run was resumed.
"""

import jax
import numpy as np

# The numbers are part of every result's address: append, never renumber.
ROLES = {
    "split": 0,         # train / validation / test partition
    "noise": 1,         # injected label noise
    "init": 2,          # initial parameters
    "order": 3,         # order of the training set of an original model
    "subset": 4,        # training subset of a memorization member
    "member_order": 5,  # order of a memorization member's training subset
    "member_init": 6,   # initial parameters of a memorization member
    "retrain_order": 7, # order of the retain set while retraining
    "retain": 8,        # order of the retain set while unlearning
    "forget": 9,        # order of the forget set while unlearning
    "relabel": 10,      # random labels of the forget set
    "shuffle": 11,      # random refinement
    "search": 12,       # points of a hyper-parameter search
    "perturb": 13,      # noise added to parameters
    "expand": 14,       # initial values of an added output
    "relearn": 15,      # order of the forget set while relearning it
    "augment": 16,      # augmentation while unlearning; while training see `key_data`
    "forget_set": 17,   # forget sets that are drawn
    "shadow": 18,       # retain examples that membership attacks are fitted on
    "tie": 19,          # order of examples with equal scores
    "hessian": 20,      # retain examples that a Hessian is estimated from
    "held_out": 21,     # order of held-out data while fine-tuning on them
    "pixel_noise": 22,  # noise added to the pixels of an image
    "simulation": 23,    # simulated studies, of which tests are calibrated
    "shadow_test": 24,   # test examples that membership attacks are fitted on
    "dropout": 25,       # what a network draws while unlearning; while training see `key_data`
}


def generator(seed: int, role: str, *address: int) -> np.random.Generator:
    """A host generator for the draw at (seed, role, *address); all integers >= 0."""
    return np.random.default_rng([seed, ROLES[role], *address])


def request_address(number: int) -> tuple[int, ...]:
    """Last part of the address of draws for request `number` of a stream, from 0.

    It is () for the first, so that its draws are those of a study without a stream.
    """
    return (number,) if number else ()


AUGMENT, DROPOUT = 0, 1  # children of a generator


def key_data(rng: np.random.Generator, child: int = AUGMENT) -> np.ndarray:
    """uint32[2], the raw data of a typed JAX key, from a child of a new generator.

    The child is another stream than the generator's own, which goes on as if nothing were drawn.

    Args:
      rng: no child of it was taken before.
      child: what the key is for, AUGMENT or DROPOUT.
    """
    return rng.spawn(child + 1)[child].integers(2**32, size=2, dtype=np.uint32)


def key(seed: jax.Array, role: jax.Array, member: jax.Array) -> jax.Array:
    """A typed JAX key for the draw at (seed, role, member), numbers; `role` is one of ROLES'."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), role), member)
