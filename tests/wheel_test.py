"""The wheel in an empty environment and an empty folder: all that the command needs is in it."""

import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest
from toy import FIELDS, ROOT

from rum_jax.config import shipped

pytestmark = pytest.mark.slow
SOURCE = ("rum_jax", "configs", "setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
NO_NETWORK = ("No matching distribution", "Could not find a version", "Connection", "Retry(")


def builds_alone() -> bool:
    """Whether the installed setuptools can make a wheel without any other package."""
    try:
        version = importlib.metadata.version("setuptools").split(".")
    except importlib.metadata.PackageNotFoundError:
        return False
    return tuple(map(int, version[:2])) >= (70, 1)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> pathlib.Path:
    """The wheel, from a copy of the source, so that nothing is left beside it."""
    folder = tmp_path_factory.mktemp("source")
    for name in SOURCE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, folder / name)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", f"--wheel-dir={folder / 'dist'}",
         *(["--no-build-isolation"] if builds_alone() else []), str(folder)],
        capture_output=True, text=True)
    if done.returncode and not builds_alone() and any(
            words in done.stdout + done.stderr for words in NO_NETWORK):
        pytest.skip("setuptools>=70.1 is not installed, and pip cannot reach an index for it")
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "dist").glob("rum_jax-*.whl")
    return path


@pytest.fixture(scope="module")
def programs(wheel, tmp_path_factory) -> pathlib.Path:
    """Programs of an environment with the wheel; its dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    subprocess.run([programs / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index",
                    wheel], check=True)
    inside = subprocess.run([programs / "python", "-c",
                             "import sysconfig; print(sysconfig.get_path('purelib'))"],
                            check=True, capture_output=True, text=True).stdout.strip()
    # A folder that a .pth file names comes last, and .pth files in it are not read, so that an
    # editable rum_jax of this environment is not seen.
    pathlib.Path(inside, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


def run(folder, *command):
    """A command in a folder, without the variables that let Python find the source."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_wheel_has_templates_schemas_configs_and_one_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"rum_jax"}
    assert {f"rum_jax/configs/{name}.py" for name in shipped.names()} <= names
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "rum_jax").rglob("*")
            if path.is_file() and path.suffix not in (".py", ".pyc")}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "rum_jax").rglob("*.py")}
    assert "rum_jax/py.typed" in data and "rum_jax/report/results.schema.json" in data
    assert data | modules <= names


def test_the_demo_runs_from_an_empty_folder(programs, tmp_path):
    done = run(tmp_path, programs / "rum-jax", "--config=digits_rum", "--workdir=x",
               *(f"--config.{name}={value}" for name, value in FIELDS.items()))
    assert done.returncode == 0, done.stderr
    assert "vanilla:finetune" in done.stdout and "x/report.html" in done.stdout
    assert "<html" in (tmp_path / "x" / "report.html").read_text()
    results = json.loads((tmp_path / "x" / "results.json").read_text())
    assert {row["name"] for row in results["rows"]} >= set(FIELDS["rows"])
    assert results["provenance"]["commit"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_it_is_the_wheel_that_runs_and_configs_are_found_by_name(programs, tmp_path):
    lines = run(tmp_path, programs / "python", "-c",
                "import rum_jax; from rum_jax.config import shipped; print(rum_jax.__file__); "
                "print(shipped.folder()); print(*shipped.names())").stdout.splitlines()
    assert lines[0].startswith(str(programs.parent))
    assert lines[1] == str(pathlib.Path(lines[0]).parent / "configs")
    assert lines[2].split() == list(shipped.names())
    for config, expected in (("entanglement:digits,smoke", "digits has no smoke variant"),
                             ("digit_rum", "did you mean digits_rum?"),
                             ("configs/digits_rum.py", "is called by its name, digits_rum")):
        done = run(tmp_path, programs / "python", "-m", "rum_jax.main", f"--config={config}",
                   "--workdir=x")
        assert done.returncode == 2 and expected in done.stderr, done.stderr
    done = run(tmp_path, programs / "python", "-m", "rum_jax.main", "--config=memorization:digits",
               "--workdir=x", "--config.campaign.plan=true", "--config.model.widths=(4,)",
               "--config.model.blocks=(1,)")
    assert done.returncode == 0 and "256" in done.stdout, done.stderr
    assert not list(tmp_path.iterdir())
