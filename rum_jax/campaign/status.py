"""How a campaign stands while it runs: models done, speed, time left, reliability."""

import time

import numpy as np
from tqdm import tqdm

from rum_jax.campaign import shards
from rum_jax.campaign.shards import CampaignDirectory
from rum_jax.core.errors import InputError
from rum_jax.memorization import tally
from rum_jax.memorization.estimate import split_half
from rum_jax.runtime.progress import say

EVERY_SECONDS = 10.0


class CampaignStatus:
    """Follows the groups in the folder; the first worker alone reads them, each once.

    Args:
      directory: the campaign.
    """

    def __init__(self, directory: CampaignDirectory) -> None:
        self._directory, self._seen = directory, set()
        dataset = directory.dataset
        self._tally = tally.empty(len(dataset.train), len(dataset.positions["test"]))
        self._before = self._done()
        self._begun = self._last_message = time.monotonic()

    def _done(self) -> int:
        return self._directory.config.campaign.models - len(shards.missing(self._directory))

    def print_progress(self) -> None:
        """Says how it stands, every so many seconds."""
        now = time.monotonic()
        if now - self._last_message < EVERY_SECONDS:
            return
        self._last_message, models, done = now, self._directory.config.campaign.models, self._done()
        speed = (done - self._before) / (now - self._begun)
        left = tqdm.format_interval((models - done) / speed) if speed else "?"
        say(f"{done} of {models} models, {3600 * speed:,.0f} models/h by all workers, {left} left"
            + (self._agreement() if self._directory.worker.index == 0 else ""))

    def _agreement(self) -> str:
        """Correlation of two halves so far; a damaged group is left to the merge to name."""
        for name in shards.names(self._directory):
            if name in self._seen:
                continue
            self._seen.add(name)
            try:
                group, _ = shards.load(self._directory, name)
            except InputError:
                continue
            expected = group.members < self._directory.config.campaign.models
            self._tally = tally.added(self._tally, group.take(expected))
        pearson = split_half(self._tally).pearson
        return "" if np.isnan(pearson) else f", correlation of two halves {pearson:.3f}"
