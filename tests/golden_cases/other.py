"""Golden cases of training, estimates, metrics, selection, entanglement and proxies."""

import jax.numpy as jnp
import numpy as np
from forget.small_context import known

from golden_cases.network import (
    Script,
    assert_params,
    held_out_of,
    problem_of,
    states_of,
    task_of,
    train_of,
)
from rum_jax.evaluate import entropy as entropies
from rum_jax.evaluate import interval, mia, threshold_attack, tow
from rum_jax.forget import entanglement as ent
from rum_jax.forget.by_score import MEMORIZATION_CENTERS, SELECTIONS, proxy_centers
from rum_jax.forget.remaining import choose_left
from rum_jax.memorization import estimate
from rum_jax.memorization import influence as influences
from rum_jax.proxies.heldout_retrain import heldout_retrain as run_heldout_retrain
from rum_jax.proxies.learning_events import EVENTS
from rum_jax.proxies.learning_events import learning_events as run_learning_events
from rum_jax.proxies.loss_curvature import loss_curvature as run_loss_curvature
from rum_jax.refine import refinement
from rum_jax.rum.chain import partition, retain_set
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Recipe, train
from rum_jax.unlearn.scrub import distillation


def _training(case, base):
    """(task, positions, states, recipe, orders, names) of a run from `init` in fixed order."""
    problem = problem_of(task_of(base), case, [0], [1])
    recipe = Recipe(int(case["hp_epochs"]), float(case["hp_lr"]), problem.optimizer)
    return (problem.task, train_of(base)[None], states_of(base, "init"), recipe,
            [lambda epoch: Script()], ["a"])


def base(case, same):
    arguments = _training(case, same)
    np.testing.assert_allclose(arguments[3].learning_rate * arguments[3].rates(),
                               case["lr_per_epoch"], rtol=1e-12)
    _, fitted = train(*arguments)
    assert_params(fitted.states.params, case, "orig")
    np.testing.assert_allclose(fitted.losses[0], case["loss_per_batch"], rtol=0, atol=1e-6)
    right = predict(arguments[0], fitted.states)[0].argmax(-1) == case["labels"]
    np.testing.assert_allclose(100 * right[held_out_of(same)].mean(), case["test_acc"], atol=1e-4)


def distill_kl(case, base):
    loss = distillation(jnp.asarray(case["student"]), jnp.asarray(case["teacher"]),
                        jnp.asarray(case["hp_T"]), jnp.ones(len(case["student"]), bool))
    np.testing.assert_allclose(loss, case["loss"], rtol=1e-10)


