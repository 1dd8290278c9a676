"""How strongly training examples are memorized: estimates, proxies, and published scores."""

import dataclasses
import pathlib
from typing import Any

import numpy as np

from rum_jax.api import group_files
from rum_jax.api.models import Models
from rum_jax.api.problem import Problem
from rum_jax.api.training import train
from rum_jax.config.base import get_config
from rum_jax.core import checks
from rum_jax.core.checks import shortened, similar
from rum_jax.core.errors import InputError
from rum_jax.memorization import estimate, tally
from rum_jax.memorization.members import Campaign, train_members
from rum_jax.proxies import PROXIES, ProxyInputs
from rum_jax.proxies import scores as rising
from rum_jax.proxies.learning_events import EVENTS
from rum_jax.runtime.progress import part, say, shown
from rum_jax.unlearn.apply import value_faults

FEWEST_MODELS = 4
_DEFAULTS = get_config()


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """Scores of the n training examples; the higher, the more strongly memorized.

    Attributes:
      name: of the score.
      values: float64[n]; NaN where it is not known.
      ids: of the examples, [n].
      standard_error: float64[n]; None for proxies.
      per_seed: float64[M,n] of each model, whose mean the values are; None: there is one estimate.
      record: what they were made with, as JSON values.
    """

    name: str
    values: np.ndarray
    ids: np.ndarray
    standard_error: np.ndarray | None = None
    per_seed: np.ndarray | None = None
    record: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        known = self.values[np.isfinite(self.values)]
        return (f"Scores({self.name} of {len(known)} of {len(self)} examples, "
                f"{known.min(initial=0):.3f} to {known.max(initial=0):.3f})")

    def to_pandas(self) -> Any:
        """A pandas.DataFrame with a row for each training example, indexed by its id."""
        import pandas as pd

        columns = {self.name: self.values}
        if self.standard_error is not None:
            columns["standard_error"] = self.standard_error
        return pd.DataFrame(columns, index=pd.Index(self.ids, name="id"))


def values_of(scores: Any, examples: int) -> np.ndarray:
    """float64[n] of scores, or of an array.

    Args:
      scores: see `Scores`, or an array.
      examples: n.

    Raises:
      InputError: it has another length.
    """
    values = np.asarray(scores.values if isinstance(scores, Scores) else scores)
    if values.shape != (examples,) or values.dtype.kind not in "fiu":
        raise InputError(f"scores: are {values.dtype}{list(values.shape)}; allowed: what "
                         f"rum.memorization or rum.proxy gives, or float[{examples}], one for each "
                         "training example")
    return values.astype(np.float64)


def memorization(problem: Problem, models: int = _DEFAULTS.campaign.models, *,
                 subset_fraction: float = _DEFAULTS.memorization.subset_fraction, seed: int = 0,
                 group_size: int = _DEFAULTS.campaign.group_size,
                 workdir: str | pathlib.Path | None = None) -> Scores:
    """Memorization scores (Feldman & Zhang 2020, equation 1), from models trained on subsets.

    mem_i = P(correct on i | i in the training set) - P(correct on i | i left out)

    Args:
      problem: its network and recipe.
      models: how many are trained.
      subset_fraction: share of the training set that each is trained on.
      seed: of subsets, initial weights and orders; model k depends on (seed, k) alone.
      group_size: models trained at a time.
      workdir: folder where finished groups are kept, so that a second call resumes; None: nowhere.

    Raises:
      InputError: a value that is not allowed, or a workdir of another problem.
      rum.DivergedError: a loss is not finite.
    """
    allowed = {"models": checks.integer(FEWEST_MODELS), "group_size": checks.integer(1),
               "subset_fraction": checks.number(0, 1, open_low=True), "seed": checks.integer(0)}
    given = {"models": models, "group_size": group_size, "subset_fraction": subset_fraction,
             "seed": seed}
    for name, check in allowed.items():
        if fault := check(given[name]):
            raise InputError(f"{name}: {fault}")
    campaign = Campaign(seed, subset_fraction, problem.recipe.training(), problem.train,
                        problem.test)
    folder = group_files.opened(workdir, problem, given)
    sums = tally.empty(len(problem.train), len(problem.test))
    with shown(f"memorization, {models} models") as progress:
        for first in range(0, models, group_size):
            members = range(first, min(first + group_size, models))
            share = part(progress, first, models, len(members))
            group = group_files.read(folder, members)
            if group is None:
                group = train_members(problem.task, campaign, members, share)
                group_files.write(folder, group)
            else:
                share(1.0)
            sums = tally.added(sums, group)
    scores = estimate.of_tally(sums)
    return Scores("memorization", scores.memorization, problem.ids, scores.standard_error,
                  record=given)


def proxy(problem: Problem, name: str, *, trained: Models | None = None, **hparams: Any) -> Scores:
    """A proxy for memorization, from the given models or from their training.

    Args:
      problem: what it is computed for.
      name: a key of `rum.PROXIES`.
      trained: what `rum.train` gives, for proxies that are recorded while models are trained; None:
        they are trained for it.
      hparams: of the proxy; the others have their published values.

    Returns:
      Means over models, signed so that they rise with memorization.

    Raises:
      InputError: names the argument, the value and what is allowed.
    """
    if name not in PROXIES:
        raise InputError(f"name: is {shortened(name)}; known: {', '.join(sorted(PROXIES))}"
                         f"{similar(name, PROXIES)}")
    chosen = PROXIES[name]
    values = {**chosen.hparams, **hparams}
    if faults := value_faults(name, chosen.checks, values):
        raise InputError("; ".join(faults))
    if name in EVENTS:
        if trained is not None and not (isinstance(trained, Models)
                                        and trained.problem.task is problem.task):
            raise InputError(f"trained: is {shortened(trained)}; allowed: what rum.train gives for "
                             "this problem")
        events = (trained or train(problem)).events
        if name not in events:
            raise InputError("trained: has no learning events; allowed: what rum.train(problem) "
                             "gives")
        measured = events[name][:, problem.train]
    else:
        with shown(name) as progress:
            parts = {"test": problem.test, "validation": problem.validation}
            if len(parts.get(str(values.get("part")), problem.train)) == 0:
                raise InputError(f"{values['part']}: is None; allowed where {name} is computed: "
                                 "(images, labels)")
            assert chosen.compute is not None  # all proxies but learning events have one
            result = chosen.compute(ProxyInputs(
                problem.task, problem.states, problem.train, parts,
                problem.recipe.training().optimizer, problem.seeds, progress), values)
        if result.caution:
            say(f"caution: {result.caution}")
        measured = result.values
    rises = rising(name, measured)
    return Scores(name, rises.mean(0), problem.ids, per_seed=rises, record=values)
