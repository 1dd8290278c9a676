import pytest

from rum_jax.core.errors import InputError, listed, raise_if_any


def test_many_faults_are_told_up_to_a_number():
    assert listed(["a", "b"]) == "\n  - a\n  - b"
    assert listed(["a", "b", "c"], most=1) == "\n  - a\n  - and 2 more"
    assert listed([]) == ""
    assert len(listed(["x" * 10_000])) < 2100


def test_no_faults_raise_nothing():
    raise_if_any([], "bad:")
    with pytest.raises(InputError, match="^bad:\n  - a\n  - b$"):
        raise_if_any(["a", "b"], "bad:")
