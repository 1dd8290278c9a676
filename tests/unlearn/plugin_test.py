"""A user's own algorithm against the contract; `readme_test.py` runs one from the command."""

import jax
import numpy as np
import pytest
from conftest import leaves

from rum_jax.core.errors import InputError, RunError
from rum_jax.train.log import DivergedError
from rum_jax.unlearn import ALGORITHMS, algorithm
from rum_jax.unlearn.apply import apply


def written(tmp_path, body):
    path = tmp_path / "mine.py"
    path.write_text("import jax\nimport numpy as np\n\n\n"
                    f"def forget(problem, states, *, scale: float = 0.5):\n    {body}\n")
    return algorithm(f"{path}:forget")


def test_its_keywords_are_its_hyper_parameters(tmp_path, problem, original):
    plugin = written(tmp_path, "return states.replace(params=jax.tree.map("
                               "lambda p: p * np.float32(scale), states.params))")
    assert plugin.hparams() == {"scale": 0.5}
    states, history = apply(plugin, problem, original, {"scale": 0.25})
    np.testing.assert_allclose(leaves(states.params), 0.25 * leaves(original.params), rtol=1e-6)
    assert history.losses.shape == (2, 0)
    with pytest.raises(InputError, match=r"mine.py:forget.rate: unknown hyper-parameter; known"):
        apply(plugin, problem, original, {"scale": 0.5, "rate": 1.0})
    with pytest.raises(InputError, match="mine.py:forget.scale: is nan"):
        apply(plugin, problem, original, {"scale": float("nan")})


@pytest.mark.parametrize("body, error, message", [
    ("return 3", InputError, "returned int and History; allowed: states"),
    ("return states.replace(params={})", InputError, "another structure or shape"),
    ("states.params['classifier']['bias'][:] = 7; return states", InputError,
     "changed the states it was given"),
    ("return states.replace(params=jax.tree.map(lambda p: p.astype(int), states.params))",
     InputError, r"returned \[0\]\['classifier'\]\['bias'\] as int64; allowed: float32"),
    ("return states.replace(params=jax.tree.map(lambda p: p + 1j, states.params))",
     InputError, r"as complex64; allowed: float32"),
    ("return states.replace(params=jax.tree.map(lambda p: p[:1], states.params))",
     InputError, r"\['bias'\] has shape \(1, 10\); allowed: shape \(2, 10\), as in"),
    ("import types; return states.replace(params=jax.tree.map(lambda p: p, dict("
     "reversed(states.params.items())) | {'x': ()}))", InputError, "another structure"),
    ("return states.replace(params=3)", InputError, r"\[0\] has shape \(\); allowed: none, as in"),
    ("return states.replace(params={'a': object()})", InputError, "another structure"),
    ("raise IndexError('gone')", RunError, "mine.py:forget, line 6: raised IndexError: gone;"),
    ("raise SystemExit(0)", RunError, r"line 6: called sys.exit\(0\); allowed: a function that"),
    ("return states.replace(params=jax.tree.map(lambda p: p * np.nan, states.params))",
     DivergedError, "gives parameters that are not finite at seed 0")])
def test_what_breaks_the_contract_is_said(tmp_path, problem, original, body, error, message):
    plugin = written(tmp_path, body)
    copied = original.replace(params={name: {key: np.array(value) if not isinstance(value, dict)
                                             else {k: np.array(v) for k, v in value.items()}
                                             for key, value in layer.items()}
                                      for name, layer in original.params.items()})
    with pytest.raises(error, match=message):
        apply(plugin, problem, copied, plugin.hparams())


@pytest.mark.parametrize("history, message", [
    ("losses, 0, 3", "History.periods: is 3; allowed: 0, a number that divides the 4 steps"),
    ("losses, 0, (1, 2)", r"History.periods: is \(1, 2\); allowed"),
    ("losses, 0, (0, 4)", r"History.periods: is \(0, 4\); allowed"),
    ("losses, 0, -1", "History.periods: is -1; allowed"),
    ("losses, 0, None", "History.periods: is None; allowed"),
    ("losses[:, :0], 0, 1", "History.periods: is 1; allowed"),
    ("losses, -1", "History.examples: is -1; allowed: an integer of 0 or more"),
    ("losses, 0.5", "History.examples: is 0.5; allowed"),
    ("losses, True", "History.examples: is True; allowed"),
    ("losses, 10**30", "History.examples: is 10{30}; allowed"),
    ("losses[:1], 0", r"History.losses: is float64\[1, 4\]; allowed: real numbers of shape"),
    ("losses[0], 0", r"History.losses: is float64\[4\]; allowed"),
    ("losses + 1j, 0", r"History.losses: is complex128\[2, 4\]; allowed"),
    ("'x', 0", "History.losses: is <U1"), ("[[1], [1, 2]], 0", "History.losses: is ")])
def test_what_a_history_may_not_be(tmp_path, problem, original, history, message):
    plugin = written(tmp_path, "losses = np.ones((2, 4)); return states, __import__("
                               f"'rum_jax.unlearn.base').unlearn.base.History({history})")
    with pytest.raises(InputError, match=message):
        apply(plugin, problem, original, plugin.hparams())


def test_losses_that_are_not_finite_end_the_work(tmp_path, problem, original):
    plugin = written(tmp_path, "return states, __import__('rum_jax.unlearn.base').unlearn.base."
                               "History(np.array([[1, 2], [np.nan, 2]]), 0)")
    with pytest.raises(DivergedError, match="mine.py:forget gives a loss .* at seed 1"):
        apply(plugin, problem, original, plugin.hparams())
    apply(plugin, problem._replace(stop_when_diverged=False), original, plugin.hparams())


def test_a_history_of_its_own_and_wider_numbers_are_taken(tmp_path, problem, original):
    plugin = written(tmp_path, "losses = np.arange(8.0).reshape(2, 4); "
                               "return states.replace(params="
                               "jax.tree.map(lambda p: p * np.full((), 0.5), states.params)), "
                               "__import__('rum_jax.unlearn.base').unlearn.base.History("
                               "jax.numpy.asarray(losses), np.int64(7), [1, 3])")
    states, history = apply(plugin, problem, original, plugin.hparams())
    assert {leaf.dtype for leaf in jax.tree.leaves(states.params)} == {np.dtype(np.float32)}
    assert history.mean_losses.tolist() == [[0, 2], [4, 6]] and history.examples == 7


def test_known_names_are_the_registrys():
    assert algorithm("salun") is ALGORITHMS["salun"]
