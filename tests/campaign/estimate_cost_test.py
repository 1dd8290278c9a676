from rum_jax.campaign import estimate_cost
from rum_jax.config import base


def test_a_study_over_replicates_has_a_campaign_for_every_data_seed():
    config = base.get_config()
    assert estimate_cost._replicates(config, 0.5) == []
    config.replicates, config.tuning.replicates = (0, 1, 2), (100, 101)
    assert estimate_cost._replicates(config, 0.5) == [
        "in all:   2.50 h for 5 such campaigns, of 3 replicates and 2 data seeds of the search; "
        "searches, oracles and methods not counted"]
