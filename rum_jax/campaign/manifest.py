"""What a campaign's results depend on, written once; workers with something else are refused."""

import json
from typing import NamedTuple

from ml_collections import ConfigDict

from rum_jax import __version__
from rum_jax.config import identity
from rum_jax.config.content import code_digests, flat, replaced
from rum_jax.core import records
from rum_jax.core.checks import shortened
from rum_jax.core.errors import MOST_DIFFERENCES, InputError, listed
from rum_jax.data.arrays import Dataset
from rum_jax.experiment.build import data_digests
from rum_jax.memorization.members import RESULTS_VERSION
from rum_jax.models import Model
from rum_jax.storage.object_store import Folder

NAME = "manifest.json"
VERSION_OF_0_1 = 1


class Manifest(NamedTuple):
    """A campaign's identity.

    Attributes:
      content: JSON; config fields, digests of the data, the type of numbers, a version.
      hash: hexadecimal digest of it.
    """

    content: dict
    hash: str


def manifest_of(config: ConfigDict, dataset: Dataset, model: Model) -> Manifest:
    """The manifest of a config's campaign."""
    members, name = identity.of_members(config.to_dict()), config.model.name
    members["model"]["name"] = replaced(name, code_digests(name))
    content = {
        "config": members,
        "data": data_digests(dataset), "computed_in": model.dtype,
        "version": RESULTS_VERSION}
    content = json.loads(json.dumps(content))
    return Manifest(content, records.digest(content))


def write_or_check(folder: Folder, workdir: str, manifest: Manifest, begin: bool) -> None:
    """Writes the manifest into a new campaign's folder, or checks that the stored one is equal.

    Args:
      folder: the campaign's.
      workdir: path or URL, for messages.
      manifest: of the config's campaign.
      begin: whether a folder without a manifest gets this one.

    Raises:
      InputError: there is no manifest and `begin` is False, or the stored one cannot be read or
        differs; lists the differences.
    """
    content = (json.dumps(manifest.content, indent=1) + "\n").encode()
    if begin and folder.create(NAME, content):
        return
    stored_bytes = folder.get(NAME)
    if stored_bytes is None:
        raise InputError(f"--workdir: {workdir}: has no campaign")
    try:
        stored = json.loads(stored_bytes)
        if not isinstance(stored, dict):
            raise ValueError("it is no table of values")
    except (ValueError, TypeError) as error:
        raise InputError(f"{workdir}/campaign/{NAME}: cannot be read ({error}); restore it, or "
                         "choose another --workdir") from error
    if stored == manifest.content:
        return
    if stored.get("version") == VERSION_OF_0_1:
        raise InputError(f"--workdir: {workdir}: holds a campaign of rum_jax 0.1; this is rum_jax "
                         f"{__version__}, and converts nothing: use another --workdir, or go on "
                         "with version 0.1")
    if set(stored) != set(manifest.content):
        raise InputError(f"{workdir}/campaign/{NAME}: is no manifest, which has "
                         f"{', '.join(manifest.content)}; restore it, or choose another --workdir")
    there, here = flat(stored, ""), flat(manifest.content, "")
    differences = [f"{name.lstrip('.')}: there {shortened(there.get(name, 'absent'))}, here "
                   f"{shortened(here.get(name, 'absent'))}"
                   for name in sorted({*there, *here}) if there.get(name) != here.get(name)]
    raise InputError(f"--workdir: {workdir}: holds a campaign with other values; choose another "
                     "folder, or the same values:" + listed(differences, MOST_DIFFERENCES))
