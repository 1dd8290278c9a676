from rum_jax.runtime import progress


def test_lines_have_percent_and_time_left_when_it_is_no_terminal(capsys):
    with progress.shown("work") as report:
        report(0.5)
        report(1.0)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, "a line only every few seconds, and the last one"
    assert lines[0].split()[:2] == ["work", "100%"] and "left" in lines[0]


def test_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress.shown("work") as report:
        report(0.25)
        report(1.0)
    shown = capsys.readouterr().err
    assert "\r" in shown and "100%" in shown and "left" in shown


def test_parts_cover_the_whole():
    seen = []
    for index in range(2):
        progress.part(seen.append, index, 2)(0.5)
        progress.part(seen.append, index, 2)(1.0)
    assert seen == [0.25, 0.5, 0.75, 1.0]
