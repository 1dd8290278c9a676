"""Every field of a study, with its unit and a default; the files in `configs/` change a few.

Hyper-parameters of unlearning default to the values of the released scripts (docs/parity.md), where
there are any. A study has an entry for every algorithm, and every subset, whether it is used or
not, so that any choice can be made on the command line.
"""

from ml_collections import ConfigDict

from rum_jax.evaluate import METRICS
from rum_jax.proxies import PROXIES
from rum_jax.refine import SUBSETS
from rum_jax.unlearn import ALGORITHMS

INFLUENCE_TOP = 32

# Every algorithm that forgets something, on the whole forget set.
VANILLA = tuple(f"vanilla:{name}" for name in ALGORITHMS if name not in ("none", "retrain"))

# Where the released scripts have other values for a step of RUM than for the whole forget set.
RUM_F_STEPS = {
    "hparams.neggrad_plus.low.alpha": 0.99,
    "hparams.neggrad_plus.high.epochs": 10, "hparams.neggrad_plus.high.learning_rate": 0.001,
}
RUM_STEPS = {"hparams.finetune.mid.learning_rate": 0.1, "hparams.salun.high.epochs": 5}


def get_config(reference: bool = False) -> ConfigDict:
    """A complete config of the RUM study on scikit-learn's digits.

    Args:
      reference: hyper-parameters that make each algorithm do what the released code does, where
        that differs from what was published (docs/parity.md).
    """
    c = ConfigDict()
    c.seeds = (0, 1, 2, 3)  # one original model, oracle and unlearned model for each; >= 2

    c.data, c.model, c.train = _data(), _model(), _train()
    c.memorization = ConfigDict({
        "scores": "",                   # an .npz of published scores, in place of training
        "subset_fraction": 0.7,         # of the training set, for each model
        "epochs": 15,
        "schedule": "cosine",           # as in train; the rest of its SGD is train's own
        "milestones": (),
        "seed": 0,                      # member k depends on (seed, k) alone
        "augmentation": "none",         # of these models
    })
    c.campaign = _campaign()
    c.forget = ConfigDict({
        "sets": ("memorization:mix",),  # studied side by side (`rum_jax/forget/__init__.py`)
        "size": 120,                    # examples of each; 0: all that a class, noise, file has
        "file_ids": "ids",              # what file: holds; or positions, from 0 in the published
                                        # training part
        "ties": "first" if reference else "random",  # order of equal scores: the data's, a draw
    })
    c.stream = ConfigDict({             # of requests, each unlearned where the one before ended
        "requests": (),                 # as forget.sets, in order, each of what is left; (): none
        "size": 60,                     # examples of each; 0: all that a class, noise, file has
        "rows": (),                     # what is done to each, as in `rows`
    })
    c.proxies = ConfigDict({            # of memorization
        "compared": (),                 # with memorization, and with each other
        **{name: {**proxy.hparams, **(proxy.reference if reference else {})}
           for name, proxy in PROXIES.items() if proxy.hparams},
    })
    c.unlearn = ConfigDict({            # SGD of all unlearning algorithms
        "batch_size": 64,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "augmentation": "none",
        "milestones": (91, 136),        # epochs; the rate falls to a tenth at each
        "batch_norm": "train",          # eval: running statistics are used and stay
    })

    _add_rows(c, reference)
    _add_metrics(c, reference)
    c.engine = _engine()
    c.sweep = _sweep()
    return c


def _data() -> ConfigDict:
    """What is trained on."""
    return ConfigDict({
        "name": "digits",               # or tfds:<name>, tiny_imagenet, image_folder, npz
        "path": "",                     # folder or file; "" for TFDS: TFDS_DATA_DIR
        "classes": (),                  # numbers of those that are kept; (): all
        "train_per_class": 0,           # images of each class that are kept; 0: all
        "test_per_class": 0,            # likewise, of data with a test set of their own
        "validation_fraction": 0.1,     # of each class; 0 for data with a validation set
        "test_fraction": 0.2,           # of each class; 0 for data with a test set
        "label_noise_fraction": 0.05,   # of the training set, given a wrong label
        "seed": 0,                      # of split and noise
    })


def _model() -> ConfigDict:
    """The network."""
    return ConfigDict({
        "name": "resnet",               # or resnet18, ... (`rum_jax/models/__init__.py`)
        "widths": (16, 32),             # channels of each stage; (): those of resnet18, ...
        "blocks": (1, 1),               # residual blocks of each stage; (): likewise
        "dtype": "auto",                # float32, bfloat16; auto: bfloat16 on GPU and TPU
        "batch_norm_groups": 1,         # parts of a batch with statistics of their own
    })


def _train() -> ConfigDict:
    """SGD of original models and oracles, and of memorization members."""
    return ConfigDict({
        "epochs": 15,
        "batch_size": 64,               # examples
        "learning_rate": 0.1,           # of the first epoch
        "schedule": "cosine",           # to 0 over the epochs; or steps: times 0.2 at milestones
        "milestones": (),               # epochs, of steps alone
        "momentum": 0.9,
        "weight_decay": 5e-4,           # on all parameters
        "augmentation": "none",         # crop, crop_and_flip; of originals and oracles
        "from_files": (),               # PyTorch files of the originals, one per seed
        "from_files_mean": (),          # what they were normalised by, of pixels in [0,1]; then
        "from_files_std": (),           # all of the study is; (): the data set's mean and std
        "checkpoint_epochs": 0,         # a state is kept every so many epochs; 0: at the end
        "max_steps": 0,                 # > 0: try so many steps (an epoch at most), stop
    })


