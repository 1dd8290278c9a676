from rum_jax.core import records
from rum_jax.report import pictures


def test_pictures_of_the_earlier_report_go_and_nothing_else_does(tmp_path):
    """Names that results.json cannot have from a report are left alone."""
    inside = tmp_path / "run"
    inside.mkdir()
    for path in (tmp_path / "secret.svg", *(inside / name for name in (
            "tow.svg", "mine.svg", "results.csv", "old.svg"))):
        path.write_text("x")
    records.write_json(inside / "results.json", {
        "pictures": ["tow.svg", "../secret.svg", "results.csv", "old.svg"]})
    assert pictures.replace(inside, {"tow.svg": b"new", "b.svg": b"b"}) == ["b.svg", "tow.svg"]
    assert (inside / "tow.svg").read_bytes() == b"new" and (inside / "b.svg").is_file()
    assert not (inside / "old.svg").exists()
    assert all(path.is_file() for path in (tmp_path / "secret.svg", inside / "mine.svg",
                                           inside / "results.csv"))


def test_an_earlier_report_that_cannot_be_read_has_no_pictures(tmp_path):
    (tmp_path / "mine.svg").write_text("x")
    for content in ("no JSON", "[]", "{}", '{"pictures": 3}', '{"pictures": [3]}'):
        (tmp_path / "results.json").write_text(content)
        assert pictures.replace(tmp_path, {}) == []
    assert (tmp_path / "mine.svg").is_file()
