"""What a report says of predicted numbers."""

import base64
import xml.etree.ElementTree

import numpy as np
import pandas as pd
import pytest

from skaudeep.pages import _regression
from skaudeep.pages._assets import _environment
from skaudeep.pages._regression import regression_figures, regression_overview
from skaudeep.results.evaluation import REGRESSION_MEASURES
from skaudeep.results.regression import parse_regression


def record_of(features="fused", targets=("arousal", "<b>$\\frac{"), ccc=((0.5, 0.7),), rmse=((1.0, 2.0),)):
    n_splits = len(ccc[0])
    scores = dict.fromkeys(REGRESSION_MEASURES, ccc) | {"rmse": rmse}
    tables = {
        "scores": scores,
        "pooled": {name: [0.6] for name in REGRESSION_MEASURES},
        "mean_predictor": {name: [0.0] * n_splits for name in REGRESSION_MEASURES} | {"rmse": [1.75] * n_splits},
    }
    record = {"features": features, "classifier": "ridge", "targets": list(targets)}
    record["splits"] = [f"fold {i + 1}" for i in range(n_splits)]
    return parse_regression(record | {key: dict.fromkeys(targets, table) for key, table in tables.items()})


@pytest.fixture
def predictions(rng):
    """Predictions of two targets for a long recording and a short one."""
    rows = []
    for target in ("arousal", "<b>$\\frac{"):
        for file, n in (("a.wav", 4), ("b.wav", 12)):
            label = rng.normal(size=n)
            columns = {"label": label, "prediction": label + rng.normal(size=n), "chunk_nr": np.arange(n)}
            rows.append(pd.DataFrame({"repeat": 0, "target": target, "filename": file} | columns))
    return pd.concat(rows, ignore_index=True)


def picture(uri, kind="svg+xml"):
    head, _, data = uri.partition(",")
    assert head == f"data:image/{kind};base64"
    return base64.b64decode(data)


def test_an_evaluation(predictions):
    found = regression_figures(record_of(), predictions)
    assert found["name"] == "fused, ridge"
    assert found["alt"].startswith("CCC of fused, ridge in every split: arousal 0.60")
    assert found["rows"] == [
        {
            "name": name,
            "ccc": "0.60 \N{PLUS-MINUS SIGN} 0.10",
            "pearson": "0.60 \N{PLUS-MINUS SIGN} 0.10",
            "rmse": "1.50 \N{PLUS-MINUS SIGN} 0.500",
            "control": "1.75",
            "best": False,
            "better": True,
        }
        for name in ("arousal", "<b>$\\frac{")
    ]
    assert [each["name"] for each in found["pictures"]] == ["arousal", "<b>$\\frac{"]
    assert "16 predictions" in found["pictures"][0]["alt"]
    assert found["series"]["file"] == "b.wav"
    uris = [found["scores"], found["series"]["figure"], *(each["figure"] for each in found["pictures"])]
    for uri in uris:
        xml.etree.ElementTree.fromstring(picture(uri))
    without = regression_figures(record_of())
    assert (without["pictures"], without["series"]) == ([], None)
    assert without["scores"] == found["scores"]


def test_many_predictions_are_pixels(rng):
    y = rng.normal(size=600)
    found = regression_figures(record_of(["label"]), pd.DataFrame({"label": y, "prediction": y, "target": "label"}))
    assert picture(found["pictures"][0]["figure"], "png").startswith(b"\x89PNG")
    assert found["pictures"][0]["name"] == "Label"
    assert found["series"] is None


