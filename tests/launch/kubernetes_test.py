import copy
import json
import pathlib
import re
import subprocess

import jsonschema
import kubernetes
import kubernetes_validate
import manifests
import pytest
import yaml

from rum_jax.runtime import worker_index

from .conftest import CONFIG, latest

JOBSET = json.loads((pathlib.Path(__file__).parent / "schemas" / "jobset.json").read_text())
# The oldest release whose Job has all fields that are used, and the newest that is known here.
RELEASES = ("1.31", kubernetes_validate.latest_version())
GIVEN = (f"--config={CONFIG}", "--image=registry.example/rum_jax:1", "--workers=8")
DISK = ("--workdir=/shared/w", "--claim=data")
TPU = ("--jobset", "--workdir=gs://bucket/w", "--accelerator=tpu-v5-lite-podslice",
       "--topology=4x4", "--chips=4")
FIELDS = ["--config.campaign.models=4000", "--config.rows=('rum',)"]


def manifest_of(*arguments) -> dict:
    return yaml.safe_load(kubernetes.render(latest(*GIVEN, *arguments)))


def as_job(spec: dict) -> dict:
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": spec}


def check(manifest: dict, release: str) -> None:
    kubernetes_validate.validate(manifest, release, strict=True)


def container_of(spec: dict) -> dict:
    container, = spec["template"]["spec"]["containers"]
    return container


def expanded(container: dict, **environment: str) -> list[str]:
    """The command as Kubernetes expands it: $(NAME) by the environment, and $$ is a $."""
    values = {**{e["name"]: e["value"] for e in container["env"] if "value" in e}, **environment}
    return [re.sub(r"\$\$|\$\((\w+)\)",
                   lambda m: "$" if m[0] == "$$" else values.get(m[1], m[0]), text)
            for text in container["command"]]


@pytest.mark.parametrize("release", RELEASES)
def test_a_job_is_one_by_the_schema_of_kubernetes(release):
    job = manifest_of(*DISK, "--gpus=1", "--env=A=b=c", "--namespace=lab",
                      "--service-account=trainer",
                      "--node-selector=cloud.google.com/gke-accelerator=nvidia-l4")
    check(job, release)
    for path in (("spec",), ("spec", "podFailurePolicy"), ("spec", "template", "spec")):
        wrong = part = copy.deepcopy(job)
        for name in path:
            part = part[name]
        part["retries"] = 3
        with pytest.raises(kubernetes_validate.ValidationError, match="retries"):
            check(wrong, release)


def test_a_job_has_an_index_for_each_worker():
    job = manifest_of(*DISK, "--at-once=3", "--retries=4", "--grace=45", "--gpus=2",
                      "--memory=32Gi", "--cpus=6", "--env=A=$(B)", "--namespace=lab", "--name=mem",
                      "--service-account=trainer", "--node-selector=gpu=l4")
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    assert job["metadata"] == {"name": "mem", "namespace": "lab"}
    assert {name: spec[name] for name in ("completionMode", "completions", "parallelism",
                                          "backoffLimitPerIndex", "successPolicy")} == {
        "completionMode": "Indexed", "completions": 8, "parallelism": 3,
        "backoffLimitPerIndex": 4, "successPolicy": {"rules": [{"succeededCount": 1}]}}
    container = container_of(spec)
    assert container["env"] == [{"name": "A", "value": "$$(B)"},
                                {"name": "JOB_COMPLETIONS", "value": "8"}]
    assert container["resources"] == {
        "requests": {"cpu": "6", "memory": "32Gi", "nvidia.com/gpu": "2"},
        "limits": {"memory": "32Gi", "nvidia.com/gpu": "2"}}
    assert container["volumeMounts"] == [{"name": "shared", "mountPath": "/shared"}]
    assert pod["volumes"] == [{"name": "shared", "persistentVolumeClaim": {"claimName": "data"}}]
    assert (pod["restartPolicy"], pod["terminationGracePeriodSeconds"],
            pod["serviceAccountName"], pod["nodeSelector"]) == (
        "Never", 45, "trainer", {"gpu": "l4"})


