"""What a user's own metric may return."""

import jax.numpy as jnp
import numpy as np
import pytest

from rum_jax import evaluate
from rum_jax.core.errors import InputError, RunError
from rum_jax.evaluate.view import Measured, View

VIEW = View(np.zeros((2, 3)), np.zeros(2, np.int32), {"forget": np.arange(2)})


def measured(tmp_path, value):
    """The metric of a file that returns the value."""
    (tmp_path / "mine.py").write_text("VALUE = []\ndef f(view, oracle): return VALUE[0]\n")
    function = evaluate.metric(f"{tmp_path / 'mine.py'}:f")
    function.args[1].__globals__["VALUE"].append(value)
    return function(VIEW, VIEW)


@pytest.mark.parametrize("value, expected", [
    (1, 1.0), (0.25, 0.25), (np.float32(0.5), 0.5), (np.int64(3), 3.0), (jnp.float32(0.5), 0.5),
    (np.array(0.5), 0.5), (Measured(2, np.zeros(3)), 2.0), (10**300, 1e300)])
def test_finite_real_numbers_are_taken(tmp_path, value, expected):
    metric = measured(tmp_path, value)
    assert metric.value == expected and type(metric.value) is float


@pytest.mark.parametrize("value", [
    float("nan"), float("inf"), -float("inf"), np.ma.masked, 10**400, -10**400, 1j, True,
    np.bool_(True), None,
    "0.5", [0.5], np.zeros(3), jnp.zeros(1), np.array("x"), np.float32("nan"), {}, Measured(None),
    Measured(float("nan")), Measured(10**400), Measured(True), np.datetime64("2020"),
    (0.5, None), Measured(0.5, "abc"), Measured(0.5, np.zeros((2, 2))), Measured(0.5, 3),
    Measured(0.5, np.array(["a"])), Measured(0.5, [[1], [2, 3]]), Measured(0.5, [1, np.nan]),
    Measured(0.5, [np.inf])])
def test_anything_else_is_refused_by_its_name_and_value(tmp_path, value):
    with pytest.raises(InputError, match="mine.py:f: returned (.|\n)*allowed: ") as error:
        measured(tmp_path, value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("change", [
    "view.logits[:] = 7", "oracle.parts['forget'][:] = 0", "oracle.params['w'][:] = 0",
    "view.logits.flags.writeable = True", "oracle.params['w'].setflags(write=True)",
    "view.labels.sort()"])
def test_it_cannot_change_what_other_metrics_look_at(tmp_path, change):
    (tmp_path / "mine.py").write_text(f"def f(view, oracle):\n    {change}\n    return 1.0\n")
    view = VIEW._replace(params={"w": np.ones(3)})
    with pytest.raises(RunError, match="mine.py:f, line 2: raised ValueError: .*(read-only|WRIT)"):
        evaluate.metric(f"{tmp_path / 'mine.py'}:f")(view, view)


def test_a_metric_sees_the_same_numbers(tmp_path):
    (tmp_path / "mine.py").write_text("def f(view, oracle):\n"
                                      "    view.parts.clear()\n"
                                      "    return view.logits[:, 1] @ oracle.params['w']\n")
    logits = np.array([[0, 2.0], [0, 3.0]], np.float32)
    view = View(logits, np.zeros(2, np.int32), {"forget": np.arange(2)}, {"w": np.array([1, 10])})
    assert evaluate.metric(f"{tmp_path / 'mine.py'}:f")(view, view).value == 32.0
    assert view.parts["forget"].tolist() == [0, 1]
