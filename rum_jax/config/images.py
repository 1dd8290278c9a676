"""The papers' studies on real images (arXiv 2406.01257): what their configs have in common."""

from ml_collections import ConfigDict

from rum_jax.config import base

PUBLISHED = {
    "seeds": (1, 2, 3),
    "data.validation_fraction": 0.1,    # of each class of the training part
    "data.test_fraction": 0.0,          # these data have a test set of their own
    "data.label_noise_fraction": 0.0,
    "data.seed": 1,                     # of the validation split, as released
    "model.widths": (),
    "model.blocks": (),
    "train.epochs": 30,
    "train.batch_size": 256,
    "train.augmentation": "crop_and_flip",
    "train.checkpoint_epochs": 10,
    "unlearn.batch_size": 256,          # without augmentation, as in the released scripts
    "campaign.models": 400,
    "memorization.epochs": 30,
    "campaign.group_size": 4,
    "forget.size": 3000,
    # The support vector attacks on other features than the confidence take hours on test sets
    # of this size; --config.metrics asks for them.
    "metrics": ("threshold_confidence", "threshold_entropy", "threshold_m_entropy",
                "threshold_correctness", "forget_agreement", "test_agreement", "forget_kl",
                "test_kl", "parameter_distance", "parameter_cosine"),
}

# A vision transformer on small images: patches of 4 pixels in place of 16, trained from scratch
# with AdamW. Unlearning takes a hundredth of the rates of SGD; a sweep finds better ones.
VIT = {
    "model.name": "vit_tiny",
    "model.kwargs": {"patch_size": 4, "resolution": 0, "drop_path": 0.1},
    "optimizer.name": "adamw",
    "optimizer.warmup_epochs": 5.0,
    "optimizer.unlearn_schedule": "cosine",
    "train.epochs": 100,
    "train.learning_rate": 0.0005,
    "train.schedule": "cosine",
    "train.milestones": (),
    "train.weight_decay": 0.05,
    "unlearn.weight_decay": 0.05,
    "memorization.epochs": 100,
    "memorization.augmentation": "crop_and_flip",
    "relearn.learning_rate": 0.0005,
    "proxies.heldout_retrain.learning_rate": 0.0001,
}
VIT_RATE = 0.01  # of unlearning, relative to the published rates of SGD

SMOKE = {
    "seeds": (1, 2),
    "train.epochs": 2,
    "train.schedule": "cosine",
    "train.milestones": (),
    "train.batch_size": 64,
    "unlearn.batch_size": 64,
    "campaign.models": 8,
    "memorization.epochs": 2,
    "forget.sets": ("memorization:high",),  # so little training leaves no scores for a mix
    "forget.size": 30,
    "relearn.epochs": 2,
    "engine.steps_per_call": 32,
}
SMOKE_WIDTHS = {"resnet18": (4, 8, 8, 8), "resnet50": (4, 4, 8, 8), "vgg16": (4, 8, 8, 8, 8)}
# Training and test images of each class.
SMOKE_IMAGES = {"tfds:cifar10": (90, 30), "tfds:cifar100": (10, 4), "tiny_imagenet": (40, 10)}


def get_config(name: str, architecture: str) -> ConfigDict:
    """A study of a data set with one of the published architectures."""
    c = base.get_config()
    base.set_fields(c, {**PUBLISHED, "data.name": name, "model.name": architecture})
    return c


def vit(c: ConfigDict) -> ConfigDict:
    """The same study with a vision transformer."""
    base.set_fields(c, VIT)
    for section in ("vanilla", "rum_f", "rum"):
        _scale_rates(c[section].hparams, VIT_RATE)
    return c


def _scale_rates(table: ConfigDict, factor: float) -> None:
    for name, value in table.items():
        if isinstance(value, ConfigDict):
            _scale_rates(value, factor)
        elif name in ("learning_rate", "saliency_learning_rate"):
            table[name] = factor * value


def campaign(name: str, architecture: str) -> ConfigDict:
    """Memorization of all published training examples of a data set, and nothing else."""
    c = get_config(name, architecture)
    base.set_fields(c, {"campaign.alone": True, "data.validation_fraction": 0.0,
                        "memorization.augmentation": "crop_and_flip"})
    return c


def smoke(c: ConfigDict) -> ConfigDict:
    """The same pipeline with a narrow, shallow model, few images and one epoch per step."""
    widths = SMOKE_WIDTHS[c.model.name]
    train, test = SMOKE_IMAGES[c.data.name]
    base.set_fields(c, {**SMOKE, "model.widths": widths, "model.blocks": (1,) * len(widths),
                        "data.train_per_class": train, "data.test_per_class": test})
    for section in ("vanilla", "rum_f", "rum"):
        _set_epochs(c[section].hparams, 1)
    return c


def _set_epochs(table: ConfigDict, epochs: int) -> None:
    for name, value in table.items():
        if isinstance(value, ConfigDict):
            _set_epochs(value, epochs)
        elif name == "epochs":
            table[name] = epochs
