"""A campaign on an accelerator, in one call: speed beside PyTorch, then CIFAR-10 for ten minutes.

    TFDS_DATA_DIR=... python benchmarks/accelerator_campaign.py --out=docs/results \
        --workdir=runs/cifar10_mem --torch=/path/to/python/with/torch

Runs benchmarks/many_models.py, then configs/memorization.py:cifar10 for `--minutes`; whatever
groups of models are finished by then are merged, and scores, results and figures are copied to
<out>/cifar10_memorization, all but pictures of single images.
"""

import argparse
import pathlib
import signal
import subprocess
import sys

from accelerator import copy_results

from rum_jax.memorization.group import members_of

ROOT = pathlib.Path(__file__).parents[1]
COPIED = ("memorization.npz", "results.json", "reliability.csv", "memorization.svg",
          "reliability.svg")
MOST = 4096  # models, more than any device trains in that time


def command(workdir: pathlib.Path, models: int, extra: list[str]) -> list[str]:
    """The campaign with so many models."""
    return [sys.executable, "-m", "rum_jax.main",
            f"--config={ROOT / 'configs' / 'memorization.py'}:cifar10", f"--workdir={workdir}",
            f"--config.campaign.models={models}", *extra]


def finished(workdir: pathlib.Path) -> int:
    """How many models from the first on are there without a gap."""
    ranges = sorted((members for path in (workdir / "campaign" / "members").glob("*.npz")
                     if (members := members_of(path.name))), key=lambda members: members.start)
    count = 0
    for members in ranges:
        if members.start > count:
            break
        count = max(count, members.stop)
    return count


def main() -> None:
    """Runs both, one after the other; stops at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--workdir", type=pathlib.Path, required=True)
    parser.add_argument("--torch", default=sys.executable)
    parser.add_argument("--minutes", type=float, default=10)
    chosen, extra = parser.parse_known_args()
    subprocess.run([sys.executable, str(ROOT / "benchmarks" / "many_models.py"),
                    f"--out={chosen.out}", f"--torch={chosen.torch}"], check=True)
    running = subprocess.Popen(command(chosen.workdir, MOST, extra))
    try:
        running.wait(timeout=60 * chosen.minutes)
    except subprocess.TimeoutExpired:
        running.send_signal(signal.SIGINT)
        running.wait()
    subprocess.run(command(chosen.workdir, finished(chosen.workdir), extra), check=True)
    copy_results(chosen.workdir, chosen.out / "cifar10_memorization", COPIED)


if __name__ == "__main__":
    main()
