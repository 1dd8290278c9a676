"""How flags may be written, and that none is given twice."""

import pytest

from rum_jax.config.arguments import arguments_of, twice
from rum_jax.config.overrides import parse
from rum_jax.core.errors import InputError

from .overrides_test import CONFIG, WORKDIR, message


@pytest.mark.parametrize("words, name, said", [
    (["--config.seeds=(0,1)", "--config.seeds=(2,3)"], "config.seeds", "'(0,1)' and as '(2,3)'"),
    (["--config.seeds=(0,1)", "--config.seeds=(0,1)"], "config.seeds", "'(0,1)' and as '(0,1)'"),
    (["--config.train.epochs=1", "-config.train.epochs=2"], "config.train.epochs",
     "'1' and as '2'"),
    (["--config.train.epochs", "1", "--config.train.epochs=2"], "config.train.epochs",
     "'1' and as '2'"),
    (["--config.trace", "--noconfig.trace"], "config.trace", "True and as False"),
    (["--noconfig.trace", "--config.trace=true"], "config.trace", "False and as 'true'"),
    (["--workdir=a", "--workdir=b"], "workdir", "'a' and as 'b'"),
    (["--workdir", "a", "-workdir", "b"], "workdir", "'a' and as 'b'"),
    (["--config=a.py", "--config=b.py"], "config", "'a.py' and as 'b.py'"),
    (["--process=0", "--process=1"], "process", "'0' and as '1'"),
    (["--config.rows=('rum',)", "--config.rows=()"], "config.rows", "\"('rum',)\" and as '()'")])
def test_what_is_given_twice_is_refused_with_both_values(words, name, said):
    assert twice(arguments_of(words)) == [
        f"--{name}: is given 2 times, as {said}; allowed: once"
        + ", with all values of a tuple together" * name.startswith("config.")]
    base = [] if name in ("config", "workdir") else [CONFIG, WORKDIR]
    assert f"--{name}: is given 2 times" in message(*base, *words)


def test_flags_in_a_file_count_too(tmp_path):
    path = tmp_path / "flags"
    path.write_text("--config.train.epochs=3\n")
    assert "is given 2 times, as '3' and as '4'" in message(
        CONFIG, WORKDIR, f"--flagfile={path}", "--config.train.epochs=4")
    arguments = parse(["main", CONFIG, WORKDIR, f"--flagfile={path}"])
    assert arguments.config.train.epochs == 3
    assert "--flagfile: cannot be read" in message(CONFIG, WORKDIR, f"--flagfile={path}s")


def test_a_flag_that_hides_mistakes_is_refused():
    assert "--undefok: is given; allowed: not at all" in message(
        CONFIG, WORKDIR, "--undefok=config.train.epoch", "--config.train.epoch=3")


def test_values_may_stand_after_a_space(tmp_path):
    arguments = parse(["main", *CONFIG.split("="), "--workdir", "w", "-config.train.epochs", "3",
                       "--config.campaign.worker", "-1", "--config.trace",
                       "--noconfig.campaign.plan"])
    assert arguments.workdir == "w" and arguments.config.train.epochs == 3 and (
        arguments.config.trace)
    assert arguments.config.campaign.worker == -1 and not arguments.config.campaign.plan


@pytest.mark.parametrize("argument, expected", [
    ("--config.vanilla.hparams.finetune.lr=0.1",
     "config.vanilla.hparams.finetune.lr: unknown field; known in "
     "config.vanilla.hparams.finetune: epochs, last_epoch_factor, learning_rate"),
    ("--config.trian.epochs=3", "unknown field; did you mean config.train.epochs?"),
    ("--config.rum.hparams.salun.hihg.epochs=3",
     "unknown field; did you mean config.rum.hparams.salun.high.epochs?"),
    ("--config.lr=3",
     "config.lr: unknown field; known in config: campaign, contrasts, data, engine"),
    ("--config.train=3", "config.train: is a section; set one of its fields: augmentation, "
                            "batch_size, checkpoint_epochs, epochs"),
    ("--config.train.epochs.x=3", "config.train.epochs has no fields of its own"),
    ("--config.model.name=resnet19", "did you mean resnet18?"),
    ("--config.model.name=" + "x" * 500, "is 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."),
    ("--config.rows=('vanilla:saln',)", "did you mean salun?"),
    ("--config.rows=('vanila:salun',)", "did you mean vanilla:salun?"),
    ("--config.rows=('salun',)", "did you mean vanilla:salun?"),
    ("--config.rows=('rum_suffled',)", "did you mean rum_shuffled?"),
    ("--config.rows=('rum[ordr=ascending]',)", "did you mean order?"),
    ("--config.rows=('rum[order=ascnding]',)", "did you mean ascending?"),
    ("--config.rows=('rum[by=memorisation]',)", "did you mean memorization?"),
    ("--config.rum.refinement=confidense", "did you mean confidence?"),
    ("--config.forget.sets=('memorisation:mix',)", "did you mean memorization:mix?"),
    ("--config.forget.sets=('memorization:hihg',)", "did you mean high?"),
    ("--config.metrics=('test_agrement',)", "did you mean test_agreement?"),
    ("--config.data.name=digit", "did you mean digits?"),
    ("--config.data.name=cifar10", "data sets of TFDS are written tfds:cifar10"),
    ("--config.train.schedule=cosin", "did you mean cosine?"),
    ("--config.engine.strategy=searies", "did you mean series?")])
