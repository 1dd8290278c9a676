"""The library gives what the command gives for the same network, data and seeds."""

import jax
import numpy as np
import pytest
from foreign import Camera
from ml_collections import ConfigDict

import rum_jax as rum
from rum_jax import report
from rum_jax.config import base
from rum_jax.config.validate import validate
from rum_jax.core import records
from rum_jax.runtime import provenance
from rum_jax.storage import stage_cache
from rum_jax.study import pipeline
from rum_jax.study.context import row_folder
from rum_jax.study.trained_models import load_states

SEEDS, EPOCHS = (0, 1), 4
SCRUB = {"epochs": 2, "learning_rate": 0.02}
MODEL = '''
import rum_jax as rum
from foreign import Camera

def build(classes, width=4):
    return rum.from_flax(Camera(width, classes), None, train_kwarg="is_training", features="print")
'''


@pytest.fixture(scope="module")
def study(dataset, tmp_path_factory):
    """A study of a network of the user's own, on a file of images with published scores."""
    folder = tmp_path_factory.mktemp("own")
    images = (dataset.images * np.float32(255 / 16)).round().astype(np.uint8)
    scores = np.random.default_rng(5).uniform(size=len(images))
    np.savez(folder / "data.npz", images=images, labels=dataset.clean_labels, ids=dataset.ids)
    np.savez(folder / "scores.npz", memorization=scores, ids=dataset.ids)
    (folder / "model.py").write_text(MODEL)
    config: ConfigDict = base.get_config()
    base.set_fields(config, {
        "seeds": SEEDS, "data.name": "npz", "data.path": str(folder / "data.npz"),
        "model.name": f"{folder / 'model.py'}:build", "model.kwargs": {"width": 3},
        "model.widths": (), "model.blocks": (), "train.epochs": EPOCHS, "relearn.epochs": 0,
        "campaign.models": 0, "campaign.influence": "none", "forget.sets": ("class:3",),
        "forget.size": 0, "memorization.scores": str(folder / "scores.npz"),
        "rows": ("vanilla:scrub", "rum"), "metrics": ("test_kl",), "engine.devices": 2,
        **{f"vanilla.hparams.scrub.{name}": value for name, value in SCRUB.items()}})
    validate(config.to_dict())
    finished = pipeline.run(folder / "run", config)
    by_id = dict(zip(dataset.ids, scores, strict=True))
    return finished, np.array([by_id[i] for i in finished.study.dataset.ids])


@pytest.fixture(scope="module")
def problem(study):
    data, spec = study[0].study.dataset, study[0].study.task.model.image
    parts = {name: (data.images[rows], data.labels[rows]) for name, rows in data.positions.items()}
    originals = load_states(study[0].study, study[0].study.workdir / "stages" / "original")
    variables = {"params": originals.params, **originals.model_state}
    model = rum.from_flax(Camera(3, 10), variables, train_kwarg="is_training", features="print",
                          mean=spec.mean, std=spec.std)
    return rum.Problem(model, *parts["train"], test=parts["test"], validation=parts["validation"],
                       forget=parts["train"][1] == 3, recipe=rum.Recipe(epochs=EPOCHS))


@pytest.fixture(scope="module")
def models(study, problem):
    data, scores = study[0].study.dataset, study[1]
    steps = study[0].study.config.rum
    return {"vanilla:scrub": rum.unlearn(problem, "scrub", **SCRUB),
            "rum": rum.refined_unlearn(
                problem, scores[data.train], algorithms=steps.algorithms.to_dict(),
                hparams={subset: steps.hparams[name][subset].to_dict()
                         for subset, name in steps.algorithms.items()})}


def same(states, expected):
    for got, wanted in zip(jax.tree.leaves((states.params, states.model_state)),
                           jax.tree.leaves((expected.params, expected.model_state)), strict=True):
        np.testing.assert_allclose(got, wanted, atol=2e-5)


def test_trained_and_retrained_models_are_equal(study, problem):
    stages = study[0].study.workdir / "stages"
    same(rum.train(problem).states, load_states(study[0].study, stages / "original"))
    (folder,) = stage_cache.finished(study[0].study.workdir, "retrain")
    same(rum.retrain(problem).states, load_states(study[0].study, folder))


@pytest.mark.parametrize("row", ["vanilla:scrub", "rum"])
def test_unlearned_models_are_equal(row, study, models):
    folder = study[0].study.workdir / "stages" / "unlearn" / row_folder(row)
    same(models[row].states, load_states(study[0].study, folder))


def test_tables_are_equal(study, problem, models):
    report.write(study[0], provenance.provenance())
    written = records.read_json(study[0].study.workdir / "results.json")
    results = {row["name"]: row["metrics"] for row in written["rows"]}
    again = tuple(written["provenance"]["retrain_again_seeds"])
    table = rum.evaluate(models, rum.retrain(problem, seeds=SEEDS + again), ["test_kl"],
                         strata=study[1][study[0].study.dataset.train])
    for name, row in table.rows.items():
        for column in table.columns[:-1]:
            if name == "retrain":  # of four oracles here, of two there
                continue
            np.testing.assert_allclose(row[column].per_seed, results[name][column]["per_seed"],
                                       atol=1e-6, err_msg=f"{name}, {column}")
