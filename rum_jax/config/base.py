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
    c.seeds = (0, 1, 2, 3)  # one original, oracle and model of each method per seed; at least 2

    c.data, c.model, c.train = _data(), _model(), _train()
    c.memorization = ConfigDict({
        "scores": "",                   # file or folder of scores, in place of training models
        "subset_fraction": 0.7,         # share of the training set that each model is trained on
        "epochs": 15,
        "schedule": "cosine",           # cosine, steps; batch size, learning rate, momentum and
                                        # weight decay are those of train
        "milestones": (),
        "seed": 0,                      # of subsets, initial weights and order of the examples;
                                        # model k depends on (seed, k) alone
        "augmentation": "none",         # none, crop, crop_and_flip
    })
    c.campaign = _campaign()
    c.forget = ConfigDict({
        "sets": ("memorization:mix",),  # studied side by side (`rum_jax/forget/__init__.py`)
        "size": 120,                    # examples per forget set; 0: all examples of a class:,
                                        # noise: or file: set
        "file_ids": "ids",              # what the file of a file: set lists: ids, or positions:
                                        # indices from 0 into the published training part
        "ties": "first" if reference else "random",  # order of examples with equal scores;
                                        # first: their order in the data
    })
    c.stream = ConfigDict({             # requests to forget, unlearned one after another
        "requests": (),                 # named as in forget.sets, unlearned in this order; each is
                                        # chosen among the examples that are left; (): none
        "size": 60,                     # examples per request; 0: as in forget.size
        "rows": (),                     # methods that unlearn every request, named as in rows
    })
    c.proxies = ConfigDict({            # of memorization
        "compared": (),                 # proxies that the report compares with memorization
        **{name: {**proxy.hparams, **(proxy.reference if reference else {})}
           for name, proxy in PROXIES.items() if proxy.hparams},
    })
    c.unlearn = ConfigDict({            # SGD of all unlearning algorithms
        "batch_size": 64,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "augmentation": "none",
        "milestones": (91, 136),        # epochs at which the learning rate is divided by 10
        "batch_norm": "train",          # train: batch statistics; eval: running statistics, which
                                        # are not updated
    })

    c.optimizer = _optimizer()
    _add_rows(c, reference)
    _add_metrics(c, reference)
    c.engine = _engine()
    c.sweep = _sweep()
    _add_replicates(c)
    return c


def _data() -> ConfigDict:
    """The data set, its splits and noise."""
    return ConfigDict({
        "name": "digits",               # digits, tfds:<name>, tiny_imagenet, image_folder, npz
        "path": "",                     # folder or file of the data; "" for TFDS: TFDS_DATA_DIR
        "classes": (),                  # published numbers of the classes to keep; (): all
        "train_per_class": 0,           # training images to keep of each class; 0: all
        "test_per_class": 0,            # likewise of published validation and test images; 0: all
        "validation_fraction": 0.1,     # of each class; 0 for data with a validation set
        "test_fraction": 0.2,           # of each class; 0 for data with a test set
        "label_noise_fraction": 0.05,   # of the training set, given a wrong label
        "pixel_noise": 0.0,             # standard deviation in all images; 1: the range of pixels
        "seed": 0,                      # of split, label noise and pixel noise
    })


def _model() -> ConfigDict:
    """The network."""
    return ConfigDict({
        "name": "resnet",               # resnet, resnet18, ... (`rum_jax/models/__init__.py`), or
                                        # my_model.py:build, which gets the number of classes
        "kwargs": {},                   # keyword arguments of such a function, or options of
                                        # vit_tiny and vit_small: patch_size, depth, width, heads,
                                        # mlp_ratio, resolution, dropout, drop_path
        "widths": (16, 32),             # channels of each stage; (): as published (resnet18, ...)
        "blocks": (1, 1),               # residual blocks, or convolutions of a VGG, of each stage;
                                        # (): as published
        "dtype": "auto",                # float32, bfloat16; auto: bfloat16 on GPU and TPU
        "batch_norm_groups": 1,         # equal parts of a batch that BatchNorm normalizes apart
    })


