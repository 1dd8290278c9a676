"""Every field of a config is free, or determines a result that says so."""

import json

import pytest
from ml_collections import ConfigDict

from rum_jax.config import base, identity
from rum_jax.config.content import content_of, flat

LEAVES = [field.removeprefix("config.") for field in flat(base.get_config().to_dict())]
EMPTY = [name for name, value in base.get_config().items() if value == ConfigDict()]
LISTS = ("DATA", "NETWORK", "GIVEN_MODELS", "TRAINING", "FORGET_SETS", "REQUESTS", "MEMORIZATION",
         "INFLUENCE", "PROXIES", "METHODS", "EVALUATION")


@pytest.mark.parametrize("field", [*LEAVES, *EMPTY])
def test_every_field_is_free_or_determines_a_result(field):
    listed = tuple(name for names in LISTS for name in getattr(identity, names))
    assert identity.below(field, identity.FREE) or identity.below(field, listed), (
        f"config.{field} is in no list of rum_jax/config/identity.py")


def test_no_list_names_a_free_field_or_one_that_is_not_there():
    for names in (*LISTS, "FREE", "NOT_OF_TRAINING", "NOT_OF_MEMBERS", "PROXY_OPTIMIZER"):
        for name in getattr(identity, names):
            assert [field for field in (*LEAVES, *EMPTY) if identity.below(field, (name,))], name
            assert names == "FREE" or not identity.below(name, identity.FREE), name


def test_what_determines_the_members_of_a_campaign():
    """Pinned: a change makes every campaign that was begun before another one."""
    sections = identity.of_members(base.get_config().to_dict())
    assert {section: set(values) for section, values in sections.items()} == {
        "data": {"name", "classes", "train_per_class", "test_per_class", "validation_fraction",
                 "test_fraction", "label_noise_fraction", "pixel_noise", "seed"},
        "model": {"name", "widths", "blocks", "batch_norm_groups"},
        "train": {"batch_size", "learning_rate", "momentum", "weight_decay"},
        "memorization": {"subset_fraction", "epochs", "schedule", "milestones", "seed",
                         "augmentation"}}


def test_options_and_optimizers_of_members_count_where_they_are_given():
    config = base.get_config()
    config.optimizer.name = "adamw"
    config.model.kwargs = ConfigDict({"depth": 2})
    sections = json.loads(json.dumps(identity.of_members(config.to_dict())))
    assert sections["optimizer"] == {"name": "adamw"}
    assert sections["model"]["kwargs"] == {"depth": 2}
    fields = content_of(config.to_dict()).part("model", "optimizer")
    assert fields["config.model.kwargs.depth"] == 2
    assert fields["config.optimizer.name"] == "adamw"
    assert "config.optimizer.warmup_epochs" not in fields
    before = content_of(base.get_config().to_dict())
    assert not before.part("optimizer") and "config.model.kwargs" not in before.values


def test_a_field_that_is_added_counts_until_it_is_listed():
    config = base.get_config().to_dict()
    config["train"]["warmup_epochs"] = 1
    assert identity.of_members(config)["train"]["warmup_epochs"] == 1
    assert "config.train.warmup_epochs" in content_of(config).part("train")


def test_a_part_leaves_free_fields_out():
    part = content_of(base.get_config().to_dict()).part("train", less=("train.from_files",))
    assert "config.train.epochs" in part and "config.train.from_files_mean" in part
    assert not {"config.train.max_steps", "config.train.checkpoint_epochs",
                "config.train.from_files"} & set(part)
