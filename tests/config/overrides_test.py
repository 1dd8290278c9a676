import pathlib

import pytest

from rum_jax.config.overrides import parse
from rum_jax.core.errors import InputError

CONFIG = f"--config={pathlib.Path(__file__).parents[2] / 'configs' / 'digits_rum.py'}"
WORKDIR = "--workdir=somewhere"


def message(*arguments):
    with pytest.raises(InputError) as error:
        parse(["main", *arguments])
    return str(error.value)


def test_any_field_can_be_set():
    arguments = parse(["main", CONFIG, WORKDIR, "--config.train.learning_rate=1",
                       "--config.seeds=(5,6,7)", "--config.rum.order=high-low-mid",
                       "--config.rum_f.hparams.salun.mid.epochs=2",
                       "--config.campaign.influence=full"])
    config = arguments.config
    assert config.train.learning_rate == 1.0 and config.seeds == (5, 6, 7)
    assert config.rum.order == "high-low-mid" and config.campaign.influence == "full"
    assert config.rum_f.hparams.salun.mid.epochs == 2 and arguments.workdir == "somewhere"


@pytest.mark.parametrize("argument, expected", [
    ("--config.train.epoch=3",
     "config.train.epoch: unknown field; did you mean config.train.epochs?"),
    ("--config.train.epochs=many", "config.train.epochs: is 'many'; allowed: an integer like 15"),
    ("--config.train.epochs=1.5", "config.train.epochs: is '1.5'; allowed: an integer like 15"),
    ("--config.train.learning_rate=abc", "is 'abc'; allowed: a number like 0.1"),
    ("--config.train.learning_rate=nan", "config.train.learning_rate: is nan; allowed: a number"),
    ("--config.train.learning_rate=-1", "is -1.0; allowed: a number in (0, inf)"),
    ("--config.forget.size=1260",
     "config.forget.size: is 1260; allowed: less than the training set's 1259 examples"),
    ("--config.forget.size=100", "is 100; allowed with memorization:mix: a multiple of 3"),
    ("--config.memorization.subset_fraction=1.0",
     "config.memorization.subset_fraction: is 1.0; allowed: a number in (0, 1)"),
    ("--config.memorization.subset_fraction=0", "allowed: a number in (0, 1)"),
    ("--config.memorization.subset_fraction=0.9999", "allowed: at least one in and one out"),
    ("--config.seeds=(1,)", "config.seeds: is (1,); allowed: at least 2 value(s)"),
    ("--config.seeds=(1,1)", "config.seeds: is (1, 1); allowed: no value twice"),
    ("--config.rum.algorithms.low=scrubb",
     "is 'scrubb'; known: boundary_expand, boundary_shrink, finetune"),
    ("--config.data.name=mnist", "config.data.name: is 'mnist'; known: digits"),
    ("--config.rows=('vanilla:nothing',)",
     "config.rows: [0] is 'vanilla:nothing', whose algorithm is 'nothing'; known: boundary_"),
    ("--config.model.blocks=(1,)", "config.model.blocks: has 1 stage(s); allowed: 2"),
    ("--config.data.test_fraction=0.95", "allowed: a sum below 1"),
    ("--config.data.test_fraction=0.0001", "the test set would be empty"),
    ("--config.model.name=vgg --config.model.widths=(4,4,4,4,4) --config.model.blocks=(1,1,1,1,1)",
     "config.model.widths: has 5 stages; allowed for vgg and images of 8 pixels: 4"),
    ("--config.sweep.rows=('rum',) --config.sweep.seeds=(3,9)",
     "config.sweep.seeds: has 3, as config.seeds has"),
    ("--workdirr=x", "--workdirr: unknown flag; did you mean --workdir?"),
    ("--noconfig", "--noconfig: unknown flag; did you mean --config?"),
    ("--x", "--x: unknown flag; known: --config, --workdir, --coordinator, --processes, --process"),
    ("runs/digits", "runs/digits: not a flag"),
])
def test_one_fault_one_message(argument, expected):
    text = message(CONFIG, WORKDIR, *argument.split())
    assert expected in text and text.count("  - ") == 1