def _train() -> ConfigDict:
    """SGD of original models and oracles, and of memorization members."""
    return ConfigDict({
        "epochs": 15,
        "batch_size": 64,               # examples
        "learning_rate": 0.1,           # of the first epoch
        "schedule": "cosine",           # cosine: to 0 over the epochs; steps: times 0.2 at each
                                        # milestone
        "milestones": (),               # epochs, for schedule steps
        "momentum": 0.9,
        "weight_decay": 5e-4,           # on all parameters
        "augmentation": "none",         # of originals and oracles: none, crop, crop_and_flip
        "from_files": (),               # PyTorch files of the originals, one per seed
        "from_files_mean": (),          # per channel, of pixels in [0,1]: what those models were
        "from_files_std": (),           # normalized by; then all models are; (): the data set's
        "checkpoint_epochs": 0,         # training states are saved every so many epochs; 0: never
        "max_steps": 0,                 # > 0: dry run of so many steps, at most one epoch
    })


def _optimizer() -> ConfigDict:
    """What takes the steps of training and unlearning."""
    return ConfigDict({
        "name": "sgd",                  # sgd, adamw: with momentum as its first beta, a second one
                                        # of 0.999 and decoupled weight decay
        "warmup_epochs": 0.0,           # epochs over which the learning rate rises from 0
        "unlearn_schedule": "constant",  # of unlearning; cosine: to 0 over the epochs
    })


def _campaign() -> ConfigDict:
    """Memorization models: how many, and how workers share their training."""
    return ConfigDict({
        "alone": False,                 # True: only train them and estimate scores, no study
        "models": 64,                   # 0: none, for studies that need no memorization
        "group_size": 16,               # models trained at a time, and written together
        "worker": -1,                   # index of this worker; -1: from the scheduler, or 0
        "workers": 0,                   # number of workers; 0: from the scheduler, or 1
        "lease_seconds": 60.0,          # without a heartbeat for so long a worker is considered
                                        # dead
        "reliability": 0.9,             # correlation of two independent estimates; the number of
                                        # models that it needs is reported
        "influence": "none",            # of training examples on test examples: none, top (the
                                        # largest), full (all)
        "influence_top": INFLUENCE_TOP,  # training examples for each test example
        "plan": False,                  # True: only estimate time, memory and storage
    })


def _add_metrics(c: ConfigDict, reference: bool) -> None:
    c.metrics = tuple(METRICS)          # besides accuracies, ToW and the confidence attack
    c.oracles = "paired" if reference else "mean"  # what metrics compare a model with; paired: the
                                        # oracle of its seed; mean: the mean over all oracles of
                                        # its forget set, except the model itself
    c.mia = ConfigDict({                # membership inference attacks
        "shadow_members": "first" if reference else "random",  # retain examples that attacks are
                                        # fitted on; random: drawn class by class; first: the
                                        # first ones of the data
    })
    c.relearn = ConfigDict({            # epochs on the forget set until it is learned again
        "epochs": 10,                   # at most; 0: not measured
        "learning_rate": 0.0,           # 0: the lowest of several at which most oracles relearn
        "tolerance": 0.05,              # relearned: accuracy on the forget set of at least
                                        # (1 - tolerance) * the original's
    })


def _add_rows(c: ConfigDict, reference: bool) -> None:
    """The methods that are compared, and their hyper-parameters."""
    c.vanilla = ConfigDict({"hparams": {name: _hparams(name, reference) for name in ALGORITHMS}})
    c.rum_f = _chain(reference)
    c.rum_f.update_from_flattened_dict(RUM_F_STEPS)
    c.rum = _chain(reference)
    c.rum.update_from_flattened_dict(RUM_STEPS)
    c.rum.algorithms = ConfigDict({"low": "none", "mid": "finetune", "high": "salun"})

    c.trace = False                     # True: every subset is evaluated after every step

    # Methods that are compared, besides original, retrain and retrain_again.
    c.rows = ("vanilla:finetune", "vanilla:neggrad_plus", "vanilla:salun",
              "rum_f:finetune", "rum_f:neggrad_plus", "rum_f:salun", "rum", "rum_shuffled")


