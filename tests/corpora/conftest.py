"""Fixtures for the tests of data sets."""

import numpy as np
import pytest

from skaudeep.datasets import make_dataset


@pytest.fixture
def tree(tmp_path):
    """Make empty files of the given names, and files with a text by keyword, and return their folder."""

    def make(*names, texts=None):
        for name, text in {**dict.fromkeys(names, ""), **(texts or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return make


@pytest.fixture
def check_dataset():
    """Make a data set with the metadata of a corpus and compare its variables with those given, by filename."""

    def check(corpus, **expected):
        ds = make_dataset(np.zeros((len(corpus.filenames), 2)), **corpus.metadata)
        assert ds.filename.values.tolist() == corpus.filenames.tolist()
        for name, values in expected.items():
            assert list(values) == corpus.filenames.tolist(), "expected values of all recordings, in their order"
            np.testing.assert_array_equal(ds[name].values, list(values.values()), err_msg=name)
        return ds

    return check
