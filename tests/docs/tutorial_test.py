"""The notebook runs as it stands; here with two seeds and one epoch."""

import json
import pathlib
import time

import matplotlib
import numpy as np
import pytest

NOTEBOOK = pathlib.Path(__file__).parents[2] / "docs" / "tutorial.ipynb"
SIZES = "SEEDS, EPOCHS, MODELS = 4, 15, 64"


def cells():
    notebook = json.loads(NOTEBOOK.read_text())
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_code_of_the_notebook_runs():
    matplotlib.use("agg")
    code = "\n\n".join(cells())
    assert SIZES in code
    names = {}
    exec(compile(code.replace(SIZES, "SEEDS, EPOCHS, MODELS = 2, 1, 24"), NOTEBOOK.name, "exec"),
         names)
    table, trained = names["table"], names["trained"]
    assert list(table.rows) == ["original", "retrain", "finetune", "scrub", "rum"]
    assert trained.seeds == (0, 1) and np.isfinite(table.to_pandas().to_numpy()).all()


def test_the_notebook_is_kept_without_outputs():
    notebook = json.loads(NOTEBOOK.read_text())
    assert not any(cell.get("outputs") for cell in notebook["cells"])


@pytest.mark.slow
def test_the_notebook_takes_less_than_three_minutes():
    client, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    start = time.monotonic()
    done = client.NotebookClient(nbformat.read(NOTEBOOK, as_version=4), timeout=600,
                                 resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    assert time.monotonic() - start < 180
    html = [output["data"]["text/html"] for cell in done.cells for output in cell.get("outputs", ())
            if "text/html" in output.get("data", {})]
    assert any("tow_stratified" in part for part in html), "the table is shown"