def test_preemption_is_no_failure_and_a_bad_input_ends_the_job():
    first, second = manifest_of(*DISK)["spec"]["podFailurePolicy"]["rules"]
    assert first == {"action": "Ignore",
                     "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert second == {"action": "FailJob", "onExitCodes": {
        "containerName": "worker", "operator": "In", "values": [2]}}
    assert container_of(manifest_of(*DISK)["spec"])["name"] == "worker"


def test_on_cpus_and_with_a_url_nothing_is_mounted():
    job = manifest_of("--workdir=gs://bucket/w")
    assert "volumes" not in job["spec"]["template"]["spec"]
    assert "volumeMounts" not in container_of(job["spec"])
    assert "nvidia.com/gpu" not in container_of(job["spec"])["resources"]["limits"]
    assert job["spec"]["parallelism"] == 8


@pytest.mark.parametrize("workdir", ["/shared/a b", "/shared/$(JOB_COMPLETIONS)$$x $HOME",
                                     "/shared/it's: [a] #1 \\ \"é\""])
def test_a_worker_gets_the_command_that_was_checked(workdir):
    container = container_of(manifest_of(f"--workdir={workdir}", "--claim=data", *FIELDS)["spec"])
    assert expanded(container) == ["python", "-m", "rum_jax.main", f"--config={CONFIG}",
                                   f"--workdir={workdir}", *FIELDS]


@pytest.mark.parametrize("release", RELEASES)
def test_a_job_set_is_one_by_its_schema_and_that_of_kubernetes(release):
    jobset = manifest_of(*TPU, "--claim=data", "--namespace=lab")
    jsonschema.validate(jobset, JOBSET)
    replicated, = jobset["spec"]["replicatedJobs"]
    check(as_job(replicated["template"]["spec"]), release)
    for part in (jobset["spec"], replicated, jobset["spec"]["successPolicy"]):
        part["retries"] = 3
        with pytest.raises(jsonschema.ValidationError, match="retries"):
            jsonschema.validate(jobset, JOBSET)
        del part["retries"]


def test_a_slice_is_a_worker_with_all_its_hosts(fakes, tmp_path):
    python = fakes("python", 'env | grep -c "^MEGASCALE" || true')
    jobset = manifest_of(*TPU, f"--python={python}", "--retries=3", *FIELDS)
    replicated, = jobset["spec"]["replicatedJobs"]
    spec = replicated["template"]["spec"]
    assert replicated["replicas"] == 8 and jobset["spec"]["successPolicy"] == {"operator": "Any"}
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (4, 4, 12)
    assert spec["template"]["spec"]["nodeSelector"] == {
        "cloud.google.com/gke-tpu-accelerator": "tpu-v5-lite-podslice",
        "cloud.google.com/gke-tpu-topology": "4x4"}
    container = container_of(spec)
    assert container["resources"]["limits"]["google.com/tpu"] == "4"
    assert container["env"] == [{"name": "JOB_INDEX", "valueFrom": {"fieldRef": {
        "fieldPath": "metadata.labels['jobset.sigs.k8s.io/job-index']"}}}]
    command = expanded(container, JOB_INDEX="5")
    done = subprocess.run(["env", "MEGASCALE_NUM_SLICES=8", "MEGASCALE_SLICE_ID=5",
                           "MEGASCALE_COORDINATOR_ADDRESS=a", *command],
                          capture_output=True, text=True)
    assert done.stdout == "0\n", "each slice is a machine of its own"
    assert fakes.calls() == [["python", "-m", "rum_jax.main", f"--config={CONFIG}",
                              "--workdir=gs://bucket/w", *FIELDS, "--coordinator=auto",
                              "--config.campaign.worker=5", "--config.campaign.workers=8"]]


