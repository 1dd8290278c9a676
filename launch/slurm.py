"""Prints an sbatch file: a job array, each task of which is one worker of a campaign.

    python launch/slurm.py --config=configs/memorization.py:cifar10 --workdir=/shared/cifar10 \\
        --workers=8 --gpus=1 --cpus=8 --memory=64G --time=04:00:00 > job.sbatch
    sbatch job.sbatch

Fields of the config are given as --config.<field>=<value>. See docs/launch.md.
"""

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence

import common
from common import matches, optional, plain

from rum_jax.core import checks
from rum_jax.core.errors import InputError, raise_if_any

# sbatch(1), --time: minutes, or with seconds, hours, days.
TIME = (r"\d{1,8}|\d{1,8}:[0-5]?\d|\d{1,8}:[0-5]?\d:[0-5]?\d|"
        r"\d{1,8}-\d{1,2}(:[0-5]?\d){0,2}")

CHECKS = {
    "workers": checks.integer(1, 4_000_000),    # SLURM's largest MaxArraySize
    "at_once": checks.integer(0),
    "name": common.name,
    "gpus": checks.integer(0),
    "cpus": checks.integer(1),
    "memory": matches(r"[1-9]\d*[KMGT]?", "a number with K, M, G or T, such as 64G"),
    "time": matches(TIME, "minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM or D-HH:MM:SS, with "
                          "numbers of at most 8 digits"),
    "partition": optional(plain), "account": optional(plain), "qos": optional(plain),
    "constraint": optional(plain),
    "grace": checks.integer(1, 65535),          # sbatch(1), --signal
    "requeues": checks.integer(0), "python": common.program,
}

REQUEUE = """\
code=$?
# 130: asked to stop, as its time is nearly up or the task is preempted. The id is the task's own.
if [ "$code" -eq 130 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt "$requeues" ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit "$code"
"""


def _parser() -> common.Parser:
    parser = common.Parser(__doc__)
    add = parser.add_argument
    add("--name", default="memorization", help="Of the job.")
    add("--at-once", type=int, default=0, help="Most tasks that run at a time; 0: all.")
    add("--gpus", type=int, default=0, help="Of each worker; 0: it computes on CPUs.")
    add("--cpus", type=int, default=4, help="Of each worker.")
    add("--memory", default="16G", help="Of each worker, such as 64G.")
    add("--time", required=True, help="Limit of one start of a task, such as 04:00:00.")
    for option in ("partition", "account", "qos", "constraint"):
        add(f"--{option}", default="", help="As in sbatch.")
    add("--grace", type=int, default=120, help="Seconds before the limit when a worker is asked "
                                               "to stop.")
    add("--requeues", type=int, default=100, help="Most times that a stopped task is queued "
                                                  "again.")
    add("--logs", default=".", help="Folder of the logs, which must exist.")
    add("--python", default=sys.executable, help="Of an environment with rum_jax, on the nodes.")
    return parser


def seconds(time: str) -> int:
    """A limit that `TIME` matches as SLURM counts it: in whole minutes, rounded up."""
    days, has_days, clock = time.rpartition("-")
    numbers = [int(number) for number in clock.split(":")]
    if not has_days and len(numbers) < 3:
        numbers.insert(0, 0)  # minutes come first there, not hours
    hours, minutes, rest = (*numbers, 0, 0)[:3]
    return ((int(days or 0) * 24 + hours) * 60 + minutes + (rest > 0)) * 60


def _time_fault(options: Namespace) -> str | None:
    """A limit at whose beginning each task is asked to stop; one of 0 is none."""
    limit = seconds(options.time)
    if not limit or limit > options.grace:
        return None
    return (f"--time: is {options.time!r}, {limit} seconds; allowed with --grace={options.grace}: "
            f"more than {options.grace} seconds, or 0 for no limit, as a worker is asked to stop "
            "--grace seconds before it; give a longer --time or a shorter --grace")


def _quoted(value: str) -> str:
    """As sbatch reads a value: between quotes, a backslash before a quote or a backslash."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _directives(options: Namespace) -> list[str]:
    """Options of sbatch, without the dashes."""
    at_once = f"%{options.at_once}" if options.at_once else ""
    logs = os.path.join(options.logs, "").replace("%", "%%")
    placed = [f"{option}={vars(options)[option]}"
              for option in ("partition", "account", "qos", "constraint") if vars(options)[option]]
    return [f"job-name={options.name}", f"array=0-{options.workers - 1}{at_once}", "nodes=1",
            "ntasks=1", f"cpus-per-task={options.cpus}", f"mem={options.memory}",
            *([f"gpus-per-node={options.gpus}"] if options.gpus else []),
            f"time={options.time}", *placed, "requeue", f"signal=INT@{options.grace}",
            "open-mode=append", f"output={_quoted(logs + '%x-%A_%a.log')}",
            f"chdir={_quoted(os.getcwd())}"]


def render(argv: Sequence[str]) -> str:
    """The sbatch file.

    Raises:
      InputError: an option or a field of the config is not allowed.
    """
    options = common.read(_parser(), argv, CHECKS)
    raise_if_any([fault] if (fault := _time_fault(options)) else [], common.HEADING)
    common.check_command(options)
    options.python, options.logs = common.home(options.python), common.home(options.logs)
    if not os.getcwd().isprintable():
        raise InputError(f"this folder is called {os.getcwd()!r}; a job file cannot hold that "
                         "name; change to another one")
    # srun does not take the CPUs over from sbatch since SLURM 22.05.
    step = ["srun", "--ntasks=1", f"--cpus-per-task={options.cpus}"]
    lines = ["#!/bin/bash", *(f"#SBATCH --{directive}" for directive in _directives(options)), "",
             f"requeues={options.requeues}",
             shlex.join(step + common.command([options.python], options))]
    return "\n".join(lines) + "\n" + REQUEUE


if __name__ == "__main__":
    sys.exit(common.run(render, sys.argv[1:]))
