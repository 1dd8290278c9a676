import json
import pathlib

import pytest

from rum_jax.config import base, shipped, studies, variants
from rum_jax.config.content import flat
from rum_jax.config.validate import faults
from rum_jax.experiment.build import recipe
from rum_jax.proxies import PROXIES
from rum_jax.unlearn import ALGORITHMS

ROOT = pathlib.Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.py"))


RUM = ("cifar100_rum", "cifar10_rum", "cifar10_small_rum", "digits_rum", "tiny_imagenet_rum")
STUDIES = ("entanglement", "memorization_levels", "proxies", "sequential_vs_one_shot")
CLAIMS = ("auto_rum", "claim_reasons", "claims")
STUDY_DATA = ("digits", "cifar10_small", "cifar10", "cifar100")
# What a study changes in the RUM study on the same data, beside `rows`, `metrics` and relearning.
CHANGED = {"entanglement": ("forget.sets", "campaign.models"),
           "memorization_levels": ("forget.sets", "forget.size"),
           "proxies": ("proxies.compared",),
           "sequential_vs_one_shot": ("trace", "stream.", "vanilla.hparams.", "rum_f.hparams.")}


def load(path):
    return shipped.run(path)


def shipped_config(name):
    """The config of NAME or NAME:VARIANT."""
    file, colon, variant = name.partition(":")
    return shipped.get_config(file, *([variant] if colon else []))


def changes(first, second):
    """Dotted names of the fields that two configs do not have alike."""
    first, second = (flat(shipped_config(name).to_dict()) for name in (first, second))
    return {name.removeprefix("config.") for name in {**first, **second}
            if first.get(name) != second.get(name)}


def _is_not_here(fault: str) -> bool:
    """Whether a fault says that this machine has not got the data, and nothing else."""
    return ("TFDS_DATA_DIR may name another folder" in fault
            or (fault.startswith("config.data.path: is") and "/tiny-imagenet-200'" in fault))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_is_valid_and_documented_in_every_variant(path):
    module = load(path)
    assert f"--config=configs/{path.name}" in module.__doc__
    named = path.stem not in RUM  # the data set, which each variant has
    for variant in module.VARIANTS:
        messages = faults(module.get_config(variant).to_dict())
        assert all(_is_not_here(fault) for fault in messages), (variant, messages)
        mention = f"    :{variant} " if named else f"{path.name}:{variant} "
        assert mention in module.__doc__ or (not named and variant == module.VARIANTS[0])


def test_no_config_is_missing():
    assert {path.stem for path in CONFIGS} == {*RUM, *STUDIES, *CLAIMS, "memorization"}
    assert shipped.names() == tuple(path.stem for path in CONFIGS)
    allowed = {path.stem: ",".join(load(path).VARIANTS) for path in CONFIGS}
    for name in STUDIES:
        assert allowed[name] == ("digits,cifar10_small,cifar10,cifar100,"
                                 "cifar10,smoke,cifar100,smoke")
    for name in CLAIMS:
        assert allowed[name] == ("digits,cifar10_small,cifar10,cifar100,digits,smoke,"
                                 "cifar10_small,smoke,cifar10,smoke,cifar100,smoke")
    assert allowed["memorization"] == ("digits,cifar10,cifar100,tiny_imagenet,"
                                       "cifar10,smoke,cifar100,smoke,tiny_imagenet,smoke")


@pytest.mark.parametrize("variant", variants.known(STUDY_DATA, ("cifar10", "cifar100")))
@pytest.mark.parametrize("study", STUDIES)
def test_a_study_differs_from_the_rum_study_in_what_it_compares_alone(study, variant):
    data, _, smoke = variant.partition(",")
    fields = changes(f"{study}:{variant}", f"{data}_rum" + f":{smoke}" * bool(smoke))
    seeds = {"seeds"} & fields if data in studies.SEEDS else set()
    allowed = ("rows", "metrics", "relearn.epochs", *CHANGED[study])
    assert {name for name in fields if not name.startswith(allowed)} == seeds
    assert {"rows", "metrics", "relearn.epochs"} <= fields
    assert ("forget.size" in fields) == (study == "memorization_levels" and data == "digits")
    assert ("campaign.models" in fields) == (study == "entanglement" and data != "digits")
    assert shipped_config(f"{study}:{variant}").data.name == shipped_config(
        f"{data}_rum").data.name


