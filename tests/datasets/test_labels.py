import numpy as np
import pytest
import xarray as xr

from skaudeep.datamodel import get_label_map
from skaudeep.datasets import make_dataset, remove_labels, set_labels
from skaudeep.exceptions import DataSetError

FILES = ["a", "a", "b", "b", "c", "d"]


def make(label_nominal=("x", "x", "y", "y", "x", None), **labels):
    chunks = {"chunk_nr": [0, 1, 0, 1, 0, 0], "partition": [0, 0, 1, 1, 0, np.nan]}
    return make_dataset(np.arange(12.0).reshape(6, 2), FILES, label_nominal=label_nominal, **chunks, **labels)


@pytest.mark.parametrize(
    "labels",
    [
        {"label_nominal": ["u", "u", None, None, "v", ""]},
        {"label_nominal": list("uuvvwu"), "label_map": {"w": 0, "v": 1, "u": 2, "t": 3}},
        {"label_numeric": [0.5, 0.5, 1, 1, np.nan, 2]},
        {"label_nominal": list("uuvvwu"), "label_numeric": [3, 3, 4, 4, 5, 3]},
    ],
)
def test_labels_are_those_that_make_dataset_gives(labels):
    xr.testing.assert_identical(set_labels(make(), **labels), make(**{"label_nominal": None, **labels}))
    names = [name for name in labels if name != "label_map"]
    by_file = {name: dict(zip(FILES, labels[name], strict=True)) for name in names}
    xr.testing.assert_identical(set_labels(make(), **{**labels, **by_file}), make(**{"label_nominal": None, **labels}))


def test_recordings_that_a_dict_lacks_become_unlabelled():
    ds = set_labels(make(), label_nominal={"b": "u"})
    assert ds.label_nominal.values.tolist() == ["", "", "u", "u", "", ""]
    np.testing.assert_array_equal(ds.label_numeric, [np.nan, np.nan, 0, 0, np.nan, np.nan])
    assert get_label_map(ds) == {"u": 0}
    numeric = set_labels(make(), label_numeric={"b": 2, "d": 1})
    np.testing.assert_array_equal(numeric.label_numeric, [np.nan, np.nan, 2, 2, np.nan, 1])
    assert "label_map" not in numeric.attrs


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({}, r"label_nominal, label_numeric or targets is needed; remove_labels"),
        (
            {"label_nominal": {"a": "x", "zz": "y"}},
            r"label_nominal: 'zz' is not a recording .* has 4 .*1 of the 2 keys",
        ),
        ({"label_nominal": ["x"]}, r"label_nominal: got shape \(1,\), expected \(6,\)"),
        ({"label_nominal": list("xyxxxx")}, r"label_nominal: chunks of a have 'x' and 'y'; all chunks"),
        ({"label_nominal": ["x", "", *"xxxx"]}, r"label_nominal: chunks of a have 'x' and ''"),
        ({"label_numeric": [1, 2, 3, 3, 4, 5]}, r"label_numeric: chunks of a have 1 and 2"),
        ({"label_numeric": {"a": "one"}}, r"label_numeric: expected numbers"),
        ({"label_nominal": {"a": 1}}, r"label_nominal: expected names, got numbers"),
        ({"label_nominal": {"a": "x"}, "label_map": {"y": 0}}, r"label_nominal: 'x' has no number in label_map"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, message):
    with pytest.raises(DataSetError, match=message):
        set_labels(make(), **labels)


def test_without_labels_the_data_set_is_as_if_it_never_had_any():
    xr.testing.assert_identical(remove_labels(make()), make(label_nominal=None))
