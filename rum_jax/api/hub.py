"""Folders as on the Hugging Face Hub: weights, and a card that says how they were made."""

import json
import pathlib
from typing import Any

import flax.linen as nn
import numpy as np

from rum_jax import __version__
from rum_jax.api.models import Models
from rum_jax.api.table import Table
from rum_jax.core.errors import InputError
from rum_jax.core.records import write_bytes
from rum_jax.models.own_linen import OwnLinen
from rum_jax.models.torch_import import save_safetensors
from rum_jax.models.variable_files import save_variables

PREFIX = "hf://"
WEIGHTS, CARD, RECORD = "model.safetensors", "README.md", "rum_jax.json"


def local_file(path: str | pathlib.Path, name: str = WEIGHTS) -> pathlib.Path:
    """A path as it is; of "hf://owner/name" the file of that name, downloaded if it is not there.

    Args:
      path: a path, "hf://owner/name", or "hf://owner/name/file".
      name: of the file, where the path has none.

    Raises:
      InputError: huggingface_hub is not installed, or has no such file.
    """
    text = str(path)
    if not text.startswith(PREFIX):
        return pathlib.Path(path)
    owner, _, rest = text.removeprefix(PREFIX).partition("/")
    repository, _, inside = rest.partition("/")
    if not owner or not repository:
        raise InputError(f"{path}: allowed: hf://owner/name, or hf://owner/name/file")
    try:
        return pathlib.Path(_library(text).hf_hub_download(f"{owner}/{repository}", inside or name))
    except InputError:
        raise
    except Exception as error:  # of the network, the account or the repository
        raise InputError(f"{path}: cannot be downloaded ({str(error).splitlines()[0]}); allowed: a "
                         "repository that is there and that you may read") from error


def save_folder(folder: str | pathlib.Path, unlearned: Models, table: Table | None = None, *,
                model: int = 0, title: str = "") -> pathlib.Path:
    """Writes one of M models with a card, as the Hub shows it.

    `model.safetensors` has the names of PyTorch for networks of this package, and paths of
    parameters for others; `rum_jax.json` what the model was made with; `README.md` the same for
    people, with the table.

    Args:
      folder: new, or one whose files of these names are replaced.
      unlearned: what a function of the library gives.
      table: what `rum_jax.evaluate` gives.
      model: its place, 0 to M-1.
      title: of the card; "": the method's name.

    Raises:
      InputError: safetensors is not installed, or a file cannot be written.
    """
    place = pathlib.Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    network = unlearned.problem.task.model.network
    if isinstance(network, OwnLinen):
        save_safetensors(place / WEIGHTS, *unlearned.variables(model),
                         unlearned.problem.task.model)
    else:
        save_variables(place / WEIGHTS, unlearned.flax_variables(model))
    record = {"method": unlearned.name, "seed": unlearned.seeds[model],
              "recipe": unlearned.problem.recipe.plain(), **unlearned.record,
              "forget_ids": unlearned.problem.ids[unlearned.problem.forget],
              "rum_jax": __version__}
    write_bytes(place / RECORD, (
        json.dumps(record, indent=1, default=np.ndarray.tolist) + "\n").encode())
    write_bytes(place / CARD, card(unlearned, table, model, title).encode())
    return place


def card(unlearned: Models, table: Table | None, model: int, title: str) -> str:
    """The model card in Markdown, with the metadata that the Hub reads."""
    problem = unlearned.problem
    lines = ["---", "library_name: rum_jax", "tags:", "- machine-unlearning", "---", "",
             f"# {title or unlearned.name}", "",
             f"{_network_name(problem.task.model.network)}, from which {len(problem.forget)} of "
             f"{len(problem.train)} training examples were unlearned with {unlearned.name} (seed "
             f"{unlearned.seeds[model]}) by rum_jax {__version__}. `{RECORD}` has the "
             "hyper-parameters, the recipe and the ids of the examples."]
    if table is not None:
        header = ["method", *table.columns]
        lines += ["", "| " + " | ".join(header) + " |", "|" + "---|" * len(header),
                  *("| " + " | ".join([name, *(str(row[column]) for column in table.columns)])
                    + " |" for name, row in table.rows.items()), "", f"{table.caption}."]
    return "\n".join(lines) + "\n"


def _network_name(network: Any) -> str:
    module = getattr(network, "module", None)
    if module is None:
        return "A model"
    return f"A {type(module).__name__}" if isinstance(module, nn.Module) else "A module"


def upload_folder(folder: str | pathlib.Path, repository: str) -> str:
    """Puts a folder that `save_folder` has written onto the Hub.

    Args:
      folder: with weights and card.
      repository: "hf://owner/name"; it is made, private, if it is not there.

    Returns:
      The address of what was uploaded.

    Raises:
      InputError: the folder has no weights, huggingface_hub is not installed, or the Hub refuses.
    """
    place, name = pathlib.Path(folder).expanduser(), repository.removeprefix(PREFIX)
    if not (place / WEIGHTS).is_file():
        raise InputError(f"{folder}: has no {WEIGHTS}; allowed: what rum_jax.save_folder has "
                         "written")
    if not repository.startswith(PREFIX) or name.count("/") != 1:
        raise InputError(f"repository: is {repository!r}; allowed: hf://owner/name")
    library = _library(repository)
    try:
        library.create_repo(name, private=True, exist_ok=True)
        return str(library.upload_folder(repo_id=name, folder_path=str(place)))
    except Exception as error:  # of the network, the account or the repository
        raise InputError(f"{repository}: cannot be uploaded ({str(error).splitlines()[0]}); "
                         "allowed: an account with the right to write there, see "
                         "`hf auth login`") from error


def _library(path: str) -> Any:
    try:
        import huggingface_hub  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise InputError(f"{path}: needs huggingface_hub; pip install -e '.[hub]'") from None
    return huggingface_hub
