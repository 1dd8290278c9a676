"""Config files that come with the package."""

import pathlib

import pytest
from toy import ROOT

from rum_jax.config import shipped
from rum_jax.config.overrides import parse
from rum_jax.core.errors import InputError

WORKDIR = "--workdir=somewhere"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_checkout_has_them_beside_the_package():
    assert shipped.folder() == ROOT / "configs"
    assert "digits_rum" in shipped.names() and "entanglement" in shipped.names()


def test_an_installed_package_has_them_inside(tmp_path, monkeypatch):
    for place in (tmp_path / "configs", tmp_path / "rum_jax" / "configs"):
        monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "rum_jax")
        place.mkdir(parents=True)
        (place / "mine.py").write_text("")
        (place / "_part.py").write_text("")
        assert shipped.folder() == place and shipped.names() == ("mine",)


def test_a_name_is_enough():
    arguments = parse(["main", "--config=digits_rum", WORKDIR, "--config.train.epochs=7"],
                      data=False)
    assert arguments.config.to_dict() == {
        **shipped.get_config("digits_rum").to_dict(),
        "train": {**shipped.get_config("digits_rum").train.to_dict(), "epochs": 7}}


def test_a_name_takes_a_variant():
    arguments = parse(["main", "--config", "entanglement:cifar10,smoke", WORKDIR], data=False)
    assert arguments.config.to_dict() == shipped.get_config(
        "entanglement", "cifar10,smoke").to_dict()
    arguments = parse(["main", "--config=digits_rum:algorithms", WORKDIR], data=False)
    assert arguments.config.rows == shipped.get_config("digits_rum", "algorithms").rows


@pytest.mark.parametrize("name", ["digits_rum", "entanglement:cifar10"])
def test_a_file_of_that_name_wins(tmp_path, name):
    stem = name.partition(":")[0]
    (tmp_path / stem).write_text("from rum_jax.config import base\n"
                                 "def get_config(variant='own'):\n    c = base.get_config()\n"
                                 "    c.train.epochs = 77\n    return c\n")
    assert shipped.file_of(stem) == pathlib.Path(stem)
    arguments = parse(["main", f"--config={name}", WORKDIR], data=False)
    assert arguments.config.train.epochs == 77


def test_a_folder_of_that_name_is_no_config(tmp_path):
    """A workdir, for instance; the same command resumes the run."""
    (tmp_path / "digits_rum").mkdir()
    arguments = parse(["main", "--config=digits_rum", "--workdir=digits_rum"], data=False)
    assert arguments.config.to_dict() == shipped.get_config("digits_rum").to_dict()


@pytest.mark.parametrize("text, expected", [
    ("digit_rum", "and no config of that name comes with rum_jax; did you mean digits_rum? "
                  "(shipped: auto_rum, cifar100_rum, "),
    ("nonsense:digits", "there is no file nonsense in "),
    ("nonsense", "comes with rum_jax (shipped: auto_rum, "),
    ("configs/digits_rum.py", "that comes with rum_jax is called by its name, digits_rum"),
    ("digits_rum.py", "is called by its name, digits_rum")])
def test_an_unknown_name_is_told_with_those_that_are_near(text, expected):
    with pytest.raises(InputError) as error:
        parse(["main", f"--config={text}", WORKDIR], data=False)
    message = str(error.value)
    assert expected in message and message.count("\n  - ") == 1 and len(message) < 1000


def test_configs_can_start_from_a_shipped_one():
    assert shipped.get_config("digits_rum", "reference") != shipped.get_config("digits_rum")
    with pytest.raises(InputError, match="no config named 'digit_rum' .*did you mean digits_rum"):
        shipped.get_config("digit_rum")
    with pytest.raises(InputError, match="unknown variant 'x'; known: rum, algorithms"):
        shipped.get_config("digits_rum", "x")
