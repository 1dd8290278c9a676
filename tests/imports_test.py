"""Importing the package changes nothing in the process: not a setting, listener or filter."""

import json
import os
import subprocess
import sys

from toy import ROOT

PROGRAM = """
import ast, contextlib, importlib, json, logging, os, pathlib, sys, threading, warnings

def outside(tree):
    # Names of modules of other packages that a file imports when it is imported itself.
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)

package = pathlib.Path(sys.argv[1])
files = sorted(package.rglob("*.py"))
for file in files:
    for name in outside(ast.parse(file.read_text())):
        if name.partition(".")[0] != "rum_jax":
            with contextlib.suppress(ImportError):
                importlib.import_module(name)

import jax, matplotlib
from absl import flags
from jax._src import monitoring, xla_bridge

def state():
    loggers = [logging.root, *(one for one in logging.root.manager.loggerDict.values()
                               if isinstance(one, logging.Logger) and
                               not one.name.startswith("rum_jax"))]
    return {
        "matplotlib": {name: repr(dict.__getitem__(matplotlib.rcParams, name))
                       for name in matplotlib.rcParams},
        "pyplot": "matplotlib.pyplot" in sys.modules,
        "jax config": {name: repr(value) for name, value in jax.config.values.items()},
        "jax backends": sorted(xla_bridge._backends),
        "jax listeners": [repr(one) for one in (
            *monitoring.get_event_duration_listeners(), *monitoring.get_event_listeners())],
        "logging": {one.name: [one.level, one.propagate, one.disabled, repr(one.handlers),
                               repr(one.filters)] for one in loggers},
        "warnings": [repr(one) for one in warnings.filters],
        "flags": sorted(flags.FLAGS),
        "environment": dict(os.environ), "path": sys.path, "folder": os.getcwd(),
        "threads": sorted(one.name for one in threading.enumerate())}

before = state()
names = [".".join(file.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
         for file in files]
for name in names:
    importlib.import_module(name)
after = state()
print(json.dumps({"modules": names, "changed": {
    key: [before[key], after[key]] for key in before if before[key] != after[key]}}))
"""


def imported(package, **environment) -> dict:
    """Modules of a package that a new process has imported, and what that changed there."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, package], capture_output=True, text=True,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_every_module_changes_nothing():
    report = imported(ROOT / "rum_jax", PYTHONPATH=str(ROOT))
    assert report["changed"] == {}
    assert len(report["modules"]) > 100 and "rum_jax.report.figures" in report["modules"]


def test_a_change_would_be_noticed(tmp_path):
    """The same program on a package that does what no import may do."""
    package = tmp_path / "careless"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import logging, os, warnings\nimport jax, matplotlib\n"
        "matplotlib.use('svg')\nmatplotlib.rcParams['font.size'] = 3\n"
        "jax.monitoring.register_event_duration_secs_listener(print)\n"
        "jax.config.update('jax_enable_x64', True)\nlogging.basicConfig()\n"
        "warnings.simplefilter('ignore')\nos.environ['CARELESS'] = '1'\n")
    assert set(imported(package, PYTHONPATH=str(tmp_path))["changed"]) == {
        "matplotlib", "jax listeners", "jax config", "logging", "warnings", "environment"}
