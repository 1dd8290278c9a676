"""Numbers and names as people write them."""

from collections.abc import Mapping, Sequence

from rum_jax.evaluate.hypothesis_tests import (
    EQUIVALENT,
    HIGHER,
    LOWER,
    MARGIN,
    NO_TEST,
    NOT_SIGNIFICANT,
    Verdict,
)
from rum_jax.evaluate.interval import bounds

POST_HOC = "Both were selected post hoc; not corrected for selection."
# Word of a `Verdict` -> what it is called where one thing is compared with another.
COMPARED = {HIGHER: "higher", LOWER: "lower", EQUIVALENT: f"equivalent within ±{MARGIN:g}",
            NOT_SIGNIFICANT: NOT_SIGNIFICANT}


def interval(value: dict, digits: int = 3, sign: bool = False) -> str:
    """`0.123 ± 0.045`: mean and half-width of the 95% interval, of a `summary`.

    Both have `digits` decimals, or `digits` significant digits if the mean is at least 10 in
    size. The half-width is `n/a` if there is no interval, as over copies of one estimate.
    """
    mean, half = value["mean"], value["ci95"]
    large = abs(mean) >= 10

    def text(number: float, plus: str = "") -> str:
        if not large:
            return f"{number:{plus}.{digits}f}"
        whole = abs(number) >= 10 ** digits - 0.5   # where `g` would go over to powers of ten
        return f"{number:{plus},.0f}" if whole else f"{number:{plus},.{digits}g}"

    return f"{text(mean, '+' if sign else '')} ± {'n/a' if half is None else text(half)}"


def joined(names: Sequence[str], before: str = "", after: str = "") -> str:
    """`a, b, c` between two texts; nothing at all where there are no names."""
    return f"{before}{', '.join(names)}{after}" if names else ""


def by_word(verdicts: Mapping[str, Verdict], words: Mapping[str, str]) -> str:
    """`lower for 1 of 3 (a), higher for 0, difference not significant for 2 (b, c)`.

    Differences that are the same for all seeds, of which there is no test, come last.

    Args:
      verdicts: name -> what the test of its difference says.
      words: word of a `Verdict` -> what it is called here, in the order of the text; others,
        where there are none, are left out.
    """
    parts = []
    for word, called in words.items():
        names = [name for name, verdict in verdicts.items() if verdict.word == word]
        total = "" if parts else f" of {len(verdicts)}"
        parts.append(f"{called} for {len(names)}{total}{joined(names, ' (', ')')}")
    untested = [name for name, verdict in verdicts.items() if verdict.word == NO_TEST]
    if untested:
        parts.append(f"{NO_TEST} for {len(untested)}, with the same difference for all seeds"
                     f"{joined(untested, ' (', ')')}")
    return ", ".join(parts)


def of_family(verdicts: Sequence[Verdict]) -> str:
    """How differences were tested, for the end of a sentence."""
    family = max((verdict.family for verdict in verdicts), default=1)
    after = f", Holm over {family}" if family > 1 else ""
    counts = sorted({verdict.n for verdict in verdicts})
    n = f", n = {' to '.join(map(str, counts[:1] + counts[1:][-1:]))}" if counts else ""
    return f"paired t, 95%{after}{n}"


def not_excluded(verdicts: Mapping[str, Verdict], differences: Mapping[str, dict]) -> str:
    """What the 95% intervals of differences that are not significant leave open, as a sentence.

    Args:
      verdicts: name -> what the test of its difference says.
      differences: name -> the difference, see `interval.paired_difference`.

    Returns:
      ` Where ... are not excluded.`, with a space in front; "" where all tests have a result.
    """
    pairs = [bounds(differences[name]) for name, verdict in verdicts.items()
             if verdict.word == NOT_SIGNIFICANT]
    family = max((verdict.family for verdict in verdicts.values()), default=1)
    ends = [end for pair in pairs if pair for end in pair]
    return (f" Where not significant, differences from {min(ends):+.3f} to {max(ends):+.3f} are "
            f"not excluded ({'' if family < 2 else 'uncorrected '}95% intervals).") if ends else ""


def outcomes(verdicts: Mapping[str, Verdict], words: Mapping[str, str],
             differences: Mapping[str, dict]) -> str:
    """What the tests of one family say, how they were done, and what they leave open.

    See `by_word` and `not_excluded` for the arguments.
    """
    return (f"{by_word(verdicts, words)} ({of_family(list(verdicts.values()))})."
            f"{not_excluded(verdicts, differences)}")
