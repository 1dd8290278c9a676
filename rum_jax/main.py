"""Runs a whole RUM study, or what is missing of it.

    python -m rum_jax.main --config=configs/digits_rum.py --workdir=runs/digits

Any field of the config can be set with --config.<field>=<value>; `rum_jax/config/base.py` lists
them all. The same command resumes a run that was stopped. The report is <workdir>/report.html.
"""

import sys

from rum_jax.config.overrides import Arguments
from rum_jax.entry import run_command


def main(arguments: Arguments) -> None:
    """Runs the stages, writes the report, prints the table and the report's path."""
    from rum_jax import report
    from rum_jax.provenance import cost, record
    from rum_jax.stages import pipeline
    from rum_jax.workdir import opened

    with opened(arguments.workdir, arguments.config.to_dict()) as workdir:
        origin = record(workdir)
        finished = pipeline.run(workdir, arguments.config)
        table, path = report.write(finished, {**origin, **cost()})
    print(table)
    print(path)


if __name__ == "__main__":
    sys.exit(run_command(main, __doc__, sys.argv))
