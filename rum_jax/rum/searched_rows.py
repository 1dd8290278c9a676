"""Which rows a search chooses hyper-parameters for, where several read the same ones."""

from collections.abc import Collection, Iterable, Mapping

from rum_jax.core.errors import InputError
from rum_jax.unlearn import algorithm
from rum_jax.unlearn.spaces import SETTLING, Space

SETTLES = "last_epoch_factor"

# (kind of row, algorithm, subset): where a row reads the hyper-parameters of a step.
Table = tuple[str, str, str]


def spaces_of(name: str, fixed: Collection[str] = ()) -> dict[str, Space]:
    """Hyper-parameters of an algorithm that a search chooses, and their ranges.

    Args:
      name: of the algorithm.
      fixed: hyper-parameters that it does not choose.
    """
    chosen = algorithm(name)
    settling = {SETTLES: SETTLING} if SETTLES in chosen.checks and chosen.search else {}
    return {hparam: space for hparam, space in {**chosen.search, **settling}.items()
            if hparam not in fixed}


def tables_of(kind: str, steps: Iterable[tuple[str, str]]) -> frozenset[Table]:
    """Tables of hyper-parameters that a row reads and a search fills.

    Args:
      kind: of the row, see `row_spec.Row`.
      steps: algorithm and subset of each step.
    """
    return frozenset((kind, name, subset) for name, subset in steps if spaces_of(name))


def searched_rows(tables: Mapping[str, frozenset[Table]]) -> list[str]:
    """Rows that are searched: of those that read the same tables the first.

    Rows that have nothing to choose are among them, as they are scored.

    Args:
      tables: row -> what it reads, in the order of the config.

    Raises:
      InputError: a row reads some tables of earlier rows, and others of its own.
    """
    read: set[Table] = set()
    rows: list[str] = []
    for row, reads in tables.items():
        if not reads & read:
            rows.append(row)
        elif reads - read:
            raise InputError(f"row {row}: reads some hyper-parameters of an earlier row, and "
                             "others of its own; allowed in a search: all or none; give it a part "
                             "of its own")
        read |= reads
    return rows