def test_several_faults_are_all_reported():
    text = message(CONFIG, WORKDIR, "--config.train.epoch=3", "--config.train.batch_size=x",
                   "--config.unlearn.momentum=1", "--config.forget.size=5001")
    assert text.count("  - ") == 4
    for name in ("train.epoch:", "train.batch_size", "unlearn.momentum", "forget.size"):
        assert f"config.{name}" in text


def test_missing_flags_and_files():
    assert "--workdir: missing" in message(CONFIG)
    assert "--config: missing" in message(WORKDIR)
    assert "nosuch.py" in message("--config=nosuch.py", WORKDIR)


@pytest.mark.parametrize("line, expected", [
    ("c.trian = 3", "config.trian: unknown field; known here: seeds, data"),
    ("del c.model.widths", "config.model.widths: missing"),
    ("c.train = 5", "cannot be casted"),
    ("import nonsense", "No module named 'nonsense'"),
    ("return )", "SyntaxError"),
])
def test_faults_of_a_users_own_file(tmp_path, line, expected):
    path = tmp_path / "own.py"
    path.write_text("from rum_jax.config import base\n\n\ndef get_config():\n"
                    f"    c = base.get_config()\n    {line}\n    return c\n")
    assert expected in message(f"--config={path}", WORKDIR)


FORGET = "def forget(problem, states, *, epochs: int = 5): return states"


def own_config(tmp_path, line, source=FORGET):
    """A config file that names a function of the user's own, and has one more line."""
    (tmp_path / "mine.py").write_text(f"{source}\n")
    (tmp_path / "config.py").write_text(
        "from rum_jax.config import base\n\n\ndef get_config():\n    c = base.get_config()\n"
        f"    c.rows = ('vanilla:{tmp_path}/mine.py:{source.split()[1].split('(')[0]}',)\n"
        f"    {line}\n    return c\n")
    return f"--config={tmp_path / 'config.py'}"


def test_hyper_parameters_of_ones_own_algorithm(tmp_path):
    arguments = parse(["main", own_config(tmp_path, "c.vanilla.hparams.forget = {'epochs': 3}"),
                       WORKDIR])
    assert arguments.config.vanilla.hparams.forget.epochs == 3


@pytest.mark.parametrize("line, expected", [
    ("c.vanilla.hparams.forget = {'epoch': 3}",
     "config.vanilla.hparams.forget.epoch: unknown field"),
    ("c.vanilla.hparams.forget = {'epochs': 0.5}",
     "config.vanilla.hparams.forget.epochs: is 0.5; allowed: an integer"),
    ("c.vanilla.hparams.forget = 3", "config.vanilla.hparams.forget: is 3; allowed: a section"),
    ("c.rum.hparams.forget = {'high': 3}",
     "config.rum.hparams.forget.high: is 3; allowed: a section")])
def test_faulty_tables_of_ones_own_algorithm(tmp_path, line, expected):
    assert expected in message(own_config(tmp_path, line), WORKDIR)


def test_a_function_with_a_built_in_name_is_refused(tmp_path):
    source = "def finetune(problem, states, *, epochs: int = 5): return states"
    text = message(own_config(tmp_path, "pass", source), WORKDIR)
    assert "a function called finetune is known already" in text


@pytest.mark.parametrize("value", ["margin=0.03", "margin=0", "claim=hello"])
def test_a_contrast_with_spaces_in_its_name_is_set_in_the_file(value):
    config = pathlib.Path(CONFIG.removeprefix("--config=")).with_name("claims.py")
    assert message(f"--config={config}:digits,smoke", WORKDIR,
                   f"--config.contrasts.3 RUM.{value}").splitlines()[1:] == [
        f"  - config.contrasts.3 RUM.{value.partition('=')[0]}: cannot be set here, as its name is "
        "no Python name; set it in the file"]
