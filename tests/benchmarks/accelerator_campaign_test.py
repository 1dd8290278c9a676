import importlib

import pytest
from toy import ROOT


@pytest.fixture(scope="module")
def accelerator_campaign():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("accelerator_campaign")


@pytest.mark.parametrize("names, expected", [
    ([], 0), (["00000-00003"], 4), (["00000-00003", "00004-00007"], 8),
    (["00004-00007"], 0), (["00000-00003", "00008-00011"], 4)])
def test_models_from_the_first_on_without_a_gap(accelerator_campaign, tmp_path, names,
                                                 expected):
    members = tmp_path / "campaign" / "members"
    members.mkdir(parents=True)
    for name in names:
        (members / f"{name}.npz").touch()
    assert accelerator_campaign.finished(tmp_path) == expected
