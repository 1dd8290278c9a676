import pytest

from rum_jax.report import streams

MEASURES = {"called_member": {
    "request 1": [[0.9, 0.9, 0.8], [0.2, 0.2, 0.3], [0.4, 0.4, 0.5]],
    "request 2": [[0.9, 0.8, 0.9], [0.9, 0.8, 0.9], [0.3, 0.3, 0.2]],
    "retain": [[0.9, 0.9, 0.9]] * 3}}
REFERENCES = {"original": ([0.5, 0.5, 0.6], [0.4, 0.5, 0.4], 0.0),
              "retrain": ([1.0] * 3, [1.0] * 3, 10.0),
              "retrain_again": ([0.98, 0.97, 0.99], [0.97, 0.98, 0.99], 10.0)}


def trace(row):
    return {"steps": [{"subset": f"request {n}", "algorithm": row.partition(":")[2]}
                      for n in (1, 2)], "measures": MEASURES}


def metrics(tow, seconds):
    return {**dict.fromkeys(streams.CHANGES, tow), "tow": tow, "seconds": [seconds] * 3}


def found(alike=True, salun=([0.9, 0.91, 0.92], [0.6, 0.61, 0.62]),
          finetune=([0.8] * 3, [0.8, 0.81, 0.82])):
    rows = {**REFERENCES, "vanilla:salun": (*salun, 1.0), "vanilla:finetune": (*finetune, 3.0)}
    made = {row: [metrics(first, seconds), metrics(last, seconds)]
            for row, (first, last, seconds) in rows.items()}
    traces = {row: trace(row) for row in rows if row not in REFERENCES}
    requests = [{"set": name, "size": size, "entanglement_score": scores, "mmd": [0.1, 0.2, None],
                 "entanglement_global": [1.0] * 3, "disentanglement": [1.0] * 3,
                 "mean_memorization": None}
                for name, size, scores in (("random", 30, [9.0] * 3), ("class:3", 12, [2.0] * 3))]
    return streams.assemble(dict.fromkeys(rows, requests), alike, made, traces, 3)


def test_sentences_say_what_the_numbers_say():
    said = streams.sentences(found())
    assert said[0].endswith("1. random (30 examples); 2. class:3 (12 examples).")
    assert said[1] == ("Entanglement scores of the requests to exactly retrained models: "
                       "1. 9.000 ± 0.000; 2. 2.000 ± 0.000.")
    assert said[2] == "All rows were asked for the same examples."
    assert said[3] == (
        "ToW after the last request against after the first falls for 1 of 2 rows, for 1 of them "
        "at 95% (vanilla:salun); it rises for 1 of 2 rows, for 0 of them at 95%. Retraining again "
        "with other seeds changes by +0.000 ± 0.025.")
    assert said[4].startswith("After the last request ToW is highest for vanilla:finetune (0.810 ±")
    assert "lowest for vanilla:salun (0.610 ±" in said[4] and "0.200 ± 0.000" in said[4]
    assert said[5] == (
        "All requests together, scores not counted, take from 10% (vanilla:salun) to 30% "
        "(vanilla:finetune) of the time of retraining for each of them.")
    uncovered = next(sentence for sentence in said if "unlearned before" in sentence)
    assert "of requests that were unlearned before in 2 of 2 cases" in uncovered
    assert "up in 2" in uncovered


def test_the_other_way_round():
    said = streams.sentences(found(True, ([0.6] * 3, [0.9] * 3), ([0.9] * 3, [0.7] * 3)))
    assert "falls for 1 of 2 rows, for 1 of them at 95% (vanilla:finetune)" in said[3]
    assert "rises for 1 of 2 rows, for 1 of them at 95% (vanilla:salun)" in said[3]
    assert "highest for vanilla:salun" in said[4]


def test_choices_that_depend_on_the_models_are_not_said_to_uncover_anything():
    """What is asked for next was chosen by looking at what the step before has done to it."""
    said = streams.sentences(found(alike=False))
    assert any(sentence.startswith("Rows were asked for different examples") for sentence in said)
    assert not any("yet to be unlearned" in sentence for sentence in said)
    assert any("yet to be unlearned" in sentence for sentence in streams.sentences(found()))


def test_references_are_not_counted_and_a_stream_of_one_has_no_trend():
    made = found()
    one = {**made, "requests": ["random"], "sizes": [30]}
    assert len(streams.sentences(one)) == len(streams.sentences(made)) - 1


def test_table_has_a_column_for_each_request():
    header, lines = streams.table(found())
    assert header == ["row", "ToW after 1", "ToW after 2", "last - first", "ToW-MIA after 2",
                      "last - first", "seconds, all"]
    salun = next(line for line in lines if line[0] == "vanilla:salun")
    assert salun[1].startswith("0.910 ±") and salun[3] == "-0.300 ± 0.000" and salun[-1] == "2.00"
    assert "retrain" not in [line[0] for line in lines]


def test_pictures():
    made = streams.figures(found())
    assert list(made) == ["stream.svg", "stream_called_member.svg"]
    assert all(content.startswith(b"<?xml") for content in made.values())


def test_no_stream_is_no_section():
    assert streams.assemble({}, True, {}, {}, 3) is None


@pytest.mark.parametrize("metric", streams.CHANGES)
def test_changes_are_paired_by_seed(metric):
    salun = next(row for row in found()["rows"] if row["row"] == "vanilla:salun")
    assert salun["change"][metric]["per_seed"] == pytest.approx([-0.3] * 3)