@pytest.mark.parametrize("data", ["cifar10", "cifar100", "tiny_imagenet"])
def test_campaigns_have_the_model_of_the_study_and_give_all_examples_a_score(data):
    config, rum = shipped_config(f"memorization:{data}"), shipped_config(f"{data}_rum")
    assert config.campaign.alone and not rum.campaign.alone and config.campaign.models == 400
    assert (config.data.name, config.model.name) == (rum.data.name, rum.model.name)
    assert (config.data.validation_fraction == 0.0
            and config.memorization.augmentation == "crop_and_flip")
    kept = {name for name in changes(f"memorization:{data}", f"{data}_rum")
            if not name.startswith("train.")}
    assert kept <= {"campaign.alone", "data.validation_fraction", "memorization.augmentation"}
    assert shipped_config(f"memorization:{data},smoke").campaign.models == 8


def test_the_digits_campaign_has_the_data_and_the_training_of_the_study():
    fields = changes("memorization:digits", "digits_rum")
    assert {name for name in fields if ".hparams." not in name} == {"campaign.alone",
                                                                    "campaign.models"}
    assert shipped_config("memorization:digits").campaign.models == 256


def test_seeds_and_steps_of_the_studies():
    for data, seeds in (("digits", tuple(range(8))), ("cifar10_small", (1, 2, 3)),
                        ("cifar10", (1, 2, 3)), ("cifar100,smoke", (1, 2))):
        assert shipped_config(f"proxies:{data}").seeds == seeds
    chains = {data: shipped_config(f"sequential_vs_one_shot:{data}") for data in (
        "digits", "cifar10_small", "cifar10", "cifar10,smoke")}
    assert [c.rum_f.hparams.salun.mid.epochs for c in chains.values()] == [2, 2, 4, 1]
    assert chains["digits"].seeds == tuple(range(6)) and chains["digits"].stream.size == 45
    assert chains["digits"].stream.requests == 3 * ("memorization:mix",)
    assert chains["cifar10"].stream.requests == 3 * ("heldout_retrain:mix",)
    assert chains["cifar10"].stream.size == 3000
    assert shipped_config("memorization_levels:digits").forget.size == 48
    assert shipped_config("memorization_levels:cifar10,smoke").forget.sets[0] == "confidence:low"


def test_the_reference_variant_has_the_released_behavior():
    config = load(ROOT / "configs" / "digits_rum.py").get_config("reference")
    for name, algorithm in ALGORITHMS.items():
        for table in (config.vanilla.hparams[name], config.rum.hparams[name].high):
            assert {key: table[key] for key in algorithm.reference} == algorithm.reference
    for name, proxy in PROXIES.items():
        table = config.proxies.get(name, {})
        assert {key: table[key] for key in proxy.reference} == proxy.reference
    assert config.vanilla.hparams.salun.keep == "smallest"
    assert config.vanilla.hparams.influence.examples == "first"
    assert config.proxies.heldout_retrain.order == "data"


def test_the_steps_of_rum_default_to_the_released_scripts():
    c = base.get_config()
    assert [c.rum.algorithms[s] for s in ("low", "mid", "high")] == ["none", "finetune", "salun"]
    mid, high = c.rum.hparams.finetune.mid, c.rum.hparams.salun.high
    assert (mid.learning_rate, mid.epochs) == (0.1, 10)
    assert (high.learning_rate, high.epochs, high.mask_fraction) == (0.1, 5, 0.5)
    steps = [c.rum_f.hparams.neggrad_plus[s] for s in ("low", "mid", "high")]
    assert [(s.alpha, s.epochs, s.learning_rate) for s in steps] == [
        (0.99, 5, 0.01), (0.97, 5, 0.01), (0.97, 10, 0.001)]


