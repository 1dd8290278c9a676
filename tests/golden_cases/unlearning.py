"""Golden cases of unlearning algorithms; each function takes (case, base of the same variant)."""

import functools

import numpy as np
from jax.flatten_util import ravel_pytree

from golden_cases.network import (
    Script,
    assert_params,
    flatten,
    params_of,
    problem_of,
    states_of,
    stats_of,
    task_of,
)
from rum_jax.train.recipe import Recipe
from rum_jax.unlearn import ALGORITHMS, fisher, fisher_new, influence, saliency
from rum_jax.unlearn.apply import apply
from rum_jax.unlearn.retrain import unlearn_from
from rum_jax.unlearn.scrub import phases_of

STEP_OF_CIFAR100 = "cifar100"


def shared(case):
    return {"epochs": int(case["hp_unlearn_epochs"]), "learning_rate": float(case["hp_unlearn_lr"])}


def run(name, case, base, hparams, states=None, scripts=lambda role, epoch: Script()):
    """Runs an algorithm of the registry from the original model; compares epochs and losses."""
    problem = problem_of(task_of(base), case, base["forget_idx"], base["retain_idx"], scripts)
    states = states_of(base, "orig") if states is None else states
    hparams = {**ALGORITHMS[name].hparams(), **hparams}
    done, history = apply(ALGORITHMS[name], problem, states, hparams)
    assert_params(done.params, case, "final")
    if "after_epoch1_fc1_weight" in case:
        first = {**hparams, "epochs": 1}
        if name in ("finetune", "neggrad", "neggrad_plus"):  # whose first epoch is the same
            assert_params(apply(ALGORITHMS[name], problem, states, first)[0].params, case,
                          "after_epoch1")
    if "loss_per_batch" in case:
        np.testing.assert_allclose(history.losses[0], case["loss_per_batch"], rtol=0, atol=1e-6)
    return done, history


def retrain(case, base):
    """From `init`, which the registry's entry would draw itself."""
    problem = problem_of(task_of(base), case, base["forget_idx"], base["retain_idx"])
    steps = str(case["hp_dataset"]) == STEP_OF_CIFAR100
    recipe = Recipe(optimizer=problem.optimizer, **shared(case),
                    schedule="steps" if steps else "cosine",
                    milestones=problem.optimizer.milestones,
                    period_epochs=int(case["hp_epochs"]))
    done, history = unlearn_from(problem, states_of(base, "init"), recipe)
    assert_params(done.params, case, "final")
    np.testing.assert_allclose(history.losses[0], case["loss_per_batch"], rtol=0, atol=1e-6)


def ft(case, base):
    run("finetune", case, base, shared(case))


def l1_sparse(case, base):
    run("l1_sparse", case, base, {**shared(case), "alpha": float(case["hp_alpha"]),
                                  "no_l1_epochs": int(case["hp_no_l1_epochs"])})


def neggrad(case, base):
    run("neggrad", case, base, shared(case))


def neggrad_plus(case, base):
    run("neggrad_plus", case, base, {**shared(case), "alpha": float(case["hp_alpha"])})


def neggrad_plus_batchnorm(case, base):
    problem = problem_of(task_of(base, norm=True), case, base["forget_idx"], base["retain_idx"])
    hparams = {**ALGORITHMS["neggrad_plus"].hparams(), **shared(case),
               "alpha": float(case["hp_alpha"])}
    done, history = apply(ALGORITHMS["neggrad_plus"], problem,
                          states_of(case, "start"), hparams)
    assert_params(done.params, case, "final")
    np.testing.assert_allclose(history.losses[0], case["loss_per_batch"], rtol=0, atol=1e-6)
    expected = stats_of(case, "final")["bn1"]
    for name, mine in done.model_state["bn1"].items():
        np.testing.assert_allclose(np.asarray(mine)[0], expected[name], rtol=0, atol=1e-9)


def scrub(case, base):
    hparams = {**shared(case), "msteps": int(case["hp_msteps"]),
               "temperature": float(case["hp_kd_T"]), "gamma": float(case["hp_gamma"]),
               "beta": float(case["hp_beta"])}
    _, history = run("scrub", case, base, hparams)
    assert history.losses.shape[1] == len(case["loss_per_batch"])
    phases = [part == "forget" for part, _ in phases_of(
        hparams["epochs"], hparams["msteps"],
        hparams.get("inclusive", ALGORITHMS["scrub"].published["inclusive"]))]
    assert phases == case["phase_is_max"].astype(bool).tolist()


