"""Fields that are accepted must do something."""

import pytest

from rum_jax.config.overrides import parse

from .overrides_test import CONFIG, WORKDIR, message

ALONE = "--config.campaign.alone=true"


@pytest.mark.parametrize("words, expected", [
    (["--config.sweep.grid=learning_rate=0.1"],
     "config.sweep.grid: is 'learning_rate=0.1'; allowed with config.sweep.method=random: ''"),
    (["--config.campaign.worker=1"], "config.campaign.worker: is 1; allowed in a study: -1"),
    (["--config.campaign.workers=2"], "config.campaign.workers: is 2; allowed in a study: 0"),
    (["--config.campaign.influence_top=7"], "config.campaign.influence_top: is 7; allowed with "
     "config.campaign.influence=none: 32"),
    (["--config.campaign.influence=full", "--config.campaign.influence_top=7"],
     "with config.campaign.influence=full: 32"),
    (["--config.campaign.models=0", "--config.forget.sets=('random',)",
      "--config.rows=('vanilla:finetune',)", "--config.campaign.influence=top"],
     "config.campaign.influence: is 'top'; allowed with config.campaign.models=0: none"),
    ([ALONE, "--config.campaign.plan=true", "--config.train.max_steps=3"],
     "config.train.max_steps: is 3; allowed with config.campaign.plan=True: 0"),
    ([ALONE, "--config.train.max_steps=3"],
     "config.train.max_steps: is 3; allowed with config.campaign.alone=True: 0"),
    ([ALONE, "--config.sweep.rows=('vanilla:finetune',)"],
     "allowed with config.campaign.alone=True: ()"),
    (["--config.sweep.rows=('vanilla:finetune',)", "--config.train.max_steps=3"],
     "config.train.max_steps: is 3; allowed with config.sweep.rows: 0"),
    (["--config.sweep.rows=('vanilla:finetune',)", "--config.campaign.plan=true"],
     "config.campaign.plan: is True; allowed with config.sweep.rows: False"),
    (["--config.campaign.plan=true", "--config.campaign.models=0",
      "--config.forget.sets=('random',)", "--config.rows=('vanilla:finetune',)"],
     "config.campaign.plan: is True; allowed with a campaign: here memorization is not needed")])
def test_contradictions_are_refused(words, expected):
    assert expected in message(CONFIG, WORKDIR, *words)


def notes(*words):
    return parse(["main", CONFIG, WORKDIR, *words]).notes


ONE_ROW = "--config.rows=('vanilla:finetune',)"
NO_MODELS = ("--config.campaign.models=0", "--config.forget.sets=('random',)", ONE_ROW)


@pytest.mark.parametrize("words, field", [
    (["--config.relearn.epochs=0", "--config.relearn.tolerance=0.1"], "relearn.tolerance"),
    (["--config.sweep.points=3"], "sweep.points"), (["--config.stream.size=6"], "stream.size"),
    (["--config.sweep.rows=('rum',)", "--config.metrics=()"], "metrics"),
    (["--config.sweep.rows=('vanilla:finetune',)", "--config.sweep.method=grid",
      "--config.sweep.grid=epochs=1,2", "--config.sweep.seed=4"], "sweep.seed"),
    ([*NO_MODELS, "--config.memorization.epochs=3"], "memorization.epochs"),
    ([*NO_MODELS, "--config.campaign.group_size=3"], "campaign.group_size"),
    ([ONE_ROW, "--config.rum.subsets=4"], "rum.subsets"),
    ([ONE_ROW, "--config.trace=true"], "trace"),
    ([ONE_ROW, "--config.vanilla.hparams.salun.epochs=4"], "vanilla.hparams.salun.epochs"),
    (["--config.rows=('rum',)", "--config.rum.hparams.scrub.low.epochs=4"],
     "rum.hparams.scrub.low.epochs"),
    (["--config.rows=('rum[subsets=4]',)", "--config.rum.subsets=5"], "rum.subsets"),
    ([ALONE, "--config.forget.size=30"], "forget.size"),
    ([ALONE, "--config.train.epochs=5"], "train.epochs"),
    ([ALONE, "--config.seeds=(7,8)"], "seeds"),
    ([ALONE, "--config.oracles=paired"], "oracles"),
    ([ALONE, "--config.mia.shadow_members=first"], "mia.shadow_members"),
    (["--config.forget.file_ids=positions"], "forget.file_ids"),
    (["--config.proxies.heldout_retrain.epochs=2"], "proxies.heldout_retrain.epochs"),
    ([ALONE, "--config.rows=()"], "rows")])
def test_what_has_no_effect_is_said(words, field):
    said = notes(*words)
    assert any(note.startswith(f"config.{field} is given and has no effect") for note in said)


@pytest.mark.parametrize("words", [
    [], ["--config.relearn.epochs=0"], [*NO_MODELS, "--config.train.epochs=3"],
    ["--config.vanilla.hparams.salun.epochs=4", "--config.rum.hparams.salun.high.epochs=4"],
    ["--config.rum.algorithms.low=salun", "--config.rum.subsets=4", "--config.trace=true"],
    [ALONE, "--config.campaign.workers=2", "--config.memorization.epochs=3"],
    ["--config.proxies.heldout_retrain.epochs=2", "--config.rows=('rum[by=heldout_retrain]',)"],
    ["--config.proxies.loss_curvature.h=2.0", "--config.forget.sets=('loss_curvature:high',)"],
    ["--config.sweep.rows=('rum',)", "--config.sweep.points=3", "--config.train.epochs=4"]])
def test_nothing_is_said_of_what_counts(words):
    assert notes(*words) == ()
