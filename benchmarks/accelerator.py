"""What an accelerator is for, in one call: throughput, and full-size CIFAR-10 with every algorithm.

    TFDS_DATA_DIR=... python benchmarks/accelerator.py --out=docs/results --workdir=runs/cifar10

Runs benchmarks/throughput.py, then configs/cifar10_rum.py:algorithms with as many memorization
models as `--models` says (16: enough to choose a forget set, too few for a study), and copies
results and figures to <out>/cifar10_full, all but pictures of single images. The same command
goes on with a run that was stopped.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).parents[1]
COPIED = ("results.json", "results.csv", "tow.svg", "accuracies.svg", "run_times.svg",
          "memorization.svg")


def copy_results(workdir: pathlib.Path, target: pathlib.Path, names: Sequence[str]) -> None:
    """Copies files of a finished run to a folder that is made if it is not there."""
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(workdir / name, target / name)


def main() -> None:
    """Runs both, one after the other; stops at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--workdir", type=pathlib.Path, required=True)
    parser.add_argument("--models", type=int, default=16)
    chosen = parser.parse_args()
    subprocess.run([sys.executable, str(ROOT / "benchmarks" / "throughput.py"),
                    f"--out={chosen.out}"], check=True)
    subprocess.run([sys.executable, "-m", "rum_jax.main",
                    f"--config={ROOT / 'configs' / 'cifar10_rum.py'}:algorithms",
                    f"--workdir={chosen.workdir}", f"--config.campaign.models={chosen.models}"],
                   check=True)
    copy_results(chosen.workdir, chosen.out / "cifar10_full", COPIED)


if __name__ == "__main__":
    main()
