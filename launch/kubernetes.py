"""Prints a manifest: an Indexed Job, each index of which is one worker of a campaign.

    python launch/kubernetes.py --config=configs/memorization.py:cifar10 \\
        --workdir=/shared/cifar10 --claim=shared --image=registry.example/rum_jax:1 \\
        --workers=8 --gpus=1 > job.yaml
    kubectl apply -f job.yaml

With --jobset it is a JobSet for TPU slices of several hosts, on GKE: each slice is one worker.

    python launch/kubernetes.py --jobset --config=configs/memorization.py:cifar10 \\
        --workdir=gs://bucket/cifar10 --image=registry.example/rum_jax:1 --workers=4 \\
        --accelerator=tpu-v5-lite-podslice --topology=4x4 --chips=4 > jobset.yaml

Fields of the config are given as --config.<field>=<value>. See docs/launch.md.
"""

import math
import pathlib
import sys
from argparse import Namespace
from collections.abc import Sequence

import common
import manifests
import yaml
from common import matches, optional

from rum_jax.core import checks
from rum_jax.core.errors import raise_if_any
from rum_jax.runtime import worker_index
from rum_jax.storage.object_store import is_url

TPU_OPTIONS = ("accelerator", "topology", "chips")
LABEL = "small letters, digits and -, at most 63, starting and ending with a letter or digit"
LABEL_VALUE = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_dns = matches(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", LABEL)

CHECKS = {
    "workers": checks.integer(1, 100_000),      # most completions with limits per index
    "at_once": checks.integer(0),
    "name": common.name,
    "namespace": optional(_dns), "service_account": optional(_dns), "claim": optional(_dns),
    "image": matches(r"[a-z0-9][\w.:/@-]*", "the name of an image, without spaces"),
    "mount": matches(r"/[^:]*", "an absolute path without colons"),
    "gpus": checks.integer(0),
    "cpus": checks.integer(1),
    "memory": matches(r"[1-9]\d*(Ki|Mi|Gi|Ti|k|M|G|T)?", "bytes, or with a unit as in 64Gi"),
    "retries": checks.integer(0),
    "grace": checks.integer(1),
    "node_selector": checks.sequence(matches(rf"[\w./-]+={LABEL_VALUE}", "LABEL=value"),
                                     at_least=0),
    "env": checks.sequence(matches(r"[A-Za-z_]\w*=.*", "NAME=value"), at_least=0),
    "accelerator": optional(matches(LABEL_VALUE, "a label such as tpu-v5-lite-podslice")),
    "topology": optional(matches(r"[1-9]\d*(x[1-9]\d*){1,2}", "chips as in 4x4 or 2x2x4")),
    "chips": optional(checks.integer(1), None),
    "python": common.program,
}


def _parser() -> common.Parser:
    parser = common.Parser(__doc__)
    add = parser.add_argument
    add("--image", required=True, help="Has rum_jax, and the config file in its working folder.")
    add("--name", default="memorization", help="Of the Job.")
    add("--namespace", default="", help="Default: that of kubectl.")
    add("--service-account", default="", help="With access to the bucket of --workdir.")
    add("--claim", default="", help="PersistentVolumeClaim (ReadWriteMany) with the workdir.")
    add("--mount", default="/shared", help="Where the claim is mounted.")
    add("--at-once", type=int, default=0, help="Most workers that run at a time; 0: all.")
    add("--gpus", type=int, default=0, help="NVIDIA GPUs of each worker; 0: CPUs.")
    add("--cpus", type=int, default=4, help="Of each worker; of each host with --jobset.")
    add("--memory", default="16Gi", help="As --cpus.")
    add("--retries", type=int, default=10, help="Failures of each worker, preemptions apart.")
    add("--grace", type=int, default=60, help="Seconds a worker has to stop.")
    add("--env", action="append", default=[], help="NAME=value; may be given again.")
    add("--node-selector", action="append", default=[], help="LABEL=value; may be given again.")
    add("--python", default="python", help="In the image.")
    add("--jobset", action="store_true", help="A JobSet of TPU slices.")
    add("--accelerator", default="", help="TPU, as in cloud.google.com/gke-tpu-accelerator.")
    add("--topology", default="", help="Of a slice, as in cloud.google.com/gke-tpu-topology.")
    add("--chips", type=int, default=None, help="TPU chips of each host.")
    return parser


def _variable_faults(options: Namespace) -> list[str]:
    """Variables of --env with which all workers would have one number, or hosts not meet."""
    of_cluster = {*worker_index.VARIABLES,
                  *((manifests.JOB_INDEX, *manifests.MEGASCALE) if options.jobset else ())}
    names = {text.partition("=")[0] for text in options.env}
    return [f"--env: sets {variable}; allowed: variables that do not say which worker a process "
            "is; --workers says how many there are, and the cluster numbers them"
            for variable in sorted(names & of_cluster)]


def _joint_faults(options: Namespace) -> list[str]:
    """Options that do not go together."""
    faults = []
    path = pathlib.PurePosixPath(options.workdir)
    if not is_url(options.workdir):
        if not options.claim:
            faults.append("--claim: missing; allowed only with a --workdir that is a URL")
        if ".." in path.parts or not path.is_relative_to(options.mount):
            faults.append(f"--workdir: is {options.workdir!r}; allowed: a folder under --mount, "
                          f"{options.mount}, or a URL")
    faults += common.pair_faults("env", options.env) + _variable_faults(options)
    faults += common.pair_faults("node-selector", options.node_selector)
    faults += [f"--{option}: is {vars(options)[option]!r}; allowed: a path in the container, where "
               "~ is not known" for option in ("python", "workdir", "config")
               if vars(options)[option].startswith("~")]
    if not options.jobset:
        return faults + [f"--{option}: allowed only with --jobset" for option in TPU_OPTIONS
                         if vars(options)[option]]
    faults += [f"--{option}: missing; --jobset needs it" for option in TPU_OPTIONS
               if not vars(options)[option]]
    faults += [f"--{option.replace('_', '-')}: not allowed with --jobset"
               for option in ("gpus", "at_once") if vars(options)[option]]
    if options.topology and options.chips:
        size = manifests.chips_of(options.topology)
        if size % options.chips:
            faults.append(f"--chips: is {options.chips}; allowed with "
                          f"--topology={options.topology}: a divisor of {size}")
    return faults


def render(argv: Sequence[str]) -> str:
    """The manifest.

    Raises:
      InputError: an option or a field of the config is not allowed.
    """
    options = common.read(_parser(), argv, CHECKS)
    raise_if_any(_joint_faults(options), common.HEADING)
    common.check_command(options, *(manifests.slice_flags("0", options) if options.jobset else ()))
    manifest = (manifests.job_set if options.jobset else manifests.job)(options)
    return yaml.safe_dump(manifest, sort_keys=False, width=math.inf)


if __name__ == "__main__":
    sys.exit(common.run(render, sys.argv[1:]))
