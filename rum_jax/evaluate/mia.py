"""The SVC membership inference attack on confidence (spec section 7)."""

import numpy as np
from sklearn.svm import SVC

from rum_jax.evaluate.view import View


def forget_efficacy(shadow_members: np.ndarray, shadow_non_members: np.ndarray,
                    target: np.ndarray) -> float:
    """Share of the target that the attack calls non-member, in [0,1].

    An RBF support vector classifier (C = 3, gamma = 1 / features) learns members (1) from
    non-members (0) on the shadow sets and is asked about the target.

    Args:
      shadow_members, shadow_non_members, target: float[n] or float[n,features].
    """
    members, others, asked = (np.reshape(part, (len(part), -1)) for part in
                              (shadow_members, shadow_non_members, target))
    attack = SVC(C=3, gamma="auto", kernel="rbf")
    attack.fit(np.concatenate([members, others]),
               np.repeat([1, 0], [len(members), len(others)]))
    return float(1 - attack.predict(asked).mean())


def confidence_attack(view: View) -> float:
    """Forget efficacy of the attack on the probability of the label.

    Shadow members are the first |test| retain examples (spec quirk Q30, kept), shadow
    non-members the test set, the target is the forget set.
    """
    test = view.parts["test"]
    members = view.parts["retain"][:len(test)]
    return forget_efficacy(*(view.confidence(part)
                             for part in (members, test, view.parts["forget"])))
