"""The same as `fuzz_test.py` with the real command, in a process of its own for each example."""

import os
import pathlib
import random
import shutil
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fuzz import commands, damage, own_code, toy_workdir, values
from fuzz.commands import Outcome
from fuzz.toy_workdir import arguments

ROOT = pathlib.Path(__file__).parents[2]
FAST, SLOW = 2, 20
SEED = int(os.environ.get("RUM_JAX_FUZZ_SEED", random.SystemRandom().randrange(10**6)))
# Of the user's own code what would spoil the process of the tests.
SPOILING = (
    "import os\n    os._exit(0)", "import rum_jax.records\n    rum_jax.records.write_json = None",
    "import sys\n    sys.stderr = None", "import sys\n    sys.stdout.close()",
    "import numpy as np\n    np.mean = None",
    "import os, signal\n    os.kill(os.getpid(), signal.SIGINT)",
    "import builtins\n    builtins.open = None",
    "import threading\n    threading.Thread(target=f).start()",
    "import atexit\n    atexit.register(lambda: 1 / 0)",
    "import jax\n    jax.config.update('jax_enable_x64', True)",
)


def run(argv: list[str], folder: pathlib.Path) -> Outcome:
    """Runs `python -m rum_jax.main` in a folder."""
    done = subprocess.run([sys.executable, "-m", "rum_jax.main", *argv], cwd=folder, text=True,
                          capture_output=True, timeout=commands.HANGS_AFTER,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    return Outcome(done.returncode, done.stderr, done.stdout, "")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study that the real command has finished: it has no devices in common with the tests."""
    folder = tmp_path_factory.mktemp("finished_by_command")
    toy_workdir.write_inputs(folder)
    for name in ("study", "other"):
        done = run(arguments(name), folder)
        assert done.code == 0, done.said
    return toy_workdir.Base(folder, {"study": toy_workdir.findings(folder / "study")})


@pytest.mark.parametrize("slow", [
    pytest.param(False, id="two"), pytest.param(True, id="twenty", marks=pytest.mark.slow)])
def test_a_process_ends_with_the_same_result_or_one_message(finished, tmp_path, slow):
    name, more = "study", toy_workdir.INPUTS
    pieces = damage.damage(finished.folder, (name, *more))
    example = st.tuples(st.lists(pieces, max_size=2), st.one_of(
        st.just([]), st.just([]), values.command_line(), st.sampled_from(SPOILING)))

    def check(drawn) -> None:
        damages, flags = drawn
        with toy_workdir.copied(finished, (name, "other"), tmp_path) as folder:
            for piece in damages:
                piece.do(folder)
            if isinstance(flags, str):
                (folder / own_code.FILE).write_text(
                    f"def f(view, oracle):\n    {flags}\n    return 1.0\n")
                shutil.rmtree(folder / name)
                flags = [f"--config.{field}={text}"
                         for field, text in own_code.fields("metric").items()]
            outcome = run([*arguments(name), *flags], folder)
            found = commands.faults(outcome, folder)
            if outcome.code == 0 and not flags:
                found += toy_workdir.differences(folder / name, finished.findings[name])
            assert not found, f"{found}\n{outcome.said[-3000:]}"

    run_all = settings(max_examples=int(os.environ.get("RUM_JAX_FUZZ_PROCESSES",
                                                       SLOW if slow else FAST)),
                       derandomize=not slow, database=None, deadline=None, print_blob=True,
                       phases=[Phase.generate], suppress_health_check=list(HealthCheck))(
        given(example)(check))
    if slow:
        print(f"fuzz, processes: RUM_JAX_FUZZ_SEED={SEED}")
        run_all = seed(SEED)(run_all)
    run_all()
