"""Tables of predicted numbers in files."""

import numpy as np
import pandas as pd
import pytest

from skaudeep.exceptions import DataSetError
from skaudeep.results.predictions import read_predicted_numbers, split_targets


@pytest.fixture
def write_text(tmp_path):
    """Write a file and return its path."""

    def write(text, name="predictions.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_what_pandas_writes_is_read(tmp_path, rng):
    table = pd.DataFrame(
        {
            "repeat": 0,
            "split": np.arange(6) // 2,
            "target": ["arousal", "valence"] * 3,
            "filename": ['a, "b".wav', "é.wav"] * 3,
            "label": rng.normal(size=6),
            "prediction": rng.normal(size=6),
        }
    )
    table.to_csv(tmp_path / "p.csv", index=False)
    read = read_predicted_numbers(tmp_path / "p.csv")
    assert read.index.tolist() == [2, 3, 4, 5, 6, 7]
    pd.testing.assert_frame_equal(read.reset_index(drop=True), table, check_dtype=False)
    (first, own), (second, _) = split_targets(read)
    assert (first, second) == ("arousal", "valence")
    assert own["label"].tolist() == table["label"][::2].tolist()
    ((name, own),) = split_targets(read, "valence")
    assert (name, len(own)) == ("valence", 3)


def test_one_target_and_other_columns(write_text):
    read = read_predicted_numbers(write_text("\ufeffprediction\tlabel\tremark\n1\t2\t-\n", "p.TSV"))
    assert read.to_dict("records") == [{"prediction": 1, "label": 2, "remark": "-", "target": "label"}]


def test_what_is_missing_is_left_out(write_text, caplog):
    read = read_predicted_numbers(write_text("label,prediction\n1,\n\n,2\nNaN,1\n3,4\n"))
    assert read[["label", "prediction"]].values.tolist() == [[3, 4]]
    assert read.index.tolist() == [6]
    assert "3 of 4 rows lack label or prediction and are left out" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; give a table of predicted numbers"),
        ("label,prediction\n", "no row with both label and prediction"),
        ("label,prediction\n1,\n", "no row with both label and prediction"),
        ("filename,label\na,1\n", "has no column 'prediction', but 'filename', 'label'; give a table"),
        ("label,prediction\n1,2\ndog,1\n", "line 3: label is 'dog', expected a finite number"),
        ("label,prediction\n1,inf\n", "line 2: prediction is 'inf', expected a finite"),
        ("label,prediction,start\n1,2,x\n", "line 2: start is 'x'"),
        ("label,prediction\n1,2,3\n", "line 2: there are 3 fields, and 2 in the header"),
        ("label,prediction,label\n1,2,3\n", "two columns of one name"),
        ('{"splits": []}', "is JSON, which has measures and no predictions"),
        (b"\xff\xfe", "not text in UTF-8"),
    ],
)
def test_errors_name_file_column_and_remedy(write_text, text, message):
    with pytest.raises(DataSetError, match=f"predictions.csv.*{message}"):
        read_predicted_numbers(write_text(text))


def test_an_unknown_target(write_text):
    read = read_predicted_numbers(write_text("target,label,prediction\narousal,1,1\nvalence,1,1\n"))
    with pytest.raises(DataSetError, match="x.csv has no target 'joy', but 'arousal', 'valence'; choose"):
        split_targets(read, "joy", "x.csv")