@pytest.mark.parametrize("arguments, expected", [
    (("--workdir=/shared/w",), "--claim: missing; allowed only with a --workdir that is a URL"),
    ((*DISK, "--mount=/data"), "--workdir: is '/shared/w'; allowed: a folder under --mount, "
                               "/data, or a URL"),
    ((*DISK, "--workdir=/shared/../w"), "--workdir: is '/shared/../w'; allowed: a folder under"),
    ((*DISK, "--workdir=w"), "--workdir: is 'w'; allowed: a folder under"),
    ((*DISK, "--workers=0"), "--workers: is 0; allowed: an integer in [1, 100000]"),
    ((*DISK, "--name=Mem"), "--name: is 'Mem'; allowed: small letters"),
    ((*DISK, "--namespace=a.b"), "--namespace: is 'a.b'; allowed: small letters"),
    ((*DISK, "--claim=a b"), "--claim: is 'a b'; allowed: small letters"),
    ((*DISK, "--image=a b"), "--image: is 'a b'; allowed: the name of an image"),
    ((*DISK, "--mount=shared"), "--mount: is 'shared'; allowed: an absolute path"),
    ((*DISK, "--memory=16GB"), "--memory: is '16GB'; allowed: bytes, or with a unit as in 64Gi"),
    ((*DISK, "--env=1A=b"), "--env: [0] is '1A=b'; allowed: NAME=value"),
    ((*DISK, "--env=JOB_COMPLETIONS=9"), "--env: sets JOB_COMPLETIONS; allowed: variables that do "
                                         "not say which worker a process is"),
    ((*DISK, "--python="), "--python: is ''; allowed: the path or name of a program"),
    ((*DISK, "--workers=x"), "--workers: is 'x'; allowed: an integer in [1, 100000]"),
    ((*DISK, "--node-selector=gpu"), "--node-selector: [0] is 'gpu'; allowed: LABEL=value"),
    ((*DISK, "--gpus=-1"), "--gpus: is -1; allowed: an integer >= 0"),
    ((*DISK, "--cpus=0"), "--cpus: is 0; allowed: an integer >= 1"),
    ((*DISK, "--retries=-1"), "--retries: is -1; allowed: an integer >= 0"),
    ((*DISK, "--grace=0"), "--grace: is 0; allowed: an integer >= 1"),
    ((*DISK, "--at-once=-1"), "--at-once: is -1; allowed: an integer >= 0"),
    ((*DISK, "--chips=4"), "--chips: allowed only with --jobset"),
    (TPU[:-1], "--chips: missing; --jobset needs it"),
    ((*TPU, "--gpus=1"), "--gpus: not allowed with --jobset"),
    ((*TPU, "--chips=3"), "--chips: is 3; allowed with --topology=4x4: a divisor of 16"),
    ((*TPU, "--chips=0"), "--chips: is 0; allowed: an integer >= 1"),
    ((*TPU, "--topology=4by4"), "--topology: is '4by4'; allowed: chips as in 4x4 or 2x2x4"),
    ((*TPU, "--accelerator=tpu v5"), "--accelerator: is 'tpu v5'; allowed: a label"),
    ((*TPU, "--config.train.epochs=0"), "config.train.epochs: is 0; allowed: an integer >= 1"),
    ((*DISK, "--config.campaign.worker=1"), "--config.campaign.worker: not allowed here")])
def test_bad_inputs(refused, arguments, expected):
    assert expected in refused(kubernetes.render, *GIVEN, *arguments)


@pytest.mark.parametrize("variable", worker_index.VARIABLES)
@pytest.mark.parametrize("arguments", [DISK, TPU], ids=["job", "jobset"])
def test_numbers_of_workers_are_those_of_the_cluster(refused, arguments, variable):
    """With one of these, all workers would take themselves for the same one."""
    message = refused(kubernetes.render, *GIVEN, *arguments, "--env=A=1", f"--env={variable}=0")
    assert message.splitlines()[1:] == [
        f"  - --env: sets {variable}; allowed: variables that do not say which worker a process "
        "is; --workers says how many there are, and the cluster numbers them"]


@pytest.mark.parametrize("variable", [manifests.JOB_INDEX, *manifests.MEGASCALE])
def test_what_numbers_slices_is_refused_only_there(refused, variable):
    word = f"--env={variable}=0"
    assert f"--env: sets {variable}; allowed" in refused(kubernetes.render, *GIVEN, *TPU, word)
    assert {"name": variable, "value": "0"} in container_of(
        manifest_of(*DISK, word)["spec"])["env"]
