"""Random inputs, flags, files, damage and own code: a right result or one clear message.

Whatever is tried, a command ends with exit code 0 and the result of an undamaged run, or with 1 or
2 and one message that names a field or a file; never with a traceback, never with another result.
RUM_JAX_FUZZ_EXAMPLES sets the number of examples, RUM_JAX_FUZZ_SEED repeats a slow run.
"""

import os
import random
import shutil

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, note, seed, settings
from hypothesis import strategies as st

from fuzz import commands, damage, input_files, own_code, toy_workdir, values
from fuzz.commands import Outcome, run
from fuzz.toy_workdir import arguments
from rum_jax.main import main

FAST, SLOW = 60, 5000
PROCESSES = 1, 20  # in which the real command is run, fast and slow
# Share of the examples that each kind gets; those that train take longer.
SHARES = {"damage": 0.3, "values": 0.5, "config": 0.14, "files": 0.03, "own": 0.03}
SEED = int(os.environ.get("RUM_JAX_FUZZ_SEED", random.SystemRandom().randrange(10**6)))
COMMON = {"database": None, "deadline": None, "print_blob": True, "verbosity": Verbosity.normal,
          "suppress_health_check": list(HealthCheck)}
SLOWLY = pytest.param(True, marks=pytest.mark.slow, id="thousands")
both = pytest.mark.parametrize("slow", [pytest.param(False, id="few"), SLOWLY])


def count(kind: str, slow: bool) -> int:
    """How many examples of a kind are tried."""
    if kind == "processes":
        return PROCESSES[slow]
    examples = int(os.environ.get("RUM_JAX_FUZZ_EXAMPLES", SLOW if slow else FAST))
    return max(1, round(SHARES[kind] * examples))


def tried(kind: str, slow: bool, strategy: st.SearchStrategy, check) -> None:
    """Runs a check on examples: always the same ones, or in slow tests on those of a seed."""
    run_all = settings(max_examples=count(kind, slow), derandomize=not slow,
                       phases=[Phase.generate, *([Phase.shrink] if slow else [])], **COMMON)(
        given(strategy)(check))
    if slow:
        print(f"fuzz, {kind}: RUM_JAX_FUZZ_SEED={SEED}")
        run_all = seed(SEED)(run_all)
    run_all()


def fine(outcome: Outcome, folder, *more: str) -> None:
    """Fails with everything that is wrong with how a command ended."""
    faults = [*commands.faults(outcome, folder), *more]
    note(f"exit code {outcome.code}, said:\n{outcome.said[-2000:]}")
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="module")
def prepared():
    with commands.prepared():
        yield


