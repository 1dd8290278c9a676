import jax
import numpy as np
import pytest

import rum_jax
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.runtime import provenance


def test_says_what_ran_where():
    record = provenance.provenance()
    assert record["versions"]["jax"] == jax.__version__
    assert record["versions"]["rum_jax"] == rum_jax.__version__
    assert record["backend"] == "cpu" and len(record["devices"]) == 8
    assert record["command"][0] == "python" and record["cpu_count"] >= 1
    assert record["commit"] is None or len(record["commit"].removesuffix("+changes")) == 40


def test_every_process_that_worked_in_a_folder_is_listed(tmp_path):
    first = provenance.record(tmp_path)
    second = provenance.record(tmp_path)
    assert first["earlier_processes"] == [] and len(second["earlier_processes"]) == 1
    assert len(records.read_json(tmp_path / "provenance.json")) == 2


def test_cost_of_this_process():
    ballast = np.ones(2**25)  # 256 MiB
    spent = provenance.cost()
    assert 0 < spent["wall_seconds"] < 24 * 3600
    assert ballast.nbytes < spent["peak_memory_bytes"] < 2**40


@pytest.mark.parametrize("content", ["", "{}", "3", "[1]", "null", "[{]"])
def test_a_damaged_record_is_named(tmp_path, content):
    (tmp_path / "provenance.json").write_text(content)
    with pytest.raises(InputError, match="provenance.json: cannot be read"):
        provenance.record(tmp_path)
