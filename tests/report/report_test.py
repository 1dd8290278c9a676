import types

import numpy as np

from rum_jax import report
from rum_jax.core import records


def test_files_of_an_earlier_run_do_not_stay_beside_the_report(tmp_path):
    stages = tmp_path / "stages" / "forget"
    stages.mkdir(parents=True)
    records.write_arrays(stages / "forget.npz", sets=np.array(["random"]))
    records.write_json(stages / "statistics.json", [{"set": "random", "overlap": {}}])
    for name in ("influence.npz", "memorization.npz", "notes.npz"):
        (tmp_path / name).write_text("earlier")
    finished = types.SimpleNamespace(
        study=types.SimpleNamespace(workdir=tmp_path), forget=stages, memorization=None,
        cases=types.SimpleNamespace(sets=("random",)), influence=None)
    report._copy(finished)
    assert {path.name for path in tmp_path.glob("*.*")} == {
        "forget.npz", "forget_statistics.json", "notes.npz"}
