"""Memorization from random subsets against exact leave-one-out memorization, on the digits.

    python -m rum_jax.main --config=configs/memorization.py:digits \
        --workdir=runs/digits_memorization
    python benchmarks/leave_one_out.py --workdir=runs/digits_memorization --out=docs/results

A campaign trains each model on a random share f of the n training examples and estimates

    mem(i) = P(right on i | trained with i) - P(right on i | trained without i).

Leave-one-out measures this with models on a set that has i and models on the same set without i;
for 20 examples, and in two settings:

    same_size  random subsets of f * n examples, as the campaign draws them: what the estimator
               estimates (but for one example more in half of the subsets), so both should agree
    whole      the whole training set, as memorization is defined: the difference from same_size
               is the bias that f brings

None of these models shares a random number with the campaign's. The examples are chosen by a
pilot estimate, from other models again: were they chosen by the estimate that is judged, those
that it overrates would be chosen more often, and it would seem to be too high. `--pilot=0` does
that nevertheless. `--also=FOLDER` compares the estimate of another finished campaign (with
another f, say) with the same leave-one-out on the whole training set.

The outcomes of each trained group of models are kept in --cache; the same command goes on where
it was stopped. Writes leave_one_out.json, leave_one_out.md and leave_one_out.png.
"""

import argparse
import pathlib

import numpy as np
from agreement import Counts, choose, compare, counts_of
from leave_one_out_models import (
    MOST_SEEDS,
    PILOT,
    SAME_SIZE,
    WHOLE,
    Run,
    Setup,
    included,
    make_setup,
    outcomes,
    sets_with,
    with_all,
    with_one_left_out,
)
from leave_one_out_page import figure, page
from ml_collections import ConfigDict
from sklearn.metrics import roc_auc_score

from rum_jax.core import records
from rum_jax.core.errors import InputError, RunError
from rum_jax.data.cache import cache_folder
from rum_jax.memorization import estimate
from rum_jax.runtime.provenance import cost, provenance
from rum_jax.runtime.xla import enable_compilation_cache, expose_cpu_cores

LEAST = 0.05      # candidates have at least this estimate; that of most examples is 0
CHOICE_SEED = 0
SHARED = 3        # models with everyone for each one without an example: they serve all examples


def read_campaign(workdir: pathlib.Path) -> tuple[ConfigDict, dict[str, np.ndarray]]:
    """Config, and the arrays of memorization.npz, of a finished campaign.

    Raises:
      InputError: one of them is missing.
    """
    for name in ("config.json", "memorization.npz"):
        if not (workdir / name).is_file():
            raise InputError(f"{workdir}: has no {name}; needed: the folder of a finished run of "
                             "python -m rum_jax.main")
    config = ConfigDict(_tuples(records.read_json(workdir / "config.json")))
    return config, records.read_arrays(workdir / "memorization.npz")


