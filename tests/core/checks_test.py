import pytest

from rum_jax.core import checks


@pytest.mark.parametrize("check, good, bad", [
    (checks.integer(1), [1, 2**31 - 1], [0, 1.0, True, "1", None, 2**31, 10**30]),
    (checks.integer(0, 3), [0, 3], [-1, 4]),
    (checks.number(0), [0, 0.5, 7], [-1e-9, float("nan"), float("inf"), True, "1", -0.0, 1e39,
                                    10**400, -10**400]),
    (checks.number(0, open_low=True), [1e-30], [0, 1e-46, 5e-324]),
    (checks.number(0, 1, open_low=True, open_high=True), [0.5], [0, 1, 0.0, 1.0]),
    (checks.text, ["", "a b/ü"], [None, 3, "a\nb", "a\0b", "\x1b[2J"]),
    (checks.epochs, [1, 100_000], [0, 100_001, True, 1.0, 10**30]),
    (checks.number(0, 1), [0, 1], [1.001]),
    (checks.boolean, [True, False], [0, "True"]),
    (checks.one_of(["b", "a"]), ["a"], ["c", None, 1, [], {}, ("a",)]),
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
    assert checks.integer(1)(10**9 * 4) == "is 4000000000; allowed: an integer in [1, 2147483647]"


class Silent:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize("value, expected", [
    ("abc", "'abc'"), ("x" * 300, f"'{'x' * 37}...{'x' * 37}'"),
    (10**300, f"1{'0' * 37}...{'0' * 38}"), (Silent(), "a Silent")])
def test_values_are_cut_in_messages(value, expected):
    assert checks.shortened(value) == expected
    for check in (checks.integer(0), checks.number(0, 1), checks.boolean, checks.one_of(["a"]),
                  checks.sequence(checks.boolean)):
        assert len(check([value] * 5 if isinstance(value, Silent) else value)) < 400


VALUES = ["resnet", "resnet18", "resnet34", "resnet50", "vgg11", "vgg16", "finetune", "salun",
          "l1_sparse", "neggrad", "neggrad_plus", "memorization", "confidence", "random_label",
          "boundary_shrink", "boundary_expand", "ascending", "descending", "cosine", "steps",
          "learning_rate", "epochs", "weight_decay", "momentum", "batch_size", "float32"]


@pytest.mark.parametrize("typed, meant", [
    ("resnet19", "resnet18"), ("memorisation", "memorization"), ("saln", "salun"),
    ("SalUn", "salun"), ("neggrad-plus", "neggrad_plus"), ("fine_tune", "finetune"),
    ("l1sparse", "l1_sparse"), ("epoch", "epochs"), ("ascending ", "ascending"),
    ("vgg19", "vgg11 or vgg16")])
def test_what_was_probably_meant(typed, meant):
    assert checks.similar(typed, VALUES) == f"; did you mean {meant}?"


@pytest.mark.parametrize("typed", ["lr", "adam", "", "x" * 500, "rate", "alexnet", "unlearn",
                                   "bs", "wd", "decay", "vit", "scrub", None, 3, "low"])
def test_nothing_is_suggested_that_is_not_like_it(typed):
    assert checks.similar(typed, VALUES) == ""
