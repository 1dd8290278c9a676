import pytest

from rum_jax.own import references


@pytest.mark.parametrize("value, expected", [
    ("salun", set()), ("vanilla:salun", set()), ("rum[by=confidence]", set()),
    ("vanilla:my.py:f", {"my.py:f"}), ("rum_f:a/my.py:f[order=descending]", {"a/my.py:f"}),
    ("rum[by=my.py:f;order=descending]", {"my.py:f"}),
    ("rum[order=descending; by = my.py:f ]", {"my.py:f"}),
    ("rum_f:my.py:g[steps=merged;by=my.py:f]", {"my.py:f", "my.py:g"}),
    ({"rows": ("rum[by=my.py:f]",), "rum": {"refinement": "other.py:h"}},
     {"my.py:f", "other.py:h"})])
def test_functions_are_found_wherever_a_config_names_them(value, expected):
    assert references(value) == expected
