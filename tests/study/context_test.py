from rum_jax.study.context import folder_of, row_folder

CODE = "def forget(problem, states):\n    return states\n"


def test_the_folder_of_a_row_is_the_same_wherever_the_users_file_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lib").mkdir()
    for path in ("mine.py", "lib/renamed.py"):
        (tmp_path / path).write_text(CODE)
    (tmp_path / "other.py").write_text(CODE + "# changed\n")
    folder = row_folder("vanilla:mine.py:forget")
    assert folder.startswith("vanilla-forget-")
    assert folder == row_folder("vanilla:lib/renamed.py:forget")
    assert folder == row_folder(f"vanilla:{tmp_path}/mine.py:forget")
    assert folder != row_folder("vanilla:other.py:forget")
    assert folder != row_folder("rum_f:mine.py:forget")
    assert row_folder("rum_f:salun[by=mine.py:forget]") != row_folder("rum_f:salun")


def test_short_names_are_kept_and_all_others_have_a_digest():
    assert folder_of("rum_f:salun") == "rum_f-salun"
    assert folder_of("rum_f-salun") != "rum_f-salun"