def relabeling(case):
    def scripts(role, epoch):
        return {"retain": Script(order=case["order"][epoch]),
                "relabel": Script(labels=case["forget_labels"][epoch])}[role]
    return scripts


def random_label(case, base):
    run("random_label", case, base, shared(case), scripts=relabeling(case))


def salun_mask(case, base):
    problem = problem_of(task_of(base), case, base["forget_idx"], base["retain_idx"])
    gradients, moved = saliency.saliency(problem, states_of(base, "orig"), True,
                                         float(case["hp_unlearn_lr"]))
    assert_params(moved, case, "moved")
    assert_params({layer: {name: np.tanh(leaf) for name, leaf in part.items()}
                   for layer, part in gradients.items()}, case, "tanh_abs_grad")
    single = {layer: {name: leaf[0] for name, leaf in part.items()}
              for layer, part in gradients.items()}
    sizes = flatten(gradients)
    for fraction in sorted({name.split("_")[1] for name in case if name.startswith("mask_")}):
        mine = saliency.select(single, float(fraction), "smallest")
        mine = flatten({layer: {name: leaf[None] for name, leaf in part.items()}
                        for layer, part in mine.items()})
        theirs = params_of(case, f"mask_{fraction}")
        theirs = flatten({layer: {name: leaf[None] for name, leaf in part.items()}
                          for layer, part in theirs.items()})
        assert mine.sum() == theirs.sum() == int(float(fraction) * len(mine))
        cut = sizes[theirs == 1].max()
        clear = sizes != cut  # ties at the cut are broken arbitrarily in the reference
        np.testing.assert_array_equal(mine[clear], theirs[clear])


def salun(case, base, mask_case):
    """With the mask of the reference's own generator, through the options that reproduce it."""
    hparams = {**shared(case), **ALGORITHMS["salun"].reference,
               "saliency_learning_rate": float(mask_case["hp_unlearn_lr"]), "mask_fraction": 0.5}
    run("salun", case, base, hparams, scripts=relabeling(case))


def boundary_shrink(case, base):
    run("boundary_shrink", case, base, shared(case))


def boundary_expand(case, base):
    row = np.append(case["new_row_weight"], case["new_row_bias"])

    def scripts(role, epoch):
        return Script(uniform=row) if role == "expand" else Script()

    done, _ = run("boundary_expand", case, base, shared(case), scripts=scripts)
    assert done.params["classifier"]["bias"].shape[1] == len(base["init_fc2_bias"]) + 1


def wfisher(case, base):
    arrays = {**base, **{name: case[name] for name in
                         ("pixels", "labels", "forget_idx", "retain_idx") if name in case}}
    problem = problem_of(task_of(arrays), case, arrays["forget_idx"], arrays["retain_idx"])
    states = states_of(base, "orig")
    v, k = influence.directions(problem, states, "first")
    np.testing.assert_allclose(flatten(v), case["v_vec"], rtol=0, atol=1e-10)
    change = case["k_vec"] - case["v_vec"]
    np.testing.assert_allclose(flatten(k) - flatten(v), change, rtol=0,
                               atol=1e-9 * np.abs(change).max() + 1e-15)
    done, _ = apply(ALGORITHMS["influence"], problem, states,
                    {"alpha": float(case["hp_alpha"]), "examples": "first"})
    assert_params(done.params, case, "final")


def _noise(case):
    tree = params_of(case, "noise")
    flat, _ = ravel_pytree(tree)
    return lambda role, epoch: Script(noise=np.asarray(flat))


def _one_shot(name, case, base, prefix, statistic):
    problem = problem_of(task_of(base), case, base["forget_idx"], case["retain_idx"], _noise(case))
    states = states_of(base, "orig")
    measured = statistic(problem, states)
    scale = max(np.abs(leaf).max() for layer in params_of(case, prefix).values()
                for leaf in layer.values())
    assert_params(measured, case, prefix, atol=1e-10 * scale)
    done, _ = apply(ALGORITHMS[name], problem, states,
                    {**ALGORITHMS[name].reference, "alpha": float(case["hp_alpha"])})
    assert_params(done.params, case, "final")


def fisher_case(case, base):
    _one_shot("fisher", case, base, "fim", fisher.diagonal)


def fisher_new_case(case, base):
    _one_shot("fisher_new", case, base, "grad2_acc",
              functools.partial(fisher_new.squared_gradients, cut="ordered"))
