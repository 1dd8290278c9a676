import numpy as np
import pytest

from rum_jax.core.errors import InputError
from rum_jax.rum import sweep_points
from rum_jax.rum.chain import WHOLE, Step
from rum_jax.unlearn import ALGORITHMS

VANILLA = [Step(WHOLE, "scrub", ALGORITHMS["scrub"].hparams())]
CHAIN = [Step("low", "none", {}), Step("high", "salun", ALGORITHMS["salun"].hparams())]


def test_the_first_drawn_point_is_the_published_one_and_the_rest_are_addressed():
    points = sweep_points.drawn("vanilla:scrub", VANILLA, VANILLA, 8, seed=0)
    assert points[0].steps == VANILLA
    assert sweep_points.drawn("vanilla:scrub", VANILLA, VANILLA, 3, seed=0) == points[:3]
    assert sweep_points.drawn("vanilla:scrub", VANILLA, VANILLA, 3, seed=1)[1:] != points[1:3]
    assert all(point.steps[0].hparams["temperature"] == 4.0 for point in points), "not searched"


def test_a_grid_is_every_combination_with_types():
    points = sweep_points.grid("vanilla:scrub", VANILLA, "learning_rate=0.1, 0.2; msteps=0,3,4; "
                                                  "inclusive=False")
    assert len(points) == 6 and [point.number for point in points] == list(range(6))
    combinations = [tuple(point.steps[0].hparams[name] for name in (
        "learning_rate", "msteps", "inclusive")) for point in points]
    assert combinations == [(rate, steps, False) for rate in (0.1, 0.2) for steps in (0, 3, 4)]


def test_a_grid_of_a_chain_names_the_subset():
    points = sweep_points.grid("rum", CHAIN, "high.mask_fraction=0.2,0.4")
    assert [point.steps[1].hparams["mask_fraction"] for point in points] == [0.2, 0.4]
    with pytest.raises(InputError, match="'mask_fraction' is unknown in rum; known: high.epochs"):
        sweep_points.grid("rum", CHAIN, "mask_fraction=0.2")
    with pytest.raises(InputError, match="high.mask_fraction: is 1.5; allowed"):
        sweep_points.grid("rum", CHAIN, "high.mask_fraction=0.2,1.5")


def test_points_that_share_a_program_are_stacked_along_models():
    points = sweep_points.grid("vanilla:scrub", VANILLA, "msteps=0,3; learning_rate=0.1,0.2,0.4")
    groups = sweep_points.groups(points)
    assert [[point.number for point in group] for group in groups] == [[0, 1, 2], [3, 4, 5]]
    (step,) = sweep_points.stacked(groups[1], seeds=2)
    assert step.hparams["msteps"] == 3
    np.testing.assert_array_equal(step.hparams["learning_rate"], [0.1, 0.1, 0.2, 0.2, 0.4, 0.4])


@pytest.mark.parametrize("text, expected", [
    ("learning_rate=0.1; learning_rate=0.2", "has 'learning_rate' twice"),
    ("learning_rate=0.1,0.2,0.10", "learning_rate: has 0.1 twice"),
    ("msteps=1,01", "msteps: has 1 twice"), ("learning_rte=0.1", "did you mean learning_rate?"),
    ("learning_rate=" + "9" * 500, "learning_rate: is inf; allowed"),
    ("learning_rate=nan", "is nan; allowed"), ("learning_rate=", "is ''; allowed"),
    ("; ".join(f"{name}={','.join(str(0.001 * (i + 1)) for i in range(30))}"
               for name in ("learning_rate", "temperature", "gamma")), "has 30 x 30 x 30 points")])
def test_grids_that_cannot_be(text, expected):
    with pytest.raises(InputError) as error:
        sweep_points.grid("vanilla:scrub", VANILLA, text)
    assert expected in str(error.value) and len(str(error.value)) < 400
