"""Writes a finished campaign's results in the layout of other people's files.

    python -m rum_jax.export --layout=lira --out=PATH \\
        --config=configs/digits_memorization.py --workdir=runs/digits_mem

Layouts: feldman_zhang (an .npz: tr_mem, influence within classes), rum (an .npz: memorization,
influence, subsets and correctness of all models), lira (a folder: keep.npy, scores.npy). The
config is that of the campaign; each layout can be given to a study as memorization.scores.
"""

import argparse
import functools
import pathlib
import sys

from rum_jax.config.overrides import Arguments
from rum_jax.entry import run_command
from rum_jax.memorization.layouts import LAYOUTS, Results


def main(layout: str, out: pathlib.Path, arguments: Arguments) -> None:
    """Exports; prints the path.

    Raises:
      InputError: the workdir has no such campaign, or not all of its models; `out` cannot be
        written.
    """
    from rum_jax.stages import merge
    from rum_jax.stages.site import make_site
    from rum_jax.stages.study import make_task
    from rum_jax.worker import Worker

    dataset, task = make_task(arguments.config)
    campaign = make_site(arguments.workdir, arguments.config, dataset, task, Worker(0, 1),
                         begin=False)
    scores = merge.scores(dataset, merge.merged(campaign).tally)
    LAYOUTS[layout](Results(
        ids=scores["ids"], labels=scores["labels"],
        test_labels=dataset.labels[dataset.positions["test"]],
        memorization=scores["memorization"], influence=lambda: merge.influence_rows(campaign),
        train_index=dataset.source_index[dataset.train], train_size=dataset.train_size,
        members=arguments.config.campaign.models,
        groups=lambda: (group for group, _ in merge.groups(campaign))), out)
    print(out)


def command(argv: list[str]) -> int:
    """Reads --layout and --out, and all that every command has; returns the exit code."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False,
                                     usage=__doc__.splitlines()[2].strip(" \\") + " ...")
    parser.add_argument("--layout", choices=LAYOUTS, required="--help" not in argv)
    parser.add_argument("--out", type=pathlib.Path, required="--help" not in argv)
    own, rest = parser.parse_known_args(argv[1:])
    return run_command(functools.partial(main, own.layout, own.out), __doc__, [argv[0], *rest])


if __name__ == "__main__":
    sys.exit(command(sys.argv))
