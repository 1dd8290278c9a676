"""What follows the colon of --config=FILE:VARIANT."""

import pytest
from toy import ROOT

from rum_jax.config import variants
from rum_jax.config.overrides import parse
from rum_jax.core.errors import InputError

DATA, SMALL = ("digits", "cifar10", "cifar100"), ("cifar10", "cifar100")
ALLOWED = ("allowed: one of digits, cifar10, cifar100; with cifar10 or cifar100 also smoke, such "
           "as cifar10,smoke")


def refused(variant):
    with pytest.raises(InputError) as error:
        variants.read(variant, DATA, SMALL)
    return str(error.value)


def test_every_known_variant_is_read():
    assert variants.known(DATA, SMALL) == ("digits", "cifar10", "cifar100", "cifar10,smoke",
                                           "cifar100,smoke")
    for variant in variants.known(DATA, SMALL):
        data, _, smoke = variant.partition(",")
        assert variants.read(variant, DATA, SMALL) == (data, bool(smoke))
    assert variants.read("smoke,cifar10", DATA, SMALL) == ("cifar10", True)


@pytest.mark.parametrize("variant, faults", [
    ("", "the data set is missing"), ("smoke", "the data set is missing"),
    ("mnist", "'mnist' is unknown"), ("Digits", "'Digits' is unknown"),
    ("digits,", "'' is unknown"), ("digits, cifar10", "' cifar10' is unknown"),
    ("cifar10,digits", "digits and cifar10 are 2 data sets"),
    ("digits,digits", "'digits' is given 2 times"),
    ("cifar10,smoke,smoke", "'smoke' is given 2 times"),
    ("digits,smoke", "digits has no smoke variant"),
    ("mnist,digits,cifar10,cifar10,smoke", "'mnist' is unknown; 'cifar10' is given 2 times; digits "
                                           "and cifar10 are 2 data sets; digits has no smoke "
                                           "variant")])
def test_one_message_says_all_that_is_wrong_and_what_is_allowed(variant, faults):
    assert refused(variant) == f"variant {variant!r}: {faults}; {ALLOWED}"


def test_a_long_variant_is_told_short():
    assert len(refused("x" * 10_000)) < 1000


def test_variants_of_a_file_for_one_data_set():
    assert variants.check("smoke", ("full", "smoke")) is None
    with pytest.raises(InputError, match="^unknown variant 'small'; known: full, smoke$"):
        variants.check("small", ("full", "smoke"))


@pytest.mark.parametrize("variant, expected", [
    ("", ": variant '': the data set is missing; allowed: one of digits, cifar10_small"),
    (":mnist", ":mnist: variant 'mnist': 'mnist' is unknown; allowed: one of digits"),
    (":digits,smoke", ": digits has no smoke variant; allowed: one of digits")])
def test_a_command_is_refused_with_one_message(variant, expected):
    argument = f"--config={ROOT / 'configs' / 'entanglement.py'}{variant}"
    with pytest.raises(InputError) as error:
        parse(["main", argument, "--workdir=somewhere", "--config.train.epochs=x"], data=False)
    assert expected in str(error.value) and str(error.value).count("\n  - ") == 1
