"""The list of config fields in the documentation, made from the comments of the code."""

import sys

import pytest
from ml_collections import ConfigDict
from toy import ROOT

sys.path.insert(0, str(ROOT / "docs" / "_ext"))

import config_comments  # noqa: E402

from rum_jax.config import base  # noqa: E402

SOURCE = '''
def get_config():
    c = ConfigDict()
    c.seeds = (0, 1)  # one for each
    c.train, c.data = _train(), _data()
    c.forget = ConfigDict({       # what is forgotten
        "size": 120,              # examples of each
    })
    # What is compared,
    # in this order.
    c.rows = ("a",
              "b")
    return c

def _train():
    """How models are trained.

    And more."""
    return ConfigDict({
        "grid": "",               # with "a; b", or
                                  # with others
        "plain": 1,
    })

def _data():
    """What is trained on."""
    return ConfigDict({"name": "digits"})  # by name
'''
CONFIG = {"data": {"name": "digits"}, "forget": {"size": 120}, "rows": ("a", "b"),
          "seeds": (0, 1), "train": {"grid": "", "plain": 1}}


def test_comments_belong_to_their_fields():
    sections = config_comments.sections(SOURCE, CONFIG)
    texts = config_comments.TEXTS
    assert [(section.name, section.about) for section in sections] == [
        ("", "Fields of the study itself."), ("train", "How models are trained."),
        ("data", "What is trained on."), ("forget", texts["forget"])]
    assert {field.name: field.comment for section in sections for field in section.fields} == {
        "seeds": "one for each", "rows": "What is compared, in this order.",
        "train.grid": 'with "a; b", or with others', "train.plain": "",
        "data.name": "by name", "forget.size": "examples of each"}


def leaves(config, path=""):
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield path + name


def test_every_field_is_listed_with_a_comment():
    listed = {field.name: field.comment for section in config_comments.sections()
              for field in section.fields}
    expected = {name for name in leaves(base.get_config()) if ".hparams." not in name}
    assert set(listed) == expected
    assert not [name for name, comment in listed.items() if not comment]


@pytest.mark.parametrize("name", config_comments.TEXTS)
def test_texts_are_of_fields_and_sections_that_are_there(name):
    value = base.get_config()
    for part in name.split("."):
        value = value[part]
