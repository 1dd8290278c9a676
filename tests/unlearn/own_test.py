"""A user's own algorithm against the contract; `readme_test.py` runs one from the command."""

import numpy as np
import pytest
from conftest import leaves

from rum_jax.errors import InputError
from rum_jax.train.log import DivergedError
from rum_jax.unlearn import ALGORITHMS, algorithm
from rum_jax.unlearn.apply import apply


def written(tmp_path, body):
    path = tmp_path / "mine.py"
    path.write_text("import jax\nimport numpy as np\n\n\n"
                    f"def forget(problem, states, *, scale: float = 0.5):\n    {body}\n")
    return algorithm(f"{path}:forget")


def test_its_keywords_are_its_hyper_parameters(tmp_path, problem, original):
    own = written(tmp_path, "return states.replace(params=jax.tree.map("
                            "lambda p: p * np.float32(scale), states.params))")
    assert own.hparams() == {"scale": 0.5}
    made, history = apply("mine", own, problem, original, {"scale": 0.25})
    np.testing.assert_allclose(leaves(made.params), 0.25 * leaves(original.params), rtol=1e-6)
    assert history.losses.shape == (2, 0)
    with pytest.raises(InputError, match="mine.rate: unknown hyper-parameter; known: scale"):
        apply("mine", own, problem, original, {"scale": 0.5, "rate": 1.0})
    with pytest.raises(InputError, match="mine.scale: is nan"):
        apply("mine", own, problem, original, {"scale": float("nan")})


@pytest.mark.parametrize("body, error, message", [
    ("return 3", InputError, "returned int and History; allowed: states"),
    ("return states.replace(params={})", InputError, "another structure or shape"),
    ("states.params['classifier']['bias'][:] = 7; return states", InputError,
     "changed the states it was given"),
    ("return states.replace(params=jax.tree.map(lambda p: p * np.nan, states.params))",
     DivergedError, "gives parameters that are not finite at seed 0")])
def test_what_breaks_the_contract_is_said(tmp_path, problem, original, body, error, message):
    own = written(tmp_path, body)
    copied = original.replace(params={name: {key: np.array(value) if not isinstance(value, dict)
                                             else {k: np.array(v) for k, v in value.items()}
                                             for key, value in layer.items()}
                                      for name, layer in original.params.items()})
    with pytest.raises(error, match=message):
        apply("mine", own, problem, copied, own.hparams())


def test_known_names_are_the_registrys():
    assert algorithm("salun") is ALGORITHMS["salun"]
