"""Values that would be something else to a shell, a scheduler or a cluster."""

import shlex

import common
import kubernetes
import pytest
import slurm
import tpu_vm
import yaml

from .conftest import CONFIG

SLURM = (f"--config={CONFIG}", "--workdir=/shared/w", "--workers=2", "--time=60")
PODS = (f"--config={CONFIG}", "--workdir=gs://b/w", "--workers=2", "--image=a/b:1")
SLICES = (f"--config={CONFIG}", "--workdir=gs://b/w", "--workers=2", "--zone=us-west4-a",
          "--accelerator=v5litepod-16", "--runtime=v2")


def refused(capsys, render, *words):
    code = common.run(render, words)
    out, err = capsys.readouterr()
    assert (code, out) == (2, "") and "Traceback" not in err and len(err) < 1000
    return err


@pytest.mark.parametrize("render, words", [
    (slurm.render, (*SLURM, "--name=a;rm -rf x")), (slurm.render, (*SLURM, "--name=a\nb")),
    (slurm.render, (*SLURM, "--partition=a b")), (slurm.render, (*SLURM, "--memory=1G\n#SBATCH")),
    (slurm.render, (*SLURM, "--memory=\u0661G")), (slurm.render, (*SLURM, "--gpus=1e3")),
    (slurm.render, (*SLURM, "--gpus=" + "9" * 30)), (slurm.render, (*SLURM, "--python=a\nb")),
    (slurm.render, (*SLURM, "--logs=a\nb")), (slurm.render, (*SLURM, "--logs=~nobody_here/x")),
    (slurm.render, (*SLURM, "--python=~nobody_here/x")), (slurm.render, (*SLURM, "--name=b",
                                                                         "--name=c")),
    (slurm.render, (*SLURM, "--config.train.epochs=1", "--config.train.epochs=2")),
    (slurm.render, (*SLURM, "--config.data.path=a\nb")), (slurm.render, (*SLURM, "--workers=3")),
    (slurm.render, (*SLURM[:3], "--time=1\n2")), (slurm.render, (*SLURM[:3], "--time=1:99")),
    (kubernetes.render, (*PODS, "--env=A=1", "--env=A=2")),
    (kubernetes.render, (*PODS, "--node-selector=a=b", "--node-selector=a=c")),
    (kubernetes.render, (*PODS, "--python=~/python")), (kubernetes.render, (*PODS, "--name=a_b")),
    (kubernetes.render, (*PODS, "--namespace=a\nb")), (kubernetes.render, (*PODS, "--memory=9 G")),
    (kubernetes.render, (*PODS, "--gpus=" + "9" * 30)),
    (tpu_vm.render, (*SLICES, "--name=$(id)")), (tpu_vm.render, (*SLICES, "--project=a`id`")),
    (tpu_vm.render, (*SLICES, "--install=a\nb"))])
def test_what_could_be_something_else_is_refused(capsys, render, words):
    refused(capsys, render, *words)


HARMLESS = ("--config.data.path=/d/it's $HOME `id` $(id) \\ \"q\" ;&|<>*?#!~",)


def test_values_of_fields_reach_the_worker_as_they_are():
    lines = slurm.render((*SLURM, *HARMLESS)).splitlines()
    command = shlex.split(next(line for line in lines if line.startswith("srun ")))
    assert command[-1] == HARMLESS[0]
    pod = yaml.safe_load(kubernetes.render((*PODS, *HARMLESS)))["spec"]["template"]["spec"]
    assert pod["containers"][0]["command"][-1].replace("$$", "$") == HARMLESS[0]


def test_home_folders_are_spelled_out_where_quotes_would_hide_them(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    text = slurm.render((*SLURM, "--logs=~/logs", "--python=~/env/bin/python"))
    assert '"/home/me/logs/%x-%A_%a.log"' in text and " /home/me/env/bin/python -m " in text
