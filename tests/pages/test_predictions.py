"""Predictions: files of them, and which instance each is for."""

import numpy as np
import pandas as pd
import pytest

from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.pages.predictions import assign_predictions, read_predictions


@pytest.fixture
def file(tmp_path):
    """Write a file and return its path."""

    def write(content):
        path = tmp_path / "predictions.tsv"
        path.write_bytes(content)
        return path

    return write


def test_files_are_read(file):
    series = read_predictions(file("a.wav\tDog bark\r\nb c.wav\té\nb c.wav\t\n".encode()))
    assert series.index.tolist() == ["a.wav", "b c.wav", "b c.wav"]
    assert series.tolist() == ["Dog bark", "é", ""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "there are no predictions"),
        (b"a.wav\tdog\nb.wav dog\n", r"predictions.tsv, line 2: expected .* got 1 value: b'b.wav dog"),
        (b"a.wav\tdog\t1\n", "line 1: .* got 3 values"),
        (b"\tdog\n", "line 1: expected the name of a file"),
        (b"a.wav\t\xff\n", "is not UTF-8"),
        (b"\x89PNG\0", "NUL"),
    ],
)
def test_other_files_are_refused(file, content, message):
    with pytest.raises(DataSetError, match=message):
        read_predictions(file(content))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataSetError, match="no such file"):
        read_predictions(tmp_path / "none.tsv")


def make(filenames, chunks=None):
    return make_dataset(np.zeros((len(filenames), 1)), filenames, chunk_nr=chunks)


def test_one_for_each_file_or_each_chunk(caplog):
    ds = make(["b", "a", "a", "b", "c", "a"], [1, 2, 0, 0, 0, 1])
    predictions = pd.Series(["x0", "x1", "x2", "y", "z"], index=["a", "a", "a", "b", "other"])
    assert assign_predictions(ds, predictions).tolist() == ["y", "x2", "x0", "y", "", "x1"]
    assert "1 of 3 files with predictions are not in the data set" in caplog.text


def test_predictions_that_do_not_fit():
    ds = make(["a", "a", "a"], [0, 1, 2])
    with pytest.raises(DataSetError, match="'a' has 2, but 3 instances"):
        assign_predictions(ds, pd.Series(["x", "y"], index=["a", "a"]))
    with pytest.raises(DataSetError, match="none of the 1 files is in the data set, which has 'a'"):
        assign_predictions(ds, pd.Series(["x"], index=["b"]))