def entropy(case, base):
    p, labels = case["prob"], case["label_some"]
    np.testing.assert_allclose(entropies.entropy(p), case["entropy"], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(entropies.entropy(p), case["entropy_numpy"], rtol=1e-10,
                               atol=1e-12)
    np.testing.assert_allclose(entropies.modified_entropy(p, labels), case["m_entropy_standard"],
                               rtol=1e-10)
    released = entropies.modified_entropy_as_released
    np.testing.assert_allclose(released(p, labels), case["m_entropy_label_some"], rtol=1e-10)
    single = [released(p[i:i + 1], labels[i:i + 1])[0] for i in range(len(p))]
    np.testing.assert_allclose(single, case["m_entropy_single"], rtol=1e-10)


SETS = ("shadow_train", "shadow_test", "target_test", "target_train")


def svc_mia(case, base):
    parts = {name: (case[f"{name}_prob"], case[f"{name}_label"].astype(int)) for name in SETS}
    for name, part in parts.items():
        np.testing.assert_allclose(mia.FEATURES["entropy"](*part), case[f"{name}_entropy"],
                                   rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(mia.FEATURES["m_entropy_released"](*part),
                                   case[f"{name}_m_entropy"], rtol=1e-10)
    named = {"m_entropy": "m_entropy_released"}
    for feature in ("correctness", "confidence", "entropy", "m_entropy", "prob"):
        of = mia.FEATURES[named.get(feature, feature)]
        members, others, target, target_members = (of(*parts[name]) for name in SETS)
        np.testing.assert_allclose(mia.forget_efficacy(members, others, target),
                                   case[f"svc_forget_{feature}"], rtol=1e-10)
        np.testing.assert_allclose(mia.forget_efficacy(members, others, target, target_members),
                                   case[f"svc_privacy_{feature}"], rtol=1e-10)
    for feature in threshold_attack.FEATURES:
        inside, outside = threshold_attack.attack(
            feature, parts["shadow_train"], parts["shadow_test"], parts["target_train"],
            parts["target_test"])
        np.testing.assert_allclose([inside.mean(), 1 - outside.mean()], case[f"bbb_{feature}"],
                                   rtol=1e-10)
    p, labels = parts["shadow_train"]
    np.testing.assert_allclose(entropies.modified_entropy(p, labels),
                               case["bbb_shadow_train_m_entr"], rtol=1e-10)
    np.testing.assert_allclose(entropies.entropy(p), case["bbb_shadow_train_entr"], rtol=1e-10)


def tow_case(case, base):
    groups, seeds = case["unlearned_retain"].shape

    def metrics(who, group, seed):
        accuracies = {f"{part}_accuracy": case[f"{who}_{part}"][group, seed] / 100
                      for part in ("forget", "retain", "val", "test")}
        return {**accuracies, "mia": case[f"{who}_mia_confidence"][group, seed]}

    def summary(values):
        return interval.summary(list(values))

    for group in range(groups):
        pairs = [(metrics("unlearned", group, s), metrics("retrained", group, s))
                 for s in range(seeds)]
        for script, compare in (("tow", tow.tow), ("towmia", tow.tow_mia)):
            score = summary(compare(*pair) for pair in pairs)
            np.testing.assert_allclose(score["mean"], case[f"{script}__tow"][group], rtol=1e-10)
            np.testing.assert_allclose(score["ci95"], case[f"{script}__tow_ci_margin"][group],
                                       rtol=1e-9)
            np.testing.assert_allclose(score["mean"] - score["ci95"],
                                       case[f"{script}__tow_ci_lower"][group], rtol=1e-9)
        for part in ("forget", "retain", "val", "test"):
            closeness = np.mean([1 - abs(a[f"{part}_accuracy"] - b[f"{part}_accuracy"])
                                 for a, b in pairs])
            np.testing.assert_allclose(closeness, case[f"tow__ratio_acc_{part}"][group],
                                       rtol=1e-10)
            accuracy = summary(100 * a[f"{part}_accuracy"] for a, _ in pairs)
            for script in ("tow", "towmia"):
                np.testing.assert_allclose(accuracy["ci95"], case[f"{script}__{part}_ci"][group],
                                           rtol=1e-9)
        attack = summary(a["mia"] for a, _ in pairs)["ci95"]
        for script in ("tow", "towmia"):
            np.testing.assert_allclose(attack, case[f"{script}__MIA_confidence_ci"][group],
                                       rtol=1e-9)
        np.testing.assert_allclose(np.mean([1 - abs(a["mia"] - b["mia"]) for a, b in pairs]),
                                   case["towmia__ratio_acc_MIA_confidence"][group], rtol=1e-10)


def memorization(case, base):
    included = case["trainset_mask"].astype(bool)
    correct, test = (case[f"{name}_correctness"].astype(bool) for name in ("trainset", "testset"))
    scores = estimate.memorization(included, correct, missing=0.0).memorization
    np.testing.assert_allclose(scores, case["memorization"], rtol=1e-6, atol=1e-7)
    influence = influences.influence(included, test, missing=0.0)
    np.testing.assert_allclose(influence, case["influence"], rtol=1e-6, atol=1e-6)
    ours = estimate.memorization(included, correct)
    defined = (ours.times_in > 0) & (ours.times_out > 0)
    np.testing.assert_array_equal(np.isnan(ours.memorization), ~defined)
    np.testing.assert_array_equal(ours.memorization[defined], scores[defined])
    np.testing.assert_array_equal(np.isnan(influences.influence(included, test)).any(0), ~defined)


def entanglement(case, base):
    features, size = case["features"], int(case["hp_batch_size"])
    retain, forget = features[case["retain_idx"]], features[case["forget_idx"]]
    np.testing.assert_allclose(
        ent.entanglement_score(retain, forget, "midpoint", size), case["es"], rtol=1e-10)
    means = [ent._mean(part, size) for part in (retain, forget)]
    np.testing.assert_allclose(ent.between(*means, np.mean(means, axis=0)), case["inter"],
                               rtol=1e-10)
    np.testing.assert_allclose(ent.disentanglement(retain, forget), case["des"], rtol=1e-10)
    np.testing.assert_allclose(ent.squared_mmd(retain, forget, float(case["hp_gamma"])),
                               case["mmd2"], rtol=1e-10)
    taken = int(case["hp_n_sample"])
    groups = ent.distance_groups(features, int(case["hp_n_group"]))[:, :taken]
    np.testing.assert_array_equal(groups, case["group_indices"])
    distances = ent.centroid_distances(features)[groups]
    np.testing.assert_allclose(np.stack([np.median(distances, 1), distances.mean(1)], 1),
                               case["group_median_mean"], rtol=1e-10)


def select_fs(case, base):
    candidates, scores = case["indices"], case["scores"][case["indices"]]
    for name in [key for key in case if key not in ("scores", "indices")]:
        kind, size = name.rsplit("_", 1)
        chosen = candidates[SELECTIONS[kind](scores, int(size), proxy_centers(scores))]
        np.testing.assert_array_equal(chosen, case[name], err_msg=name)


def _check_selection(case, selector, scores, centers, order):
    size, everything = int(case["hp_n"]), np.arange(len(scores))
    for kind, choose in SELECTIONS.items():
        forget = choose(scores, size, centers)
        np.testing.assert_array_equal(forget, case[f"{selector}_{kind}_forget"])
        np.testing.assert_array_equal(retain_set(everything, [np.unique(forget)]),
                                      case[f"{selector}_{kind}_retain"])
    handled = []
    for kind in order:
        handled.append(np.unique(SELECTIONS[kind](scores, size, centers)))
        np.testing.assert_array_equal(handled[-1],
                                      np.sort(case[f"{selector}_{kind}_seq_forget"]))
        np.testing.assert_array_equal(retain_set(everything, handled),
                                      case[f"{selector}_{kind}_seq_retain"])


def forget_sets(case, base):
    scores = case["memorization"][case["train_idx"]]
    _check_selection(case, "mem", scores, MEMORIZATION_CENTERS, ("low", "mid", "high"))
    events = dict(zip(case["events"][:, 0].astype(int), case["events"][:, 2], strict=True))
    confidence = np.array([events[i] for i in case["train_idx"]])
    _check_selection(case, "conf", confidence, proxy_centers(confidence), ("high", "mid", "low"))


def multistep_sets(case, base):
    """The second request of a stream, whole and refined, as RUM does it and at once."""
    first, second = case["scores_step1"], case["scores_step2"]
    whole, everything = len(case["vanilla_mix_forget"]), np.arange(len(first))

    def request(scores, left):
        of_all = known({"heldout_retrain": scores})
        return choose_left("heldout_retrain:mix", of_all, left, whole)

    left = np.setdiff1d(everything, request(first, everything))
    forget = request(second, left)
    np.testing.assert_array_equal(forget, np.sort(case["vanilla_mix_forget"]))
    np.testing.assert_array_equal(retain_set(left, [forget]), case["vanilla_mix_retain"])
    parts = partition(refinement("heldout_retrain"), forget,
                      {"heldout_retrain": second[forget]}, 3, np.random.default_rng(0))
    handled = []
    for name in ("low", "mid", "high"):
        handled.append(parts[name])
        np.testing.assert_array_equal(parts[name], np.sort(case[f"{name}_forget"]))
        np.testing.assert_array_equal(retain_set(left, handled), case[f"{name}_retain"])


def learning_events(case, base):
    learned = run_learning_events(*_training(case, base))
    assert_params(learned.states.params, case, "final")
    ids = case["events"][:, 0].astype(int)
    for column, name in enumerate(EVENTS, start=2):
        np.testing.assert_allclose(learned.events[name][0, ids], case["events"][:, column],
                                   rtol=1e-9, atol=1e-10, err_msg=name)
    assert np.isnan(learned.events["confidence"][0, held_out_of(base)]).all()


def heldout_retrain(case, base):
    problem = problem_of(task_of(base), case, [0], [1])
    result = run_heldout_retrain(problem.task, states_of(base, "orig"), held_out_of(base),
                                 problem.optimizer, float(case["hp_ft_lr"]),
                                 int(case["hp_ft_epochs"]), ["a"])
    assert result.epochs.tolist() == [int(case["epochs_run"])]
    assert_params(result.states.params, case, "final")
    np.testing.assert_allclose(result.scores[0, case["ids"].astype(int)], case["kl"], rtol=1e-8,
                               atol=1e-12)


def loss_curvature(case, base):
    count = len(case["curvature"])
    result = run_loss_curvature(task_of(base), states_of(base, "orig"), train_of(base)[:count],
                                float(case["hp_h"]), 16)
    np.testing.assert_allclose(result.steps[0].transpose(0, 3, 1, 2), case["z"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(result.curvature[0], case["curvature"], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(np.linalg.norm(result.gradients[0]), case["grad_norm"], rtol=1e-8)
