"""Searches hyper-parameters on the validation set, the same number of trials for every row.

    python -m rum_jax.search --config=configs/digits_rum.py --workdir=runs/digits_search

The same command resumes. Prints the best values as config fields, and writes all trials to
<workdir>/search.json.
"""

import sys

from rum_jax.config.overrides import Arguments
from rum_jax.entry import run_command


def main(arguments: Arguments) -> None:
    """Runs the trials, writes search.json, prints what was chosen and its path."""
    from rum_jax import records
    from rum_jax.provenance import record
    from rum_jax.stages.search import fields_of, search
    from rum_jax.workdir import opened

    free = ("config.engine", "config.memorization.group_size", "config.memorization.influence",
            "config.rows", "config.search.trials", "config.seeds", "config.vanilla.hparams",
            "config.rum_f.hparams", "config.rum.hparams")
    with opened(arguments.workdir, arguments.config.to_dict(), free) as workdir:
        origin = record(workdir)
        found = search(workdir, arguments.config)
        chosen = {name: value for row, best in found.items() if best["chosen"]
                  for name, value in fields_of(row, best["chosen"]["steps"]).items()}
        path = workdir / "search.json"
        records.write_json(path, {"schema": 1, "trials_per_row": arguments.config.search.trials,
                                  "chosen_fields": chosen, "rows": found, "provenance": origin})
    for row, best in found.items():
        score = best["chosen"]["validation_tow"] if best["chosen"] else None
        text = f"{score['mean']:.3f} ± {score['ci95']:.3f}" if score else "every trial diverged"
        print(f"{row:<22} validation ToW {text}")
    for name, value in chosen.items():
        print(f"--config.{name}={value}")
    print(path)


if __name__ == "__main__":
    sys.exit(run_command(main, __doc__, sys.argv))
