"""How a campaign stands while it runs: models done, speed, time left, reliability."""

import time

import numpy as np
from tqdm import tqdm

from rum_jax.memorization import tally
from rum_jax.memorization.estimate import split_half
from rum_jax.progress import say
from rum_jax.stages import site as sites
from rum_jax.stages.site import Site

EVERY_SECONDS = 10.0


class Standing:
    """Follows the groups in the folder; each is read once.

    Args:
      site: the campaign.
    """

    def __init__(self, site: Site) -> None:
        self._site, self._seen = site, set()
        self._tally = tally.empty(len(site.dataset.train), len(site.dataset.positions["test"]))
        self._update()
        self._begun = self._told = time.monotonic()
        self._before = self._done

    @property
    def _done(self) -> int:
        return int(self._tally.members.sum())

    def tell(self) -> None:
        """Says how it stands, every so many seconds."""
        now = time.monotonic()
        if now - self._told < EVERY_SECONDS:
            return
        self._told = now
        self._update()
        say(self._line(now - self._begun))

    def _update(self) -> None:
        for name in sites.names(self._site):
            if name not in self._seen:
                group, _ = sites.load(self._site, name)
                wanted = group.members < self._site.config.campaign.models
                self._tally = tally.added(self._tally, group.take(wanted))
                self._seen.add(name)

    def _line(self, seconds: float) -> str:
        models, done = self._site.config.campaign.models, self._done
        per_second = (done - self._before) / seconds
        left = tqdm.format_interval((models - done) / per_second) if per_second else "?"
        agreement = split_half(self._tally).pearson
        known = "not known yet" if np.isnan(agreement) else f"{agreement:.3f}"
        return (f"{done} of {models} models, {3600 * per_second:,.0f} models/h by all workers, "
                f"{left} left, correlation of two halves {known}")
