"""Kubernetes objects: an Indexed Job of workers, a JobSet of TPU slices, and their pods.

Field by field after the API references of batch/v1 and jobset.x-k8s.io/v1alpha2.
"""

import math
from argparse import Namespace

import common

CONTAINER, VOLUME, JOB_INDEX = "worker", "shared", "JOB_INDEX"
INDEX_LABEL = "jobset.sigs.k8s.io/job-index"
# JAX takes slices for one machine where a cluster sets these; here each is a worker of its own.
MEGASCALE = ("MEGASCALE_COORDINATOR_ADDRESS", "MEGASCALE_NUM_SLICES", "MEGASCALE_SLICE_ID")
IGNORE_PREEMPTION = {"action": "Ignore",
                     "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
BAD_INPUT = {"action": "FailJob", "onExitCodes": {"containerName": CONTAINER, "operator": "In",
                                                  "values": [common.EXIT_INPUT]}}


def chips_of(topology: str) -> int:
    """Chips of a slice of that topology, such as 4x4."""
    return math.prod(map(int, topology.split("x")))


def slice_flags(index: str, options: Namespace) -> tuple[str, ...]:
    """Flags with which all hosts of a slice run as one worker, that of the index."""
    return ("--coordinator=auto", f"{common.WORKER}={index}",
            f"{common.WORKERS}={options.workers}")


def _pairs(texts: list[str]) -> list[tuple[str, str]]:
    """Names and values of NAME=value."""
    return [tuple(text.split("=", 1)) for text in texts]


def _literal(text: str) -> str:
    """A text in which Kubernetes expands no $(NAME)."""
    return text.replace("$", "$$")


def _worker(options: Namespace) -> list[str]:
    return [_literal(text) for text in common.command([options.python], options)]


def _environment(options: Namespace) -> list[dict]:
    variables = [{"name": name, "value": _literal(value)} for name, value in _pairs(options.env)]
    if options.jobset:
        path = f"metadata.labels['{INDEX_LABEL}']"
        return variables + [{"name": JOB_INDEX, "valueFrom": {"fieldRef": {"fieldPath": path}}}]
    return variables + [{"name": "JOB_COMPLETIONS", "value": str(options.workers)}]


def _container(options: Namespace, command: list[str]) -> dict:
    amounts = {"cpu": str(options.cpus), "memory": options.memory}
    devices = ({"google.com/tpu": str(options.chips)} if options.jobset else
               {"nvidia.com/gpu": str(options.gpus)} if options.gpus else {})
    container = {
        "name": CONTAINER, "image": options.image, "command": command,
        "env": _environment(options),
        "resources": {"requests": {**amounts, **devices},
                      "limits": {"memory": options.memory, **devices}},
        # Python as process 1 of a container ignores SIGTERM, but handles SIGINT.
        "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "kill -INT 1"]}}}}
    if options.claim:
        container["volumeMounts"] = [{"name": VOLUME, "mountPath": options.mount}]
    return container


def _pod(options: Namespace, command: list[str]) -> dict:
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": options.grace,
            "containers": [_container(options, command)]}
    if options.claim:
        spec["volumes"] = [{"name": VOLUME,
                            "persistentVolumeClaim": {"claimName": options.claim}}]
    if options.service_account:
        spec["serviceAccountName"] = options.service_account
    selector = dict(_pairs(options.node_selector))
    if options.jobset:
        selector |= {"cloud.google.com/gke-tpu-accelerator": options.accelerator,
                     "cloud.google.com/gke-tpu-topology": options.topology}
    if selector:
        spec["nodeSelector"] = selector
    return {"spec": spec}


def _job_spec(options: Namespace) -> dict:
    """Workers fail one by one; a bad input, which all have, fails the Job."""
    return {
        "completionMode": "Indexed", "completions": options.workers,
        "parallelism": options.at_once or options.workers,
        "backoffLimitPerIndex": options.retries,
        # A worker ends with 0 when the campaign's result is there, whoever computed it.
        "successPolicy": {"rules": [{"succeededCount": 1}]},
        "podFailurePolicy": {"rules": [IGNORE_PREEMPTION, BAD_INPUT]},
        "template": _pod(options, _worker(options))}


def _slice_spec(options: Namespace) -> dict:
    """The hosts of a slice, which work, end and start again together.

    When one is lost the others end too, so a loss counts as failures of most hosts. Exit code 2
    is not final here: it is also that of hosts which did not meet in time.
    """
    hosts = chips_of(options.topology) // options.chips
    unset = [text for variable in MEGASCALE for text in ("-u", variable)]
    return {
        "completionMode": "Indexed", "completions": hosts, "parallelism": hosts,
        "backoffLimit": options.retries * hosts,
        "podFailurePolicy": {"rules": [IGNORE_PREEMPTION]},
        "template": _pod(options, ["env", *unset, *_worker(options),
                                   *slice_flags(f"$({JOB_INDEX})", options)])}


def job(options: Namespace) -> dict:
    """A batch/v1 Job, one index for each worker."""
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": _metadata(options),
            "spec": _job_spec(options)}


def job_set(options: Namespace) -> dict:
    """A JobSet, one Job for each slice; it is done when the first of them is."""
    metadata = {**_metadata(options), "annotations": {
        "alpha.jobset.sigs.k8s.io/exclusive-topology": "cloud.google.com/gke-nodepool"}}
    slices = {"name": "slice", "replicas": options.workers,
              "template": {"spec": _slice_spec(options)}}
    return {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": metadata,
            "spec": {"successPolicy": {"operator": "Any"}, "replicatedJobs": [slices]}}


def _metadata(options: Namespace) -> dict:
    return {"name": options.name,
            **({"namespace": options.namespace} if options.namespace else {})}