def test_an_overview_of_evaluations():
    records = [
        record_of("30dB"),
        record_of("60dB", ["arousal"], [[0.8, None], [0.6, 0.9]], [[2.0, 2.0], [2.0, 2.0]]),
        record_of("constant", ["arousal"], [[None]], [[1.75]]),
    ]
    first, second = regression_overview(records)["targets"]
    assert (first["name"], second["name"]) == ("arousal", "<b>$\\frac{")
    assert [row["name"] for row in first["rows"]] == ["30dB, ridge", "60dB, ridge", "constant, ridge"]
    assert [row["best"] for row in first["rows"]] == [False, True, False]
    assert [row["better"] for row in first["rows"]] == [True, False, False]
    assert [row["ccc"] for row in first["rows"]][1:] == ["0.70 \N{PLUS-MINUS SIGN} 0.10", "\N{EN DASH}"]
    assert [row["name"] for row in second["rows"]] == ["30dB, ridge"]
    for target in (first, second):
        xml.etree.ElementTree.fromstring(picture(target["figure"]))
    assert regression_overview([]) is None


@pytest.fixture
def drawn(monkeypatch):
    """Note what series are drawn."""
    calls = []
    monkeypatch.setattr(_regression, "draw_series", lambda *arguments: calls.append(arguments) or "data:,")
    return calls


def series_of(table, drawn):
    table = pd.DataFrame({"target": "label", "filename": "a.wav"} | table)
    found = regression_figures(record_of(targets=["label"]), table)["series"]
    return found and drawn[-1]


def test_a_series_has_gaps_where_windows_are_missing(drawn):
    # out of order, overlapping, and in two repeats; from 3 to 5 s there is none
    starts = np.array([5, 0, 1, 2, 6, 5, 0, 1, 2, 6.0])
    table = {"start": starts, "end": starts + 1, "label": starts, "prediction": np.repeat([0.0, 1.0], 5)}
    ((name, times, y_true, y_pred),), time_label = series_of(table, drawn)
    assert (name, time_label) == (None, "Time (s)")
    assert times.tolist() == [0.5, 1.5, 2.5, 4, 5.5, 6.5]
    np.testing.assert_array_equal(y_true, [0, 1, 2, np.nan, 5, 6])
    np.testing.assert_array_equal(y_pred, [0.5, 0.5, 0.5, np.nan, 0.5, 0.5])
    # windows that overlap leave no gap
    starts = np.arange(8) / 2
    table = {"start": starts, "end": starts + 1.5, "label": starts, "prediction": starts}
    ((_, times, _, _),), _ = series_of(table, drawn)
    assert times.tolist() == (starts + 0.75).tolist()


def test_chunks_are_a_series_of_their_numbers(drawn):
    chunks = np.array([0, 1, 2, 4, 5])
    ((_, times, y_true, _),), time_label = series_of({"chunk_nr": chunks, "label": 1.0, "prediction": 0.0}, drawn)
    assert time_label == "Chunk"
    assert times.tolist() == [0, 1, 2, 3, 4, 5]
    assert np.isnan(y_true).tolist() == [False, False, False, True, False, False]


@pytest.mark.parametrize(
    "positions",
    [{}, {"chunk_nr": range(4)}, {"chunk_nr": [0, 1, 2, 3, np.nan]}, {"start": range(5), "end": [1, 2, 3, 4, np.nan]}],
)
def test_without_times_or_with_few_there_is_no_series(drawn, positions):
    numbers = np.arange(len(positions.get("start", positions.get("chunk_nr", range(9)))))
    assert series_of(positions | {"label": numbers, "prediction": numbers}, drawn) is None


def test_the_macros_show_everything(predictions):
    one = regression_figures(record_of(rmse=((1.75, 1.75),)), predictions)
    overview = regression_overview([record_of("30dB"), record_of("60dB")])
    template = _environment().from_string(
        "{% import 'regression.html' as parts %}{{ parts.overview(overview) }}{{ parts.evaluation(one) }}"
    )
    text = template.render(overview=overview, one=one)
    assert text.count("<img ") == 2 + 1 + 2 + 1
    assert text.count("(not beaten)") == 2
    assert text.count("★") == 2
    assert "<b>" not in text
    assert "b.wav, which was not trained on" in text