def test_fields_can_be_set_by_name_and_new_tables_are_made():
    c = base.get_config()
    base.set_fields(c, {"train.epochs": 3, "vanilla.hparams.forget.rate": 0.5})
    assert c.train.epochs == 3 and c.vanilla.hparams.forget.rate == 0.5


def test_the_full_configs_are_the_papers_settings():
    cifar10, cifar100, tiny = (load(ROOT / "configs" / f"{name}_rum.py").get_config()
                               for name in ("cifar10", "cifar100", "tiny_imagenet"))
    assert [c.model.name for c in (cifar10, cifar100, tiny)] == ["resnet18", "resnet50",
                                                                 "resnet18"]
    for c in (cifar10, cifar100, tiny):
        assert (c.forget.size, c.train.batch_size, c.train.learning_rate) == (3000, 256, 0.1)
        assert c.model.widths == c.model.blocks == () and len(c.seeds) == 3
        assert c.unlearn.augmentation == "none", "as the released scripts have it"
    assert (cifar10.train.epochs, cifar10.train.schedule) == (30, "cosine")
    for c in (cifar10, cifar100, tiny):
        assert recipe(c, c.memorization).rates()[-1] < 0.01, "members end at a low rate"
    assert (cifar100.train.schedule, cifar100.train.milestones) == ("steps", (60, 120))


def test_smoke_is_the_same_pipeline_made_small():
    for name in ("cifar10", "cifar100", "tiny_imagenet"):
        module = load(ROOT / "configs" / f"{name}_rum.py")
        full, smoke = module.get_config(), module.get_config("smoke")
        assert smoke.rows == full.rows and smoke.metrics == full.metrics
        assert smoke.data.name == full.data.name and smoke.data.train_per_class > 0
        assert smoke.rum_f.hparams.salun.mid.epochs == 1 == smoke.vanilla.hparams.finetune.epochs


def test_digits_ships_what_the_committed_search_chose():
    search = json.loads((ROOT / "docs" / "results" / "digits_search.json").read_text())
    assert search["chosen_fields"] == load(ROOT / "configs" / "digits_rum.py").CHOSEN
    assert {len(row["trials"]) for row in search["rows"].values()} == {search["sweep"]["points"]}


def test_small_cifar10_ships_what_the_committed_searches_chose():
    results, shipped = ROOT / "docs" / "results", set()
    module = load(ROOT / "configs" / "cifar10_small_rum.py")
    config = module.get_config()
    for path in (*results.glob("studies/search_*.json"), *results.glob("cifar10_small/search_*")):
        for row, entry in json.loads(path.read_text())["rows"].items():
            (step,) = entry["chosen"]["steps"]
            shipped.add(step["algorithm"])
            hparams = config.vanilla.hparams[step["algorithm"]].to_dict()
            assert hparams == {**hparams, **step["hparams"]}, row
    assert {f"vanilla:{name}" for name in shipped} == set(base.VANILLA)
    assert shipped == set(module.CHOSEN)


@pytest.mark.parametrize("data", STUDY_DATA)
def test_studies_compare_what_they_say(data):
    configs = {name: shipped_config(f"{name}:{data}") for name in STUDIES}
    for name, family in (("entanglement", "entanglement"),
                         ("memorization_levels", "memorization")):
        assert configs[name].forget.sets == tuple(f"{family}:{x}" for x in ("low", "mid", "high"))
        assert configs[name].rows == base.VANILLA
    assert configs["proxies"].proxies.compared == tuple(PROXIES)
    assert {"rum", "rum_shuffled", *(f"rum[by={name}]" for name in PROXIES)} <= set(
        configs["proxies"].rows)
    chains = configs["sequential_vs_one_shot"]
    assert chains.trace and len(chains.rows) == len(studies.CHAINED) * 9
    for name in studies.CHAINED:
        whole, step = chains.vanilla.hparams[name], chains.rum_f.hparams[name]
        assert whole.epochs == sum(step[subset].epochs for subset in ("low", "mid", "high"))
        assert {**whole.to_dict(), "epochs": 0} == {**step.mid.to_dict(), "epochs": 0}
