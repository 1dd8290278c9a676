import pytest

from report.example_rows import spec
from rum_jax.report import streams

MEASURES = {"called_member": {
    "request 1": [[0.9, 0.9, 0.8], [0.2, 0.2, 0.3], [0.4, 0.4, 0.5]],
    "request 2": [[0.9, 0.8, 0.9], [0.9, 0.8, 0.9], [0.3, 0.3, 0.2]],
    "retain": [[0.9, 0.9, 0.9]] * 3}}
REFERENCES = {"original": ([0.5, 0.5, 0.6], [0.41, 0.4, 0.5], 0.0),
              "retrain": ([1.0] * 3, [1.0] * 3, 10.0),
              "retrain_again": ([0.98, 0.97, 0.99], [0.97, 0.98, 0.99], 10.0)}


def trace(row):
    return {"steps": [{"subset": f"request {n}", "algorithm": row.partition(":")[2]}
                      for n in (1, 2)], "measures": MEASURES}


def metrics(tow, seconds):
    return {**dict.fromkeys(streams.CHANGES, tow), "tow": tow, "seconds": [seconds] * 3}


def section_of(alike=True, salun=([0.9, 0.91, 0.92], [0.6, 0.61, 0.62]),
               finetune=([0.8] * 3, [0.8, 0.81, 0.82])):
    rows = {**REFERENCES, "vanilla:salun": (*salun, 1.0), "vanilla:finetune": (*finetune, 3.0)}
    metrics_of_rows = {row: [metrics(first, seconds), metrics(last, seconds)]
                       for row, (first, last, seconds) in rows.items()}
    traces = {row: trace(row) for row in rows if row not in REFERENCES}
    requests = [{"set": name, "size": size, "entanglement_score": scores, "mmd": [0.1, 0.2, None],
                 "disentanglement": [1.0] * 3, "mean_memorization": [0.2] * 3}
                for name, size, scores in (("random", 30, [9.0, 9.1, 8.9]),
                                           ("class:3", 12, [2.0, 2.1, 1.9]))]
    return streams.assemble(dict.fromkeys(rows, requests), alike, metrics_of_rows, traces, 3,
                            {row: spec(row) for row in rows})


def test_sentences_say_what_the_numbers_say():
    said = streams.sentences(section_of())
    assert said[0].endswith("1. random (30 examples); 2. class:3 (12 examples).")
    assert said[1] == ("Entanglement scores of the requests to exactly retrained models: "
                       "1. 9.000 ± 0.248; 2. 2.000 ± 0.248.")
    # one set of scores for all seeds
    assert said[2].endswith("1. 0.200 ± n/a; 2. 0.200 ± n/a.")
    assert said[3] == "All methods unlearn the same examples."
    assert said[4] == (
        "ToW from request 1 to request 2, beyond the original's own change: it falls for 1 of 2 "
        "(vanilla:salun), rises for 1 (vanilla:finetune), difference not significant for 0 "
        "(paired t, 95%, Holm over 2, n = 3).")
    assert said[5:7] == ["The original, which forgets nothing, changes by -0.097 ± 0.014.",
                         "Retraining again with other seeds changes by +0.000 ± 0.025."]
    assert said[7].startswith("After request 2 the forget set has 42 examples, after request 1 30")
    assert said[8].startswith("After the last request ToW is highest for vanilla:finetune (0.810 ±")
    assert "lowest for vanilla:salun (0.610 ±" in said[8] and "selected post hoc" in said[8]
    assert said[9] == (
        "All requests together, scores not counted, take from 10% (vanilla:salun) to 30% "
        "(vanilla:finetune) of the time of retraining for each of them.")
    uncovered = next(sentence for sentence in said if "unlearned before" in sentence)
    assert "(means over 2 steps and parts)" in uncovered and "+0.200 ± n/a" in uncovered


def test_what_falls_as_the_originals_does_is_not_said_to_fall():
    """A larger forget set lowers ToW of what does nothing, too."""
    section = section_of(salun=([0.9, 0.91, 0.92], [0.81, 0.8, 0.83]))
    said = streams.sentences(section)[4]
    assert "it falls for 0 of 2, rises for 1 (vanilla:finetune)" in said
    salun = next(row for row in section["rows"] if row["row"] == "vanilla:salun")
    assert salun["change"]["tow"]["mean"] < -0.09
    assert abs(salun["beyond_original"]["mean"]) < 0.01


def test_rows_that_take_longer_than_retraining_are_named():
    section = section_of()
    salun = next(row for row in section["rows"] if row["row"] == "vanilla:salun")
    for after in salun["after"]:
        after["seconds"] = {**after["seconds"], "mean": 50.0}
    assert "Retraining, which is exact, takes less time than vanilla:salun." in (
        streams.sentences(section))


def test_choices_that_depend_on_the_models_are_not_said_to_uncover_anything():
    """What is asked for next was chosen by looking at what the step before has done to it."""
    said = streams.sentences(section_of(alike=False))
    assert any(sentence.startswith("Methods unlearn different examples") for sentence in said)
    assert not any("yet to be unlearned" in sentence for sentence in said)
    assert any("yet to be unlearned" in sentence for sentence in streams.sentences(section_of()))


def test_references_are_not_counted_and_a_stream_of_one_has_no_trend():
    section = section_of()
    single = {**section, "requests": ["random"], "sizes": [30]}
    assert len(streams.sentences(single)) == len(streams.sentences(section)) - 4


def test_table_has_a_column_for_each_request_and_the_references_beside():
    header, lines = streams.table(section_of())
    assert header == ["row", "ToW after 1", "ToW after 2", "last - first", "beyond the original's",
                      "test", "stratified ToW after 2", "last - first", "ToW-MIA after 2",
                      "last - first", "stratified ToW-MIA after 2", "last - first",
                      "seconds, all"]
    salun = next(line for line in lines if line[0] == "vanilla:salun")
    assert salun[1].startswith("0.910 ±") and salun[3] == "-0.300 ± n/a"
    assert salun[4] == "-0.203 ± 0.014" and salun[5] == "lower" and salun[-1] == "2.00"
    assert [line[0] for line in lines][:2] == ["original", "retrain_again"]


def test_pictures():
    drawn = streams.figures(section_of())
    assert list(drawn) == ["stream.svg", "stream_stratified.svg", "stream_called_member.svg"]
    assert all(content.startswith(b"<?xml") for content in drawn.values())


def test_no_stream_is_no_section():
    assert streams.assemble({}, True, {}, {}, 3, {}) is None


@pytest.mark.parametrize("metric", streams.CHANGES)
def test_changes_are_paired_by_seed(metric):
    salun = next(row for row in section_of()["rows"] if row["row"] == "vanilla:salun")
    assert salun["change"][metric]["per_seed"] == pytest.approx([-0.3] * 3)
