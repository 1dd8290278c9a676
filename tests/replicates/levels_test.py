import numpy as np
import pytest
from ml_collections import ConfigDict

from rum_jax.config import base
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.replicates.folders import folder_of
from rum_jax.replicates.levels import check_levels
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin


def study(size, *sets):
    c = base.get_config()
    c.replicates, c.tuning.replicates = (0, 1, 2), (7,)
    c.parts = ConfigDict({f"part{k}": {"forget": {"sets": (name,), "size": size}}
                          for k, name in enumerate(sets)})
    return c


def stored(folder, scores):
    """A finished stage with these scores."""
    stage_cache.stage(folder / "base", "memorization", lambda place: records.write_arrays(
        place / "memorization.npz", memorization=scores), Origin({}, []))


def check(workdir, config):
    check_levels(workdir, config, (*config.tuning.replicates, *config.replicates))


@pytest.fixture
def workdir(tmp_path):
    """Four data seeds with 20 scores each: 0, 0.05, ..., 0.95; of seed 2 nearly all are 0."""
    for data_seed in (0, 1, 2, 7):
        scores = np.arange(20) / 20
        if data_seed == 2:
            scores[4:] = 0
        stored(folder_of(tmp_path, data_seed), scores)
    return tmp_path


def test_levels_that_every_replicate_can_fill_pass(workdir):
    check(workdir, study(2, "memorization:low", "memorization:high", "random"))
    of_two = study(3, "memorization:mix")
    of_two.replicates = (0, 1)
    check(workdir, of_two)


def test_levels_with_common_examples_name_the_replicate_and_the_largest_size(workdir):
    with pytest.raises(InputError) as error:
        check(workdir, study(8, "memorization:mid", "memorization:high"))
    text = str(error.value)
    assert "data seed 7: config.forget.size: is 8; memorization:mid and memorization:high" in text
    assert "in common; allowed: at most 6, with which they have none" in text


def test_a_mix_that_one_replicate_cannot_fill_names_it(workdir):
    with pytest.raises(InputError, match="data seed 2: .*in two of the parts of memorization:mix"):
        check(workdir, study(12, "memorization:mix"))


def test_a_bound_of_memorization_that_one_replicate_cannot_keep_names_it(workdir):
    """Below 0.25 are 5 examples, of data seed 2 all 20 but one or two."""
    check(workdir, study(5, "entanglement_score_ratio:1,memorization<0.25"))
    with pytest.raises(InputError, match=(
            "data seed 7: config.forget.size: is 6; allowed with entanglement_score_ratio:1,"
            "memorization<0.25: at most 5, as memorization of only 5 of 20 examples .*part part0")):
        check(workdir, study(6, "entanglement_score_ratio:1,memorization<0.25"))


def test_scores_that_are_damaged_or_gone_are_named(workdir):
    path = folder_of(workdir, 1) / "base" / "stages" / "memorization" / "memorization.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="memorization.npz: is damaged, its content is not what"):
        check(workdir, study(2, "memorization:low"))
    path.unlink()
    with pytest.raises(InputError, match="memorization.npz: is missing; "):
        check(workdir, study(2, "memorization:low"))


def test_without_memorization_there_is_nothing_to_check(tmp_path):
    check(tmp_path, study(8, "random", "class:1"))
