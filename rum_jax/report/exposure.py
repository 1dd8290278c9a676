"""Hyper-parameters of chains and one-shot rows, and their epochs on each forget example."""

from collections.abc import Sequence

from rum_jax.report.words import joined
from rum_jax.unlearn.base import RELABELING


def epochs_of_example(steps: Sequence[dict]) -> float | None:
    """Epochs of the step that unlearns an example, mean over steps; None: not all have epochs."""
    epochs = [step["hparams"]["epochs"] for step in steps if "epochs" in step["hparams"]]
    return sum(epochs) / len(epochs) if epochs and len(epochs) == len(steps) else None


def has_hparams_of(row: dict, one_shot: dict) -> bool | None:
    """Whether all steps have one-shot's hyper-parameters, but for epochs; None: not known."""
    def but_epochs(step: dict) -> dict:
        return {key: value for key, value in step["hparams"].items() if key != "epochs"}

    if not row["steps"] or not one_shot["steps"]:
        return None
    return all(but_epochs(step) == but_epochs(one_shot["steps"][0]) for step in row["steps"])


def exposure(algorithms: Sequence[dict]) -> list[str]:
    """Sentences: chains with one-shot's hyper-parameters, or with other epochs per example."""
    sentences = []
    for algorithm in algorithms:
        shot, chains = algorithm["ways"][0], algorithm["ways"][1:]
        taken = [way["way"] for way in chains if way["hparams_of_one_shot"]]
        if taken:
            sentences.append(
                f"{algorithm['algorithm']}: the steps of {', '.join(taken)} take the "
                "hyper-parameters of one-shot, but for the epochs; they were not chosen "
                "for chains.")
        differing = {way["epochs_of_example"] for way in chains} - {shot["epochs_of_example"]}
        if shot["epochs_of_example"] and differing - {None}:
            listed = joined([f"{way['way']} {way['epochs_of_example']:.3g}" for way in chains
                             if way["epochs_of_example"] not in (
                                 None, shot["epochs_of_example"])])
            done = "relabeled" if algorithm["family"] == RELABELING else "unlearned"
            sentences.append(
                f"{algorithm['algorithm']}: exposure differs. Each forget example is {done} for "
                f"{shot['epochs_of_example']:g} epochs at once, and in a chain for those "
                f"of its own step ({listed}): a difference is also one of exposure.")
    return sentences
