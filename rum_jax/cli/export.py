"""Writes a finished campaign's results in the layout of other people's files.

    python -m rum_jax.export --layout=lira --out=PATH \\
        --config=configs/memorization.py:digits --workdir=runs/digits_mem

Layouts: feldman_zhang (an .npz: tr_mem, influence within classes), rum (an .npz: memorization,
influence, subsets and correctness of all models), lira (a folder: keep.npy, scores.npy). The
config is that of the campaign; each layout can be given to a study as memorization.scores.
"""

import argparse
import functools
import os
import pathlib
import sys
import tempfile

from rum_jax.cli.common import EXIT_INPUT, run_command
from rum_jax.config.arguments import arguments_of, twice
from rum_jax.config.overrides import HEADING, Arguments
from rum_jax.config.unused import refuse_other_runs
from rum_jax.core.checks import shortened
from rum_jax.core.errors import InputError, raise_if_any
from rum_jax.core.paths import is_url, path_fault, user_path
from rum_jax.memorization.layouts import LAYOUTS, Results


def main(layout: str, out: str, arguments: Arguments) -> None:
    """Exports; prints the path.

    Raises:
      InputError: the workdir has no such campaign, or not all of its models; `out` cannot be
        written.
    """
    from rum_jax.campaign import merge
    from rum_jax.campaign.shards import open_campaign
    from rum_jax.experiment.build import make_task
    from rum_jax.runtime.worker_index import Worker

    check_out(out, arguments.workdir)
    path = user_path(out)
    refuse_other_runs(arguments.config, "an export")
    dataset, task = make_task(arguments.config)
    campaign = open_campaign(arguments.workdir, arguments.config, dataset, task, Worker(0, 1),
                             begin=False)
    scores = merge.scores(dataset, merge.merged(campaign).tally)
    LAYOUTS[layout](Results(
        ids=scores["ids"], labels=scores["labels"],
        test_labels=dataset.labels[dataset.positions["test"]],
        memorization=scores["memorization"], influence=lambda: merge.influence_rows(campaign),
        train_index=dataset.source_index[dataset.train], train_size=dataset.train_size,
        members=arguments.config.campaign.models,
        groups=lambda: (group for group, _ in merge.groups(campaign))), path)
    print(path)


def check_out(out: str, workdir: str) -> None:
    """Raises InputError unless something can be written there that harms no campaign."""
    if fault := path_fault(out) if out.strip() else f"is {out!r}; allowed: a path":
        raise InputError(f"--out: {fault}")
    path = user_path(out)
    try:
        place, kept = path.resolve(), pathlib.Path(workdir).resolve()
        if not is_url(workdir) and (place.is_relative_to(kept) or kept.is_relative_to(place)):
            raise InputError(f"--out: is {shortened(out)}, in --workdir={workdir} or around it; "
                             "allowed: a path outside of it, so that nothing of the campaign is "
                             "replaced")
        if not place.parent.is_dir() or not os.access(place.parent, os.W_OK | os.X_OK):
            raise InputError(f"--out: is {shortened(out)}; allowed: a path in a folder that is "
                             "there and can be written")
        with tempfile.TemporaryFile(dir=place.parent):
            pass
    except (OSError, RuntimeError) as error:
        raise InputError(f"--out: is {shortened(out)}; it cannot be written ({error})") from error


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        raise InputError(message.removeprefix("argument "))


def command(argv: list[str]) -> int:
    """Reads --layout and --out, and all that every command has; returns the exit code."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    needed = not {"-h", "--help"} & set(argv)
    parser.add_argument("--layout", choices=LAYOUTS, required=needed)
    parser.add_argument("--out", required=needed)
    try:
        raise_if_any(twice(arguments_of(argv[1:])), HEADING)
        options, rest = parser.parse_known_args(argv[1:])
    except InputError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return EXIT_INPUT
    return run_command(functools.partial(main, options.layout, options.out), __doc__,
                       [argv[0], *rest])
