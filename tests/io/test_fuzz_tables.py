"""Damaged CSV and ARFF files: a data set or an error of ours, and soon."""

import itertools
import os

import numpy as np
import pytest

from skaudeep.datamodel import check_layout
from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_arff, read_csv, write_arff, write_csv

N_CASES = int(os.environ.get("SKAUDEEP_FUZZ_CASES", "700"))

TOKENS = [
    *(b'"', b"'", b"''", b'""', b'"",""', b",", b",,", b"\n", b"\r", b"\r\n", b"\n\n", b" ", b"\t", b"\\", b"%", b"?"),
    *(b"{", b"}", b"{}", b"{0 a, 1 2}", b"@data", b"@DATA\n", b"@attribute x real\n", b"@attribute ", b"@relation"),
    *(b"[", b"]", b"[[", b"null", b"true", b"nan", b"-inf", b"1e999", b"1e39", b"-0", b"1_0", b"-1", b"0.5", b"date"),
    *(b"\0", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\\u12", b"\\ud800", b"\\0", b"2" * 400, b"9" * 5000),
    *(b"label_nominal", b"filename", b"chunk_nr,", b"1", b"7", b"9.5", b"a", b"x y"),
]


def mutate(data, rng):
    """Some random changes of bytes."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at, stop = sorted(rng.integers(0, len(data) + 1, 2).tolist())
        stop = min(stop, at + int(rng.integers(1, 40)))
        kind = rng.integers(8)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            del data[at:stop]
        elif kind == 2:
            data[at:at] = rng.bytes(int(rng.integers(1, 8)))
        elif kind == 3:
            data[at:at] = data[at:stop] * int(rng.integers(1, 4))
        elif kind == 4 and rng.integers(3) == 0:
            del data[-int(rng.integers(1, len(data) + 1)) :]
        else:
            token = TOKENS[rng.integers(len(TOKENS))]
            data[at : stop if kind == 7 else at] = token
    return bytes(data)


def originals(write, path, **options):
    """Files with labels of all kinds, short ones, so that changes meet everything in them."""
    rng = np.random.default_rng(0)
    for labels, names in itertools.product(
        (
            {"label_nominal": ["Rain", "it's a, b", "", "?"]},
            {"label_numeric": [0.5, np.nan, 1, 2]},
            {"label_nominal": ["a", "b", "a", "b"], "label_numeric": [3, 1, 3, 1]},
        ),
        (None, ["x", "a 'b'", "50%"]),
    ):
        values = rng.standard_normal((4, 3)) * [1, 1e-5, 1e17]
        values[1, 2] = np.nan
        ds = make_dataset(
            values, ["a.wav", "b c.wav", "a.wav", 'd"e'], chunk_nr=[0, 0, 1, 0], feature_names=names, **labels
        )
        for labels_last in (False, True):
            write(ds, path, labels_last=labels_last, **options)
            yield path.read_bytes()


@pytest.mark.parametrize(
    ("write", "read", "options"),
    [(write_csv, read_csv, {}), (write_arff, read_arff, {}), (write_arff, read_arff, {"identifiers": False})],
    ids=["csv", "arff", "arff without identifiers"],
)
@pytest.mark.filterwarnings("ignore:.*may not be features:UserWarning")
def test_damaged_files(tmp_path, write, read, options):
    path, rng = tmp_path / "damaged", np.random.default_rng(1)
    files = list(originals(write, tmp_path / "original", **options))
    outcomes = {"read": 0, "refused": 0}
    for case in range(N_CASES // (2 if options else 1)):
        data = mutate(files[case % len(files)], rng)
        path.write_bytes(data)
        try:
            ds = read(path)
        except DataSetError as error:
            outcomes["refused"] += 1
            assert str(path) in str(error), data
        except BaseException:
            print(data)
            raise
        else:
            outcomes["read"] += 1
            check_layout(ds, "ds")
            assert ds.features.dtype == np.float32
            # what was read can be written and read again
            write(ds, tmp_path / "again")
            again = read(tmp_path / "again")
            np.testing.assert_array_equal(again.features.values, ds.features.values)
            assert again.filename.values.tolist() == ds.filename.values.tolist()
            assert again.label_nominal.astype(str).values.tolist() == ds.label_nominal.astype(str).values.tolist()
    # neither all is refused nor all is taken
    assert min(outcomes.values()) > case // 20, outcomes