def _sweep() -> ConfigDict:
    """A search for hyper-parameters, run in place of the study when it has rows."""
    return ConfigDict({
        "rows": (),                     # methods to search for, named as in rows
        "method": "random",             # random, grid
        "points": 24,                   # random: number of points drawn for each row
        "grid": "",                     # grid: "learning_rate=0.01,0.1; alpha=0.9,0.95"; for
                                        # chains with the subset: "high.learning_rate=..."
        "seeds": (100, 101, 102, 103),  # model seeds of the search; none of config.seeds
        "seed": 0,                      # of the random points
    })


def _add_replicates(c: ConfigDict) -> None:
    """Studies of many splits of the data, and the claims that are decided on them."""
    c.replicates = ()                   # data seeds, each with a split, models and forget sets of
                                        # its own; (): one study, with data.seed
    c.parts = ConfigDict()              # studies of each replicate, by name: the fields in which
                                        # they differ from this config, nested as here
    c.tuning = ConfigDict({             # hyper-parameters of each part's rows are searched on other
                                        # data seeds, before the replicates are run
        "replicates": (),               # data seeds of the search; (): none, these values are used
        "seeds": (0, 1),                # model seeds in each of them
        "budget": 12,                   # trainings of candidates per hyper-parameter of a row
        "auto": (),                     # parts whose row rum also has its algorithms, refinement,
                                        # order and number of subsets chosen
        "like": {},                     # parts that take the values of another one, by name, and
                                        # are not searched
        "fixed": {},                    # part -> hyper-parameters that its search does not choose
        "given": "",                    # results.json of such a study: searches in it that are the
                                        # same as here are not done again; "": none
        "seed": 0,                      # of the candidates
    })
    c.contrasts = ConfigDict()          # claims, by name, see `rum_jax/replicates/contrasts.py`


def _engine() -> ConfigDict:
    """Devices and speed; results agree up to float rounding."""
    return ConfigDict({
        "devices": 0,                   # 0: all accelerators, or one per CPU core
        "data_devices": 0,              # number of devices that share each batch; 0: 1 on CPUs,
                                        # else the number that leaves no device idle
        "cpu_threads": 0,               # 0: one per core; rounding depends on it
        "strategy": "auto",             # series, map, vmap, unroll; auto: series
        "convolution": "auto",          # native, patches, blocked; auto: native, on CPUs blocked,
                                        # or patches in short studies
        "steps_per_call": 128,          # optimizer steps between two progress reports
        "remember_programs": True,      # keep compiled programs in RUM_JAX_CACHE, by default
                                        # ~/.cache/rum_jax
    })


def _hparams(algorithm: str, reference: bool) -> ConfigDict:
    return ConfigDict(ALGORITHMS[algorithm].hparams(reference))


def _chain(reference: bool) -> ConfigDict:
    """Unlearning subset after subset: refinement, order, and hyper-parameters of each step.

    Subsets are low, mid and high; other numbers of subsets are named low, mid_1, mid_2, ..., high.
    A subset without hyper-parameters of its own (mid_1) has those of its level (mid). A row can
    override all but the hyper-parameters (`rum_jax/rum/row_spec.py`).
    """
    table = {name: {subset: _hparams(name, reference) for subset in SUBSETS}
             for name in ALGORITHMS}
    return ConfigDict({
        "refinement": "memorization",   # memorization, a proxy, entanglement, two of these as in
                                        # memorization*entanglement, class, shuffled, or
                                        # my_file.py:function
        "subsets": 3,                   # number of subsets
        "order": "ascending",           # ascending, descending, or names such as high-low-mid
        "steps": "sequential",          # sequential, or merged: each step starts from the
                                        # original, and the parameter changes are added
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