def _campaign() -> ConfigDict:
    """How many memorization models, and who trains them; the models are the same anyhow."""
    return ConfigDict({
        "alone": False,                 # True: these models and their scores, and nothing else
        "models": 64,                   # 0: none, for studies that need no memorization
        "group_size": 16,               # models trained at a time, and written together
        "worker": -1,                   # number of this worker; -1: as the scheduler says, or 0
        "workers": 0,                   # how many there are; 0: as the scheduler says, or 1
        "lease_seconds": 60.0,          # age of a heartbeat: older, the worker is considered dead
        "reliability": 0.9,             # correlation of two estimates; what it needs is told
        "influence": "none",            # on test examples: top (the largest), full (all)
        "influence_top": INFLUENCE_TOP,  # training examples for each test example
        "plan": False,                  # True: measure, say what it would take, and stop
    })


def _add_metrics(c: ConfigDict, reference: bool) -> None:
    c.metrics = tuple(METRICS)          # besides accuracies, ToW and the confidence attack
    c.oracles = "paired" if reference else "mean"  # compared with: that of the same seed, or the
                                        # mean of all of the same forget set (but for itself)
    c.mia = ConfigDict({                # retain examples that attacks are fitted on:
        "shadow_members": "first" if reference else "random",  # random: drawn in each class
    })
    c.relearn = ConfigDict({            # passes over the forget set until it is known again
        "epochs": 10,                   # when to give up; 0: not measured
        "learning_rate": 0.0,           # 0: the lowest of several at which most oracles get there
        "tolerance": 0.05,              # known: (1 - tolerance) * the original's accuracy
    })


def _add_rows(c: ConfigDict, reference: bool) -> None:
    """What is compared, and how each row is done."""
    c.vanilla = ConfigDict({"hparams": {name: _hparams(name, reference) for name in ALGORITHMS}})
    c.rum_f = _chain(reference)
    c.rum_f.update_from_flattened_dict(RUM_F_STEPS)
    c.rum = _chain(reference)
    c.rum.update_from_flattened_dict(RUM_STEPS)
    c.rum.algorithms = ConfigDict({"low": "none", "mid": "finetune", "high": "salun"})

    c.trace = False                     # True: every subset is looked at after every step

    # What is compared, besides original, retrain and retrain_again, which always are.
    c.rows = ("vanilla:finetune", "vanilla:neggrad_plus", "vanilla:salun",
              "rum_f:finetune", "rum_f:neggrad_plus", "rum_f:salun", "rum", "rum_shuffled")


def _sweep() -> ConfigDict:
    """A search for hyper-parameters, run in place of the study when it has rows."""
    return ConfigDict({
        "rows": (),                     # as in `rows`
        "method": "random",             # random, grid
        "points": 24,                   # random: for each row, all rows alike
        "grid": "",                     # grid: "learning_rate=0.01,0.1; alpha=0.9,0.95"; in a
                                        # chain with the subset: "high.learning_rate=..."
        "seeds": (100, 101, 102, 103),  # not those of the study
        "seed": 0,                      # of the points that are drawn
    })


def _engine() -> ConfigDict:
    """Speed only; none of it is part of a result."""
    return ConfigDict({
        "devices": 0,                   # 0: all accelerators, or one per CPU core
        "data_devices": 0,              # that share each batch; 0: 1 on CPUs, else so many as
                                        # leave no device idle
        "cpu_threads": 0,               # 0: one per core; rounding depends on it
        "strategy": "auto",             # series, map, vmap, unroll; auto: series
        "convolution": "auto",          # native, patches, blocked; auto: native, on CPUs blocked,
                                        # and patches in studies that are soon done
        "steps_per_call": 128,          # optimizer steps between two progress reports
        "remember_programs": True,      # compiled programs, in RUM_JAX_CACHE or ~/.cache/rum_jax
    })


def _hparams(algorithm: str, reference: bool) -> ConfigDict:
    return ConfigDict(ALGORITHMS[algorithm].hparams(reference))


def _chain(reference: bool) -> ConfigDict:
    """A chain over refined subsets: how to refine, the order, and a table of hyper-parameters.

    Subsets are low, mid and high, or with other numbers of them low, mid_1, ..., high. Where a
    table has no entry mid_1, that of mid is taken. Rows may differ (`rum_jax/rum/row_spec.py`).
    """
    table = {name: {subset: _hparams(name, reference) for subset in SUBSETS}
             for name in ALGORITHMS}
    return ConfigDict({
        "refinement": "memorization",   # a proxy, entanglement, class, shuffled, or two scores
        "subsets": 3,                   # how many
        "order": "ascending",           # descending, or names: high-low-mid
        "steps": "sequential",          # merged: each from the original, changes added up
        "hparams": table})


def set_fields(c: ConfigDict, fields: dict[str, object]) -> None:
    """Sets fields by their dotted names; tables of a user's own algorithms are made as needed."""
    for name, value in fields.items():
        section, (*path, last) = c, name.split(".")
        for part in path:
            if part not in section:
                section[part] = ConfigDict()
            section = section[part]
        section[last] = value
