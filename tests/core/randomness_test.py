import jax
import numpy as np

from rum_jax.core.randomness import ROLES, generator, key


def test_a_draw_depends_on_its_whole_address_and_on_nothing_else():
    addresses = [(0, "order", 0, 0), (1, "order", 0, 0), (0, "subset", 0, 0), (0, "order", 1, 0),
                 (0, "order", 0, 1)]
    draws = [generator(*address).random() for address in addresses]
    assert len(set(draws)) == len(draws)
    assert draws == [generator(*address).random() for address in addresses]


def test_the_numbers_of_roles_are_part_of_results():
    # A change here changes every published number: append only.
    assert list(ROLES.items())[:4] == [("split", 0), ("noise", 1), ("init", 2), ("order", 3)]
    assert len(set(ROLES.values())) == len(ROLES)
    assert generator(7, "subset", 3).integers(10**6) == 939397


def test_keys_differ_by_seed_role_and_member():
    init, member = ROLES["init"], ROLES["member_init"]
    keys = [key(0, init, 0), key(1, init, 0), key(0, member, 0), key(0, init, 1)]
    data = {tuple(np.asarray(jax.random.key_data(k)).tolist()) for k in keys}
    assert len(data) == len(keys)
