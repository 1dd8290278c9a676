"""Which convolutions a study is computed with."""

import pytest
from study.pipeline_test import toy

from rum_jax.experiment import build
from rum_jax.experiment.build import make_task


@pytest.mark.parametrize("fields, lowering", [
    ({"train.epochs": 124}, "patches"),
    ({"train.epochs": 125}, "blocked"),
    ({"train.epochs": 125, "engine.convolution": "patches"}, "patches")])
def test_studies_that_train_for_long_use_the_faster_convolution(monkeypatch, fields, lowering):
    """The toy study has 1,259 training images of 8x8 pixels."""
    monkeypatch.setattr(build, "LONG_PIXELS", 1259 * 64 * 125)
    dataset, task = make_task(toy(**fields))
    assert len(dataset.train) == 1259
    assert task.model.network.lowering == lowering