def _tuples(value: object) -> object:
    """JSON has lists where a config has tuples."""
    if isinstance(value, dict):
        return {name: _tuples(item) for name, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def estimated(stored: dict[str, np.ndarray], places: np.ndarray) -> Counts:
    """The campaign's own outcomes on these examples of the training set."""
    return counts_of(*(stored[name][places] for name in (
        "memorization", "standard_error", "count_in", "count_out")))


def check_same(setup: Setup, campaigns: dict[str, dict[str, np.ndarray]]) -> None:
    """Raises InputError unless all are estimates for this training set with these labels."""
    expected = {"ids": setup.dataset.ids, "labels": setup.dataset.labels}
    for campaign, stored in campaigns.items():
        for name, values in expected.items():
            if not np.array_equal(stored[name], values[setup.dataset.train]):
                raise InputError(f"memorization.npz of {campaign}: {name} are not those of the "
                                 "training set of --workdir; needed: the same config.data")


def pilot_scores(setup: Setup, models: int) -> np.ndarray:
    """float64[n], an estimate from so many models that serve for nothing else."""
    runs = [Run(PILOT, number) for number in range(models)]
    correct = outcomes(setup, np.arange(len(setup.campaign.train)), [runs], "pilot")
    masks = np.stack([included(setup.campaign, run) for run in runs])
    return estimate.memorization(masks, np.stack([correct[run] for run in runs])).memorization


def leave_one_out(setup: Setup, chosen: np.ndarray,
                  models: dict[str, tuple[int, int]]) -> dict[str, Counts]:
    """What models with and without each chosen example get right, for each setting.

    Args:
      setup: data, network, recipe, cache.
      chosen: int[k], places in the training set.
      models: setting -> how many with, and how many without, for each example.
    """
    sets = {setting: [sets_with(setup.campaign, setting, chosen, count) for count in counts]
            for setting, counts in models.items()}
    runs = [run_list for setting, (inside, outside) in sets.items() for run_list in (
        with_all(setting, inside), with_one_left_out(setting, chosen, outside))]
    correct = outcomes(setup, chosen, runs, "leave one out")

    def hits(runs: list[Run], k: int) -> int:
        return int(sum(correct[run][k] for run in runs))

    def counted(setting: str) -> Counts:
        inside, outside = sets[setting]
        pairs = [(hits(with_all(setting, [inside[k]]), k), len(inside[k]),
                  hits(with_one_left_out(setting, [i], [outside[k]]), k), len(outside[k]))
                 for k, i in enumerate(chosen)]
        return Counts(*np.array(pairs).T)

    return {setting: counted(setting) for setting in models}


def auroc(stored: dict[str, np.ndarray]) -> float | None:
    """Area under the ROC curve of the estimate for injected noise; None where there is none."""
    known = np.isfinite(stored["memorization"])
    injected = stored["injected_noise"][known]
    if injected.all() or not injected.any():
        return None
    return float(roc_auc_score(injected, stored["memorization"][known]))


def measured(counts: Counts) -> list[dict]:
    """Of each example what was counted, and memorization with its plus-four error."""
    columns = {"memorization": counts.memorization(), "error": counts.error(), **counts._asdict()}
    return [dict(zip(columns, row, strict=True))
            for row in zip(*(values.tolist() for values in columns.values()), strict=True)]


def run(arguments: argparse.Namespace) -> dict:
    """Trains what is missing and compares.

    Raises:
      InputError: a campaign is not finished, or of other data.
    """
    config, stored = read_campaign(arguments.workdir)
    others = {str(folder): read_campaign(folder) for folder in arguments.also}
    setup = make_setup(config, arguments.cache, arguments.group)
    campaigns = {"estimate": stored, **{name: arrays for name, (_, arrays) in others.items()}}
    check_same(setup, campaigns)
    by = pilot_scores(setup, arguments.pilot) if arguments.pilot else stored["memorization"]
    known = np.isfinite([arrays["memorization"] for arrays in campaigns.values()]).all(0)
    chosen = choose(np.where(known, by, np.nan), LEAST, arguments.examples,
                    np.random.default_rng(CHOICE_SEED))
    counts = {name: estimated(arrays, chosen) for name, arrays in campaigns.items()}
    counts |= leave_one_out(setup, chosen, {
        SAME_SIZE: (arguments.seeds, arguments.seeds),
        WHOLE: (SHARED * arguments.whole, arguments.whole)})
    pairs = [("estimate", SAME_SIZE), ("estimate", WHOLE), (SAME_SIZE, WHOLE),
             *((name, WHOLE) for name in others)]
    rows = {name: measured(values) for name, values in counts.items()}
    return {
        "examples": [{"id": str(stored["ids"][i]), "label": int(stored["labels"][i]),
                      "injected_noise": bool(stored["injected_noise"][i]),
                      "chosen_by": float(by[i]), **{name: cells[k] for name, cells in rows.items()}}
                     for k, i in enumerate(chosen)],
        "comparisons": [{"first": first, "second": second, **compare(counts[first], counts[second])}
                        for first, second in pairs],
        "choice": {"by": "pilot" if arguments.pilot else "estimate", "least": LEAST,
                   "pilot_models": arguments.pilot, "seed": CHOICE_SEED,
                   "candidates": int((by[known] >= LEAST).sum()), "training_examples": len(by)},
        "models": {name: [int(counts[name].times_in[0]), int(counts[name].times_out[0])]
                   for name in (SAME_SIZE, WHOLE)},
        "trained_like": setup.identity,
        "other_fractions": {name: other.memorization.subset_fraction
                            for name, (other, _) in others.items()},
        "injected_noise_auroc": auroc(stored),
        "injected_noise": int(stored["injected_noise"].sum()),
        "provenance": {**provenance(), **cost()}}


def _arguments() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workdir", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=20, help="pairs for each example, same_size")
    parser.add_argument("--whole", type=int, default=10, help="models without each example, whole")
    parser.add_argument("--pilot", type=int, default=32, help="models; 0: the estimate chooses")
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--group", type=int, default=20, help="models trained at a time")
    parser.add_argument("--cache", type=pathlib.Path, help="default: <workdir>-leave_one_out")
    parser.add_argument("--also", type=pathlib.Path, action="append", default=[])
    arguments = parser.parse_args()
    for name, least, most in (("seeds", 1, MOST_SEEDS // 10), ("whole", 1, MOST_SEEDS),
                              ("pilot", 0, MOST_SEEDS), ("examples", 3, 1000), ("group", 1, 1000)):
        if not least <= getattr(arguments, name) <= most:
            parser.error(f"--{name}: is {getattr(arguments, name)}; allowed: {least}..{most}")
    folder = arguments.workdir
    arguments.cache = arguments.cache or folder.with_name(f"{folder.name}-leave_one_out")
    return parser, arguments


def main() -> None:
    """Writes the three files."""
    parser, arguments = _arguments()
    expose_cpu_cores(0)
    enable_compilation_cache(cache_folder() / "programs")
    try:
        results = run(arguments)
    except (InputError, RunError) as error:
        parser.error(str(error))
    arguments.out.mkdir(parents=True, exist_ok=True)
    stem = arguments.out / "leave_one_out"
    records.write_json(stem.with_suffix(".json"), results)
    records.write_bytes(stem.with_suffix(".png"), figure(results))
    records.write_bytes(stem.with_suffix(".md"), page(results).encode())
    print(page(results))


if __name__ == "__main__":
    main()
