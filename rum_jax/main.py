"""Runs a whole RUM study, or what is missing of it.

    python -m rum_jax.main --config=configs/digits_rum.py --workdir=runs/digits

The command `rum-jax` does the same. A config that comes with the package is found by its name,
too, with a variant after a colon: --config=digits_rum, --config=entanglement:cifar10,smoke. Any
field of the config can be set with --config.<field>=<value>; `rum_jax/config/base.py` lists them
all. The same command resumes a run that was stopped. The report is <workdir>/report.html. With
--config.sweep.rows="('vanilla:salun',)" it searches hyper-parameters of those methods instead; the
report is <workdir>/sweep.html. With `replicates` (configs/claims.py) it runs a study of each of
many splits of the data, and decides claims on them. With --config.train.max_steps=3 it does a dry
run: it takes 3 training steps, prints estimates of memory and time, and keeps nothing.

A config with `campaign.alone` (configs/memorization.py) trains memorization models and
estimates memorization, nothing else; any number of such commands may work in one workdir. With
--config.campaign.plan=true it says what the campaign would take, and stops.
"""

import functools
import os
import sys

from rum_jax.cli.common import run_command
from rum_jax.config.overrides import Arguments
from rum_jax.runtime import distributed


def main(arguments: Arguments) -> None:
    """Runs the stages, writes the report, prints its summary and its path."""
    from rum_jax import report
    from rum_jax.campaign import pipeline as campaign_pipeline
    from rum_jax.campaign.estimate_cost import plan
    from rum_jax.experiment.dry_run import dry_run
    from rum_jax.replicates import pipeline as replicates_pipeline
    from rum_jax.replicates import results
    from rum_jax.report import campaign as campaign_report
    from rum_jax.report import claims
    from rum_jax.report import sweep as sweep_report
    from rum_jax.runtime.provenance import cost, provenance, record
    from rum_jax.runtime.worker_index import worker_of
    from rum_jax.storage.workdir import opened
    from rum_jax.study import pipeline as study_pipeline
    from rum_jax.study.sweep import planned, sweep

    config = arguments.config
    planned(config)  # a faulty sweep is refused before the workdir is touched
    if config.train.max_steps or config.campaign.plan:
        _show(dry_run(config) if config.train.max_steps else
              plan(config, worker_of(config.campaign, os.environ, distributed.is_multiprocess())))
        return
    if config.replicates:
        worker = worker_of(config.campaign, os.environ, distributed.is_multiprocess())
        folder, values = replicates_pipeline.run(arguments.workdir, config, worker)
        if distributed.is_writer():
            assembled = results.assemble(folder, config, values, {**provenance(), **cost()})
            print("\n".join(map(str, claims.write(folder, config, assembled,
                                                  results.csv_rows(values)))))
        distributed.barrier("report")
        return
    if config.campaign.alone:
        worker = worker_of(config.campaign, os.environ, distributed.is_multiprocess())
        found = campaign_pipeline.run(arguments.workdir, config, worker, campaign_report.write)
        _show(campaign_report.text(found, arguments.workdir))
        return
    with opened(arguments.workdir, config.to_dict()) as workdir:
        origin = record(workdir)
        if config.sweep.rows:
            study, found = sweep(workdir, config)
            write = functools.partial(sweep_report.write, study, config, found)
        else:
            write = functools.partial(report.write, study_pipeline.run(workdir, config))
        if distributed.is_writer():
            print("\n".join(map(str, write({**origin, **cost()}))))
        distributed.barrier("report")


def _show(text: str) -> None:
    if distributed.is_writer():
        print(text)


def command() -> int:
    """Reads the command line; returns the exit code, see `run_command`."""
    return run_command(main, __doc__, sys.argv)


if __name__ == "__main__":
    sys.exit(command())