def test_what_was_meant(argument, expected):
    text = message(CONFIG, WORKDIR, argument)
    assert expected in text and text.count("\n  - ") == 1 and len(text) < 1200


@pytest.mark.parametrize("argument", [
    "--config.train.epochs=1e30", "--config.train.epochs=" + "1" + "0" * 30,
    "--config.train.epochs=" + "9" * 6000, "--config.train.batch_size=1000000000000",
    "--config.train.batch_size=9000", "--config.unlearn.batch_size=9000",
    "--config.engine.steps_per_call=100000000", "--config.campaign.models=300000000",
    "--config.campaign.lease_seconds=1e308", "--config.train.learning_rate=1e308",
    "--config.train.learning_rate=1e-300", "--config.vanilla.hparams.finetune.epochs=1000000000",
    "--config.model.widths=(100000000,16)", "--config.model.blocks=(100000000,1)",
    "--config.sweep.points=100000000", "--config.campaign.group_size=1000000000000",
    "--config.seeds=" + "(" * 3000, "--config.seeds=(0,1e3)", "--config.seeds=(True,1)",
    "--config.unlearn.momentum=-0.0", "--config.train.epochs=True", "--config.trace=2",
    "--config.forget.sets=('entanglement:1of" + "9" * 5000 + "',)",
    "--config.forget.sets=('file:" + "x" * 300 + "',)", "--config.data.path=~nobody_here/x",
    "--config.forget.sets=('file:~nobody_here/x',)", "--config.metrics=('a;b.py:f',)",
    "--config.memorization.scores=" + "y" * 300, "--config.rum.refinement=" + "z" * 300 + ".py:f",
    "--config.rows=('rum[by=a]b.py:f]',)", "--config.rows=('rum[by=a;b.py:f]',)",
    "--config.rows=('vanilla:my[1]/b.py:f',)", "--config.rows=('vanilla:a;b.py:f',)",
    "--config.rows=('vanilla:~nobody_here/b.py:f',)", "--config.rows=('vanilla:a\nb.py:f',)"])
def test_values_without_measure_get_one_short_message(argument):
    text = message(CONFIG, WORKDIR, argument)
    assert text.count("\n  - ") == 1 and len(text) < 900
    assert argument.partition("=")[0].lstrip("-") in text


@pytest.mark.parametrize("workdir, expected", [
    ("http://host/run", "allowed: a folder of a file system"),
    ("memory://run", "allowed: a folder of a file system"),
    ("gs://bucket/run", "allowed: a folder of a file system"),
    ("s3://bucket/run", "only a campaign by itself"), ("gs:/bucket", "did you mean gs://"),
    ("file://host/run", "allowed: a folder of a file system"), (" ", "allowed: a folder"),
    ("x" * 300, "allowed: at most 255 letters"), ("a\nb", "line breaks"), ("a\0b", "control"),
    ("~nobody_here/run", "there is no home folder ~nobody_here")])
def test_workdirs_that_cannot_be(workdir, expected):
    text = message(CONFIG, f"--workdir={workdir}")
    assert "--workdir: is " in text and expected in text and text.count("\n  - ") == 1


@pytest.mark.parametrize("workdir, expected", [
    ("http://host/run", "allowed: a folder, or a URL of gs, gcs, s3, s3a"),
    ("memory://run", "where results stay"), ("GS://bucket/run", "allowed: a folder, or a URL of"),
    ("gs://", "allowed: a bucket")])
def test_workdirs_that_workers_cannot_share(workdir, expected):
    alone = ["--config.campaign.alone=true", f"--workdir={workdir}"]
    assert expected in message(CONFIG, *alone)


def test_workdirs_of_campaigns():
    for given, workdir in (("gs://bucket/a b", "gs://bucket/a b"), ("file:///a/b", "/a/b")):
        assert parse(["main", CONFIG, "--config.campaign.alone=true", f"--workdir={given}"],
                     data=False).workdir == workdir
    with pytest.raises(InputError):
        parse(["main", CONFIG, "--workdir="])


@pytest.mark.parametrize("words, names", [
    (["--workdir", "--config.forget.size=0"], ["workdir"]),
    (["--workdir", "-config.forget.size=0"], ["workdir"]), (["--workdir", "--"], ["workdir"]),
    (["--config.data.path", "--config.train.epochs=3"], ["config.data.path"]),
    (["--config.data.path", "--config.train.epochs", "--coordinator"],
     ["config.data.path", "config.train.epochs", "coordinator"]),
    (["--process"], ["process"]), (["--config.seeds", "--config.trace"], ["config.seeds"])])
def test_a_flag_does_not_take_the_next_one_as_its_value(words, names):
    text = message(CONFIG, *([] if "--workdir" in words else [WORKDIR]), *words)
    assert text.splitlines()[1:] == [
        f"  - --{name}: has no value; allowed: --{name}=<value>" for name in names]


def test_fields_that_are_on_or_off_need_no_value_and_unknown_ones_are_named():
    config = parse(["main", CONFIG, WORKDIR, "--config.trace", "--config.train.epochs=3"]).config
    assert config.trace and config.train.epochs == 3
    assert "did you mean config.train.epochs?" in message(
        CONFIG, WORKDIR, "--config.train.epoch", "--config.trace")
