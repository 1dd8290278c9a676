"""Prints a bash script: a campaign on TPU VM slices, each slice one worker with all its hosts.

    python launch/tpu_vm.py --config=configs/memorization.py:cifar10 \\
        --workdir=gs://bucket/cifar10 --workers=2 --zone=us-west4-a \\
        --accelerator=v5litepod-16 --runtime=v2-alpha-tpuv5-lite --spot > campaign.sh
    bash campaign.sh create && bash campaign.sh install && bash campaign.sh run
    bash campaign.sh delete

Fields of the config are given as --config.<field>=<value>. See docs/launch.md.
"""

import pathlib
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence

import common
from common import matches, optional

from rum_jax.core import checks
from rum_jax.core.errors import raise_if_any
from rum_jax.storage.object_store import is_url

FOLDER = "rum_jax"  # in the home folder of every host
COORDINATOR = "--coordinator=auto"
INSTALL = ("python3 -m pip install -q --user uv && "
           "~/.local/bin/uv venv -q --allow-existing --python 3.12 .venv && "
           "~/.local/bin/uv pip install -q --python .venv/bin/python -e '.[tpu]' gcsfs")
_word = matches(r"[A-Za-z0-9][\w.:-]*", "letters, digits and -")

CHECKS = {
    "workers": checks.integer(1, 1000),
    "name": common.name,
    "zone": matches(r"[a-z]+-[a-z]+\d+-[a-z]", "a zone such as us-west4-a"),
    "project": optional(_word), "accelerator": _word, "runtime": _word,
    "install": matches(r".*\S.*", "a shell command"),
}

STEPS = pathlib.Path(__file__).with_suffix(".sh")


def _parser() -> common.Parser:
    parser = common.Parser(__doc__)
    add = parser.add_argument
    add("--name", default="memorization", help="Of the slices: <name>-0, <name>-1, ...")
    add("--zone", required=True, help="Such as us-west4-a.")
    add("--project", default="", help="Default: that of gcloud.")
    add("--accelerator", required=True, help="Type of each slice, such as v5litepod-16.")
    add("--runtime", required=True, help="Version, such as v2-alpha-tpuv5-lite.")
    add("--spot", action="store_true", help="Cheaper slices that may be taken away.")
    add("--install", default=INSTALL, help="Run in the folder of the source on every host; must "
                                           "make .venv there. Default: %(default)s")
    return parser


def _place_faults(options: Namespace) -> list[str]:
    """Files that the hosts of a slice would not find, or not share."""
    faults, config = [], pathlib.PurePosixPath(options.config)
    if config.is_absolute() or ".." in config.parts or options.config.startswith("~"):
        faults.append(f"--config: is {options.config!r}; allowed: a file in this folder, named "
                      "from here, as its last commit is copied to the hosts")
    if not is_url(options.workdir) and not options.workdir.startswith("/"):
        faults.append(f"--workdir: is {options.workdir!r}; allowed: a URL, or the absolute path of "
                      "a folder that all hosts share")
    return faults


def _settings(options: Namespace) -> list[str]:
    """The variables of the steps, as bash assigns them."""
    place = [f"--zone={options.zone}", "--quiet",
             *([f"--project={options.project}"] if options.project else [])]
    request = [f"--accelerator-type={options.accelerator}",
               f"--runtime-version={options.runtime}", *(["--spot"] if options.spot else [])]
    worker = shlex.join(common.command([".venv/bin/python"], options, COORDINATOR,
                                       f"{common.WORKERS}={options.workers}"))
    setup = f"mkdir -p {FOLDER} && tar -xzf source.tar.gz -C {FOLDER} && cd {FOLDER} && "
    texts = {"name": options.name, "slices": str(options.workers),
             "setup": setup + options.install, "worker": f"cd {FOLDER} && exec {worker}"}
    return [*(f"{name}={shlex.quote(text)}" for name, text in texts.items()),
            f"place=({shlex.join(place)})", f"request=({shlex.join(request)})"]


def render(argv: Sequence[str]) -> str:
    """The script.

    Raises:
      InputError: an option or a field of the config is not allowed.
    """
    options = common.read(_parser(), argv, CHECKS)
    raise_if_any(_place_faults(options), common.HEADING)
    common.check_command(options, COORDINATOR, f"{common.WORKER}=0",
                         f"{common.WORKERS}={options.workers}")
    return "\n".join(["#!/bin/bash", *_settings(options), "", STEPS.read_text()])


if __name__ == "__main__":
    sys.exit(common.run(render, sys.argv[1:]))
