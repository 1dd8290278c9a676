"""Names of forget sets with digests in place of paths."""

from rum_jax.config import base
from rum_jax.config.content import DIGEST, content_of
from rum_jax.core import records


def test_a_forget_set_of_a_file_is_named_by_its_content(tmp_path):
    config, names = base.get_config(), []
    for number, name in enumerate(("ids.txt", "copy.txt", "other.txt")):
        (tmp_path / name).write_text(f"{number // 2}\n")
        names.append(f"file:{tmp_path / name}")
    config.forget.sets, config.stream.requests = (names[0], "random"), tuple(names[1:])
    content = content_of(config.to_dict())
    ids, copy, other = (content.set_name(name) for name in names)
    assert ids == copy != other and content.set_name("random") == "random"
    assert ids == f"file:{DIGEST}{records.sha256(tmp_path / 'ids.txt')}"
    assert content.values["config.forget.sets"] == [ids, "random"]
    assert content.values["config.stream.requests"] == [copy, other]