@pytest.fixture(scope="module")
def finished(prepared, tmp_path_factory):
    return toy_workdir.make(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def inputs(prepared, tmp_path):
    toy_workdir.write_inputs(tmp_path)
    return tmp_path


def checked_only(read) -> None:
    """A command that ends where the first model would be trained."""
    from rum_jax.study.sweep import planned

    planned(read.config)


@both
def test_a_damaged_workdir_is_refused_or_gives_the_same_result(finished, tmp_path, slow):
    def drawn(name: str) -> st.SearchStrategy:
        more = toy_workdir.INPUTS if name != "campaign" else toy_workdir.INPUTS[:1]
        pieces = damage.damage(finished.folder, (name, *more))
        return st.tuples(st.just(name), st.lists(pieces, min_size=1, max_size=2))

    def check(example) -> None:
        name, pieces = example
        with toy_workdir.copied(finished, (name, "other"), tmp_path) as folder:
            for piece in pieces:
                piece.do(folder)
            outcome, more = run(arguments(name), folder), []
            if outcome.code == 0:
                more = toy_workdir.differences(folder / name, finished.findings[name])
            fine(outcome, folder, *more)

    tried("damage", slow, st.sampled_from(["study", "given", "campaign"]).flatmap(drawn), check)


@both
def test_any_command_line_is_taken_or_refused_in_a_message(inputs, slow):
    def check(example) -> None:
        name, flags = example
        fine(run([*arguments(name), *flags], inputs, checked_only), inputs)

    tried("values", slow, st.tuples(st.sampled_from(["study", "campaign"]),
                                    values.command_line()), check)


@both
def test_any_config_file_is_taken_or_refused_in_a_message(inputs, slow):
    numbers = iter(range(10**9))  # a file of its own for each, as Python remembers modules

    def check(text: str) -> None:
        name = f"config_{next(numbers)}.py"
        (inputs / name).write_text(text)
        outcome = run([f"--config={name}", "--workdir=x"], inputs, checked_only)
        fine(outcome, inputs)

    tried("config", slow, input_files.config_file(sorted(values.FIELDS)), check)


@both
def test_any_input_file_is_taken_or_refused_in_a_message(inputs, tmp_path_factory, slow):
    kinds = input_files.kinds((inputs / "ids.txt").read_text().split())

    def check(example) -> None:
        kind, name = example
        with toy_workdir.fresh(inputs, tmp_path_factory.getbasetemp()) as folder:
            (folder / name).write_bytes(kinds[kind].files[name])
            fields = {field: text.format(name) for field, text in kinds[kind].fields.items()}
            command = main if kinds[kind].trained else checked_only
            outcome = run(arguments("given", **fields), folder, command)
            unnamed = outcome.code and not any(
                part in outcome.message for part in (name, "config."))
            fine(outcome, folder, *([f"neither {name} nor a field is named"] if unnamed else []))

    tried("files", slow, st.sampled_from([(kind, name) for kind, content in kinds.items()
                                          for name in content.files]), check)


@both
def test_own_code_that_misbehaves_is_named_and_changes_nothing_else(inputs, tmp_path_factory,
                                                                   slow):
    scratch, plain = tmp_path_factory.getbasetemp(), {
        "rows": "('vanilla:finetune',)", "metrics": "('forget_kl',)"}
    with toy_workdir.fresh(inputs, scratch) as folder:
        assert run(arguments("given", **plain), folder).code == 0
        expected = toy_workdir.rows_without(folder / "given", own_code.FILE)

    def check(example) -> None:
        role, text = example
        with toy_workdir.fresh(inputs, scratch) as folder:
            (folder / own_code.FILE).write_text(text)
            outcome = run(arguments("given", **{**plain, **own_code.fields(role)}), folder)
            more = []
            if outcome.code == 0:
                rows = toy_workdir.rows_without(folder / "given", own_code.FILE)
                more = [f"another result of {row}" for row in expected
                        if rows.get(row) != expected[row]]
            elif own_code.FILE not in outcome.message:
                more = [f"the message does not name {own_code.FILE}"]
            fine(outcome, folder, *more)

    tried("own", slow, own_code.code(), check)


@both
def test_a_process_of_its_own_ends_in_the_same_ways(finished, tmp_path, slow):
    pieces = damage.damage(finished.folder, ("study", *toy_workdir.INPUTS))
    drawn = st.tuples(st.lists(pieces, max_size=2), st.one_of(
        st.just([]), st.just([]), values.command_line(), st.sampled_from(own_code.SPOILING)))

    def check(example) -> None:
        damages, flags_or_code = example
        with toy_workdir.copied(finished, ("study", "other"), tmp_path) as folder:
            for piece in damages:
                piece.do(folder)
            if isinstance(flags_or_code, str):
                (folder / own_code.FILE).write_text(
                    f"def f(view, oracle):\n    {flags_or_code}\n    return 1.0\n")
                shutil.rmtree(folder / "study", ignore_errors=True)
                flags_or_code = [f"--config.{field}={text}"
                                 for field, text in own_code.fields("metric").items()]
            outcome, more = commands.run_apart([*arguments("study"), *flags_or_code], folder), []
            if outcome.code == 0 and not flags_or_code:
                more = toy_workdir.differences(folder / "study", finished.findings["study"])
            fine(outcome, folder, *more)

    tried("processes", slow, drawn, check)


def test_what_the_harness_looks_for(finished, tmp_path):
    """A harness that cannot fail would show nothing."""
    said = "error: config.train.epochs: is 0; allowed: an integer >= 1\n"
    interrupted = "done\n" + commands.INTERRUPTED_MESSAGE
    at_exit = "Exception ignored in atexit callback: <f>\nTraceback (most recent call last):\n"
    for outcome in (Outcome(2, said, "", ""), Outcome(130, interrupted, "", ""),
                    Outcome(0, at_exit, "", "")):
        assert commands.faults(outcome, tmp_path) == [], outcome
    for outcome in (Outcome(0, said, "", ""), Outcome(3, said, "", ""), Outcome(2, "", "", ""),
                    Outcome(2, said * 2, "", ""), Outcome(None, "", "", "Traceback"),
                    Outcome(2, "error: something is wrong\n", "", ""),
                    Outcome(1, "error: x.py: <f object at 0x7f>\n", "", ""),
                    Outcome(2, said + "x" * 5000, "", ""), Outcome(130, said, "", ""),
                    Outcome(0, "Traceback\n" + at_exit, "", "")):
        assert commands.faults(outcome, tmp_path), outcome
    with toy_workdir.copied(finished, ("study",), tmp_path) as folder:
        workdir = folder / "study"
        assert toy_workdir.differences(workdir, finished.findings["study"]) == []
        text = (workdir / "results.json").read_text()
        (workdir / "results.json").write_text(text.replace('"per_seed": [', '"per_seed": [7, '))
        shutil.copy2(workdir / "forget.npz", workdir / "memorization.npz")
        assert len(toy_workdir.differences(workdir, finished.findings["study"])) >= 2
