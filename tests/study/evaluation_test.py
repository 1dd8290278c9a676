"""Values of examples, as a row's evaluation keeps them."""

import numpy as np
import pytest

from rum_jax.core.errors import InputError
from rum_jax.evaluate import Measured
from rum_jax.study.evaluation import _per_example


def test_values_of_examples_are_stacked_and_metrics_of_whole_models_have_none():
    judged = [{"a": Measured(0.5, np.arange(2.0) + m), "b": Measured(1.0)} for m in range(3)]
    kept = _per_example("rum", judged)
    assert sorted(kept) == ["a"]
    np.testing.assert_array_equal(kept["a"], [[0, 1], [1, 2], [2, 3]])


@pytest.mark.parametrize("other, sizes", [(np.zeros(3), "2 and 3"), (None, "2 and None")])
def test_a_metric_with_values_of_other_numbers_of_examples_is_named(other, sizes):
    judged = [{"my.py:f": Measured(0.5, np.zeros(2))}, {"my.py:f": Measured(0.5, other)}]
    with pytest.raises(InputError, match=f"row rum: my.py:f: returned values of {sizes} examples"):
        _per_example("rum", judged)
