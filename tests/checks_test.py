import pytest

from rum_jax import checks


@pytest.mark.parametrize("check, good, bad", [
    (checks.integer(1), [1, 10**9], [0, 1.0, True, "1", None]),
    (checks.integer(0, 3), [0, 3], [-1, 4]),
    (checks.number(0), [0, 0.5, 7], [-1e-9, float("nan"), float("inf"), True, "1"]),
    (checks.number(0, 1, open_low=True, open_high=True), [0.5], [0, 1, 0.0, 1.0]),
    (checks.number(0, 1), [0, 1], [1.001]),
    (checks.boolean, [True, False], [0, "True"]),
    (checks.one_of(["b", "a"]), ["a"], ["c", None, 1]),
    (checks.sequence(checks.integer(0), 2, distinct=True), [(0, 1)], [(0,), (0, 0), 3, (0, -1)]),
])
def test_accepts_and_refuses(check, good, bad):
    assert [value for value in good if check(value)] == []
    assert [value for value in bad if not check(value)] == []


def test_messages_name_value_and_what_is_allowed():
    assert checks.integer(1)(0) == "is 0; allowed: an integer >= 1"
    assert checks.number(0, 1, open_low=True, open_high=True)(1.0) == (
        "is 1.0; allowed: a number in (0, 1)")
    assert checks.number(0)(-1) == "is -1; allowed: a number in [0, inf)"
    assert checks.one_of(["b", "a"])("c") == "is 'c'; known: a, b"
